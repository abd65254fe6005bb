# SPDX-License-Identifier: Apache-2.0
"""LSQ: a learned step (1902.08153, ICLR 2020).

vhat = s * round(clip(v / s, -Q_N, Q_P)); weights Q_N = 2^(b-1), Q_P = 2^(b-1) - 1, activations
Q_N = 0, Q_P = 2^b - 1. The gradient to s is scaled by 1 / sqrt(N * Q_P), N the number of weights
or of features of one image.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn

from golden.quantizers.base import Quantizer, checked, clip_scale, number
from golden.quantizers.grids import SMALLEST


class Lsq(Quantizer):
    """LSQ quantiser; batched: the first axis counts images (activations), not weights.

    Gradients: to v 1 where -Q_N < v/s < Q_P, else 0; to s round(v/s) - v/s there, else -Q_N or
    Q_P, times 1 / sqrt(N * Q_P).
    """

    def __init__(self, bits: int, signed: bool = True, batched: bool = False) -> None:
        super().__init__(bits, signed)
        self.batched = batched
        self.step = nn.Parameter(torch.ones(()))

    def forward(self, x: Tensor) -> Tensor:
        """Nearest levels, ties to the even one; gradients as the class says."""
        step, low, high = self.size(), self.lowest(), self.highest()
        features = x.numel() // (x.shape[0] if self.batched and x.shape[0] else 1)
        factor = 1.0 / (step * math.sqrt(max(features, 1) * high))

        def values(v: Tensor) -> Tensor:
            return (v.detach() / step).clamp_(low, high).round_().mul_(step)

        return clip_scale(x, self.step, values, low * step, high * step, factor, masked=True,
                          closed=False)

    def fit(self, x: Tensor) -> None:
        """The paper's start: s = 2 * mean |v| / sqrt(Q_P)."""
        row = checked(x)
        mean = float(row.abs().mean(dtype=torch.float64)) if row.numel() else 0.0
        with torch.no_grad():
            self.step.fill_(max(2.0 * mean / math.sqrt(self.highest()), SMALLEST))

    def levels(self) -> Tensor:
        """2^b levels, s apart."""
        return torch.arange(self.lowest(), self.highest() + 1, dtype=torch.float64) * self.size()

    def set_bits(self, bits: int) -> None:
        """Change the width and keep the range: s * Q_P stays."""
        reach = self.size() * self.highest()
        super().set_bits(bits)
        with torch.no_grad():
            self.step.fill_(reach / self.highest())

    def lowest(self) -> int:
        """-Q_N."""
        return -(1 << (self.bits - 1)) if self.signed else 0

    def highest(self) -> int:
        """Q_P."""
        return (1 << (self.bits - self.signed)) - 1

    def size(self) -> float:
        """s, at least SMALLEST."""
        return max(number(self.step, "step"), SMALLEST)
