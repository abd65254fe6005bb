# SPDX-License-Identifier: Apache-2.0
"""Torch state dicts out of files that a user gives: read without running code, or refused."""

from __future__ import annotations

import os
import pickle
import zipfile
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn

from golden.errors import PlutarchError

# What torch raises for files that are damaged or of another kind.
UNSOUND = (OSError, EOFError, RuntimeError, KeyError, TypeError, AttributeError, ValueError,
           pickle.UnpicklingError, zipfile.BadZipFile)
_COUNTER = "num_batches_tracked"  # batch norm's; older files do not have it, nothing here reads it


def read_state(file: Path) -> dict[str, Tensor]:
    """Tensors by name: a state dict, bare or under "state_dict", a `module.` prefix taken off.

    Raises one of UNSOUND; refusal() makes the line of it.
    """
    saved = torch.load(file, map_location="cpu", weights_only=True)
    state = saved.get("state_dict", saved)
    found = {key.removeprefix("module."): value for key, value in state.items()
             if isinstance(value, Tensor)}
    if not found:
        raise KeyError("no tensors")
    return found


def read_arrays(file: Path) -> dict[str, npt.NDArray[np.float64]]:
    """The same as float64 arrays. Raises PlutarchError naming the file."""
    try:
        return {key: value.double().numpy() for key, value in read_state(file).items()}
    except UNSOUND as error:
        raise refusal(file, "state dict", error) from error


def refusal(file: Path, what: str, error: BaseException) -> PlutarchError:
    """The one line for a file that is not a sound `what`."""
    text = str(error).splitlines()[0] if str(error) else type(error).__name__
    return PlutarchError(f"{file}: not a sound {what}: {text}")


def load_weights(model: nn.Module, file: str | os.PathLike[str]) -> None:
    """Put the state dict of a file into the model; every key must be there with its shape.

    `state_dict` and `module.` as in read_state(). Values are converted to the model's dtype. The
    model is untouched if PlutarchError is raised: it names the file and the first key that is
    missing, too many, of another shape, or not finite.
    """
    path = Path(file)
    if not path.is_file():
        raise PlutarchError(f"{path}: missing; a torch state dict is due")
    try:
        state = read_state(path)
    except UNSOUND as error:
        raise refusal(path, "state dict", error) from error
    check_state(model, state, str(path))
    own = {key: value for key, value in model.state_dict().items() if key.endswith(_COUNTER)}
    model.load_state_dict({**own, **state})


def check_state(model: nn.Module, state: Mapping[str, Tensor], where: str) -> None:
    """Raise PlutarchError naming `where` and the first key that does not fit the model."""
    wanted = model.state_dict()
    for key, value in wanted.items():
        if key not in state:
            if key.endswith(_COUNTER):
                continue
            raise PlutarchError(f"{where}: no {key}: not of this network")
        given = state[key]
        if given.shape != value.shape:
            raise PlutarchError(f"{where}: {key} is {tuple(given.shape)}, want "
                                f"{tuple(value.shape)}")
        if given.is_floating_point() and not bool(torch.isfinite(given).all()):
            raise PlutarchError(f"{where}: {key} holds NaN or infinity")
    for key in state:
        if key not in wanted:
            raise PlutarchError(f"{where}: {key} is not in this network")
