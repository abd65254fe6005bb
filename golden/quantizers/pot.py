# SPDX-License-Identifier: Apache-2.0
"""IOS-PoT: power-of-two levels under a power-of-two scale (CMC 80(2), 10.32604/cmc.2024.053632).

The paper's equations are lost; these are our definitions, after its prose (design section 2).
Levels: alpha * {0, +-2^-(K-1) ... +-1/2, +-1}, K = 2^(b-1) - 1, alpha = 2^n, n = round(t), and
t = log2 a is learned, as in TQT (1903.08066). Gradients: those of RCF (1909.13144) with the
rounding of t passed through: dq/dt = ln 2 * alpha * dq/dalpha.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn
from torch.nn import functional

from golden.codes import levels as magnitudes
from golden.codes import max_value, num_levels
from golden.quantizers.base import Quantizer, checked, clip_scale, number

LOWEST, HIGHEST = -24, 24
"""Range of n = log2 of the largest level."""

# dtype -> integer of the same size, half a mantissa, the exponent field, mantissa bits + 3
_FORMATS = {
    torch.float32: (torch.int32, 0x400000, 0x7F800000, 26),
    torch.float64: (torch.int64, 1 << 51, 0x7FF << 52, 55),
}


def pot_values(x: Tensor, bits: int, exp: int) -> Tensor:
    """Nearest PoT level times 2^exp, same shape and dtype; equals golden.codes.project_real.

    Exact for every float32 and float64; NaN stays NaN. Raises TypeError for another dtype.
    The power of two is found in the bits of the float: adding half a mantissa carries into the
    exponent exactly from 1.5 * 2^j on, which is the cut and tie of design section 2.
    """
    if x.dtype not in _FORMATS:
        raise TypeError(f"pot_values wants float32 or float64, not {x.dtype}")
    integer, half, field, spread = _FORMATS[x.dtype]
    unit = 2.0 ** exp
    # in place on fresh memory: passes over the tensor are all this costs
    power = x.detach().abs().view(integer).add_(half).bitwise_and_(field).view(x.dtype)
    level = power.clamp_(unit, max_value(bits) * unit)
    # -1, 0 or 1: beyond half the smallest level, softshrink leaves more than 2^-spread of it
    gate = functional.softshrink(x.detach(), unit / 2).mul_(2.0 ** spread / unit)
    return level.mul_(gate.clamp_(-1.0, 1.0))


def best_exponent(x: Tensor, bits: int) -> int:
    """Exponent whose PoT levels lose least on x: smallest squared error, then smallest exponent.

    Tried: largest level from 1/32 to twice the power of two above the largest value. No values or
    only zeros: largest level 1. Raises PlutarchError on NaN or infinity.
    """
    values, reach = checked(x), num_levels(bits) - 1
    largest = float(values.abs().max()) if values.numel() else 0.0
    top = (math.frexp(largest)[1] if largest else 0) - reach
    tried = range(top - 5, top + 2) if largest else range(top, top + 1)
    loss = {exp: float(((pot_values(values, bits, exp) - values).double() ** 2).sum())
            for exp in tried}
    return min(loss, key=lambda exp: (loss[exp], exp))


class Pot(Quantizer):
    """IOS-PoT quantiser; masked: no gradient to values beyond the largest level (activations).

    The learned `log_scale` (one element) is t; n = round(t) to even, kept in [-24, 24]. Signed
    always: weights and activations share one product table.
    """

    exact = True

    def __init__(self, bits: int, masked: bool = False) -> None:
        super().__init__(bits, signed=True)
        self.masked = masked
        self.log_scale = nn.Parameter(torch.zeros(()))

    def forward(self, x: Tensor) -> Tensor:
        """Nearest levels; bit-exactly golden.codes.project_real with `exponent`.

        Gradients: to x 1 (masked: 0 where |x| > alpha); to t ln 2 * (q - x), where |x| > alpha
        ln 2 * q. Where t is out of range, no gradient pushes it further out.
        """
        exp, top = self.exponent, 2.0 ** self.power
        scale: Tensor = self.log_scale
        if not LOWEST <= float(scale.detach()) <= HIGHEST:
            scale = _inward(scale)
        return clip_scale(x, scale, lambda v: pot_values(v, self.bits, exp), -top, top,
                          math.log(2.0), self.masked)

    def fit(self, x: Tensor) -> None:
        """Least squared error over the powers of two; t becomes an integer."""
        exp = best_exponent(x, self.bits)
        n = min(max(exp + num_levels(self.bits) - 1, LOWEST), HIGHEST)
        with torch.no_grad():
            self.log_scale.fill_(float(n))

    def levels(self) -> Tensor:
        """2K + 1 levels."""
        positive = torch.from_numpy(magnitudes(self.bits)).double() * 2.0 ** self.exponent
        return torch.cat([-positive[1:].flip(0), positive])

    @property
    def power(self) -> int:
        """The integer n: alpha = 2^n is the largest level."""
        t = number(self.log_scale, "log_scale")
        return min(max(round(t), LOWEST), HIGHEST)

    @property
    def exponent(self) -> int:
        """Exponent n - (K - 1): the smallest level above zero is 2^exponent."""
        return self.power - (num_levels(self.bits) - 1)


def _inward(t: Tensor) -> Tensor:
    """t, with the part of its gradient dropped that a descent would follow further out."""
    if t.requires_grad:
        t = t.clone()
        low = float(t.detach()) < LOWEST
        t.register_hook(  # type: ignore[no-untyped-call]
            lambda g: g.clamp(max=0.0) if low else g.clamp(min=0.0))
    return t
