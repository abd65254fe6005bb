# SPDX-License-Identifier: Apache-2.0
"""Signed fixed point with a power-of-two scale: first and last layers, and residual words.

Our definition (design section 2). Rule: floor(x / 2^e + 1/2), ties up, saturated to
-2^(b-1) ... 2^(b-1) - 1. The exponent is fitted, not learned.
"""

from __future__ import annotations

import math
from typing import Any, cast

import torch
from torch import Tensor

from golden.errors import PlutarchError
from golden.quantizers.base import Quantizer, checked

MIN_BITS, MAX_BITS = 2, 16


def fixed_values(x: Tensor, exp: int, bits: int = 8) -> Tensor:
    """Nearest multiple of 2^exp that fits in `bits` signed bits, ties up; same shape and dtype.

    Exact for float32 and float64 (x / 2^exp + 1/2 is never rounded); NaN stays NaN.
    """
    # floor(v + 1/2) = floor((floor(2v) + 1) / 2), whose sums of integers are exact
    doubled = x.detach().mul(2.0 ** (1 - exp)).floor_()
    words = doubled.add_(1.0).mul_(0.5).floor_()
    top = float(1 << (bits - 1))
    return words.clamp_(-top, top - 1.0).mul_(2.0 ** exp)


class _Clipped(torch.autograd.Function):
    """Forward: fixed_values. Backward: the gradient, if masked only inside the range, else 0."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, exp: int, bits: int, masked: bool) -> Tensor:
        ctx.save_for_backward(x)
        ctx.grid = exp, bits, masked
        return fixed_values(x, exp, bits)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor | None, ...]:
        (x,) = ctx.saved_tensors
        exp, bits, masked = ctx.grid
        if not masked:
            return gradients[0], None, None, None
        top, unit = float(1 << (bits - 1)), 2.0 ** exp
        return torch.ops.aten.hardtanh_backward(
            gradients[0], x, -top * unit, (top - 1.0) * unit), None, None, None


class Fixed(Quantizer):
    """Fixed-point quantiser of 2 to 16 bits, 8 unless told. No learned scale.

    masked: no gradient to values that saturate. The exponent is a buffer, so that a state dict
    carries it.
    """

    exact = True

    def __init__(self, bits: int = 8, masked: bool = True) -> None:
        super().__init__(bits, signed=True)
        self.masked = masked
        self.exp: Tensor
        self.register_buffer("exp", torch.zeros((), dtype=torch.int64))

    def check(self, bits: int) -> int:
        """Return bits; raise PlutarchError unless 2 <= bits <= 16."""
        if not MIN_BITS <= bits <= MAX_BITS:
            raise PlutarchError(f"bits = {bits!r}: fixed point has {MIN_BITS} to {MAX_BITS} bits")
        return int(bits)

    def forward(self, x: Tensor) -> Tensor:
        """Nearest words; masked, the gradient passes strictly inside the range only."""
        return cast(Tensor, _Clipped.apply(  # type: ignore[no-untyped-call]
            x, self.exponent, self.bits, self.masked))

    def fit(self, x: Tensor) -> None:
        """Least squared error over the powers of two, then the smallest exponent.

        No values or only zeros: the largest word is just below 1.
        """
        values = checked(x)
        largest = float(values.abs().max()) if values.numel() else 0.0
        top = (math.frexp(largest)[1] if largest else 0) - (self.bits - 1)
        tried = range(top - 5, top + 2) if largest else range(top, top + 1)
        loss = {exp: float(((fixed_values(values, exp, self.bits) - values).double() ** 2).sum())
                for exp in tried}
        self.set_exponent(min(loss, key=lambda exp: (loss[exp], exp)))

    def set_exponent(self, exp: int) -> None:
        """Choose the grid: words times 2^exp."""
        self.exp.fill_(exp)

    def levels(self) -> Tensor:
        """2^bits levels."""
        top = 1 << (self.bits - 1)
        return torch.arange(-top, top, dtype=torch.float64) * 2.0 ** self.exponent

    def set_bits(self, bits: int) -> None:
        """Change the width and keep the range."""
        old, self.bits = self.bits, self.check(bits)
        self.set_exponent(self.exponent + old - self.bits)

    @property
    def exponent(self) -> int:
        """The value of one step is 2^exponent."""
        return int(self.exp)
