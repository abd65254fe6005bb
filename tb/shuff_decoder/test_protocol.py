# SPDX-License-Identifier: Apache-2.0
"""The decoder's own ports: AXI4-Stream models outside, registered handshakes, reset, waiting."""

from __future__ import annotations

import random
from collections.abc import Iterator
from typing import Any

import cocotb
import numpy as np
from cocotb.triggers import FallingEdge, Timer
from cocotbext.axi import AxiStreamBus, AxiStreamSink, AxiStreamSource

from golden import errors
from tb.common import clocking, results, settings
from tb.shuff_decoder.bench import decoder
from tb.shuff_decoder.streams import Stream, random_parts

OUTPUTS = ("s_axis_w_tready", "m_axis_tvalid", "m_axis_tdata", "m_axis_tlast", "done", "status",
           "busy")  # fmt: skip


class Ports:
    """The device driven word by word from Python. Everything happens at the falling edge."""

    def __init__(self, dut: Any) -> None:
        self.dut = dut
        self.words: list[tuple[int, bool]] = []
        self.offered = False  # the first of them is on the port and stays there until taken
        self.codes = bytearray()
        self.statuses: list[int] = []

    async def start(self) -> None:
        """Clock and reset; the device must be quiet from the reset on."""
        dut = self.dut
        dut.s_axis_w_tvalid.value = dut.s_axis_w_tdata.value = dut.s_axis_w_tlast.value = 0
        dut.m_axis_tready.value = 0
        self.edge: FallingEdge = await clocking.start_and_reset(dut)
        quiet = [clocking.known(getattr(dut, name), "after reset") for name in
                 ("s_axis_w_tready", "m_axis_tvalid", "done", "status", "busy")]  # fmt: skip
        assert not any(quiet), f"after reset ready, valid, done, status, busy are {quiet}"

    def send(self, stream: Stream) -> None:
        """Queue the words of a stream."""
        self.words += [(word, False) for word in beats_of(stream)]
        self.words[-1] = (self.words[-1][0], True)

    async def cycle(self, offer: bool = True, take: bool = True) -> None:
        """One clock cycle with these handshakes; what passes is kept in `codes`, `statuses`."""
        dut = self.dut
        self.offered = self.offered or (offer and bool(self.words))
        noise = random.getrandbits(32 * decoder().parts), random.getrandbits(1)
        word, last = self.words[0] if self.offered else noise
        dut.s_axis_w_tvalid.value = self.offered
        dut.s_axis_w_tdata.value, dut.s_axis_w_tlast.value = word, last
        dut.m_axis_tready.value = take
        if take and clocking.known(dut.m_axis_tvalid, "in a stream"):
            self.codes += split(clocking.known(dut.m_axis_tdata, "valid symbol"))
        taken = self.offered and clocking.known(dut.s_axis_w_tready, "in a stream")
        await self.edge
        if taken:
            self.words.pop(0)
            self.offered = False
        if clocking.known(dut.done, "in a stream"):
            self.statuses.append(clocking.known(dut.status, "with done"))


def beats_of(stream: Stream) -> list[int]:
    """The stream's words as the port takes them: their 32-bit parts side by side, lowest first."""
    parts = stream.decoder.parts
    data = b"".join(word.to_bytes(4, "little") for word in stream.words)
    size = 4 * parts
    return [int.from_bytes(data[i : i + size], "little") for i in range(0, len(data), size)]


def split(beat: int) -> bytes:
    """The codes of a beat, lane by lane."""
    own = decoder()
    return bytes(beat >> own.bits * lane & (1 << own.bits) - 1 for lane in range(own.lanes))


def some_streams(size: int, symbols: int = 40) -> list[Stream]:
    """Good random streams of this run's seed."""
    rng = np.random.default_rng([settings.load().seed, 7])
    return [random_parts(rng, decoder(), symbols).stream("good") for _ in range(size)]


@cocotb.test(timeout_time=5, timeout_unit="ms")
async def no_combinational_path(dut: Any) -> None:
    """No output changes within a cycle, whatever the inputs do: all come from registers."""
    ports = Ports(dut)
    await ports.start()
    streams = some_streams(6)
    for stream in streams:
        ports.send(stream)
    tried = 0
    while len(ports.statuses) < len(streams):
        await ports.cycle(random.random() < 0.7, random.random() < 0.6)
        before = [str(getattr(dut, name).value) for name in OUTPUTS]
        for offer, take in ((0, 0), (0, 1), (1, 0), (1, 1)):
            dut.s_axis_w_tvalid.value = offer
            dut.m_axis_tready.value = take
            dut.s_axis_w_tdata.value = random.getrandbits(32 * decoder().parts)
            dut.s_axis_w_tlast.value = random.getrandbits(1)
            await Timer(1, unit="ns")
            now = [str(getattr(dut, name).value) for name in OUTPUTS]
            assert now == before, f"valid {offer}, ready {take}: {before} became {now}"
            tried += 1
    assert ports.statuses == [errors.OK] * len(streams)
    assert bytes(ports.codes) == b"".join(s.expected[1] for s in streams)
    results.add_metric("no combinational path", cycles=tried // 4)


@cocotb.test(timeout_time=5, timeout_unit="ms")
async def waits_for_ever(dut: Any) -> None:
    """Output blocked: the symbol stays, no verdict comes before the last symbol was taken."""
    ports = Ports(dut)
    await ports.start()
    stream = some_streams(1)[0]
    ports.send(stream)
    while not clocking.known(dut.m_axis_tvalid, "in a stream"):
        await ports.cycle(take=False)
    lanes = decoder().lanes
    count = len(stream.expected[1]) // lanes
    for number in range(count):
        right = stream.expected[1][lanes * number :][:lanes]
        for _ in range(60):
            await ports.cycle(take=False)
            held = clocking.known(dut.m_axis_tvalid, "blocked")
            codes = split(clocking.known(dut.m_axis_tdata, "blocked"))
            assert held and codes == right, f"beat {number} did not wait"
            assert clocking.known(dut.busy, "blocked"), f"not busy at beat {number}"
            last = clocking.known(dut.m_axis_tlast, "blocked")
            assert last == (number == count - 1), f"TLAST {last} at beat {number} of {count}"
        assert not ports.statuses, f"verdict with {count - number} beats still to go"
        await ports.cycle()
    for _ in range(20):
        await ports.cycle()
    assert ports.statuses == [errors.OK] and bytes(ports.codes) == stream.expected[1]
    assert not clocking.known(dut.busy, "afterwards")


@cocotb.test(timeout_time=5, timeout_unit="ms")
async def axi_agents(dut: Any) -> None:
    """cocotbext-axi source and sink, with and without random pauses: a frame a stream."""
    dut.rst.value = 1
    edge = clocking.start_clock(dut)
    source = AxiStreamSource(AxiStreamBus.from_prefix(dut, "s_axis_w"), dut.clk, dut.rst,
                             byte_lanes=4 * decoder().parts)  # fmt: skip
    sink = AxiStreamSink(AxiStreamBus.from_prefix(dut, "m_axis"), dut.clk, dut.rst, byte_lanes=1)
    for _ in range(3):
        await edge
    dut.rst.value = 0

    statuses: list[int] = []

    async def watch() -> None:
        while True:
            await edge
            if clocking.known(dut.done, "in a stream"):
                statuses.append(clocking.known(dut.status, "with done"))

    def pauses(rate: float) -> Iterator[bool]:
        while True:
            yield random.random() < rate

    cocotb.start_soon(watch())
    streams = some_streams(9, 60)
    # A bad CRC is only known behind the last symbol: the frame is complete, the verdict is not OK.
    bad = list(streams[4].words)
    bad[-1] ^= 1
    streams[4] = Stream("bad CRC", tuple(bad), decoder())
    symbols = 0
    for number, stream in enumerate(streams):
        rate = (0.0, 0.5, 0.9)[number % 3]
        source.set_pause_generator(pauses(rate))
        sink.set_pause_generator(pauses((0.0, 0.7, 0.3)[number // 3]))
        await source.send(b"".join(word.to_bytes(4, "little") for word in stream.words))
        status, codes, complete = stream.expected
        if complete:
            frame = await sink.recv()
            taken = b"".join(split(int(beat)) for beat in frame.tdata)
            assert taken == codes, f"stream {number}: {len(frame.tdata)} symbols"
        while len(statuses) <= number:
            await edge
        assert statuses[number] == status
        symbols += len(codes)
    assert source.empty() and sink.empty() and len(statuses) == len(streams)
    results.add_metric("axi agents", streams=len(streams), symbols=symbols)
