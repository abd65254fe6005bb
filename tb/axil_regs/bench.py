# SPDX-License-Identifier: Apache-2.0
"""What the tests of axil_regs share: a master, a watch on every cycle, a stand-in engine."""

from __future__ import annotations

import random
from typing import Any

import cocotb
from cocotb.triggers import FallingEdge, Timer
from cocotbext.axi import AxiLiteBus, AxiLiteMaster

from host import registers
from tb.common import clocking

OKAY, SLVERR = 0, 2
WORDS = registers.SPACE // 4

# What the engine's ports are called: REGISTER.field -> port.
CONFIG = {
    "MAP.h": "cfg_h", "MAP.w": "cfg_w", "CHANNELS.cin": "cfg_cin", "CHANNELS.cout": "cfg_cout",
    "KERNEL.k": "cfg_k", "KERNEL.stride": "cfg_stride", "KERNEL.pad": "cfg_pad",
    "KERNEL.pad_top": "cfg_pad_top", "KERNEL.pad_bottom": "cfg_pad_bottom",
    "IMAGES.count": "cfg_images", "MODE.relu": "cfg_relu", "MODE.res_in": "cfg_res_in",
    "MODE.emit_code": "cfg_emit_code", "MODE.emit_res": "cfg_emit_res", "MODE.raw": "cfg_raw",
    "SHIFTS.proj": "cfg_proj_shift", "SHIFTS.res": "cfg_res_shift",
    "SHIFTS.res_out": "cfg_res_out_shift",
}  # fmt: skip
STATE = {
    "STATUS.err": "err", "ERROR_TILE.out_tile": "err_out_tile", "ERROR_TILE.in_tile": "err_in_tile",
    **{f"{name}.count": f"cnt_{name.lower()}" for name in (
        "CYCLES", "BUSY", "STALL_W", "STALL_A", "STALL_R", "STALL_Y", "WEIGHTS", "BEATS_W",
        "BEATS_A", "BEATS_R", "BEATS_Y", "BEATS_Q")},
}  # fmt: skip
BUILT = {
    "BUILD.b": "B", "BUILD.kmax": "KMAX", "BUILD.pin": "PIN", "BUILD.pout": "POUT",
    "LINE_DEPTH.width": "LINE_DEPTH", "PSUM_DEPTH.positions": "PSUM_DEPTH",
    "COUT_MAX.channels": "COUT_MAX", "FIFO_DEPTH.words": "FIFO_DEPTH",
}  # fmt: skip
LANES = {"P1": 1, "S0": 2, "S1": 3, "M8": 4, "P2": 5, "P3": 6}

CHANNELS = ("aw", "w", "b", "ar", "r")
_PINS = ("busy", "done", *STATE.values())
_INPUTS = ("awaddr", "awprot", "awvalid", "wdata", "wstrb", "wvalid", "bready", "araddr", "arprot",
           "arvalid", "rready")  # fmt: skip


class Bench:
    """The device, a log of its pulses, and the rules that hold in every cycle."""

    def __init__(self, dut: Any) -> None:
        self.dut = dut
        self.starts = self.clears = 0
        self.stored: list[tuple[int, int]] = []  # (ch_addr, ch_data) in the cycles of ch_we
        self.answers = {"b": 0, "r": 0}
        self.now = 0
        self.last = {"clear": 0, "done": 0}  # cycle in which each was last high

    async def reset(self, *, master: bool = True) -> None:
        """Clock, reset, everything idle; with a cocotbext-axi master unless the test drives."""
        for name in _PINS:
            getattr(self.dut, name).value = 0
        for name in _INPUTS:
            getattr(self.dut, f"s_axil_{name}").value = 0
        self.edge: FallingEdge = await clocking.start_and_reset(self.dut)
        cocotb.start_soon(self._watch())
        if master:
            bus = AxiLiteBus.from_prefix(self.dut, "s_axil")
            self.master = AxiLiteMaster(bus, self.dut.clk, self.dut.rst)
            for side in (self.master.write_if, self.master.read_if):
                side.log.setLevel("WARNING")
        await self.cycles(2)

    async def cycles(self, count: int) -> None:
        for _ in range(count):
            await self.edge

    def pin(self, name: str) -> int:
        return clocking.known(getattr(self.dut, name), name)

    async def _watch(self) -> None:
        """Count pulses and answers; what waits must hold still.

        It looks shortly before each rising edge: valid and ready as that edge will take them.
        """
        waiting: dict[str, tuple[int, ...]] = {}
        while True:
            await self.edge
            await Timer(clocking.PERIOD_NS // 2 - 1, unit="ns")
            if self.pin("rst"):
                waiting.clear()
                continue
            self.now += 1
            for name in self.last:
                if self.pin(name):
                    self.last[name] = self.now
            self.starts += self.pin("start")
            self.clears += self.pin("clear")
            if self.pin("ch_we"):
                self.stored.append((self.pin("ch_addr"), self.pin("ch_data")))
            for side, names in (("b", ("bresp",)), ("r", ("rresp", "rdata"))):
                valid = self.pin(f"s_axil_{side}valid")
                ready = self.pin(f"s_axil_{side}ready")
                now = tuple(self.pin(f"s_axil_{n}") for n in names) if valid else ()
                held = waiting.pop(side, None)
                assert held is None or now == held, f"{side}: a waiting answer changed"
                if valid and not ready:
                    waiting[side] = now
                self.answers[side] += valid & ready

    def pause(self, rate: float) -> None:
        """Random pauses on all five channels."""
        def draws() -> Any:
            while True:
                yield random.random() < rate

        write, read = self.master.write_if, self.master.read_if
        for channel in (write.aw_channel, write.w_channel, write.b_channel, read.ar_channel,
                        read.r_channel):  # fmt: skip
            channel.set_pause_generator(draws())

    async def write_at(self, address: int, value: int) -> int:
        """Write 32 bits, return the response."""
        answer = await self.master.write(address, value.to_bytes(4, "little"))
        return int(answer.resp)

    async def read_at(self, address: int) -> tuple[int, int]:
        """Read 32 bits: (value, response)."""
        answer = await self.master.read(address, 4)
        return int.from_bytes(answer.data, "little"), int(answer.resp)

    async def write(self, name: str, **fields: int) -> None:
        """Write a register by name; the answer must be OKAY."""
        register = registers.register(name)
        assert await self.write_at(register.offset, register.pack(fields)) == OKAY, name

    async def read(self, name: str) -> dict[str, int]:
        """Read a register by name; the answer must be OKAY and unused bits 0."""
        register = registers.register(name)
        value, answer = await self.read_at(register.offset)
        assert answer == OKAY, name
        assert not value & ~register.mask, f"{name}: {value:#x} has bits that do not exist"
        return register.unpack(value)

    async def status(self, **expected: int) -> None:
        """Compare STATUS with the fields given; those not given must be 0."""
        register = registers.register("STATUS")
        got = await self.read("STATUS")
        assert got == register.unpack(register.pack(expected)), f"STATUS is {got}, not {expected}"
        assert self.pin("irq") == got["done"], "irq is not STATUS.done"

    async def finish(self, err: int = 0) -> None:
        """The engine ends its job."""
        await self.edge
        self.dut.busy.value = 0
        self.dut.done.value = 1
        self.dut.err.value = err
        await self.edge
        self.dut.done.value = 0

    async def run_engine(self) -> None:
        """Play an engine that takes every start: busy in the cycle after. Never ends by itself."""
        while True:
            await self.edge
            if self.pin("start"):
                await self.edge
                self.dut.busy.value = 1
