# SPDX-License-Identifier: Apache-2.0
"""dot_product with lane P3, at all sizes: tables are loaded over the bus, then used.

One build runs every codebook. A load writes the tables of 64 weights; a smaller size takes the
first of them and lets the token pass out.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import cocotb
import numpy as np

from golden import codebooks
from golden.product_ram import ProductRam
from tb.common import lane_bench, settings
from tb.common.lane_kinds import Kind
from tb.common.vectors import Ints
from tb.dot_product import player

RUN = settings.load()
BITS = RUN.integer("B")
KIND = Kind("P3", BITS, RUN.integer("TREE"))
RAM = ProductRam.default(BITS)
TERMS = player.SIZES[-1]
CODES = 1 << BITS


@dataclass(frozen=True)
class Load:
    """Tables for these weights and codebooks, then so many vectors with them in use.

    weights: (64,) codes; w_book, a_book: (2^B,) integer values; acts: (vectors, 64) codes.
    """

    weights: Ints
    w_book: Ints
    a_book: Ints
    acts: Ints


def books() -> dict[str, Ints]:
    """Codebooks of BITS bits by name; no product of two values of the same one exceeds PEAK."""
    largest = 1 << (RAM.peak.bit_length() - 1) // 2
    data = lane_bench.rng().laplace(size=4000)
    found = {
        "PoT": codebooks.pot(BITS),
        "APoT": codebooks.apot(BITS),
        "integer": codebooks.two_complement(BITS),
        "k-means": codebooks.kmeans(data, BITS, largest),
        "NF": codebooks.normal_float(BITS, largest),
    }
    return {name: book for name, book in found.items() if np.abs(book).max() ** 2 <= RAM.peak}


async def run(dut: Any, what: str, loads: Sequence[Load], **counts: int) -> None:
    """Load after load; where two contexts allow it, vectors go on while the next one is written.

    counts: for the record, as in weights_held.
    """
    rng = lane_bench.rng()
    beats: list[int] = []
    taken: list[Ints] = []
    acts: list[Ints] = []
    valid: list[Ints] = []
    values: list[tuple[Ints, Ints]] = []
    for number, load in enumerate(loads):
        context = number % RAM.contexts
        entries = RAM.tables(load.w_book[load.weights], load.a_book)
        some = RAM.beats(entries, context, 1 - context if RAM.contexts == 2 else 0)
        # A new vector every 16 cycles is enough while tables are written. The last beat switches.
        slow = rng.integers(0, CODES, (len(some) // 16 + 1, TERMS))
        writing = np.repeat(slow, 16, axis=0)[: len(some) - 1]
        idle = len(load.acts) - 1
        beats += some + [int(x) for x in rng.integers(0, 1 << 30, idle)]  # not taken: anything
        taken.append(np.repeat([1, 0], [len(some), idle]))
        acts += [writing, load.acts]
        old = len(writing) if number and RAM.contexts == 2 else 0
        valid += [np.repeat([number - 1 if old else -1, number], [len(writing), idle + 1])]
        values.append((load.w_book[load.weights], load.a_book))
    a = np.concatenate(acts)  # (cycles, 64)
    use = np.concatenate(valid)  # (cycles,) which load's tables are in use, -1: none
    masked = [beat & ((1 << RAM.beat_bits) - 1) for beat in beats]
    seen = await player.play(dut, KIND, np.concatenate(taken),
                             player.beat_bytes(masked, RAM.beat_bits), a[:, None, :])  # fmt: skip
    known = np.flatnonzero(use >= 0)
    w_values = np.array([w for w, _ in values])[use[known]]  # (vectors, 64)
    a_books = np.array([book for _, book in values])[use[known]]  # (vectors, 2^B)
    products = w_values * np.take_along_axis(a_books, a[known], axis=1)
    tally = player.Tally(what, KIND)
    for at, terms in enumerate(player.SIZES):
        got = seen[known + KIND.latency(terms), at, 0]
        expected = products[:, :terms].sum(axis=1)
        if terms % RAM.group:  # the table has a weight more than the lane has activations: code 0
            expected += w_values[:, terms] * a_books[:, 0]
            # Of N = 1 the sum has the width of one product (the lane is to be given weight 0
            # there, see lane_plut_ram): it wraps.
            half = 1 << (RAM.peak.bit_length() + (terms - 1).bit_length())
            expected = (expected + half) % (2 * half) - half
        tally.add(terms, got, expected)
    assert np.any(expected), "all sums expected are zero"
    tally.close(vectors=len(known), loads=len(loads), **counts)


def draw(rng: np.random.Generator, count: int) -> tuple[Ints, Ints]:
    """Random codes of 64 weights and of (count, 64) activations, half of the vectors sparse."""
    a = rng.integers(0, CODES, (count, TERMS))
    sparse = (rng.random(a.shape) < 0.6) & (np.arange(count) % 2 == 1)[:, None]
    return rng.integers(0, CODES, TERMS), np.where(sparse, 0, a)


@cocotb.test()
async def every_product(dut: Any) -> None:
    """Every weight with every activation in the first table: of all pairs where it holds pairs."""
    rng = lane_bench.rng()
    pot = codebooks.pot(BITS)
    addresses = np.arange(1 << RAM.address_bits)
    chosen = addresses if RUN.integer("FULL") else addresses[:: max(1, len(addresses) // 4)]
    loads = []
    for weight in chosen:
        weights, acts = draw(rng, len(addresses))
        for digit in range(RAM.group):
            weights[digit] = weight >> (BITS * digit) & (CODES - 1)
            acts[:, digit] = addresses >> (BITS * digit) & (CODES - 1)
        loads.append(Load(weights, pot, pot, acts))
    await run(dut, "every product", loads, pairs=len(loads) * len(addresses))


@cocotb.test()
async def any_codebook(dut: Any) -> None:
    """All codebooks after one another on this build, for weights and for activations; and mixed."""
    rng = lane_bench.rng()
    known = books()
    names = list(known)
    assert len(names) >= (4 if BITS == 2 else 5), names
    loads = []
    for name, other in zip([*names, *names], [*names, *names[1:], names[0]], strict=True):
        weights, acts = draw(rng, 120)
        loads.append(Load(weights, known[name], known[other], acts))
    await run(dut, "codebooks " + " ".join(names), loads)


@cocotb.test()
async def extremes(dut: Any) -> None:
    """The largest and smallest products in all tables."""
    pot = codebooks.pot(BITS)
    ends = int(pot.argmax()), int(pot.argmin())
    loads = []
    for code in ends:
        acts = np.repeat(np.array([*ends, 0])[:, None], TERMS, axis=1)
        loads.append(Load(np.full(TERMS, code), pot, pot, acts))
    await run(dut, "extremes", loads)


@cocotb.test()
async def random_loads(dut: Any) -> None:
    """VECTORS random vectors over several loads, any codebook."""
    rng = lane_bench.rng()
    known = list(books().values())
    count = RUN.integer("VECTORS")
    each = max(100, min(4000, count // 4))
    loads = []
    for number in range(-(-count // each)):
        weights, acts = draw(rng, each)
        loads.append(Load(weights, known[number % len(known)], known[-number % len(known)], acts))
    await run(dut, "random loads", loads, random=len(loads) * each)
