# SPDX-License-Identifier: Apache-2.0
"""The pins of conv_bench: nothing but signals and files, no opinion about what is right."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from cocotb.clock import Clock
from cocotb.triggers import ClockCycles, FallingEdge, RisingEdge, Timer

from tb.common.beats import Stream, read_recorder, write_player
from tb.common.clocking import PERIOD_NS, known
from tb.conv_engine import cycle_model
from tb.conv_engine.hardware import Hardware
from tb.conv_engine.job import LayerJob, Stalls
from tb.conv_engine.work import empty_stream

HANG_LIMIT = 4_000  # cycles without a beat; a flush of lines takes at most 6 * 257
STALLED_HANG_LIMIT = 50_000  # long draws of heavy stalls in a row
CLEAR_CYCLES = 500  # a stream's header and table may still be on their way
SLOTS = 64  # file names are used again: only one job is ever under way
STREAMS = ("w", "a", "r", "y", "q")
CFG = ("h", "w", "cin", "cout", "k", "stride", "pad", "pad_top", "pad_bottom", "images", "relu",
       "res_in", "emit_code", "emit_res", "raw", "proj_shift", "res_shift", "res_out_shift")
COUNTERS = ("cycles", "busy", "stall_w", "stall_a", "stall_r", "stall_y", "weights", "beats_w",
            "beats_a", "beats_r", "beats_y", "beats_q")


@dataclass(frozen=True)
class Observed:
    """What was seen on the pins in one job. `cfg` and the counters are read from the ports."""

    number: int
    err: int
    hung: bool
    busy: bool
    dones: int
    run_cycles: int
    counters: dict[str, int]
    cfg: dict[str, int]
    beats: dict[str, int]
    held: dict[str, int]  # cycles in which the bench held the stream up: no valid, or no ready
    played: dict[str, bool]
    rules: tuple[str, ...]  # breaches of the stream rules, X, files that failed
    y: Stream
    q: Stream


class ConvBfm:
    """Drives and reads conv_bench."""

    def __init__(self, dut: Any, hw: Hardware, data: Path) -> None:
        self.dut = dut
        self.hw = hw
        self.data = data
        self.jobs = 0
        self.resets = 0
        self._old_rules: tuple[str, ...] = ()  # breaches of tests before this one stay visible
        self._pins: dict[str, int] = {}
        self._go = 0

    async def start(self) -> None:
        """Clock and reset. The gpi clock must not rise at t = 0, before the first writes land."""
        for name in (*(f"cfg_{n}" for n in CFG), *(f"stall_{n}" for n in STREAMS), "stall_length",
                     "seed", "job", "clear", "go"):
            self._pin(name, 0)
        self._pin("rst", 1)
        Clock(self.dut.clk, PERIOD_NS, unit="ns", impl="gpi").start(start_high=False)
        await self.reset()
        self._old_rules = ()
        self._old_rules = self._rules()

    async def reset(self) -> None:
        """Four cycles of reset."""
        self._pin("rst", 1)
        self.resets += 1
        await ClockCycles(self.dut.clk, 4)
        self._pin("rst", 0)
        await ClockCycles(self.dut.clk, 4)

    @property
    def stuck(self) -> bool:
        """The device hangs or shows an error."""
        return bool(self._read("hung") or self._read("err"))

    async def launch(self, job: LayerJob) -> None:
        """Write the job's files, set the pins and go; returns before the job has begun."""
        self._write_files(job)
        cfg = {**job.work.cfg, **(job.faults.cfg if job.faults else {})}
        for name in CFG:
            self._pin(f"cfg_{name}", cfg[name])
        self._stall_pins(job.stalls)
        patience = STALLED_HANG_LIMIT if job.stalls.any else HANG_LIMIT
        patience += 2 * cfg["images"]  # layer_config counts images
        model = cycle_model.predict(job.work.final)
        cycles = model.base + model.stall_w[1]
        self._pin("hang_limit", patience)
        self._pin("cycle_limit", patience + cycles * (200 if job.stalls.any else 2))
        self._pin("job", job.number)
        self._pin("reload", int(job.reload))
        self._pin("repeats", 1 if job.faults else job.work.repeats)
        self._go ^= 1
        self._pin("go", self._go)

    async def finished(self) -> None:
        await RisingEdge(self.dut.finished)

    async def settle(self) -> None:
        """Give whoever reads the finished job's pins its turn."""
        await FallingEdge(self.dut.clk)

    async def drain(self) -> None:
        """Wait until the input streams are played out."""
        for _ in range(1000):
            if self._read("idle") == 0b111:
                return
            await Timer(100 * PERIOD_NS, unit="ns")
        raise AssertionError("after an error the device did not take the rest of its inputs "
                             f"(played out: r, a, w = {self._read('idle'):03b})")

    async def clear(self) -> None:
        """Leave the error state; fails when `err` stays."""
        await self.pulse_clear()
        await self.cleared()

    async def cleared(self) -> None:
        """See that the error is gone, and that no second `done` came with it."""
        await ClockCycles(self.dut.clk, CLEAR_CYCLES)
        assert self._read("err") == 0, f"err is {self._read('err')} after clear"
        assert self._read("dones") == 1, f"{self._read('dones')} pulses of done after clear"

    async def pulse_clear(self) -> None:
        """Give `clear` for two cycles."""
        self._pin("clear", 1)
        await ClockCycles(self.dut.clk, 2)
        self._pin("clear", 0)

    async def reset_after(self, cycles: int) -> None:
        """Pull rst after so many cycles."""
        if cycles:
            await Timer(cycles * PERIOD_NS, unit="ns")
        self._pin("rst", 1)
        self.resets += 1
        await Timer(3 * PERIOD_NS, unit="ns")
        self._pin("rst", 0)
        await RisingEdge(self.dut.clk)

    def observe(self) -> Observed:
        """Read a finished job. Call in the time step in which `finished` rises."""
        number = self._read("job")

        def each(name: str) -> dict[str, int]:
            word = self._read(name)
            return {s: word >> 32 * i & 0xFFFFFFFF for i, s in enumerate(STREAMS)}

        idle = self._read("idle")
        return Observed(
            number=number, err=self._read("err"), hung=bool(self._read("hung")),
            busy=bool(self._read("busy")), dones=self._read("dones"),
            run_cycles=self._read("run_cycles"),
            counters={n: self._read(f"cnt_{n}") for n in COUNTERS},
            cfg={n: self._read(f"cfg_{n}") for n in CFG},
            beats=each("beats"), held=each("held"),
            played={s: bool(idle >> i & 1) for i, s in enumerate(STREAMS[:3])},
            rules=self._rules(),
            y=read_recorder(self.data / f"y_{number}.bin", self.hw.y_bytes),
            q=read_recorder(self.data / f"q_{number}.bin", self.hw.pout),
        )

    def _read(self, name: str) -> int:
        """Return a port's value; an X fails the test."""
        return known(getattr(self.dut, name), "at the end of a job")

    def _rules(self) -> tuple[str, ...]:
        found = []
        if self._read("xcontrol"):
            found.append("X on busy, done, err or a counter")
        for name, text, streams in (
                ("xseen", "X while valid, or on valid or ready", STREAMS),
                ("unstable", "valid taken back or payload changed before ready", STREAMS),
                ("stray", "beats outside of a job", ("y", "q")),
                ("failed", "file missing or cut", ("w", "a", "r", "ch", "y", "q"))):
            word = self._read(name)
            found += [f"stream {s}: {text}" for i, s in enumerate(streams) if word >> i & 1]
        return tuple(rule for rule in found if rule not in self._old_rules)

    def _pin(self, name: str, value: int) -> None:
        """Write a pin unless it has the value already: a write costs about a microsecond."""
        if self._pins.get(name) != value:
            self._pins[name] = value
            getattr(self.dut, name).value = value

    def _stall_pins(self, stalls: Stalls) -> None:
        for name in STREAMS:
            self._pin(f"stall_{name}", getattr(stalls, name))
        self._pin("stall_length", stalls.length)
        self._pin("seed", stalls.seed & 0xFFFFFFFF)

    def _write_files(self, job: LayerJob) -> None:
        job.number = self.jobs % SLOTS
        self.jobs += 1
        work, bad = job.work, job.faults
        streams = {
            "ch": work.channels if job.channels else empty_stream(self.hw.ch_bytes),
            "w": bad.w if bad and bad.w else work.w,
            "a": bad.a if bad and bad.a else work.a_stream,
            "r": bad.r if bad and bad.r else work.r,
        }
        for name, stream in streams.items():
            write_player(self.data / f"{name}_{job.number}.bin", stream)
        for name in "yq":  # an older job's: the recorder makes its own, and quicker than it empties
            (self.data / f"{name}_{job.number}.bin").unlink(missing_ok=True)


def first_difference(got: Stream, want: Stream) -> int | None:
    """Index of the first beat that differs in data or TLAST, or that only one side has."""
    common = min(len(got.data), len(want.data))
    wrong = np.flatnonzero((got.data[:common] != want.data[:common]).any(axis=1)
                           | (got.last[:common] != want.last[:common]))
    if len(wrong):
        return int(wrong[0])
    return None if len(got.data) == len(want.data) else common

