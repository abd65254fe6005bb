# SPDX-License-Identifier: Apache-2.0
"""Tests shared by the stream blocks that are queues: axis_skid (2 words) and axis_fifo (DEPTH).

The model says what every output must be in every cycle, so order, loss, stability of a waiting
payload, fill level and bubbles are all one comparison. `QueueBench.cycle` is one clock cycle.
"""

from __future__ import annotations

import random
from collections import deque
from typing import Any

import cocotb
from cocotb.triggers import FallingEdge, Timer
from cocotbext.axi import AxiStreamBus, AxiStreamSink, AxiStreamSource

from tb.common import clocking, results, settings


class QueueBench:
    """A queue under test next to its model: `words` is what it must hold."""

    def __init__(self, dut: Any, capacity: int) -> None:
        self.dut = dut
        self.capacity = capacity
        self.width = settings.load().integer("WIDTH")
        self.has_count = hasattr(dut, "count")
        self.words: deque[int] = deque()
        self.open = False  # takes beats; low in and right after reset
        self.offered: int | None = None  # beat on s_axis that was not taken yet
        self.pushed = self.popped = self.checked = 0
        self.peak = 0

    async def start(self) -> None:
        """Clock and reset; ends between edges with everything idle."""
        self.dut.s_axis_tvalid.value = 0
        self.dut.s_axis_tdata.value = 0
        self.dut.m_axis_tready.value = 0
        self.edge: FallingEdge = await clocking.start_and_reset(self.dut)
        await self.cycle()

    def check(self) -> None:
        """Compare every output with the model."""
        ready = clocking.known(self.dut.s_axis_tready, "after reset")
        valid = clocking.known(self.dut.m_axis_tvalid, "after reset")
        room = self.open and len(self.words) < self.capacity
        where = f"cycle {self.checked}, {len(self.words)} words held"
        assert ready == room, f"{where}: s_axis_tready is {ready}"
        assert valid == bool(self.words), f"{where}: m_axis_tvalid is {valid}"
        if self.words:
            data = clocking.known(self.dut.m_axis_tdata, where)
            assert data == self.words[0], f"{where}: beat {data:#x}, expected {self.words[0]:#x}"
        if self.has_count:
            count = clocking.known(self.dut.count, where)
            assert count == len(self.words), f"{where}: count is {count}"
        self.checked += 1

    async def cycle(self, offer: bool = False, take: bool = False, rst: bool = False) -> bool:
        """Check, drive, clock once. An offered beat stays until taken. Returns whether one left."""
        self.check()
        if offer and self.offered is None:
            self.offered = random.getrandbits(self.width)
        self.dut.s_axis_tvalid.value = self.offered is not None
        # garbage beside valid: a block that looks at it anyway is found out
        self.dut.s_axis_tdata.value = (
            random.getrandbits(self.width) if self.offered is None else self.offered
        )
        self.dut.m_axis_tready.value = take
        self.dut.rst.value = rst
        room = self.open and len(self.words) < self.capacity
        left = take and bool(self.words)
        if left:
            self.words.popleft()
            self.popped += 1
        if self.offered is not None and room:
            self.words.append(self.offered)
            self.offered = None
            self.pushed += 1
        if rst:
            self.words.clear()
        self.open = not rst
        self.peak = max(self.peak, len(self.words))
        await self.edge
        return left

    async def drain(self) -> None:
        """Take what is left; nothing may stay behind."""
        while self.offered is not None or self.words:
            await self.cycle(take=True)
        await self.cycle(take=True)
        assert not self.words and self.pushed == self.popped, f"{len(self.words)} beats left over"
        assert self.popped > 0, "not a single beat went through"


async def random_stalls(dut: Any, capacity: int, p_offer: float, p_take: float) -> None:
    """Random valid and ready at the given rates; every output is checked in every cycle."""
    bench = QueueBench(dut, capacity)
    await bench.start()
    for _ in range(max(1500, 60 * capacity)):
        await bench.cycle(random.random() < p_offer, random.random() < p_take)
    assert bench.popped > 3 * capacity, f"only {bench.popped} beats: the queue never wrapped"
    await bench.drain()
    results.add_metric("random_stalls", offer=p_offer, take=p_take, beats=bench.popped,
                       cycles=bench.checked, peak=bench.peak)  # fmt: skip


async def full_throughput(dut: Any, capacity: int) -> None:
    """N beats leave in N consecutive cycles, the first one cycle after it came in."""
    bench = QueueBench(dut, capacity)
    await bench.start()
    beats = 8 * capacity + 40
    cycles = 0
    while bench.popped < beats:
        await bench.cycle(offer=bench.pushed < beats, take=True)
        cycles += 1
        assert cycles <= beats + 1, f"{bench.popped} of {beats} beats after {cycles} cycles"
    assert cycles == beats + 1
    await bench.drain()
    results.add_metric("full_throughput", beats=beats, cycles=cycles)


async def fills_and_drains(dut: Any, capacity: int) -> None:
    """Takes exactly `capacity` beats while nobody reads, then gives them back without a bubble."""
    bench = QueueBench(dut, capacity)
    await bench.start()
    for again in range(3):
        for _ in range(capacity + 5):
            await bench.cycle(offer=True)
        assert len(bench.words) == capacity, f"holds {len(bench.words)} beats, not {capacity}"
        for _ in range(capacity):
            assert await bench.cycle(offer=again == 2, take=True), "a bubble while draining"
        if again == 2:  # with beats coming in again there is none afterwards either
            for _ in range(2 * capacity):
                assert await bench.cycle(offer=True, take=True), "a bubble after a stall"
        await bench.drain()


async def reset_in_flight(dut: Any, capacity: int) -> None:
    """Reset at any fill level: no old beat comes out, the next ones all do."""
    bench = QueueBench(dut, capacity)
    await bench.start()
    fills = set()
    for trial in range(60):
        for _ in range(random.randrange(2 * capacity + 2)):
            await bench.cycle(random.random() < 0.8, random.random() < 0.4)
        fills.add(len(bench.words))
        bench.offered = None  # a source in reset drops its beat
        for _ in range(1 + trial % 3):
            await bench.cycle(offer=False, take=trial % 2 == 0, rst=True)
        bench.pushed = bench.popped = 0
        for _ in range(capacity + 3):
            await bench.cycle(random.random() < 0.8, random.random() < 0.8)
        await bench.drain()
    assert len(fills) > 1, "reset was only tried at one fill level"


async def no_combinational_path(dut: Any, capacity: int) -> None:
    """Within a cycle no output moves when inputs do: all paths end in a register."""
    bench = QueueBench(dut, capacity)
    await bench.start()
    outputs = [dut.s_axis_tready, dut.m_axis_tvalid, dut.m_axis_tdata]
    tried = 0
    for _ in range(200):
        await bench.cycle(random.random() < 0.6, random.random() < 0.5)
        before = [str(handle.value) for handle in outputs]
        for valid, ready in ((0, 0), (0, 1), (1, 0), (1, 1)):
            dut.s_axis_tvalid.value = valid
            dut.m_axis_tready.value = ready
            dut.s_axis_tdata.value = random.getrandbits(bench.width)
            await Timer(1, unit="ns")
            now = [str(handle.value) for handle in outputs]
            assert now == before, f"valid {valid}, ready {ready}: {before} became {now}"
            tried += 1
    assert tried == 800
    await bench.drain()


async def axi_agents(dut: Any) -> None:
    """cocotbext-axi source and sink, both with random pauses: every beat arrives, in order."""
    width = settings.load().integer("WIDTH")
    dut.rst.value = 1
    dut.s_axis_tvalid.value = 0
    dut.m_axis_tready.value = 0
    edge = clocking.start_clock(dut)
    source = AxiStreamSource(AxiStreamBus.from_prefix(dut, "s_axis"), dut.clk, dut.rst,
                             byte_size=width)  # fmt: skip
    sink = AxiStreamSink(AxiStreamBus.from_prefix(dut, "m_axis"), dut.clk, dut.rst,
                         byte_size=width)  # fmt: skip
    for _ in range(3):
        await edge
    dut.rst.value = 0

    def pauses(rate: float) -> Any:
        while True:
            yield random.random() < rate

    watch = cocotb.start_soon(_stable(dut, edge))
    beats = 0
    for rates in ((0.0, 0.0), (0.5, 0.1), (0.1, 0.6)):
        source.set_pause_generator(pauses(rates[0]))
        sink.set_pause_generator(pauses(rates[1]))
        sent = [random.getrandbits(width) for _ in range(300)]
        await source.send(sent)
        got: list[int] = []
        while len(got) < len(sent):
            got += (await sink.recv()).tdata
        assert got == sent
        beats += len(got)
    assert source.empty() and sink.empty() and beats == 900
    assert watch.cancel() or not watch.done(), "the watcher ended"


async def _stable(dut: Any, edge: FallingEdge) -> None:
    """Between two edges valid and a waiting payload must stay as they were."""
    waiting: str | None = None
    while True:
        await edge
        valid = clocking.known(dut.m_axis_tvalid, "after reset") if not dut.rst.value else 0
        data = str(dut.m_axis_tdata.value)
        assert waiting is None or (valid and data == waiting), "a waiting beat changed"
        waiting = data if valid and not clocking.known(dut.m_axis_tready, "sink") else None
