# SPDX-License-Identifier: Apache-2.0
"""lane_shift: the dot product of codes by shifting."""

from __future__ import annotations

from typing import Any

import cocotb

from tb.common import lane_bench, settings
from tb.common.lane_bench import Lane

LANE = Lane(settings.load().integer("B"))


@cocotb.test()
async def every_pair(dut: Any) -> None:
    """Exhaustive over all pairs of codes."""
    await lane_bench.every_pair(dut, LANE)


@cocotb.test()
async def uniform(dut: Any) -> None:
    """Largest and smallest sums, zeros of both signs."""
    await lane_bench.uniform(dut, LANE)


@cocotb.test()
async def random_vectors(dut: Any) -> None:
    """VECTORS random vectors, one a cycle."""
    await lane_bench.random_vectors(dut, LANE)


@cocotb.test()
async def impulse(dut: Any) -> None:
    """One vector among zeros."""
    await lane_bench.impulse(dut, LANE)
