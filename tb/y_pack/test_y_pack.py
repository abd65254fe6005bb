# SPDX-License-Identifier: Apache-2.0
"""y_pack: every beat of codes and raw sums, the rate, and the rules of the stream."""

from __future__ import annotations

import random
from typing import Any

import cocotb
from cocotb.triggers import FallingEdge
from cocotbext.axi import AxiStreamBus, AxiStreamFrame, AxiStreamSink, AxiStreamSource

from tb.common import clocking, results, settings

POUT, B, ACCW = (settings.load().integer(name) for name in ("POUT", "B", "ACCW"))
WIDTH = next(w for w in (32 << i for i in range(16)) if w >= 4 * POUT * B)
SLICES = 64 * POUT // WIDTH
Beat = tuple[int, bool]  # (payload, TLAST)


def draw(raw: bool, length: int) -> list[int]:
    """Positions of one transfer: POUT codes, or POUT sums with many at the ends of the range."""
    ends = (0, 1, (1 << ACCW) - 1, 1 << (ACCW - 1), (1 << (ACCW - 1)) - 1)
    words = []
    for _ in range(length):
        if raw:
            lanes = [random.choice(ends) if random.random() < 0.3 else random.getrandbits(ACCW)
                     for _ in range(POUT)]
            words.append(sum(value << i * ACCW for i, value in enumerate(lanes)))
        else:
            words.append(random.getrandbits(POUT * B))
    return words


def expected(raw: bool, words: list[int]) -> list[Beat]:
    """The beats of one transfer, by the contract and bit by bit."""
    beats = []
    if raw:
        for word in words:
            whole = 0
            for lane in range(POUT):
                value = word >> lane * ACCW & ((1 << ACCW) - 1)
                if value >> (ACCW - 1):
                    value -= 1 << ACCW
                whole |= value % (1 << 64) << 64 * lane
            beats += [whole >> i * WIDTH & ((1 << WIDTH) - 1) for i in range(SLICES)]
    else:
        for at in range(0, len(words), 4):
            beats.append(sum(word << i * POUT * B for i, word in enumerate(words[at : at + 4])))
    return [(beat, i == len(beats) - 1) for i, beat in enumerate(beats)]


class Bench:
    """Drives both sides at the falling edge; `got` are the beats taken."""

    def __init__(self, dut: Any) -> None:
        self.dut = dut
        self.got: list[Beat] = []
        self.cycles = self.held_back = self.blocked = 0

    async def start(self) -> None:
        for name in ("raw", "s_axis_tvalid", "s_axis_tdata", "s_axis_tlast", "m_axis_tready"):
            getattr(self.dut, name).value = 0
        self.edge: FallingEdge = await clocking.start_and_reset(self.dut)
        await self.edge
        self.waiting: Beat | None = None

    def pin(self, name: str) -> int:
        return clocking.known(getattr(self.dut, name), f"cycle {self.cycles}")

    async def cycle(self, offer: Beat | None, take: bool) -> bool:
        """One clock cycle; whether the offered position was taken."""
        dut = self.dut
        dut.s_axis_tvalid.value = offer is not None
        # what lies on an idle input must not matter
        word, last = offer or (random.getrandbits(POUT * ACCW), random.random() < 0.5)
        dut.s_axis_tdata.value = word
        dut.s_axis_tlast.value = last
        dut.m_axis_tready.value = take
        # The output and its ready are registers: read before the inputs settle they are the same.
        valid = self.pin("m_axis_tvalid")
        beat = (self.pin("m_axis_tdata"), bool(self.pin("m_axis_tlast"))) if valid else None
        assert self.waiting is None or beat == self.waiting, "a waiting beat changed"
        self.waiting = None if take else beat
        if beat and take:
            self.got.append(beat)
        self.blocked += beat is not None and not take
        await cocotb.triggers.Timer(1, unit="ns")
        taken = bool(offer is not None and self.pin("s_axis_tready"))
        self.held_back += offer is not None and not taken
        self.cycles += 1
        await self.edge
        return taken

    async def play(self, raw: bool, transfers: list[list[int]], offer: float, take: float) -> None:
        """Send transfers, then drain; the beats must be the expected ones."""
        self.got.clear()
        self.cycles = self.held_back = self.blocked = 0
        self.dut.raw.value = raw
        for words in transfers:
            for at, word in enumerate(words):
                while random.random() >= offer:
                    await self.cycle(None, random.random() < take)
                position = (word, at == len(words) - 1)
                while not await self.cycle(position, random.random() < take):
                    assert self.cycles < 100_000, "the input is stuck"
        self.sent_in = self.cycles
        for _ in range(400):
            if self.pin("idle") and not self.pin("m_axis_tvalid"):  # idle comes a cycle late
                break
            await self.cycle(None, random.random() < max(take, 0.1))
        assert self.pin("idle") and not self.pin("m_axis_tvalid"), "beats stay behind"
        want = [beat for words in transfers for beat in expected(raw, words)]
        kind = "raw" if raw else "codes"
        for i, (g, w) in enumerate(zip(self.got, want, strict=False)):
            assert g == w, f"{kind}: beat {i}: {g[0]:#x} last {g[1]}, not {w[0]:#x} last {w[1]}"
        assert len(self.got) == len(want), f"{kind}: {len(self.got)} beats, not {len(want)}"


@cocotb.test(timeout_time=1, timeout_unit="ms")
@cocotb.parametrize(raw=(False, True), rates=((1.0, 1.0), (0.5, 0.9), (1.0, 0.2), (0.7, 0.5)))
async def every_length(dut: Any, raw: bool, rates: tuple[float, float]) -> None:
    """Transfers of 1 to 13 positions, back to back, under stalls on both sides."""
    bench = Bench(dut)
    await bench.start()
    lengths = [*range(1, 14), *(random.randrange(1, 14) for _ in range(12))]
    await bench.play(raw, [draw(raw, length) for length in lengths], *rates)
    assert bench.blocked or rates[1] == 1.0
    results.add_metric(f"raw {raw}", beats=len(bench.got), cycles=bench.cycles)


@cocotb.test(timeout_time=1, timeout_unit="ms")
async def rate(dut: Any) -> None:
    """Codes: a position in every cycle. Raw: a beat in every cycle. Never held back more."""
    bench = Bench(dut)
    await bench.start()
    for lengths in ([400], [4] * 50, [5] * 40, [1] * 60):
        await bench.play(False, [draw(False, n) for n in lengths], 1.0, 1.0)
        assert bench.sent_in == sum(lengths) and not bench.held_back, f"lost cycles at {lengths[0]}"
    await bench.play(True, [draw(True, 100)], 1.0, 1.0)
    assert bench.sent_in == 100 * SLICES
    await bench.play(False, [draw(False, 300)], 1.0, 0.6)
    assert bench.held_back <= bench.blocked, "the input waits longer than its output"


@cocotb.test(timeout_time=1, timeout_unit="ms")
async def both_kinds_in_turn(dut: Any) -> None:
    """Codes after raw and raw after codes: nothing of a transfer is left in the next."""
    bench = Bench(dut)
    await bench.start()
    for turn in range(16):
        raw = bool(turn & 1)
        await bench.play(raw, [draw(raw, n) for n in (turn % 5 + 1, 3)], 0.8, 0.6)


@cocotb.test(timeout_time=1, timeout_unit="ms")
async def reset_in_flight(dut: Any) -> None:
    """Reset drops what is held, at every fill level; the next transfer is exact."""
    bench = Bench(dut)
    await bench.start()
    for trial in range(24):
        raw = trial >= 12
        dut.raw.value = raw
        taken = 0
        for word in draw(raw, trial % 12):
            for _ in range(SLICES + 2):
                if await bench.cycle((word, False), trial % 2 == 0):
                    taken += 1
                    break
        dut.s_axis_tvalid.value = 0
        if not raw and taken % 4:
            await bench.cycle(None, True)
            await bench.cycle(None, True)
            assert not bench.pin("idle"), f"idle with {taken % 4} positions of a quad held"
        dut.rst.value = 1
        await bench.edge
        dut.rst.value = 0
        bench.waiting = None
        assert not bench.pin("m_axis_tvalid") and bench.pin("idle")
        await bench.edge
        await bench.play(raw, [draw(raw, 6)], 1.0, 1.0)


@cocotb.test(timeout_time=1, timeout_unit="ms")
@cocotb.parametrize(raw=(False, True))
async def axi_agents(dut: Any, raw: bool) -> None:
    """Independent AXI4-Stream models on both sides, both with random pauses."""
    await Bench(dut).start()
    port, sides = AxiStreamBus.from_prefix, (dut.clk, dut.rst)
    source = AxiStreamSource(port(dut, "s_axis"), *sides, byte_lanes=1)
    sink = AxiStreamSink(port(dut, "m_axis"), *sides, byte_lanes=1)
    for agent, chance in ((source, 0.2), (sink, 0.4)):
        agent.log.setLevel("WARNING")
        agent.set_pause_generator(iter(lambda c=chance: random.random() < c, None))
    dut.raw.value = raw
    transfers = [draw(raw, random.randrange(1, 20)) for _ in range(20)]
    for words in transfers:
        source.send_nowait(AxiStreamFrame(words))
    for words in transfers:
        frame = await sink.recv()
        assert list(frame.tdata) == [beat for beat, _ in expected(raw, words)]
    assert sink.empty()
