# SPDX-License-Identifier: Apache-2.0
"""Torch state dicts out of files that a user gives: read without running code, or refused."""

from __future__ import annotations

import pickle
import zipfile
from pathlib import Path

import torch
from torch import Tensor

from golden.errors import PlutarchError
from golden.training.scales import Reals

# What torch raises for files that are damaged or of another kind.
UNSOUND = (OSError, EOFError, RuntimeError, KeyError, TypeError, AttributeError, ValueError,
           pickle.UnpicklingError, zipfile.BadZipFile)


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


def read_arrays(file: Path) -> dict[str, Reals]:
    """The same as float64 arrays. Raises PlutarchError naming the file."""
    try:
        return {key: value.double().numpy() for key, value in read_state(file).items()}
    except UNSOUND as error:
        raise refusal(file, "state dict", error) from error


def refusal(file: Path, what: str, error: BaseException) -> PlutarchError:
    """The one line for a file that is not a sound `what`."""
    text = str(error).splitlines()[0] if str(error) else type(error).__name__
    return PlutarchError(f"{file}: not a sound {what}: {text}")
