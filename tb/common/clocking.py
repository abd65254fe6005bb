# SPDX-License-Identifier: Apache-2.0
"""Clock and cycles for benches that drive the ports of a unit directly.

Everything happens at the falling edge: inputs written there are sampled by the next rising edge,
and what is read there came out of the last one. So the order of events inside a time step, which
differs between simulators, never matters.
"""

from __future__ import annotations

from typing import Any

from cocotb.clock import Clock
from cocotb.triggers import ClockCycles, FallingEdge

PERIOD_NS = 10


def start_clock(dut: Any) -> FallingEdge:
    """Start `clk`, low first so that no edge precedes the first writes; return its falling edge."""
    Clock(dut.clk, PERIOD_NS, unit="ns", impl="gpi").start(start_high=False)
    return FallingEdge(dut.clk)


async def start_and_reset(dut: Any, cycles: int = 3) -> FallingEdge:
    """Start `clk`, hold `rst` for some cycles, release it at a falling edge and return there."""
    dut.rst.value = 1
    edge = start_clock(dut)
    await ClockCycles(dut.clk, cycles)
    await edge
    dut.rst.value = 0
    return edge


def known(handle: Any, what: str) -> int:
    """Return the unsigned value of a signal; AssertionError with `what` if a bit is X or Z."""
    value = handle.value
    assert value.is_resolvable, f"{what}: {handle._name} is {value}"
    return int(value) if len(value) == 1 else int(value.to_unsigned())
