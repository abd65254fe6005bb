# SPDX-License-Identifier: Apache-2.0
"""lane_mac: the dot product of signed 8-bit weights with signed 8-bit activations."""

from __future__ import annotations

from typing import Any

import cocotb
import numpy as np

from tb.common import lane_bench
from tb.common.lane_bench import Mac

LANE = Mac()


@cocotb.test()
async def every_pair(dut: Any) -> None:
    """Exhaustive over all 65536 pairs of bytes."""
    await lane_bench.every_pair(dut, LANE)


@cocotb.test()
async def uniform(dut: Any) -> None:
    """Largest and smallest sums: -128 times -128 in every term is the one that needs all bits."""
    await lane_bench.uniform(dut, LANE)


@cocotb.test()
async def random_vectors(dut: Any) -> None:
    """VECTORS random vectors, one a cycle."""
    await lane_bench.random_vectors(dut, LANE)


@cocotb.test()
async def impulse(dut: Any) -> None:
    """One vector among zeros shows in one cycle only: nothing is held, nothing leaks."""
    bench = lane_bench.LaneBench(dut, LANE)
    w = np.zeros((40, bench.terms), dtype=np.int64)
    a = np.zeros_like(w)
    w[20], a[20] = 127, 128
    await bench.run("impulse", w, a)
