# SPDX-License-Identifier: Apache-2.0
"""The kinds of lanes by name: what their codes stand for, how many dot products, which latency.

All lanes are the same sum of products of integers; they differ in what a code of a weight and of an
activation stands for (golden.codebooks) and in how they get there.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from golden import codebooks
from golden.product_ram import ProductRam
from tb.common import lane_bench
from tb.common.vectors import Ints

BOUNDARY = 2  # registers of dot_product before and after the lane
_INTEGER = {"M3": 3, "M4": 4, "M8": 8, "D4": 4, "D8": 8}
_CHAIN = {"D4": 15, "D8": 7}


@dataclass(frozen=True)
class Kind:
    """A lane by its name in rtl/lanes/dot_product.v, for codes of `bits` bits."""

    name: str
    bits: int
    tree: int = 2

    @property
    def weight_bits(self) -> int:
        """Bits of a weight."""
        return _INTEGER.get(self.name, self.bits)

    @property
    def act_bits(self) -> int:
        """Bits of an activation."""
        return 8 if self.name in ("S1", "S2", "A1") else self.weight_bits

    @property
    def outs(self) -> int:
        """Weight sets that share the activations."""
        return 2 if self.name in _CHAIN else 1

    @property
    def pixels(self) -> int:
        """Activation sets that share the weights."""
        return 2 if self.name == "D4" else 1

    def weight_book(self) -> Ints:
        """Value of each weight code, (2^weight_bits,)."""
        if self.name in _INTEGER:
            return codebooks.two_complement(self.weight_bits)
        return codebooks.apot(self.bits) if self.name == "A1" else codebooks.pot(self.bits)

    def act_book(self) -> Ints:
        """Value of each activation code, (2^act_bits,)."""
        if self.act_bits == 8 or self.name in _INTEGER:
            return codebooks.two_complement(self.act_bits)
        return codebooks.pot(self.bits)

    def latency(self, terms: int) -> int:
        """Cycles from the ports of dot_product to its sum."""
        if self.name in _CHAIN:
            chain = _CHAIN[self.name]
            slices = 1 + min(terms, chain)
            return BOUNDARY + slices + lane_bench.latency(-(-terms // chain), self.tree) - 1
        if self.name == "P3":
            terms = -(-terms // ProductRam.default(self.bits).group)
        steps = lane_bench.Mac().steps if self.name == "M8" else 0
        return BOUNDARY + steps + lane_bench.latency(terms, self.tree)

    def sums(self, w: Ints, a: Ints, terms: int) -> Ints:
        """Dot products of the first `terms` terms, (vectors, outs * pixels), output by output.

        w: (vectors, outs, terms or more) codes; a: (vectors, pixels, terms or more) codes.
        """
        values = self.weight_book()[w[:, :, :terms]], self.act_book()[a[:, :, :terms]]
        return np.asarray(np.einsum("von,vpn->vop", *values).reshape(len(w), -1))
