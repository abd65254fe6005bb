# SPDX-License-Identifier: Apache-2.0
"""Checkpoints: tensors plus a JSON text in one torch file that loads without running code.

Written under a temporary name and renamed, so that a kill at any moment leaves the one before.
"""

from __future__ import annotations

import io
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from golden.errors import PlutarchError
from golden.files import write_atomic
from golden.models.weights import UNSOUND, refusal

FORMAT = "plutarch training checkpoint 1"
Tensors = Mapping[str, Tensor]


@dataclass(frozen=True)
class Checkpoint:
    """Everything that the next epoch depends on, and the log so far.

    groups: named state dicts (model, momentum, regulariser); about: plain JSON values (config,
    stage, epochs done, rows of the log).
    """

    groups: Mapping[str, Tensors]
    about: Mapping[str, Any] = field(default_factory=dict)


def save_checkpoint(file: Path, checkpoint: Checkpoint) -> None:
    """Write it; the same content gives the same bytes. Raises PlutarchError naming the file."""
    whole = {"format": FORMAT, "about": json.dumps(checkpoint.about, allow_nan=False),
             "groups": {group: {name: value.detach().cpu().clone() for name, value in part.items()}
                        for group, part in checkpoint.groups.items()}}
    buffer = io.BytesIO()
    torch.save(whole, buffer)
    write_atomic(file, buffer.getvalue())


def save_weights(file: Path, model: nn.Module) -> None:
    """Write a plain state dict, which golden.models.weights reads. Raises PlutarchError."""
    buffer = io.BytesIO()
    torch.save({name: value.cpu() for name, value in model.state_dict().items()}, buffer)
    write_atomic(file, buffer.getvalue())


def load_checkpoint(file: Path) -> Checkpoint:
    """Read it, on the CPU. Raises PlutarchError naming the file: missing, damaged, another kind."""
    if not file.is_file():
        raise PlutarchError(f"{file}: missing; a training checkpoint is due")
    try:
        whole = torch.load(file, map_location="cpu", weights_only=True)
        if whole["format"] != FORMAT:
            raise ValueError(f"format {whole['format']!r}, want {FORMAT!r}")
        groups = {str(group): {str(name): _tensor(value) for name, value in part.items()}
                  for group, part in whole["groups"].items()}
        about = json.loads(whole["about"])
        if not isinstance(about, dict):
            raise ValueError("its description is no table")
    except UNSOUND as error:
        raise refusal(file, "training checkpoint", error) from error
    return Checkpoint(groups, about)


def _tensor(value: object) -> Tensor:
    if not isinstance(value, Tensor):
        raise TypeError(f"{type(value).__name__} where a tensor is due")
    return value
