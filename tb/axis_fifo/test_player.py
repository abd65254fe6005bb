# SPDX-License-Identifier: Apache-2.0
"""Player, recorder, watch and stalls on trial, with an axis_fifo between them.

Each fault that the bench can inject must be noticed, or what a later test says is worth nothing.
"""

from __future__ import annotations

import time
from typing import Any, NamedTuple

import cocotb
import numpy as np
from cocotb.triggers import RisingEdge, with_timeout

from tb.common import results, settings
from tb.common.beats import Stream, read_recorder, write_player
from tb.common.clocking import PERIOD_NS, known, start_and_reset

BYTES = 5
FLIP, DROP, REPEAT, RETRACT, UNKNOWN, LATE, CHANGE = range(1, 8)
PINS = ("seed", "stall_in", "stall_out", "stall_length", "fault", "fault_at")


class Seen(NamedTuple):
    """What came out of one job; pairs are (in, out)."""

    out: Stream
    beats: tuple[int, int]
    blocked: tuple[int, int]
    starved: tuple[int, int]
    flags: dict[str, int]
    cycles: int


class Bench:
    """player_bench: start(), then run() as often as wanted."""

    def __init__(self, dut: Any) -> None:
        self.dut = dut
        self.data = settings.load().data_dir
        self.job = self.go = 0

    async def start(self) -> None:
        for name in (*PINS, "go", "job"):
            getattr(self.dut, name).value = 0
        self.go = 0
        await start_and_reset(self.dut)

    async def run(self, stream: Stream | None, *, cut: int = 0, **pins: int) -> Seen:
        """Play a stream (None: leave the file out; cut: bytes short), read what was recorded."""
        dut, self.job = self.dut, self.job + 1
        path = self.data / f"in_{self.job}.bin"
        path.unlink(missing_ok=True)  # a test before this one used the same numbers
        if stream is not None:
            write_player(path, stream)
            path.write_bytes(path.read_bytes()[: path.stat().st_size - cut])
        for name in PINS:
            getattr(dut, name).value = pins.get(name, 1 if name == "seed" else 0)
        dut.job.value = self.job
        self.go ^= 1
        dut.go.value = self.go
        await with_timeout(RisingEdge(dut.finished), 4_000_000 * PERIOD_NS, "ns")
        for _ in range(4):  # a late beat would come now
            await RisingEdge(dut.clk)

        def pair(name: str) -> tuple[int, int]:
            word = known(getattr(dut, name), "job")
            return word & 0xFFFFFFFF, word >> 32

        flags = {n: known(getattr(dut, n), "job")
                 for n in ("failed", "stray", "xseen", "unstable", "hung")}
        return Seen(read_recorder(self.data / f"out_{self.job}.bin", BYTES), pair("beats"),
                    pair("blocked"), pair("starved"), flags, known(dut.run_cycles, "job"))


def random_stream(rng: np.random.Generator, beats: int) -> Stream:
    """Random bytes; the first beats are all zeros, all ones, and the bytes that text files eat."""
    data = rng.integers(0, 256, size=(beats, BYTES), dtype=np.uint8)
    for at, value in enumerate((0, 255, 10, 13, 26, 4)[:beats]):
        data[at] = value
    return Stream(data, rng.random(beats) < 0.1)


def equal(a: Stream, b: Stream) -> bool:
    """Same beats, same TLAST."""
    return np.array_equal(a.data, b.data) and np.array_equal(a.last, b.last)


def size(quick: int, full: int) -> int:
    """Choose the number of beats that this simulator can do in a second."""
    return quick if settings.load().sim == "icarus" else full


@cocotb.test
async def player_exact(dut: Any) -> None:
    """What is played is recorded, whatever the stalls; at full speed a beat a cycle."""
    bench = Bench(dut)
    await bench.start()
    rng = np.random.default_rng(settings.load().seed)
    depth = settings.load().integer("DEPTH")
    for stall_in in (0, 60, 200):
        for stall_out in (0, 60, 200):
            for length in (0, 5):
                stream = random_stream(rng, size(300, 3000))
                beats = len(stream.data)
                seen = await bench.run(stream, stall_in=stall_in, stall_out=stall_out,
                                       stall_length=length, seed=int(rng.integers(1 << 31)))
                assert equal(seen.out, stream), f"stalls {stall_in}, {stall_out}: not the same"
                assert seen.beats == (beats, beats)
                assert not any(seen.flags.values()), seen.flags
                if not stall_in and not stall_out and depth > 2:
                    assert seen.cycles <= beats + 4, f"{seen.cycles} cycles for {beats} beats"
                if stall_out:
                    assert seen.blocked[1], "the recorder never held back"
    for beats in (0, 1, 2):
        stream = random_stream(rng, beats)
        assert equal((await bench.run(stream)).out, stream), f"{beats} beats"


@cocotb.test
async def player_stall_rate(dut: Any) -> None:
    """A threshold of n stalls n of 256 cycles, and the seed decides which."""
    bench = Bench(dut)
    await bench.start()
    beats = size(1500, 20000)
    stream = random_stream(np.random.default_rng(1), beats)
    for threshold in (32, 128, 224):
        for length in (0, 3):
            seen = await bench.run(stream, stall_in=threshold, stall_length=length)
            rate = 1 - beats / seen.cycles
            error = 5 * (length + 1) ** 0.5 / beats**0.5
            assert abs(rate - threshold / 256) < error, f"threshold {threshold} stalls {rate:.3f}"
    cycles = {(await bench.run(stream, stall_in=100, seed=seed)).cycles for seed in (1, 2, 3, 4)}
    assert len(cycles) > 1, "the seed changes nothing"


@cocotb.test
async def player_faults_are_seen(dut: Any) -> None:
    """Every fault shows in the record or on a flag; a missing or cut file on `failed`."""
    bench = Bench(dut)
    rng = np.random.default_rng(2)
    stream = random_stream(rng, 60)
    for fault, differs, flag, stall in (
            (FLIP, True, "", 0), (DROP, True, "", 0), (REPEAT, True, "", 0),
            (RETRACT, False, "unstable", 250), (UNKNOWN, True, "xseen", 0),
            (LATE, False, "stray", 0), (CHANGE, True, "unstable", 250)):
        await bench.start()
        before = await bench.run(stream)
        seen = await bench.run(stream, fault=fault, fault_at=23, stall_out=stall)
        assert equal(seen.out, stream) != differs or fault == UNKNOWN, f"fault {fault}"
        raised = {n for n, value in seen.flags.items() if value and not before.flags[n]}
        if flag == "xseen" and settings.load().sim != "icarus":
            continue  # two states: no X
        if flag in before.flags and before.flags[flag] and flag != "stray":
            continue  # sticky from a fault before; that it can rise was seen there
        assert raised == ({flag} if flag else set()), f"fault {fault} raises {raised}, not {flag}"
    for name, seen in (("missing", await bench.run(None)), ("cut", await bench.run(stream, cut=1))):
        assert seen.flags["failed"] == 1, f"a {name} file goes unnoticed"
    assert not (await bench.run(stream)).flags["failed"], "a good file counts as failed"


@cocotb.test
async def player_rate(dut: Any) -> None:
    """How many beats a second are played, recorded and compared with Python off the clock."""
    bench = Bench(dut)
    await bench.start()
    beats = size(2000, 200_000)
    stream = random_stream(np.random.default_rng(3), beats)
    begin = time.perf_counter()
    seen = await bench.run(stream, stall_in=64, stall_out=64)
    assert equal(seen.out, stream)
    seconds = time.perf_counter() - begin
    results.add_metric("player rate", beats=beats, cycles=seen.cycles,
                       beats_per_second=round(beats / seconds),
                       cycles_per_second=round(seen.cycles / seconds))
