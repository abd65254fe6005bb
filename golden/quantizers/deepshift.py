# SPDX-License-Identifier: Apache-2.0
"""DeepShift-Q: weights sign * 2^p, rounded in the logarithm (1905.13298).

p = round(log2 |w|) in -(2^(b-1) - 1) ... 0: 2^(b-1) magnitudes and a sign, no zero and no scale.
The straight-through estimator passes every gradient as it is. Activations are 8-bit fixed point
whatever b is, as in the main paper's comparison.
"""

from __future__ import annotations

import math
from typing import Any, cast

import torch
from torch import Tensor

from golden.quantizers.base import Quantizer
from golden.quantizers.fixed import Fixed

# dtype -> integer of the same size, mantissa bits, the exponent field
_FORMATS = {torch.float32: (torch.int32, 23, 0xFF << 23),
            torch.float64: (torch.int64, 52, 0x7FF << 52)}


def log_values(x: Tensor, lowest: int) -> Tensor:
    """sign(x) * 2^p, p = round(log2 |x|) in lowest ... 0; zero takes 2^lowest, NaN stays NaN.

    Same shape and dtype (float32, float64); exact: sqrt(2) is no float, so there is no tie.
    """
    integer, width, field = _FORMATS[x.dtype]
    # what takes the mantissa of the first float above sqrt(2) to the next power of two
    lift = (2 << width) - (math.isqrt(2 << (2 * width)) + 1)
    power = x.detach().abs().view(integer).add_(lift).bitwise_and_(field).view(x.dtype)
    values = power.clamp_(2.0 ** lowest, 1.0).copysign_(x.detach())
    return values.masked_fill_(x.detach().isnan(), float("nan"))


class _PassThrough(torch.autograd.Function):
    """Forward: log_values. Backward: the gradient."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, lowest: int) -> Tensor:
        return log_values(x, lowest)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor | None, ...]:
        return gradients[0], None


class ShiftWeights(Quantizer):
    """DeepShift-Q weights of b bits. Not `exact`: no PoT code without a zero, so no package."""

    def forward(self, x: Tensor) -> Tensor:
        """Nearest powers of two in the logarithm; gradient 1 everywhere."""
        return cast(Tensor, _PassThrough.apply(  # type: ignore[no-untyped-call]
            x, self.lowest))

    def fit(self, x: Tensor) -> None:
        """Nothing to fit: the range of p is the method's."""

    def levels(self) -> Tensor:
        """2^b levels."""
        positive = 2.0 ** torch.arange(self.lowest, 1, dtype=torch.float64)
        return torch.cat([-positive.flip(0), positive])

    @property
    def lowest(self) -> int:
        """The smallest p, -(2^(b-1) - 1)."""
        return 1 - (1 << (self.bits - 1))


class ShiftActs(Fixed):
    """8-bit fixed point for every b; the gradient passes everywhere, as in the authors' code.

    The paper's format is fixed and truncates; here the exponent is fitted and the value rounded.
    """

    def __init__(self, bits: int = 8) -> None:
        super().__init__(8, masked=False)

    def set_bits(self, bits: int) -> None:
        """Stays at 8 bits."""
