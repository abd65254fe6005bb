# SPDX-License-Identifier: Apache-2.0
"""APoT: sums of powers of two under a floating-point scale (1909.13144, ICLR 2020).

Level set of B bits, before scaling its largest to alpha: sums of one value from each of
n = B // 2 terms {0, 2^-i, 2^-(i+n'), 2^-(i+2n')} and, if B is odd, of one term {0, 2^-(2n+1)};
which exponent belongs to which term follows the authors' code, whose sets are those of the paper
for B = 2, 3, 4. Weights spend one of their bits on the sign (B = b - 1), activations none.
"""

from __future__ import annotations

import functools
import itertools

import torch
from torch import Tensor

from golden.codebooks import apot_terms
from golden.quantizers.grids import LearnedClip

# what the authors' CIFAR code starts alpha with, for normalised weights and for activations
WEIGHT_START, ACT_START = 3.0, 8.0


@functools.cache
def magnitudes(width: int) -> tuple[int, ...]:
    """Integer magnitudes of the level set of `width` unsigned bits, ascending; the last one is 1.0.

    width 1: {0, 1}; 2: {0, 1, 2, 4}; 3: {0, 1, 2, 3, 4, 6, 8, 10}; 2^width of them.
    """
    return tuple(sorted({sum(choice) for choice in itertools.product(*apot_terms(width))}))


class Apot(LearnedClip):
    """APoT quantiser: signed with B = b - 1, or unsigned with B = b (activations after ReLU)."""

    def __init__(self, bits: int, signed: bool = True, masked: bool = False) -> None:
        super().__init__(bits, signed, masked, ACT_START if masked else WEIGHT_START)

    def integers(self) -> tuple[int, ...]:
        """Magnitudes as integers."""
        return magnitudes(self.bits - 1 if self.signed else self.bits)

    def grid(self) -> Tensor:
        """{0 ... 1}, (2^B,) float64."""
        whole = torch.tensor(self.integers(), dtype=torch.float64)
        return whole / whole[-1]

    def project(self, size: Tensor) -> Tensor:
        """Nearest magnitudes; a tie takes the larger one (the paper leaves ties open)."""
        cells, half = _cells(self.integers(), size.dtype)
        cell = (size * half).nan_to_num_(0.0).to(torch.int32)  # every cut is a whole number here
        values = cells.to(size.device).index_select(0, cell.reshape(-1)).view(size.shape)
        return values.masked_fill_(size.isnan(), float("nan"))


@functools.cache
def _cells(integers: tuple[int, ...], dtype: torch.dtype) -> tuple[Tensor, float]:
    """(nearest magnitude / largest of every half unit 0 ... 2 * largest, 2 * largest)."""
    levels = torch.tensor(integers)
    cuts = levels[1:] + levels[:-1]  # in half units
    cell = torch.arange(2 * integers[-1] + 1)
    nearest = levels[torch.bucketize(cell, cuts, right=True)]
    return (nearest.double() / integers[-1]).to(dtype), 2.0 * integers[-1]
