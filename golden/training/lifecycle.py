# SPDX-License-Identifier: Apache-2.0
"""What becomes of the model where a phase begins, and how a checkpoint gives it back."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from torch import Tensor, nn

from golden.training.config import Config
from golden.training.feeding import Feed
from golden.training.stages import Phase


def enter(phase: Phase, model: nn.Module, feed: Feed, config: Config) -> nn.Module:
    """The model as the phase trains it. Draws nothing, so it repeats itself."""
    if phase.stage == "float":
        return model
    raise NotImplementedError


def describe(model: nn.Module) -> dict[str, Any]:
    """What rebuilds the model's structure, as plain JSON; {} for a float model."""
    return {}


def tensors(model: nn.Module) -> dict[str, Tensor]:
    """All parameters and buffers by name."""
    return dict(model.state_dict())


def restored(phase: Phase, model: nn.Module, about: Mapping[str, Any],
             state: Mapping[str, Tensor], feed: Feed, config: Config) -> nn.Module:
    """The model of a checkpoint; `model` is a float model of the same network."""
    model.load_state_dict(dict(state))
    return model
