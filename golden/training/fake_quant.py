# SPDX-License-Identifier: Apache-2.0
"""Quantisers for training: the forward values are those of the integer model, the gradient passes.

Straight-through estimator: the gradient is 1 inside the representable range and 0 where the value
saturates. Forward rules are those of golden.codes and golden.layer, in float32.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, cast

import torch
from torch import Tensor

from golden.codes import max_value

_HALF_MANTISSA = 0x400000  # 1.5 has this mantissa bit set, so adding it carries from 1.5 on up
_EXPONENT_FIELD = 0x7F800000


def pot_values(x: Tensor, bits: int, exp: int) -> Tensor:
    """Nearest PoT level times 2^exp, same shape; equals project_real for every finite float32.

    Raises TypeError for another dtype, whose bits lie elsewhere.
    Powers of two are found in the bits of the float: adding half a mantissa carries into the
    exponent exactly from 1.5 * 2^j on, which is the cut and tie of design section 2.
    """
    if x.dtype != torch.float32:
        raise TypeError(f"pot_values wants float32, not {x.dtype}")
    size = x.detach().abs().mul_(2.0 ** -exp)
    power = size.view(torch.int32).add(_HALF_MANTISSA).bitwise_and_(_EXPONENT_FIELD)
    level = power.view(torch.float32).clamp_(1.0, float(max_value(bits)))
    return level.mul_(size > 0.5).mul_(2.0 ** exp).copysign_(x.detach())


def int8_values(x: Tensor, exp: int) -> Tensor:
    """Nearest multiple of 2^exp that fits in 8 signed bits, ties up (floor(x + 1/2))."""
    words = x.detach().mul(2.0 ** -exp).add_(0.5).floor_()
    return words.clamp_(-128.0, 127.0).mul_(2.0 ** exp)


class _StraightThrough(torch.autograd.Function):
    """Forward: the given values. Backward: the gradient where low < x < high, else 0."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, values: Tensor, low: float, high: float) -> Tensor:
        ctx.save_for_backward(x)
        ctx.range = low, high
        return values

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor | None, ...]:
        (x,) = ctx.saved_tensors
        low, high = ctx.range
        passed = torch.ops.aten.hardtanh_backward(gradients[0], x, low, high)
        return passed, None, None, None


def _straight_through(x: Tensor, values: Tensor, low: float, high: float) -> Tensor:
    return cast(Tensor, _StraightThrough.apply(  # type: ignore[no-untyped-call]
        x, values, low, high))


def pot(x: Tensor, bits: int, exp: int) -> Tensor:
    """pot_values with a straight-through gradient, clipped at the largest level."""
    top = float(max_value(bits)) * 2.0 ** exp
    return _straight_through(x, pot_values(x, bits, exp), -top, top)


def int8(x: Tensor, exp: int) -> Tensor:
    """int8_values with a straight-through gradient, clipped at the ends of the range."""
    unit = 2.0 ** exp
    return _straight_through(x, int8_values(x, exp), -128 * unit, 127 * unit)


def best_pot_exponent(x: Tensor, bits: int) -> int:
    """Exponent whose PoT levels lose least on x: smallest mean squared error, then exponent."""
    reach = max_value(bits).bit_length() - 1
    return _best(x, reach, lambda values, exp: pot_values(values, bits, exp))


def best_int8_exponent(x: Tensor) -> int:
    """Exponent whose 8-bit grid loses least on x: smallest mean squared error, then exponent."""
    return _best(x, 7, int8_values)


def _best(x: Tensor, reach: int, quantise: Callable[[Tensor, int], Tensor]) -> int:
    """Try the exponents whose largest level lies from 1/32 to twice the largest value."""
    values = x.detach().reshape(-1).to(torch.float32)
    largest = float(values.abs().max()) if values.numel() else 0.0
    if largest == 0.0:
        return -reach
    top = int(torch.frexp(torch.tensor(largest)).exponent) - reach
    loss = {exp: float(((quantise(values, exp) - values).double() ** 2).sum())
            for exp in range(top - 5, top + 2)}
    return min(loss, key=lambda exp: (loss[exp], exp))
