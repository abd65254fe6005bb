# SPDX-License-Identifier: Apache-2.0
"""lane_plut: the dot product out of the table, for whichever codebook the file holds."""

from __future__ import annotations

from typing import Any

import cocotb

from tb.common import lane_bench, settings
from tb.common.lane_bench import Lane
from tb.lane_plut import tables

BITS = settings.load().integer("B")
TABLE = str(settings.load().parameters["PLUT_FILE"])
LANE = Lane(BITS, codebook=tables.codebook(TABLE, BITS))


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
