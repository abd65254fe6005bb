# SPDX-License-Identifier: Apache-2.0
"""What every quantiser of a tensor offers, and the gradient that most of them share.

A quantiser maps real values onto a small level set and holds the scale of that set. It knows no
model and no layer: weight normalisation, batch norm and bit budgets live elsewhere.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, cast

import torch
from torch import Tensor, nn

from golden.codes import MAX_BITS, MIN_BITS
from golden.errors import PlutarchError

Projection = Callable[[Tensor], Tensor]
_SAMPLE = 1 << 20


class Quantizer(nn.Module):
    """Quantiser of one tensor, with its learned scales if it has any.

    bits: width of a code; signed: whether negative levels exist. exact: whether the levels are
    integers times a power of two that a package can hold. decays_scale: whether the method's paper
    wants weight decay on the learned scale too.
    """

    exact: bool = False
    decays_scale: bool = False

    def __init__(self, bits: int, signed: bool = True) -> None:
        super().__init__()
        self.bits = self.check(bits)
        self.signed = signed

    def check(self, bits: int) -> int:
        """Return bits; raise PlutarchError if this quantiser has no such width (2 to 6)."""
        if not MIN_BITS <= bits <= MAX_BITS:
            raise PlutarchError(f"bits = {bits!r}: quantisers have {MIN_BITS} to {MAX_BITS} bits")
        return int(bits)

    def forward(self, x: Tensor) -> Tensor:
        """Levels nearest to x, same shape and dtype (float32 or float64).

        Gradients: the method's straight-through estimator, to x and to the learned scales. NaN
        stays NaN, infinite values saturate.
        """
        raise NotImplementedError

    def fit(self, x: Tensor) -> None:
        """Set the scale from the values of x (any shape): least squared error, or as in the paper.

        Up to 2^20 values count (see checked). Nothing is recorded for gradients. Raises
        PlutarchError if x holds NaN or infinity.
        """
        raise NotImplementedError

    def levels(self) -> Tensor:
        """The level set now, (L,) float64 ascending, real values; on the CPU."""
        raise NotImplementedError

    def scale_parameters(self) -> list[nn.Parameter]:
        """Learned scales: no weight decay (but see decays_scale), perhaps a rate of their own."""
        return list(self.parameters())

    def set_bits(self, bits: int) -> None:
        """Change the width, keeping the scale where it means the same (the clip, unless told)."""
        self.bits = self.check(bits)

    @property
    def exponent(self) -> int:
        """Exponent e of an exact quantiser: every level is an integer times 2^e.

        Raises PlutarchError for a quantiser with other scales.
        """
        raise PlutarchError(f"{type(self).__name__}: its levels are not integers times a power "
                            "of two, so it has no exponent")

    def extra_repr(self) -> str:
        """Shown by print(module)."""
        return f"bits={self.bits}, signed={self.signed}"


def checked(x: Tensor) -> Tensor:
    """The values to fit to, a row without gradients; PlutarchError if one is NaN or infinite.

    All of x or, if it has more than 2^20 values, every k-th; k is odd, so that images of even
    width are sampled in every column.
    """
    row = x.detach().reshape(-1)
    if row.numel() and not math.isfinite(float(row.abs().max())):
        raise PlutarchError("cannot fit a quantiser to values that hold NaN or infinity")
    return row[::(row.numel() - 1) // _SAMPLE + 1 | 1] if row.numel() > _SAMPLE else row


def number(parameter: Tensor, name: str) -> float:
    """A scale of one element as a float; PlutarchError naming it if it is NaN or infinite."""
    value = float(parameter.detach())
    if not math.isfinite(value):
        raise PlutarchError(f"the learned scale {name} is {value}: training diverged")
    return value


class _ClipScale(torch.autograd.Function):
    """Forward: project(x). Backward: see clip_scale."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, scale: Tensor, project: Projection, low: float, high: float,
                factor: float, masked: bool, closed: bool) -> Tensor:
        values = project(x)
        ctx.save_for_backward(x, values)
        if closed:
            low, high = _below(low, x), _above(high, x)
        ctx.options = low, high, factor, masked, scale.shape, scale.dtype
        return values

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor | None, ...]:
        x, values = ctx.saved_tensors
        low, high, factor, masked, shape, dtype = ctx.options
        gradient, to_scale = gradients[0], None
        inside = torch.ops.aten.hardtanh_backward(gradient, x, low, high)  # low < x < high
        if ctx.needs_input_grad[1]:
            total = _dot(gradient, values) - _dot(inside, x)
            to_scale = total.mul(factor).to(dtype).reshape(shape)
        return inside if masked else gradient, to_scale, *[None] * 6


def clip_scale(x: Tensor, scale: Tensor, project: Projection, low: float, high: float,
               factor: float, masked: bool, closed: bool = True) -> Tensor:
    """project(x) with the gradients of a clipped, scaled grid (RCF, 1909.13144 section 2.3).

    project: x -> alpha * Pi(clip(x / alpha)), same shape, no gradients; [low, high]: its range.
    To x: the gradient as it is, or 0 outside [low, high] if masked. To scale (one element):
    factor * sum g * (project(x) - x inside, project(x) outside), which with factor = 1 / alpha is
    the paper's: Pi(x/alpha) - x/alpha inside, sign(x) outside. closed: the ends are inside.
    """
    return cast(Tensor, _ClipScale.apply(  # type: ignore[no-untyped-call]
        x, scale, project, low, high, factor, masked, closed))


def _dot(a: Tensor, b: Tensor) -> Tensor:
    """Sum of products over all elements, a 0-dimensional tensor."""
    if a.dim() == 4 and a.is_contiguous(memory_format=torch.channels_last):
        a, b = a.permute(0, 2, 3, 1), b.permute(0, 2, 3, 1)  # (N, H, W, C), as it lies
    return torch.dot(a.reshape(-1), b.reshape(-1))


def _above(bound: float, like: Tensor) -> float:
    """The next number of like's dtype above bound: x < it means x <= bound."""
    return float(torch.nextafter(torch.tensor(bound, dtype=like.dtype),
                                 torch.tensor(math.inf, dtype=like.dtype)))


def _below(bound: float, like: Tensor) -> float:
    """The next number of like's dtype below bound."""
    return -_above(-bound, like)
