# SPDX-License-Identifier: Apache-2.0
"""axis_fifo: DEPTH words, first word falls through, exact count."""

from __future__ import annotations

from typing import Any

import cocotb

from tb.common import queue_bench, settings

CAPACITY = settings.load().integer("DEPTH")
RATES = ((1.0, 1.0), (0.5, 0.5), (1.0, 0.3), (0.3, 1.0), (0.1, 0.9), (0.9, 0.5))


@cocotb.test(timeout_time=20, timeout_unit="ms")
@cocotb.parametrize(rates=RATES)
async def random_stalls(dut: Any, rates: tuple[float, float]) -> None:
    """Random stalls on both sides, every output checked in every cycle."""
    await queue_bench.random_stalls(dut, CAPACITY, *rates)


@cocotb.test(timeout_time=20, timeout_unit="ms")
async def full_throughput(dut: Any) -> None:
    """N beats in N + 1 cycles exactly."""
    await queue_bench.full_throughput(dut, CAPACITY)


@cocotb.test(timeout_time=20, timeout_unit="ms")
async def fills_and_drains(dut: Any) -> None:
    """Full, empty, full again: the capacity is exact and no bubble follows."""
    await queue_bench.fills_and_drains(dut, CAPACITY)


@cocotb.test(timeout_time=20, timeout_unit="ms")
async def reset_in_flight(dut: Any) -> None:
    """Reset drops what is held, whatever the fill level, and works straight away."""
    await queue_bench.reset_in_flight(dut, CAPACITY)


@cocotb.test(timeout_time=20, timeout_unit="ms")
async def no_combinational_path(dut: Any) -> None:
    """No output depends on an input of the same cycle."""
    await queue_bench.no_combinational_path(dut, CAPACITY)


@cocotb.test(timeout_time=1, timeout_unit="ms")
async def axi_agents(dut: Any) -> None:
    """Independent AXI4-Stream models on both sides."""
    await queue_bench.axi_agents(dut)
