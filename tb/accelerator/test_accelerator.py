# SPDX-License-Identifier: Apache-2.0
"""accelerator: whole jobs over its own ports, AXI4-Lite and five streams, by cocotbext-axi.

The engine's arithmetic has its own bench; here is what the accelerator puts around it.
"""

from __future__ import annotations

from typing import Any

import cocotb
import numpy as np
from cocotb.triggers import ClockCycles
from cocotbext.axi import (
    AxiLiteBus,
    AxiLiteMaster,
    AxiStreamBus,
    AxiStreamFrame,
    AxiStreamSink,
    AxiStreamSource,
)

from host import registers
from host.packing import unpack_lanes
from tb.common import results, settings
from tb.common.beats import Stream
from tb.common.clocking import known, start_and_reset
from tb.conv_engine.hardware import hardware
from tb.conv_engine.layers import Mode, Shape, draw_layer, generator
from tb.conv_engine.work import LayerWork

HW = hardware(settings.load())
A_TLAST, KERNEL = 21, 17


def frames(stream: Stream) -> list[list[int]]:
    """Beats as integers, cut into frames after each TLAST."""
    found: list[list[int]] = [[]]
    for row, last in zip(stream.data, stream.last, strict=True):
        found[-1].append(int.from_bytes(row.tobytes(), "little"))
        if last:
            found.append([])
    return found[:-1]


def y_frames(work: LayerWork) -> list[list[int]]:
    """The y frames of the accelerator out of the engine's positions: quads, or 64-bit sums."""
    raw = work.layer.raw
    width = max(32, 1 << (4 * HW.pout * HW.bits - 1).bit_length())
    bits = HW.acc_bits if raw else HW.bits
    lanes = unpack_lanes(work.y.data, bits, HW.pout, signed=raw)
    found: list[list[int]] = [[]]
    quad: list[int] = []
    for row, last in zip(lanes.tolist(), work.y.last, strict=True):
        if raw:
            whole = sum(value % (1 << 64) << 64 * i for i, value in enumerate(row))
            found[-1] += [whole >> at & ((1 << width) - 1) for at in range(0, 64 * HW.pout, width)]
        else:
            quad.append(sum(value << i * bits for i, value in enumerate(row)))
            if last or len(quad) == 4:
                found[-1].append(sum(slot << i * bits * HW.pout for i, slot in enumerate(quad)))
                quad = []
        if last:
            found.append([])
    return found[:-1]


class Bench:
    """Master, sources and sinks of one accelerator."""

    def __init__(self, dut: Any) -> None:
        self.dut = dut
        bus = AxiStreamBus.from_prefix
        clock = dut.clk, dut.rst
        self.inputs = {s: AxiStreamSource(bus(dut, f"s_axis_{s}"), *clock, byte_lanes=1)
                       for s in "war"}
        self.outputs = {s: AxiStreamSink(bus(dut, f"m_axis_{s}"), *clock, byte_lanes=1)
                        for s in "yr"}
        self.master = AxiLiteMaster(AxiLiteBus.from_prefix(dut, "s_axil"), *clock)
        quiet = (*self.inputs.values(), *self.outputs.values(), self.master.write_if,
                 self.master.read_if)
        for one in quiet:
            one.log.setLevel("WARNING")

    async def start(self) -> None:
        await start_and_reset(self.dut)
        await ClockCycles(self.dut.clk, 2)

    async def write(self, name: str, **fields: int) -> None:
        register = registers.register(name)
        value = register.pack(fields).to_bytes(4, "little")
        assert int((await self.master.write(register.offset, value)).resp) == 0, name

    async def read(self, name: str) -> dict[str, int]:
        register = registers.register(name)
        answer = await self.master.read(register.offset, 4)
        assert int(answer.resp) == 0, name
        return register.unpack(int.from_bytes(answer.data, "little"))

    async def configure(self, work: LayerWork, **other: int) -> None:
        """Write every register of the job; `other` replaces configuration values."""
        cfg = {**work.cfg, **other}
        await self.write("MAP", h=cfg["h"], w=cfg["w"])
        await self.write("CHANNELS", cin=cfg["cin"], cout=cfg["cout"])
        await self.write("KERNEL", **{n: cfg[n] for n in ("k", "stride", "pad", "pad_top",
                                                          "pad_bottom")})
        await self.write("IMAGES", count=cfg["images"])
        await self.write("MODE", **{n: cfg[n] for n in ("relu", "res_in", "emit_code", "emit_res",
                                                        "raw")})
        await self.write("SHIFTS", proj=cfg["proj_shift"], res=cfg["res_shift"],
                         res_out=cfg["res_out_shift"])
        await self.write("CHANNEL", addr=0)
        bits = HW.bias_bits + 10
        for record in work.channels.data:
            word = int.from_bytes(record.tobytes(), "little") & ((1 << bits) - 1)
            for i in range(3):
                await self.write(f"CHANNEL_DATA{i}", data=word >> 32 * i & 0xFFFFFFFF)

    def send(self, work: LayerWork, **other: Stream) -> None:
        for name, stream in {"w": work.w, "a": work.a_stream, "r": work.r, **other}.items():
            for frame in frames(stream):
                self.inputs[name].send_nowait(AxiStreamFrame(frame))

    async def ended(self) -> dict[str, int]:
        """Wait for the interrupt; return STATUS."""
        for _ in range(20_000):
            await ClockCycles(self.dut.clk, 1)
            if known(self.dut.irq, "irq"):
                break
        status = await self.read("STATUS")
        if not status["done"]:
            names = list(registers.table())
            seen = {n: await self.read(n) for n in names[names.index("CYCLES") :]}
            counts = {n: fields["count"] for n, fields in seen.items() if fields["count"]}
            raise AssertionError(f"the job never ends: {status}, {counts}")
        assert known(self.dut.irq, "irq")
        assert not status["refused_start"] and not status["refused_write"]
        return status

    def check(self, work: LayerWork, name: str) -> int:
        """Every frame that came, and no other; returns the values compared."""
        for port, want in (("y", y_frames(work)), ("r", frames(work.q))):
            sink = self.outputs[port]
            for number, frame in enumerate(want):
                assert not sink.empty(), f"{name}: m_axis_{port}: frame {number} is missing"
                got = list(sink.recv_nowait().tdata)
                assert got == frame, f"{name}: m_axis_{port}: frame {number} differs"
            assert sink.empty(), f"{name}: m_axis_{port}: a frame more than expected"
        return work.outputs


def draw(name: str, shape: Shape, mode: Mode) -> LayerWork:
    """A random layer, the same for the same name and seed."""
    return draw_layer(generator(settings.load().seed, name), HW, name, shape, mode)


@cocotb.test(timeout_time=5, timeout_unit="ms")
async def whole_jobs(dut: Any) -> None:
    """Kernel, stride and kinds of output: every beat, and the counters against what was sent."""
    bench = Bench(dut)
    await bench.start()
    two = HW.pin + 1, HW.pout + 1
    for name, shape, mode in (
        ("codes", Shape(5, 4, *two, 3, 1, 1, 1), Mode(True, True, "code+res")),
        ("raw", Shape(5, 3, *two, 3, 2, 1, 1), Mode(emit="raw")),
        ("1x1", Shape(3, 3, 4 * HW.pin + 1, HW.pout, 1, 1, 0, 2), Mode(emit="code")),
        ("words", Shape(3, 3, 1, 1, 3, 1, 0, 1), Mode(emit="res")),
    ):
        work = draw(name, shape, mode)
        await bench.configure(work)
        bench.send(work)
        await bench.write("CONTROL", start=1)
        status = await bench.ended()
        assert not status["busy"] and not status["err"], f"{name}: {status}"
        await ClockCycles(dut.clk, 20)
        outputs = bench.check(work, name)
        tiles = HW.tiles(work.layer)[0]
        positions = tiles * len(work.a) * int(np.prod(work.out_shape))
        counts = {"BEATS_W": len(work.w.data), "BEATS_A": len(work.a_stream.data),
                  "BEATS_R": len(work.r.data), "BEATS_Y": len(work.y.data),
                  "BEATS_Q": len(work.q.data)}
        for register, count in counts.items():
            got = (await bench.read(register))["count"]
            assert got == count, f"{name}: {register} is {got}, not {count}"
        assert max(counts["BEATS_Y"], counts["BEATS_Q"]) == positions
        cycles = (await bench.read("CYCLES"))["count"]
        results.add_layer(f"accelerator/{name}", outputs=outputs, mismatches=0, cycles=cycles,
                          macs=work.macs)


@cocotb.test(timeout_time=5, timeout_unit="ms")
async def busy_until_taken(dut: Any) -> None:
    """A job whose whole output fits between engine and pin is busy until the pin was read."""
    bench = Bench(dut)
    await bench.start()
    for mode in ("code", "raw"):
        work = draw(mode, Shape(1, 1, 1, 1, 1, 1, 0, 1), Mode(emit=mode))
        bench.outputs["y"].pause = True
        await bench.configure(work)
        bench.send(work)
        await bench.write("CONTROL", start=1)
        await ClockCycles(dut.clk, 1000)
        status = await bench.read("STATUS")
        assert status["busy"] and not status["done"], f"{mode}: done before its output is taken"
        assert not known(dut.irq, "irq")
        bench.outputs["y"].pause = False
        status = await bench.ended()
        assert not status["busy"] and not status["err"]
        bench.check(work, mode)


@cocotb.test(timeout_time=5, timeout_unit="ms")
async def errors(dut: Any) -> None:
    """A refused layer and a bad stream end with done and a code, though nobody takes y."""
    bench = Bench(dut)
    await bench.start()
    work = draw("errors", Shape(3, 3, HW.pin + 1, HW.pout + 1, 3, 1, 1, 1), Mode(emit="code"))
    await bench.configure(work, k=4)
    await bench.write("CONTROL", start=1)
    status = await bench.ended()
    assert (status["err"], status["busy"]) == (KERNEL, 0)
    last = work.a_stream.last.copy()
    last[-1] = False
    last[-2] = True
    bench.outputs["y"].pause = True
    await bench.configure(work)
    bench.send(work, a=Stream(work.a_stream.data, last))
    await bench.write("CONTROL", start=1)
    status = await bench.ended()
    assert (status["err"], status["busy"]) == (A_TLAST, 0)
    where = await bench.read("ERROR_TILE")
    outs, ins = HW.tiles(work.layer)
    assert where == {"out_tile": outs - 1, "in_tile": ins - 1}, where
    bench.outputs["y"].pause = False
    await bench.write("CONTROL", clear=1)
    await ClockCycles(dut.clk, 300)
    assert await bench.read("STATUS") == dict.fromkeys(status, 0)
    for port in bench.outputs.values():
        port.clear()
    for port in bench.inputs.values():
        assert port.empty() and port.idle(), "an input was not dropped"
    bench.send(work)
    await bench.write("CONTROL", start=1)
    assert not (await bench.ended())["err"]
    await ClockCycles(dut.clk, 20)
    bench.check(work, "after errors")
