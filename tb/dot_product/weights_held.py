# SPDX-License-Identifier: Apache-2.0
"""dot_product with every kind of lane but P3, at all sizes: each sum equals golden, on time.

FULL=1 takes all pairs of codes for a single product; FULL=0 a part of them where they are many.
"""

from __future__ import annotations

from typing import Any

import cocotb
import numpy as np

from tb.common import lane_bench, settings
from tb.common.lane_kinds import Kind
from tb.common.vectors import Ints
from tb.dot_product import player

RUN = settings.load()
KIND = Kind(str(RUN.parameters["LANE"]), RUN.integer("B"), RUN.integer("TREE"))
TERMS = player.SIZES[-1]


async def run(dut: Any, what: str, load: Ints, w: Ints, a: Ints, **counts: int) -> None:
    """Play (vectors, outs, 64) weights and (vectors, pixels, 64) activations, compare all sizes.

    load: (vectors,) 1 where the weights are taken; they stand until the next 1. counts: for the
    record, how many vectors are random at every size, or all pairs of codes at N = 1.
    """
    load[0] = 1
    seen = await player.play(dut, KIND, load, player.weight_bytes(KIND, w), a)
    held = w[np.maximum.accumulate(np.where(load == 1, np.arange(len(load)), 0))]
    tally = player.Tally(what, KIND)
    for at, terms in enumerate(player.SIZES):
        begin = KIND.latency(terms)
        tally.add(terms, seen[begin : begin + len(w), at], KIND.sums(held, a, terms))
    tally.close(vectors=len(w), **counts)


def draw(rng: np.random.Generator, count: int) -> tuple[Ints, Ints]:
    """Random weights and activations; every other vector of activations is sparse."""
    w = rng.integers(0, 1 << KIND.weight_bits, (count, KIND.outs, TERMS))
    a = rng.integers(0, 1 << KIND.act_bits, (count, KIND.pixels, TERMS))
    sparse = (rng.random(a.shape) < 0.6) & (np.arange(count) % 2 == 1)[:, None, None]
    return w, np.where(sparse, 0, a)


def every_code(rng: np.random.Generator) -> tuple[Ints, Ints]:
    """All operands of one multiplier: (count, outs) weights and (count, pixels) activations."""
    widths = [KIND.weight_bits] * KIND.outs + [KIND.act_bits] * KIND.pixels
    if sum(widths) <= 16:
        count = 1 << sum(widths)
        if not RUN.integer("FULL"):
            count = min(count, 2048)
        chosen = np.arange(count) * ((1 << sum(widths)) // count)
        chosen += rng.integers(0, (1 << sum(widths)) // count, count)
    else:  # D8: each weight with every activation, the other weight at random
        pairs = 1 << 16 if RUN.integer("FULL") else 1024
        pair = np.arange(pairs) * ((1 << 16) // pairs)
        other = rng.integers(0, 256, pairs)
        # fields, lowest first: first weight, second weight, activation
        chosen = np.concatenate([
            (pair & 255) << 16 | other << 8 | pair >> 8,
            (pair & 255) << 16 | (pair >> 8) << 8 | other,
        ])  # fmt: skip
    codes = []
    for width in widths:
        codes.append(chosen & ((1 << width) - 1))
        chosen = chosen >> width
    return np.stack(codes[: KIND.outs], axis=1), np.stack(codes[KIND.outs :], axis=1)


@cocotb.test()
async def every_product(dut: Any) -> None:
    """Every pair of codes in the first term, which is all that N = 1 has; random ones elsewhere."""
    rng = lane_bench.rng()
    cw, ca = every_code(rng)
    w, a = draw(rng, len(cw))
    w[:, :, 0], a[:, :, 0] = cw, ca
    await run(dut, "every product", np.ones(len(w), dtype=np.int64), w, a, pairs=len(w))


@cocotb.test()
async def uniform(dut: Any) -> None:
    """The same extreme operands in all terms: the largest and the smallest sums."""
    books = KIND.weight_book(), KIND.act_book()
    ends = [sorted({int(book.argmax()), int(book.argmin()), 0, len(book) - 1}) for book in books]
    grid = np.meshgrid(*([ends[0]] * KIND.outs + [ends[1]] * KIND.pixels), indexing="ij")
    codes = np.stack([axis.reshape(-1) for axis in grid], axis=1)  # (vectors, outs + pixels)
    wide = np.repeat(codes[:, :, None], TERMS, axis=2)
    w, a = wide[:, : KIND.outs], wide[:, KIND.outs :]
    assert np.abs(KIND.sums(w, a, TERMS)).max() >= TERMS
    await run(dut, "uniform", np.ones(len(w), dtype=np.int64), w, a)


@cocotb.test()
async def changing(dut: Any) -> None:
    """VECTORS random vectors, new weights in every cycle."""
    w, a = draw(lane_bench.rng(), RUN.integer("VECTORS"))
    await run(dut, "changing", np.ones(len(w), dtype=np.int64), w, a, random=len(w))


@cocotb.test()
async def held(dut: Any) -> None:
    """Weights taken now and then; what stands on w otherwise does not matter."""
    rng = lane_bench.rng()
    w, a = draw(rng, max(200, min(RUN.integer("VECTORS") // 4, 5000)))
    await run(dut, "held", (rng.random(len(w)) < 0.2).astype(np.int64), w, a)


@cocotb.test()
async def impulse(dut: Any) -> None:
    """One vector among zeros shows in one cycle only: nothing is held, nothing leaks."""
    zero = int(np.flatnonzero(KIND.weight_book() == 0)[0])
    w = np.full((60, KIND.outs, TERMS), zero, dtype=np.int64)
    a = np.zeros((60, KIND.pixels, TERMS), dtype=np.int64)
    w[30], a[30] = int(KIND.weight_book().argmax()), int(KIND.act_book().argmax())
    await run(dut, "impulse", np.ones(60, dtype=np.int64), w, a)
