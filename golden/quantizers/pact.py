# SPDX-License-Identifier: Apache-2.0
"""PACT: activations under a learned clip (1805.06085), with DoReFa's weights (1606.06160).

The paper quantises activations only with PACT and pairs it with DoReFa for the weights; so do we.
"""

from __future__ import annotations

from typing import Any, cast

import torch
from torch import Tensor, nn

from golden.quantizers.base import Quantizer, number
from golden.quantizers.grids import SMALLEST, best_scale

ALPHA_START = 10.0


class _Clip(torch.autograd.Function):
    """Forward: uniform levels of clip(x, 0 or -alpha, alpha). Backward: PACT's."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, alpha: Tensor, clip: float, steps: int,
                signed: bool) -> Tensor:
        ctx.save_for_backward(x)
        ctx.options = clip, signed, alpha.shape, alpha.dtype
        unit = (x.detach() / clip).clamp_(-1.0 if signed else 0.0, 1.0)
        return unit.mul_(steps).round_().mul_(clip / steps)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor | None, ...]:
        (x,) = ctx.saved_tensors
        clip, signed, shape, dtype = ctx.options
        above = x >= clip
        to_alpha = (gradients[0] * above).sum()
        outside = above | (x <= -clip) if signed else above | (x < 0.0)
        if signed:
            to_alpha = to_alpha - (gradients[0] * (x <= -clip)).sum()
        to_x = gradients[0].masked_fill(outside, 0.0)
        return to_x, to_alpha.to(dtype).reshape(shape), None, None, None


class PactActs(Quantizer):
    """y = (|x| - |x - alpha| + alpha) / 2 = clip(x, 0, alpha) on 2^b uniform levels.

    Gradients: dy/dalpha = 1 for x >= alpha, else 0; dy/dx = 1 for 0 <= x < alpha, else 0. The
    paper decays alpha like a weight (L2); `decays_scale` says so. signed (not in the paper): the
    same on both sides with 2^(b-1) - 1 steps each.
    """

    decays_scale = True

    def __init__(self, bits: int, signed: bool = False) -> None:
        super().__init__(bits, signed)
        self.alpha = nn.Parameter(torch.tensor(ALPHA_START))

    def forward(self, x: Tensor) -> Tensor:
        """Nearest levels, ties to the even one; gradients as the class says."""
        return cast(Tensor, _Clip.apply(  # type: ignore[no-untyped-call]
            x, self.alpha, self.clip(), self.steps(), self.signed))

    def fit(self, x: Tensor) -> None:
        """Least squared error. The paper starts high and lets the decay bring alpha down."""
        with torch.no_grad():
            self.alpha.fill_(max(best_scale(x, self.unit_levels()), SMALLEST))

    def unit_levels(self) -> Tensor:
        """The level set with alpha = 1, (L,) float64 ascending."""
        steps = self.steps()
        return torch.arange(-steps if self.signed else 0, steps + 1, dtype=torch.float64) / steps

    def levels(self) -> Tensor:
        """The 2^b levels from 0 to alpha (signed: 2^b - 1)."""
        return self.unit_levels() * self.clip()

    def steps(self) -> int:
        """Number of steps from 0 to alpha."""
        return (1 << (self.bits - self.signed)) - 1

    def clip(self) -> float:
        """alpha, at least SMALLEST."""
        return max(number(self.alpha, "alpha"), SMALLEST)


class _Round(torch.autograd.Function):
    """Forward: torch.round. Backward: the gradient."""

    @staticmethod
    def forward(ctx: Any, x: Tensor) -> Tensor:
        return x.round()

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor | None, ...]:
        return gradients[0], None


class DorefaWeights(Quantizer):
    """DoReFa weights: 2 * round_k(tanh(w) / (2 max |tanh(w)|) + 1/2) - 1 (1606.06160, eq. 9).

    2^b levels from -1 to 1, no zero, no scale. Straight through the rounding, true gradient
    through the rest (tanh and maximum).
    """

    def forward(self, x: Tensor) -> Tensor:
        """Levels; note that they are nearest to the transformed x, not to x."""
        if not x.numel():
            return x
        squashed = x.tanh()
        unit = squashed / squashed.abs().amax().clamp_min(SMALLEST) / 2 + 0.5
        steps = (1 << self.bits) - 1
        rounded = cast(Tensor, _Round.apply(unit * steps))  # type: ignore[no-untyped-call]
        return rounded * (2 / steps) - 1

    def fit(self, x: Tensor) -> None:
        """Nothing to fit: the largest weight is always a level."""

    def levels(self) -> Tensor:
        """2^b levels."""
        steps = (1 << self.bits) - 1
        return torch.arange(steps + 1, dtype=torch.float64) * (2 / steps) - 1
