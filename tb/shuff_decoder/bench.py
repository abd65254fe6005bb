# SPDX-License-Identifier: Apache-2.0
"""Runs lists of streams through the decoder (hdl/shuff_bench.v) and reads back what it said."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from cocotb.triggers import ClockCycles, RisingEdge, Timer, with_timeout

from golden.errors import SHUFF_ERRORS
from tb.common import beats, settings
from tb.common.clocking import PERIOD_NS, start_and_reset
from tb.shuff_decoder.streams import Decoder, Stream

HANG_LIMIT = 4096
STICKY = ("x_seen", "unstable", "bad_busy", "bad_status", "bad_done", "file_failed")


@dataclass(frozen=True)
class Stalls:
    """How often (of 256 draws) and how long the two sides hold back, and the seed of the draws."""

    in_threshold: int = 0
    in_length: int = 0
    out_threshold: int = 0
    out_length: int = 0
    seed: int = 1

    @property
    def none(self) -> bool:
        return not (self.in_threshold or self.out_threshold)

    @property
    def cycles_a_beat(self) -> int:
        """Mean cycles that a beat waits, rounded up: a draw lasts and may come again."""
        sides = (self.in_threshold, self.in_length), (self.out_threshold, self.out_length)
        return max((length + 1) * 256 // (256 - threshold) + 1 for threshold, length in sides)


@dataclass(frozen=True)
class Verdict:
    """What the decoder made of one stream. Cycles count from the start of the job."""

    status: int
    codes: bytes
    last: tuple[int, ...]  # which beats had TLAST
    first_symbol: int
    last_symbol: int
    done: int
    first_word: int
    last_word: int
    words: int


def decoder() -> Decoder:
    """The decoder or bank under test as the settings describe it."""
    told = settings.load()
    bits, pin, pout = (told.integer(name) for name in ("B", "PIN", "POUT"))
    if told.toplevel == "byte_bank":
        return Decoder(bits, pin, pout, bits, pout)
    lanes = pout if told.toplevel == "shuff_bank" else 1
    return Decoder(bits, pin, pout, told.integer("LMAX"), lanes)


class Bench:
    """One simulated bench. Files go to the run's data folder."""

    def __init__(self, dut: Any) -> None:
        self.dut = dut
        self.folder = settings.load().data_dir
        self.cycles = 0

    async def start(self) -> None:
        """Clock, reset, quiet inputs."""
        self.dut.go.value = 0
        self.dut.hang_limit.value = HANG_LIMIT
        self._stall(Stalls())
        self.edge = await start_and_reset(self.dut)

    def _stall(self, stalls: Stalls) -> None:
        dut = self.dut
        dut.seed.value = stalls.seed
        dut.in_threshold.value, dut.in_length.value = stalls.in_threshold, stalls.in_length
        dut.out_threshold.value, dut.out_length.value = stalls.out_threshold, stalls.out_length

    def write(self, job: int, streams: Sequence[Stream]) -> None:
        """Write the player's file of a job."""
        parts = streams[0].decoder.parts
        words = np.array([w for s in streams for w in s.words], dtype="<u4")
        ends = np.cumsum([len(s.words) // parts for s in streams]) - 1
        last = np.zeros(len(words) // parts, dtype=bool)
        last[ends] = True
        data = words.view(np.uint8).reshape(-1, 4 * parts)
        beats.write_player(self.folder / f"w_{job}.bin", beats.Stream(data, last))

    async def launch(self, job: int, stalls: Stalls) -> None:
        """Start a job whose file is written; returns at the falling edge before its cycle 0."""
        self._stall(stalls)
        self.dut.job.value = job
        self.dut.go.value = not int(self.dut.go.value)
        await self.edge

    async def run(
        self, streams: Sequence[Stream], stalls: Stalls = Stalls(), job: int = 0
    ) -> list[Verdict]:
        """Play the streams back to back and return a verdict each; a hang is an AssertionError."""
        self.write(job, streams)
        await self.launch(job, stalls)
        return await self.finish(streams, stalls, job)

    async def finish(
        self, streams: Sequence[Stream], stalls: Stalls = Stalls(), job: int = 0
    ) -> list[Verdict]:
        """Wait for the end of a job that was launched, and read its verdicts."""
        # A hang ends the job from inside; this is for one that moves for ever.
        beats = sum(len(s.words) + len(s.expected[1]) for s in streams)
        cycles = 100_000 + 20 * beats * stalls.cycles_a_beat
        await with_timeout(RisingEdge(self.dut.finished), cycles * PERIOD_NS, "ns")
        await self.edge
        verdicts = read_verdicts(self.folder, job, decoder())
        if self.dut.hung.value:
            done = len(verdicts)
            kind = streams[done].kind if done < len(streams) else "none left"
            raise AssertionError(
                f"nothing moved for {HANG_LIMIT} cycles after {done} of {len(streams)} verdicts; "
                f"next stream: {kind}"
            )
        self.check_sticky()
        assert len(verdicts) == len(streams), f"{len(verdicts)} verdicts, {len(streams)} streams"
        self.cycles = verdicts[-1].done
        return verdicts

    def check_sticky(self) -> None:
        """No rule of the ports was broken so far."""
        broken = [name for name in STICKY if getattr(self.dut, name).value != 0]
        assert not broken, f"broken promises on the ports: {', '.join(broken)}"

    async def wait(self, cycles: int) -> None:
        """Let `cycles` rising edges pass, from a falling edge to a falling edge."""
        await Timer(cycles * PERIOD_NS - 1, unit="ns")
        await self.edge

    async def reset(self, cycles: int = 1) -> None:
        """Reset for some cycles, from a falling edge to a falling edge."""
        self.dut.rst.value = 1
        await ClockCycles(self.dut.clk, cycles)
        await self.edge
        self.dut.rst.value = 0


def read_verdicts(folder: Path, job: int, own: Decoder) -> list[Verdict]:
    """Parse the three files of hdl/shuff_recorder.v; the codes are a byte each, lane by lane."""
    width = own.bits * own.lanes
    beats = np.fromfile(folder / f"s_{job}.bin", dtype=np.uint8).reshape(-1, 4 * (width // 32 + 1))
    tlast = beats[:, -1] >> 7 & 1
    single = np.unpackbits(beats, axis=1, bitorder="little", count=width)
    codes = single.reshape(-1, own.lanes, own.bits) @ (1 << np.arange(own.bits)).astype(np.uint8)
    said = np.fromfile(folder / f"v_{job}.bin", dtype="<u4").reshape(-1, 5).tolist()
    taken = np.fromfile(folder / f"i_{job}.bin", dtype="<u4").reshape(-1, 3)
    verdicts, start = [], 0
    for number, (status, first, last, done, end) in enumerate(said):
        # A verdict before the stream's TLAST was taken has no input record yet.
        words = taken[number].tolist() if number < len(taken) else (0, 0, 0)
        ends = tuple(int(i) for i in np.flatnonzero(tlast[start:end]))
        text = codes[start:end].astype(np.uint8).tobytes()
        verdicts.append(Verdict(status, text, ends, first, last, done, *words))
        start = end
    return verdicts


def complaint(stream: Stream, verdict: Verdict) -> str:
    """How a verdict differs from golden, '' if it does not."""
    status, codes, complete = stream.expected
    lanes, sent = stream.decoder.lanes, len(stream.words) // stream.decoder.parts
    if verdict.words != sent:
        return f"{verdict.words} words taken, {sent} sent"
    if verdict.status != status:
        return f"status {SHUFF_ERRORS.get(verdict.status, verdict.status)}, golden says " + (
            f"{SHUFF_ERRORS[status]}"
        )
    if verdict.codes != codes:
        got = verdict.codes
        pairs = enumerate(zip(got, codes, strict=False))
        at = next((i for i, (mine, right) in pairs if mine != right), min(len(got), len(codes)))
        return f"{len(got)} symbols for {len(codes)}, first difference at {at}"
    if verdict.last != ((len(codes) // lanes - 1,) if complete else ()):
        return f"TLAST on beats {verdict.last} of {len(codes) // lanes}"
    return ""


def judge(streams: Sequence[Stream], verdicts: Sequence[Verdict]) -> list[str]:
    """All complaints, one line each with the stream's number and kind."""
    found = []
    for number, (stream, verdict) in enumerate(zip(streams, verdicts, strict=True)):
        text = complaint(stream, verdict)
        if text:
            found.append(f"stream {number} ({stream.kind}): {text}")
    return found
