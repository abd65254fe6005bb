# SPDX-License-Identifier: Apache-2.0
"""adder_tree: exact signed sums of terms, each with its own negation flag."""

from __future__ import annotations

from typing import Any

import cocotb
import numpy as np

from tb.common import clocking, lane_bench, results, settings, vectors
from tb.common.vectors import Ints

RUN = settings.load()
N, IW, TREE, PEAK = (RUN.integer(name) for name in ("N", "IW", "TREE", "PEAK"))
LATENCY = lane_bench.latency(N, TREE) - 1 + RUN.integer("LEAD")
BITS = RUN.integer("WIDTH") or IW + (N - 1).bit_length()
SMALLEST, LARGEST = -(1 << (IW - 1)), (1 << (IW - 1)) - 1
if PEAK:
    SMALLEST, LARGEST = -PEAK, PEAK


async def run(dut: Any, what: str, x: Ints, neg: Ints) -> None:
    """Stream (vectors, N) terms and flags; every sum must come exactly LATENCY cycles later."""
    edge = clocking.start_clock(dut)
    if not PEAK:
        x = np.where((neg == 1) & (x == SMALLEST), LARGEST, x)  # the one term that is not allowed
    inputs = [(dut.x, vectors.to_words(x, IW)), (dut.neg, vectors.to_words(neg, 1))]
    # Without a register the sum of a vector stands there before the clock: one edge later at most.
    seen = await vectors.stream(edge, inputs, dut.sum, max(LATENCY, 1))
    delay = LATENCY if LATENCY else 1
    got = vectors.from_words(seen[delay:][: len(x)], BITS, 1)[:, 0]
    terms = np.where(neg == 1, -x, x) if RUN.integer("NEGATE") else x
    count = vectors.report(what, got, terms.sum(axis=1))
    results.add_metric(what, vectors=count, terms=N)


@cocotb.test()
async def extremes(dut: Any) -> None:
    """All terms at an end of the range, with no, every and every other flag."""
    patterns = [np.zeros(N), np.ones(N), np.arange(N) % 2, 1 - np.arange(N) % 2]
    rows = [(np.full(N, value), flags) for value in (SMALLEST, SMALLEST + 1, -1, 0, 1, LARGEST)
            for flags in patterns]  # fmt: skip
    x = np.array([row[0] for row in rows], dtype=np.int64)
    await run(dut, "extremes", x, np.array([row[1] for row in rows], dtype=np.int64))


@cocotb.test()
async def every_flag(dut: Any) -> None:
    """Each term alone, with its flag, against a background of flagged zeros."""
    neg = np.concatenate([np.eye(N), np.ones((N, N)), 1 - np.eye(N)]).astype(np.int64)
    x = np.tile(np.diag(np.arange(N) % (LARGEST + 1)), (3, 1)).astype(np.int64)  # (3N, N)
    await run(dut, "every flag", x, neg)


@cocotb.test()
async def random_terms(dut: Any) -> None:
    """VECTORS random vectors over the whole range."""
    rng = lane_bench.rng()
    count = settings.load().integer("VECTORS")
    await run(dut, "random", rng.integers(SMALLEST, LARGEST + 1, (count, N)),
              rng.integers(0, 2, (count, N)))  # fmt: skip
