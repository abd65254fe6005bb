# SPDX-License-Identifier: Apache-2.0
"""Tests shared by the lanes: the three kinds differ in what an activation is and in the product.

A lane's dot products are compared with the golden model's integer values of the same codes; for
the P-LUT lane the products are read from the golden model's table for the codebook that is loaded.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from golden import codes, plut
from tb.common import clocking, results, settings, vectors
from tb.common.vectors import Ints


@dataclass(frozen=True)
class Lane:
    """One kind of lane. codebook: magnitudes by index where they are not the powers of two.

    steps: cycles that a product takes before the first register of all lanes.
    """

    bits: int
    int8: bool = False
    codebook: tuple[int, ...] | None = None
    steps: int = 0

    @property
    def act_bits(self) -> int:
        """Bits of an activation."""
        return 8 if self.int8 else self.bits

    def sum_bits(self, terms: int) -> int:
        """Bits of the sum of that many products (contract of the lanes)."""
        product = codes.num_levels(self.bits) + 7 if self.int8 else plut.product_bits(self.bits)
        return product + 1 + (terms - 1).bit_length()

    def sums(self, w: Ints, a: Ints) -> Ints:
        """Dot products of (vectors, N) weight codes and raw activations, (vectors,) int64."""
        if self.int8:
            acts = a.astype(np.uint8).view(np.int8).astype(np.int64)
            return np.asarray((codes.to_int(w, self.bits) * acts).sum(axis=1))  # (vectors,)
        table = plut.product_table(self.bits, self.codebook, self.codebook)
        m = self.bits - 1
        index = (1 << m) - 1
        products = table[w & index, a & index]  # (vectors, N)
        signed: Ints = np.where((w ^ a) >> m, -products, products)
        return np.asarray(signed.sum(axis=1))  # (vectors,)

    def pairs(self) -> tuple[Ints, Ints]:
        """Every weight code with every activation: two (pairs,) arrays."""
        w, a = np.divmod(np.arange(1 << (self.bits + self.act_bits)), 1 << self.act_bits)
        return w, a

    def random(self, rng: np.random.Generator, count: int, terms: int) -> tuple[Ints, Ints]:
        """Random codes (count, terms); every other vector is sparse, as real layers are."""
        w = rng.integers(0, 1 << self.bits, (count, terms))
        a = rng.integers(0, 1 << self.act_bits, (count, terms))
        sparse = (rng.random((count, terms)) < 0.6) & (np.arange(count) % 2 == 1)[:, None]
        return w, np.where(sparse, 0, a)


def signed(raw: Ints) -> Ints:
    """Bytes 0..255 as the integers -128..127 that they stand for."""
    return np.asarray(raw.astype(np.uint8).view(np.int8).astype(np.int64))


@dataclass(frozen=True)
class Mac(Lane):
    """Both operands are two's complement bytes; no code, no table."""

    bits: int = 8
    int8: bool = True
    steps: int = 1

    def sum_bits(self, terms: int) -> int:
        """Bits of the sum of that many products."""
        return 16 + (terms - 1).bit_length()

    def sums(self, w: Ints, a: Ints) -> Ints:
        """Dot products of raw bytes (vectors, N), (vectors,) int64."""
        return np.asarray((signed(w) * signed(a)).sum(axis=1))  # (vectors,)


def latency(terms: int, tree: int = 2) -> int:
    """Cycles from a vector to its sum: one for the products, then a register every two levels of
    adders of two operands, or every level of adders of three.
    """
    if tree == 2:
        return 1 + ((terms - 1).bit_length() + 1) // 2
    levels = 0
    while 3**levels < terms:
        levels += 1
    return 1 + levels


def rng() -> np.random.Generator:
    """Return numbers that follow the run's seed."""
    return np.random.default_rng(settings.load().seed)


class LaneBench:
    """A lane under test on its own ports."""

    def __init__(self, dut: Any, lane: Lane) -> None:
        self.dut = dut
        self.lane = lane
        self.terms = settings.load().integer("N")
        self.edge = clocking.start_clock(dut)
        assert len(dut.sum) == lane.sum_bits(self.terms), "the sum has the wrong width"

    async def run(self, what: str, w: Ints, a: Ints) -> None:
        """One vector a cycle; each sum must come exactly `latency` cycles later."""
        lane, dut = self.lane, self.dut
        inputs = [(dut.w, vectors.to_words(w, lane.bits)),
                  (dut.a, vectors.to_words(a, lane.act_bits))]  # fmt: skip
        cycles = lane.steps + latency(self.terms)
        seen = await vectors.stream(self.edge, inputs, dut.sum, cycles)
        got = vectors.from_words(seen[cycles:], len(dut.sum), 1)[:, 0]
        count = vectors.report(what, got, lane.sums(w, a))
        results.add_metric(what, vectors=count, terms=self.terms, latency=cycles)


async def every_pair(dut: Any, lane: Lane) -> None:
    """Every pair of codes in the first, middle and last term, all other terms zero."""
    bench = LaneBench(dut, lane)
    cw, ca = lane.pairs()
    for term in sorted({0, bench.terms // 2, bench.terms - 1}):
        w = np.zeros((len(cw), bench.terms), dtype=np.int64)
        a = np.zeros_like(w)
        w[:, term], a[:, term] = cw, ca
        await bench.run(f"every pair in term {term}", w, a)


async def uniform(dut: Any, lane: Lane) -> None:
    """The same pair in all terms: the extremes of the sum, of both signs, and all the zeros."""
    bench = LaneBench(dut, lane)
    cw, ca = lane.pairs()
    if lane.int8:
        keep = np.isin(ca, [0, 1, 2, 85, 127, 128, 129, 170, 255])
        cw, ca = cw[keep], ca[keep]
    w = np.repeat(cw[:, None], bench.terms, axis=1)  # (vectors, N)
    a = np.repeat(ca[:, None], bench.terms, axis=1)
    sums = lane.sums(w, a)
    largest = max(lane.sums(w, a).max(), -sums.min())
    assert int(largest).bit_length() <= lane.sum_bits(bench.terms) - 1
    await bench.run("uniform", w, a)


async def random_vectors(dut: Any, lane: Lane) -> None:
    """Random codes, dense and sparse."""
    bench = LaneBench(dut, lane)
    count = settings.load().integer("VECTORS")
    await bench.run("random", *lane.random(rng(), count, bench.terms))


async def impulse(dut: Any, lane: Lane) -> None:
    """One vector among zeros shows in one cycle only: nothing is held, nothing leaks."""
    bench = LaneBench(dut, lane)
    w = np.zeros((40, bench.terms), dtype=np.int64)
    a = np.zeros_like(w)
    w[20], a[20] = codes.num_levels(lane.bits), 1
    assert lane.sums(w, a)[20] != 0
    await bench.run("impulse", w, a)
