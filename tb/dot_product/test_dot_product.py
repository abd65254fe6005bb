# SPDX-License-Identifier: Apache-2.0
"""dot_product: the measured unit, with weights that change, are held, or change now and then."""

from __future__ import annotations

from typing import Any

import cocotb
import numpy as np

from tb.common import clocking, lane_bench, results, settings, vectors
from tb.common.lane_bench import Lane, Mac
from tb.common.vectors import Ints

RUN = settings.load()
KIND = RUN.parameters["LANE"]
LANE = Mac() if KIND == "M8" else Lane(RUN.integer("B"), int8=KIND == "S1")
N = RUN.integer("N")
BOUNDARY = 2  # registers before and after the lane


async def run(dut: Any, what: str, w: Ints, a: Ints, load: Ints) -> None:
    """Stream (vectors, N) weights and activations; load (vectors,): 1 where weights are taken."""
    load[0] = 1
    edge = clocking.start_clock(dut)
    inputs = [(dut.w_we, load.tolist()), (dut.w, vectors.to_words(w, LANE.bits)),
              (dut.a, vectors.to_words(a, LANE.act_bits))]  # fmt: skip
    latency = lane_bench.latency(N) + BOUNDARY
    seen = await vectors.stream(edge, inputs, dut.sum, latency)
    got = vectors.from_words(seen[latency:], LANE.sum_bits(N), 1)[:, 0]
    taken = np.maximum.accumulate(np.where(load == 1, np.arange(len(load)), 0))
    count = vectors.report(what, got, LANE.sums(w[taken], a))
    results.add_metric(what, vectors=count, terms=N, latency=latency)


@cocotb.test()
async def changing(dut: Any) -> None:
    """New weights every cycle."""
    w, a = LANE.random(lane_bench.rng(), RUN.integer("VECTORS"), N)
    await run(dut, "changing", w, a, np.ones(len(w), dtype=np.int64))


@cocotb.test()
async def held(dut: Any) -> None:
    """One set of weights; what stands on w afterwards does not matter."""
    w, a = LANE.random(lane_bench.rng(), 200, N)
    await run(dut, "held", w, a, np.zeros(len(w), dtype=np.int64))


@cocotb.test()
async def now_and_then(dut: Any) -> None:
    """Weights taken in every third cycle or so; the sum changes exactly then."""
    rng = lane_bench.rng()
    w, a = LANE.random(rng, RUN.integer("VECTORS"), N)
    await run(dut, "now and then", w, a, (rng.random(len(w)) < 0.3).astype(np.int64))
