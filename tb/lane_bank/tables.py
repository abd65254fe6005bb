# SPDX-License-Identifier: Apache-2.0
"""lane_bank with lane P3: a script is paced as tables can be written, every cycle is compared.

w_ready and w_settled are compared in every cycle, sums wherever they mean something: from the first
w_swap after a reset on, but not after a w_swap that came before the tile was written.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol, TypeVar

import numpy as np

from tb.common import clocking, lane_bench, vectors
from tb.common.table_timing import TableTiming
from tb.common.vectors import Ints


class Step(Protocol):
    """A row of a script, as in test_lane_bank."""

    write: bool
    swap: bool
    rst: bool
    tap: int
    codes: Ints


S = TypeVar("S", bound=Step)


@dataclass(frozen=True)
class Shape:
    """Of the bank: bits of a code, channels a beat, makers, dot products, terms of each."""

    bits: int
    pin: int
    buses: int
    pout: int
    taps: int

    def timing(self) -> TableTiming:
        """The bank's timing, at rest."""
        return TableTiming(self.bits, self.pin, self.buses)


def paced(script: list[S], shape: Shape, pause: Callable[[], S], early: float = 0.0) -> list[S]:
    """The script with pauses before writes that the bank would refuse and swaps of unwritten tiles.

    early: share of the swaps that do not wait.
    """
    timing, out = shape.timing(), []
    ready = [True, True, True]  # now, a cycle ago, two cycles ago: a writer may be that late
    hasty = lane_bench.rng().random(len(script)) < early
    for at, row in enumerate(script):
        while not row.rst and ((row.write and not ready[2])
                               or (row.swap and not hasty[at] and not timing.quiet)):
            out.append(pause())
            timing.cycle()
            ready = [timing.ready, *ready[:2]]
        out.append(row)
        timing.cycle(row.tap if row.write else None, row.swap, row.rst)
        ready = [timing.ready, *ready[:2]]
    return out


def ahead(script: list[S], last: S) -> list[S]:
    """The rows whose writes stand at the pins in each cycle: a write takes one to the shadow."""
    return [*script[1:], last]


def known(script: list[S], shape: Shape) -> Ints:
    """Whether the sums of each cycle's activations mean something, (cycles,) 0 or 1."""
    timing = shape.timing()
    good, means = 0, []
    for row in script:
        means.append(good)  # the cycle of the swap still sees the old tables
        if row.rst:
            good = 0
        elif row.swap:
            good = int(timing.quiet)
        timing.cycle(row.tap if row.write else None, row.swap, row.rst)
    return np.array(means)


async def play(dut: Any, what: str, script: list[S], a: Ints, expected: Ints, shape: Shape,
               tree: int) -> int:  # fmt: skip
    """Play a paced script; a: (cycles, taps) codes; expected: (cycles, pout). Sums compared."""
    latency = lane_bench.latency(shape.taps, tree)
    means = known(script, shape)
    windows = vectors.to_words(a, shape.bits)
    early = ahead(script, script[0])  # a reset, which writes nothing
    codes = vectors.to_words(np.array([row.codes for row in early]), shape.bits)
    timing = shape.timing()
    dut.w_we.value = dut.w_swap.value = 0
    edge = await clocking.start_and_reset(dut)
    rows, got = [], []
    for at in range(len(script) + latency):
        # Here stands what came of the rows before this one.
        if at >= latency and means[at - latency]:
            rows.append(at - latency)
            got.append(clocking.known(dut.sums, f"{what}: cycle {at}"))
        row = script[at] if at < len(script) else None
        if row is not None:
            if at:
                seen = int(dut.w_ready.value), int(dut.w_settled.value)
                right = int(timing.ready), int(timing.quiet and not row.write)
                assert seen == right, f"{what}: cycle {at}: ready, settled {seen}, expected {right}"
            dut.w_tap.value, dut.w_codes.value = early[at].tap, codes[at]
            dut.a.value = windows[at]
            timing.cycle(row.tap if row.write else None, row.swap, row.rst)
        dut.w_we.value = int(row is not None and early[at].write)
        dut.w_swap.value = int(row is not None and row.swap)
        dut.rst.value = int(row is not None and row.rst)
        await edge
    sums = vectors.from_words(got, len(dut.sums) // shape.pout, shape.pout)
    return vectors.report(what, sums, expected[rows])
