# SPDX-License-Identifier: Apache-2.0
"""All lanes at all sizes on the same weights: each equals golden, and P1 equals S0.

A single-term lane sees every pair of codes, so this is exhaustive for one product as well.
"""

from __future__ import annotations

from typing import Any

import cocotb
import numpy as np

from tb.common import clocking, lane_bench, results, settings, vectors
from tb.common.lane_bench import Lane
from tb.common.vectors import Ints

SIZES = (1, 2, 9, 16, 25, 49, 64, 72)
SUM_BITS = 40
BITS = settings.load().integer("B")
POT, INT8 = Lane(BITS), Lane(BITS, int8=True)
KINDS = (POT, POT, INT8)  # P1, S0, S1


async def run(dut: Any, what: str, w: Ints, a: Ints, a8: Ints) -> None:
    """Stream (vectors, 72) codes through all lanes and compare every sum."""
    edge = clocking.start_clock(dut)
    inputs = [(dut.w, vectors.to_words(w, BITS)), (dut.a, vectors.to_words(a, BITS)),
              (dut.a8, vectors.to_words(a8, 8))]  # fmt: skip
    deepest = lane_bench.latency(SIZES[-1])
    seen = await vectors.stream(edge, inputs, dut.sums, deepest)
    lanes = vectors.from_words(seen, SUM_BITS, 3 * len(SIZES))  # (cycles, 24)
    compared = 0
    got: dict[tuple[int, int], Ints] = {}
    for kind, lane in enumerate(KINDS):
        for at, terms in enumerate(SIZES):
            delay = lane_bench.latency(terms)
            sums = lanes[delay : delay + len(w), kind * len(SIZES) + at]
            acts = a8 if lane.int8 else a
            name = f"{what}, lane {('P1', 'S0', 'S1')[kind]}, N = {terms}"
            compared += vectors.report(name, sums, lane.sums(w[:, :terms], acts[:, :terms]))
            got[kind, terms] = sums
    assert all((got[0, n] == got[1, n]).all() for n in SIZES), "P1 and S0 differ"
    assert compared == 24 * len(w) > 0
    results.add_metric(what, vectors=len(w), sums=compared)


@cocotb.test()
async def every_pair(dut: Any) -> None:
    """All pairs in the first term, the same pair in every term, random elsewhere in turn."""
    if settings.load().sim == "icarus":
        chosen = np.arange(0, 1 << (BITS + 8), 1 << max(0, BITS - 2))
    else:
        chosen = np.arange(1 << (BITS + 8))
    cw, ca8 = np.divmod(chosen, 256)
    ca = np.arange(len(chosen)) % (1 << BITS)
    w, a, a8 = (np.repeat(code[:, None], 72, axis=1) for code in (cw, ca, ca8))
    await run(dut, "every pair", w, a, a8)


@cocotb.test()
async def random_vectors(dut: Any) -> None:
    """VECTORS random vectors, dense and sparse; the first terms run through all pairs."""
    rng = lane_bench.rng()
    count = settings.load().integer("VECTORS")
    w, a = POT.random(rng, count, 72)
    _, a8 = INT8.random(rng, count, 72)
    cw, ca = POT.pairs()
    some = min(count, len(cw))
    w[:some, 0], a[:some, 0] = cw[:some], ca[:some]
    await run(dut, "random", w, a, a8)
