# SPDX-License-Identifier: Apache-2.0
"""Uniform levels under a learned clip: the `uniform` baseline of APoT (1909.13144, table 1).

Levels alpha * i / (2^B - 1), i = 0 ... 2^B - 1, with a sign for weights (B = b - 1), without for
activations (B = b); gradients of the clip as APoT's (RCF), weights normalised as APoT's.
"""

from __future__ import annotations

import torch
from torch import Tensor

from golden.quantizers.apot import ACT_START, WEIGHT_START
from golden.quantizers.grids import LearnedClip


class Uniform(LearnedClip):
    """Integer levels times alpha / (2^B - 1)."""

    def __init__(self, bits: int, signed: bool = True, masked: bool = False) -> None:
        super().__init__(bits, signed, masked, ACT_START if masked else WEIGHT_START)

    def steps(self) -> int:
        """2^B - 1, the number of steps from 0 to alpha."""
        return (1 << (self.bits - 1 if self.signed else self.bits)) - 1

    def grid(self) -> Tensor:
        """{0 ... 1}, (2^B,) float64."""
        return torch.arange(self.steps() + 1, dtype=torch.float64) / self.steps()

    def project(self, size: Tensor) -> Tensor:
        """Nearest magnitudes, ties to the even one (torch.round, as the authors' code)."""
        return size.mul_(self.steps()).round_().div_(self.steps())
