# SPDX-License-Identifier: Apache-2.0
"""What becomes of the model where a phase or epoch begins, and how a checkpoint gives it back."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast

from torch import Tensor, nn

from golden.errors import PlutarchError
from golden.qat import QuantModel, QuantSpec, quantise
from golden.training.config import Config, QuantizerConfig
from golden.training.feeding import Feed
from golden.training.stages import Phase

_BATCH = 256  # of images that measure statistics


def spec_of(config: QuantizerConfig) -> QuantSpec:
    """The settings as golden.qat takes them. Raises PlutarchError naming the field."""
    return QuantSpec(
        method=config.method, weight_bits=config.weight_bits, act_bits=config.act_bits,
        first_last=cast(Any, config.first_last), residual_bits=config.residual_bits,
        terms=config.terms, overrides=dict(config.overrides), weight_norm=config.weight_norm)


def enter(phase: Phase, model: nn.Module, feed: Feed, config: Config) -> nn.Module:
    """The model as the phase begins with it. Draws nothing, so it repeats itself.

    quant: converted (once), scales fitted to the phase's bits, statistics measured behind the
    quantisers. frozen: statistics measured again, then folded. Raises PlutarchError for a network
    that cannot be converted.
    """
    quant = config.stages.quant
    if phase.stage == "float":
        return model
    if not isinstance(model, QuantModel):
        model = quantise(model, feed.head(2), spec_of(config.quantizer), feed.exp)
    if phase.stage == "quant":
        model.set_bits(phase.weight_bits, phase.act_bits)
        model.calibrate(feed.head(quant.calibration))
        model.refresh_statistics(x for x, _ in feed.inorder(_BATCH, quant.statistics))
    else:
        if quant.epochs or quant.through:  # else nothing has moved since
            model.calibrate(feed.head(quant.calibration), fixed_only=True)
            model.refresh_statistics(x for x, _ in feed.inorder(_BATCH, quant.statistics))
        model.freeze(config.quantizer.terms)
    return model


def begin_epoch(phase: Phase, index: int, model: nn.Module, feed: Feed, config: Config) -> None:
    """Behind the quantisers the fixed-point exponents, which no gradient moves, follow the values.

    index: of the epoch over the whole run; the first of a phase has just been calibrated.
    """
    if phase.stage == "quant" and index > phase.first and isinstance(model, QuantModel):
        model.calibrate(feed.head(config.stages.quant.calibration), fixed_only=True)


def tensors(model: nn.Module) -> dict[str, Tensor]:
    """All parameters and buffers by name."""
    return dict(model.state_dict())


def restored(phase: Phase, model: nn.Module, state: Mapping[str, Tensor], feed: Feed,
             config: Config) -> nn.Module:
    """The model of a checkpoint; `model` is a float model of the same network.

    Raises PlutarchError, or RuntimeError where names or shapes do not fit.
    """
    if phase.stage == "float":
        model.load_state_dict(dict(state))
        return model
    found = quantise(model, feed.head(2), spec_of(config.quantizer), feed.exp)
    found.mode = "quant"
    found.set_bits(phase.weight_bits, phase.act_bits)
    found.load_state_dict(dict(state))
    found.calibrated = True
    if phase.stage == "frozen":
        found.settle()
    return found


def as_quantised(model: nn.Module) -> QuantModel:
    """The model, which went through the quantised stages. Raises PlutarchError if it did not."""
    if not isinstance(model, QuantModel):
        raise PlutarchError("this run has a float model: quantizer.method = \"float\"")
    return model
