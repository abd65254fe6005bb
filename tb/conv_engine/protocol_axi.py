# SPDX-License-Identifier: Apache-2.0
"""AXI4-Stream protocol on the TOPLEVEL's own ports, driven by cocotbext-axi beat by beat.

An independent second opinion on the ports: these models were written by somebody else. Volume is
the business of the players and recorders; here frames, pauses, backpressure, resets and errors are.
"""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
from cocotb.triggers import ClockCycles, FallingEdge, RisingEdge, with_timeout
from cocotbext.axi import AxiStreamBus, AxiStreamFrame, AxiStreamSink, AxiStreamSource
from numpy.random import Generator

from tb.common import results, settings
from tb.common.beats import Stream
from tb.common.clocking import PERIOD_NS, known, start_and_reset
from tb.conv_engine.base import from_module
from tb.conv_engine.faults import A_TLAST
from tb.conv_engine.hardware import Hardware
from tb.conv_engine.layers import Mode, Shape, draw_layer, generator
from tb.conv_engine.work import LayerWork

PATIENCE_NS = 20_000 * PERIOD_NS
PAUSES = ("none", "inputs", "outputs", "all", "burst")


def small_hardware() -> Hardware:
    """The sizes of tb/conv_engine/conv_small.v."""
    run = settings.load()
    return Hardware(bits=run.integer("B"), kmax=3, pin=2, pout=2, line_depth=16, psum_depth=256,
                    cout_max=16, lane=str(run.parameters["LANE"]), tree=run.integer("TREE"),
                    buses=run.integer("BUSES"))


def frames(stream: Stream) -> list[list[int]]:
    """Beats as integers, cut into frames after each TLAST."""
    words = [int.from_bytes(row.tobytes(), "little") for row in stream.data]
    ends = [int(i) + 1 for i in np.flatnonzero(stream.last)]
    return [words[a:b] for a, b in itertools.pairwise([0, *ends])]


class Ports:
    """Sources and sinks on all five streams, and the configuration ports."""

    def __init__(self, dut: Any, hw: Hardware) -> None:
        self.dut = dut
        self.hw = hw
        self.inputs = {s: AxiStreamSource(AxiStreamBus.from_prefix(dut, f"s_axis_{s}"), dut.clk,
                                          dut.rst, byte_lanes=1) for s in "war"}
        self.outputs = {s: AxiStreamSink(AxiStreamBus.from_prefix(dut, f"m_axis_{s}"), dut.clk,
                                         dut.rst, byte_lanes=1) for s in "yr"}
        for port in (*self.inputs.values(), *self.outputs.values()):
            port.log.setLevel("WARNING")

    async def reset(self) -> None:
        dut = self.dut
        for name in ("start", "clear", "ch_we"):
            getattr(dut, name).value = 0
        await start_and_reset(dut)
        await ClockCycles(dut.clk, 2)

    def pause(self, style: str, rng: Generator) -> None:
        """Random pauses on the named side, single cycles or bursts."""
        for ports, names in ((self.inputs, ("inputs", "all", "burst")),
                             (self.outputs, ("outputs", "all", "burst"))):
            for port in ports.values():
                port.clear_pause_generator()
                port.pause = False
                if style in names:
                    port.set_pause_generator(pauses(rng, 12 if style == "burst" else 1))

    async def configure(self, work: LayerWork) -> None:
        for name, value in work.cfg.items():
            getattr(self.dut, f"cfg_{name}").value = value
        bits = self.hw.bias_bits + 10
        await FallingEdge(self.dut.clk)
        for record in work.channels.data:
            word = int.from_bytes(record.tobytes(), "little")
            self.dut.ch_addr.value = word >> bits
            self.dut.ch_data.value = word & ((1 << bits) - 1)
            self.dut.ch_we.value = 1
            await FallingEdge(self.dut.clk)
        self.dut.ch_we.value = 0

    def send(self, work: LayerWork, **other: Stream) -> None:
        streams = {"w": work.w, "a": work.a_stream, "r": work.r, **other}
        for name, stream in streams.items():
            for frame in frames(stream):
                self.inputs[name].send_nowait(AxiStreamFrame(frame))

    async def pulse(self, name: str) -> None:
        await FallingEdge(self.dut.clk)
        getattr(self.dut, name).value = 1
        await FallingEdge(self.dut.clk)
        getattr(self.dut, name).value = 0

    async def done(self) -> None:
        if not known(self.dut.done, "waiting for done"):
            await with_timeout(RisingEdge(self.dut.done), PATIENCE_NS, "ns")

    def check(self, work: LayerWork, name: str) -> int:
        """Every frame that came, and no other; returns the values compared."""
        compared = 0
        for port, want in (("y", work.y), ("r", work.q)):
            sink = self.outputs[port]
            for number, frame in enumerate(frames(want)):
                assert not sink.empty(), f"{name}: m_axis_{port}: frame {number} is missing"
                got = list(sink.recv_nowait().tdata)
                assert got == frame, f"{name}: m_axis_{port}: frame {number} differs: " + next(
                    (f"beat {i}: expected {w:#x}, got {g:#x}" for i, (w, g)
                     in enumerate(zip(frame, got, strict=False)) if w != g),
                    f"{len(got)} beats, expected {len(frame)}")
                compared += len(frame) * self.hw.pout
            assert sink.empty(), f"{name}: m_axis_{port}: a frame more than expected"
        return compared


def pauses(rng: Generator, longest: int) -> Any:
    """An endless pattern of pauses of 1 to `longest` cycles."""
    while True:
        state = bool(rng.random() < 0.5)
        for _ in range(int(rng.integers(1, longest + 1))):
            yield state


def small_work(hw: Hardware, *names: str | int, mode: Mode | None = None) -> LayerWork:
    """A layer over two tiles either way with everything switched on."""
    rng = generator(settings.load().seed, "protocol", *names)
    shape = Shape(5, 4, hw.pin + 1, hw.pout + 1, 3, 1, 1, 1)
    return draw_layer(rng, hw, "protocol", shape, mode or Mode(True, True, "code+res"))


async def protocol_frames(dut: Any) -> None:
    """Frames in, frames out, under every style of pause on either side."""
    hw = small_hardware()
    ports = Ports(dut, hw)
    await ports.reset()
    for index, style in enumerate(PAUSES):
        rng = generator(settings.load().seed, "pauses", index)
        work = small_work(hw, index, mode=Mode(emit="raw") if style == "none" else None)
        ports.pause(style, rng)
        await ports.configure(work)
        ports.send(work)
        await ports.pulse("start")
        await ports.done()
        assert known(dut.err, style) == 0, f"pauses {style}: err is {int(dut.err.value)}"
        await ClockCycles(dut.clk, 20)
        compared = ports.check(work, f"pauses {style}")
        results.add_layer(f"protocol/{style}", outputs=compared, mismatches=0,
                          cycles=known(dut.cnt_cycles, style), macs=work.macs)


async def protocol_valid_alone(dut: Any) -> None:
    """With no ready ever, outputs still become valid, and then hold still."""
    hw = small_hardware()
    ports = Ports(dut, hw)
    await ports.reset()
    for sink in ports.outputs.values():
        sink.pause = True
    work = small_work(hw, "alone")
    await ports.configure(work)
    ports.send(work)
    await ports.pulse("start")
    await with_timeout(RisingEdge(dut.m_axis_y_tvalid), PATIENCE_NS, "ns")
    await with_timeout(_high(dut, dut.m_axis_r_tvalid), PATIENCE_NS, "ns")
    await FallingEdge(dut.clk)
    first = known(dut.m_axis_y_tdata, "y"), known(dut.m_axis_r_tdata, "r")
    for _ in range(300):
        await FallingEdge(dut.clk)
        assert dut.m_axis_y_tvalid.value == 1, "m_axis_y_tvalid was taken back"
        assert dut.m_axis_r_tvalid.value == 1, "m_axis_r_tvalid was taken back"
        now = known(dut.m_axis_y_tdata, "y"), known(dut.m_axis_r_tdata, "r")
        assert now == first, "a waiting payload changed"
    assert known(dut.busy, "waiting"), "the job ended although nobody took its outputs"
    for sink in ports.outputs.values():
        sink.pause = False
    await ports.done()
    await ClockCycles(dut.clk, 20)
    ports.check(work, "after the wait")


async def _high(dut: Any, handle: Any) -> None:
    while handle.value != 1:
        await FallingEdge(dut.clk)


async def protocol_reset_and_error(dut: Any) -> None:
    """No valid out of reset; a job after reset in flight, and one after an error, are exact."""
    hw = small_hardware()
    ports = Ports(dut, hw)
    await ports.reset()
    work = small_work(hw, "reset")
    await ports.configure(work)
    ports.send(work)
    await ports.pulse("start")
    await ClockCycles(dut.clk, 300)
    await FallingEdge(dut.clk)
    dut.rst.value = 1
    for port in ports.inputs.values():
        port.clear()
    await ClockCycles(dut.clk, 3)
    await FallingEdge(dut.clk)
    for name in "yr":
        assert getattr(dut, f"m_axis_{name}_tvalid").value == 0, f"m_axis_{name} valid in reset"
    assert known(dut.busy, "reset") == 0, "busy in reset"
    dut.rst.value = 0
    for sink in ports.outputs.values():
        sink.clear()
    await ClockCycles(dut.clk, 2)
    last = work.a_stream.last.copy()
    last[len(last) // 3] = True
    for name, other, code in (("after reset", {}, 0),
                              ("bad TLAST", {"a": Stream(work.a_stream.data, last)}, A_TLAST),
                              ("after an error", {}, 0)):
        await ports.configure(work)
        ports.send(work, **other)
        await ports.pulse("start")
        await ports.done()
        await ClockCycles(dut.clk, 400 if code else 20)
        assert known(dut.err, name) == code, f"{name}: err is {int(dut.err.value)}, not {code}"
        if code:
            assert all(port.empty() and port.idle() for port in ports.inputs.values()), (
                "after an error the device does not take the rest of its inputs")
            for sink in ports.outputs.values():
                sink.clear()
            await ports.pulse("clear")
            await ClockCycles(dut.clk, 500)
        else:
            ports.check(work, name)


def tests(module: str) -> dict[str, Any]:
    """The protocol tests, for the namespace of the test module `module`."""
    found = (protocol_frames, protocol_valid_alone, protocol_reset_and_error)
    return {test.__name__: from_module(test, test.__name__, module) for test in found}
