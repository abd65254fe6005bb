# SPDX-License-Identifier: Apache-2.0
"""What the rivals with floating-point scales share: nearest levels, best scale, learned clip."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor, nn

from golden.quantizers.base import Quantizer, checked, clip_scale, number

SMALLEST = 2.0 ** -24
"""No learned scale is used below this, so that a step too far cannot turn the levels over."""


def nearest(x: Tensor, levels: Tensor) -> tuple[Tensor, Tensor]:
    """(nearest levels, their positions), both of x's shape; levels (L,) ascending.

    The tie half-way between two levels takes the lower one. NaN stays NaN.
    """
    levels = levels.to(x)
    x = x.detach().contiguous()
    position = torch.bucketize(x, (levels[1:] + levels[:-1]) / 2)  # middle < x: the upper level
    values = levels.index_select(0, position.reshape(-1)).view(x.shape)
    return values.masked_fill_(x.isnan(), float("nan")), position


def best_scale(x: Tensor, grid: Tensor) -> float:
    """The scale s > 0 with which the levels s * grid lose least on x: least squared error.

    x: any shape, see base.checked. grid: (L,) ascending.
    Alternates nearest levels and closed-form scale, from the 8 best of 120 scales. No values or
    only zeros: 1. Raises PlutarchError on NaN or infinity.
    """
    row = checked(x).double().sort().values
    grid = grid.double()
    largest = float(row.abs().max()) if row.numel() else 0.0
    if largest == 0.0:
        return 1.0
    first = torch.cat([row.new_zeros(1), row.cumsum(0)])  # sums of the smallest 0, 1, 2 ... values
    middles = (grid[1:] + grid[:-1]) / 2

    def sums(scale: float) -> tuple[float, float]:
        """(sum of x * level, sum of level^2) over all values, level of the grid unscaled."""
        ends = torch.searchsorted(row, middles * scale)
        edges = torch.cat([ends.new_zeros(1), ends, ends.new_full((1,), row.numel())])
        return (float((grid * first[edges].diff()).sum()), float((grid ** 2 * edges.diff()).sum()))

    def loss(scale: float) -> float:
        """Squared error less the constant sum of x^2."""
        cross, square = sums(scale)
        return scale * (scale * square - 2 * cross)

    reach = largest / float(grid.abs().max())
    starts = sorted((reach * 2.0 ** (k / 16 - 6) for k in range(120)), key=loss)[:8]
    return min((_alternate(start, sums) for start in starts), key=loss)


def _alternate(scale: float, sums: Callable[[float], tuple[float, float]]) -> float:
    """Nearest levels for the scale, the best scale for them, and again until it stands still."""
    for _ in range(100):
        cross, square = sums(scale)
        if square == 0.0 or cross <= 0.0 or cross / square == scale:
            break
        scale = cross / square
    return scale


class LearnedClip(Quantizer):
    """Levels alpha * grid in [-alpha, alpha] or [0, alpha], alpha learned with RCF gradients.

    RCF (reparameterised clipping function): 1909.13144 section 2.3. To alpha: sign(x) beyond
    alpha, else Pi(x/alpha) - x/alpha. To x: 1; with `masked` (activations) 0 beyond alpha.
    """

    def __init__(self, bits: int, signed: bool, masked: bool, start: float) -> None:
        super().__init__(bits, signed)
        self.masked = masked
        self.alpha = nn.Parameter(torch.tensor(start))

    def grid(self) -> Tensor:
        """Magnitudes of the level set with alpha = 1, (L,) float64 ascending from 0 to 1."""
        raise NotImplementedError

    def project(self, size: Tensor) -> Tensor:
        """Nearest magnitudes of the grid to size >= 0 (in place if it likes); NaN stays NaN."""
        raise NotImplementedError

    def forward(self, x: Tensor) -> Tensor:
        """Nearest levels to clip(x); gradients as the class says."""
        alpha = self.clip()

        def values(v: Tensor) -> Tensor:
            unit = v.detach() / alpha
            unit = unit.clamp_(-1.0 if self.signed else 0.0, 1.0)
            return self.project(unit.abs()).copysign_(unit).mul_(alpha)

        low = -alpha if self.signed else 0.0
        return clip_scale(x, self.alpha, values, low, alpha, 1.0 / alpha, self.masked)

    def fit(self, x: Tensor) -> None:
        """Least squared error. The papers start at a constant and let training find alpha."""
        with torch.no_grad():
            self.alpha.fill_(max(best_scale(x, self.unit_levels()), SMALLEST))

    def unit_levels(self) -> Tensor:
        """The level set with alpha = 1, (L,) float64 ascending."""
        grid = self.grid()
        return torch.cat([-grid[1:].flip(0), grid]) if self.signed else grid

    def levels(self) -> Tensor:
        """The level set under the alpha of now, (L,) float64."""
        return self.unit_levels() * self.clip()

    def clip(self) -> float:
        """alpha, at least SMALLEST."""
        return max(number(self.alpha, "alpha"), SMALLEST)
