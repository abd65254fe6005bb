# SPDX-License-Identifier: Apache-2.0
"""LQ-Nets: a learned basis (1807.10029, ECCV 2018).

Levels basis^T * code, code in {-1, 1}^b for weights, {0, 1}^b for activations. In training every
forward solves the basis for the codes in use, (B^T B)^-1 B^T x, and moves it there by a tenth.
The authors keep one basis a filter; we keep one a layer, as every method here has one scale.
"""

from __future__ import annotations

import math
from typing import Any, cast

import torch
from torch import Tensor

from golden.errors import PlutarchError
from golden.quantizers.base import Quantizer, checked
from golden.quantizers.grids import best_scale, nearest

KEEP = 0.9  # of the moving average, as in the authors' code
RIDGE = 1e-4  # added to B^T B, which is singular where a code is not used


class _Pass(torch.autograd.Function):
    """Forward: the given levels. Backward: the gradient, if clipped 0 outside [low, high]."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, values: Tensor, clip: tuple[float, float] | None) -> Tensor:
        if clip is not None:
            ctx.save_for_backward(x)
        ctx.clip = clip
        return values.view_as(values)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor | None, ...]:
        gradient = gradients[0]
        if ctx.clip is not None:
            (x,) = ctx.saved_tensors
            low, high = ctx.clip
            gradient = gradient.masked_fill((x < low) | (x > high), 0.0)
        return gradient, None, None


class LqNets(Quantizer):
    """LQ-Nets quantiser; the basis (b,) is a buffer, learned by least squares, not by gradients.

    signed: codes of -1 and 1, else of 0 and 1. clipped (activations): no gradient to values above
    the largest level (signed: nor below the smallest); otherwise the gradient passes everywhere.
    """

    def __init__(self, bits: int, signed: bool = True, clipped: bool = False) -> None:
        super().__init__(bits, signed)
        self.clipped = clipped
        self.basis: Tensor
        self.register_buffer("basis", self.start())

    def start(self) -> Tensor:
        """The basis with uniform levels up to 1, (b,) float64."""
        return 2.0 ** torch.arange(self.bits, dtype=torch.float64) / ((1 << self.bits) - 1)

    def codes(self) -> Tensor:
        """All codes, (2^b, b) float64 of -1 and 1 or 0 and 1; row i spells i, low bit first."""
        row = torch.arange(1 << self.bits)[:, None] >> torch.arange(self.bits) & 1
        return (2 * row - 1 if self.signed else row).double()

    def forward(self, x: Tensor) -> Tensor:
        """Nearest levels of the basis before this call; in training mode the basis then moves."""
        levels, order = self.sorted_levels()
        values, position = nearest(x, levels)
        if self.training and x.numel():
            fresh = self.solve(x.detach(), position, order)
            self.basis.mul_(KEEP).add_(fresh.to(self.basis), alpha=1.0 - KEEP)
        clip = None
        if self.clipped:
            clip = (float(levels[0]) if self.signed else -math.inf, float(levels[-1]))
        return cast(Tensor, _Pass.apply(x, values, clip))  # type: ignore[no-untyped-call]

    def solve(self, x: Tensor, position: Tensor, order: Tensor) -> Tensor:
        """Least squares basis for x with the codes order[position], (b,) float64."""
        size, codes = order.numel(), self.codes()[order]  # (L,), (L, b)
        where = position.reshape(-1)
        counts = torch.bincount(where, minlength=size).double().cpu()
        sums = torch.bincount(where, x.reshape(-1).double(), minlength=size).cpu()
        normal = codes.T @ (counts[:, None] * codes) + RIDGE * torch.eye(self.bits).double()
        basis: Tensor = torch.linalg.solve(
            normal, codes.T @ sums + RIDGE * self.basis.double().cpu())
        if not bool(basis.isfinite().all()):
            raise PlutarchError("the learned basis is not finite: training diverged")
        return basis

    def fit(self, x: Tensor) -> None:
        """Uniform levels of least squared error, then 30 alternations of codes and basis."""
        row = checked(x)
        self.basis = self.start().to(self.basis)
        self.basis.mul_(best_scale(row, self.levels()))
        for _ in range(30 if row.numel() else 0):
            levels, order = self.sorted_levels()
            _, position = nearest(row, levels)
            self.basis.copy_(self.solve(row, position, order))

    def sorted_levels(self) -> tuple[Tensor, Tensor]:
        """(levels ascending, which code each is), both (2^b,), float64 and int64, on the CPU."""
        levels, order = (self.codes() @ self.basis.double().cpu()).sort(stable=True)
        return levels, order

    def levels(self) -> Tensor:
        """2^b levels; a signed basis has no zero among them."""
        return self.sorted_levels()[0]

    def set_bits(self, bits: int) -> None:
        """Change the width: uniform levels up to the largest level of before."""
        high = float(self.levels()[-1])
        super().set_bits(bits)
        self.basis = self.start().to(self.basis) * high
