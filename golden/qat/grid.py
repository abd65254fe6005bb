# SPDX-License-Identifier: Apache-2.0
"""Exponents of the values in a frozen model, and the grid on which each layer adds up.

The integer layer adds scaled sums, bias and residual in units of 2^exp_t (golden.fold). A frozen
model rounds its offsets to the same grid, so that both add the same numbers.
"""

from __future__ import annotations

from dataclasses import dataclass

from golden.errors import PlutarchError
from golden.layer import MAX_CHANNEL_SHIFT
from golden.qat.layers import ConvLayer, Layer, LinearLayer
from golden.qat.plan import AVGPOOL, INPUT, VIEWS
from golden.qat.run import PlanModel
from golden.quantizers import Quantizer
from golden.scales import TwoTerm

GUARD = 3  # t is at least 2^3 times finer than what is made of it (as in golden.fold)


@dataclass(frozen=True)
class Exponents:
    """Exponents of a step's codes and words; None where it has none, or not a single one.

    pixels: how many words were averaged into one value (1: none).
    """

    code: int | None
    word: int | None
    pixels: int = 1


def exponents(model: PlanModel) -> dict[str, Exponents]:
    """Exponents of every step's values, by name."""
    found = {INPUT: Exponents(model.input_exp, model.input_exp)}
    for step in model.plan.steps:
        given = [found[name] for name in step.inputs]
        module = model.step_module(step.name)
        if step.op in VIEWS:
            same = all(other == given[0] for other in given)
            found[step.name] = given[0] if same else Exponents(None, None)
        elif step.op == AVGPOOL:
            source = model.plan.shape_of(step.inputs[0])
            whole = len(source) == 3 and step.shape[1:] in ((), (1, 1))
            pixels = source[1] * source[2] if whole else 1
            found[step.name] = Exponents(
                _exponent(module.emit.code),
                given[0].word if whole and given[0].pixels == 1 else None, pixels)
        else:
            found[step.name] = Exponents(_exponent(module.emit.code), _exponent(module.emit.word))
    return found


def _exponent(quantizer: Quantizer | None) -> int | None:
    return quantizer.exponent if quantizer is not None and quantizer.exact else None


def exponent_of_t(terms: TwoTerm, exp_acc: int, outputs: list[int], residual: int | None) -> int:
    """The exponent of t of golden.fold: the coarsest grid that scales, residual and outputs allow.

    Raises PlutarchError if there is none within the shift fields.
    """
    low, high = terms.span()
    ceiling = min([exp_acc + low, *(exp - GUARD for exp in outputs),
                   *([] if residual is None else [residual])])
    exp_t = max(ceiling, exp_acc + high - MAX_CHANNEL_SHIFT)
    if exp_t > min([exp_acc + low, *outputs, *([] if residual is None else [residual])]):
        raise PlutarchError("no exponent for t")
    return exp_t


def set_grids(model: PlanModel) -> None:
    """Give every layer of a frozen model the grid of its integer bias.

    A layer that cannot become integers (its scales are no powers of two, or no exponent fits) gets
    none: its offset stays as it is, and export() says why.
    """
    found = exponents(model)
    for name, layer in model.layers():
        layer.grid, layer.grid_factor = _grid(model, name, layer, found)


def _grid(model: PlanModel, name: str, layer: Layer, found: dict[str, Exponents]
          ) -> tuple[int | None, int]:
    """(exponent, pixels) of one layer's grid."""
    step = model.plan.named(name)
    given = found[step.inputs[0]]
    exp_w = _exponent(layer.weight_quantizer)
    exp_a = given.code if model.role(name) == "inner" else given.word
    if exp_w is None or exp_a is None:
        return None, 1
    if isinstance(layer, LinearLayer):
        return exp_w + exp_a, given.pixels
    assert isinstance(layer, ConvLayer)
    residual = found[step.inputs[1]].word if len(step.inputs) > 1 else None
    outputs = [exp for exp in (found[name].code, found[name].word) if exp is not None]
    if given.pixels != 1 or (len(step.inputs) > 1 and residual is None) or not outputs:
        return None, 1
    try:
        return exponent_of_t(layer.two_term(), exp_w + exp_a, outputs, residual), 1
    except PlutarchError:
        return None, 1
