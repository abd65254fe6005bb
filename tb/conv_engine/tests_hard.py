# SPDX-License-Identifier: Apache-2.0
"""Tests that make it hard: stalls, resets, bad layers, bad streams, and a bench that lies."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tb.common.beats import Stream
from tb.conv_engine import faults
from tb.conv_engine.base import ConvTest
from tb.conv_engine.job import NO_STALLS, Faults, LayerJob
from tb.conv_engine.job import Stalls as StallRates
from tb.conv_engine.layers import Mode, Shape, draw_layer, generator
from tb.conv_engine.work import LayerWork, some_images

STREAMS = ("w", "a", "r", "y", "q")


class Stalls(ConvTest):
    """Every stream stalled at several rates: the same bytes come out, only later."""

    def _work(self, index: int, mode: Mode) -> LayerWork:
        hw = self.hw
        side = min(5 if self.quick else 9, int((hw.psum_depth // 2) ** 0.5) - 1)
        width = min(side + 1, hw.line_depth)
        fifos = 1 if self.quick else 2  # full so often
        fill = -(-fifos * self.settings.integer("FIFO_DEPTH") // (side * width))
        images = min(max(2, fill), hw.psum_depth // (side * width))
        shape = Shape(side, width, hw.pin + 1, hw.pout + 1, min(3, hw.kmax), 1, hw.kmax > 1,
                      images)
        return draw_layer(generator(self.settings.seed, "stalls", index), hw, f"stalls{index}",
                          shape, mode)

    async def body(self) -> None:
        works = [self._work(0, Mode(True, True, "code+res")), self._work(1, Mode(emit="raw"))]
        levels = (128,) if self.quick else (30, 128, 240)
        for kind, work in zip(("both", "raw"), works, strict=True):
            kind += f" {work.a.shape[2]} rows x{len(work.a)}"
            await self.play([LayerJob(f"stalls/{kind}/none", work)])
            free = self.last
            for stream in STREAMS:
                if stream in "rq" and work.layer.raw:
                    continue
                for level in levels:
                    for length in (9,) if self.quick else (0, 9):
                        name = f"stalls/{kind}/{stream} {level} x{length + 1}"
                        stall = StallRates(**{stream: level}, length=length, seed=level + length)
                        await self._same(LayerJob(name, work, stalls=stall), free.y, free.q)
            for level in levels:
                for seed in range(1, 2 if self.quick else 5):
                    name = f"stalls/{kind}/all {level} seed {seed}"
                    stall = StallRates(*(level,) * 5, length=seed - 1, seed=seed)
                    await self._same(LayerJob(name, work, stalls=stall), free.y, free.q)

        await self.play([self._residual_starved()])
        if not self.quick:
            await self.play([self._starved()])

    def _residual_starved(self) -> LayerJob:
        """More positions than the FIFO holds and words one by one: the last one is taken often."""
        hw = self.hw
        width = min(16, hw.line_depth)
        rows = min(256, 4 * self.settings.integer("FIFO_DEPTH") // width)
        shape = Shape(rows, width, hw.pin, hw.pout, 1, 1, 0)
        work = draw_layer(generator(self.settings.seed, "residual"), hw, "residual starved", shape,
                          Mode(True, True, "code"))
        return LayerJob("stalls/residual starved", work, stalls=StallRates(r=200, length=2))

    def _starved(self) -> LayerJob:
        """One-pixel maps: next to nothing but weights, and those come late."""
        hw = self.hw
        shape = Shape(1, 1, hw.pin, min(hw.cout_max, 12 * hw.pout), 1, 1, 0)
        work = draw_layer(generator(self.settings.seed, "starved"), hw, "starved", shape,
                          Mode(emit="code"))
        return LayerJob("stalls/weights starved", work, stalls=StallRates(w=250, length=9))

    async def _same(self, job: LayerJob, y: Stream, q: Stream) -> None:
        await self.play([job])
        seen = self.last
        for port, got, want in (("y", seen.y, y), ("r", seen.q, q)):
            same = np.array_equal(got.data, want.data) and np.array_equal(got.last, want.last)
            assert same, f"{job.name}: m_axis_{port} is not what it is without stalls"


class ResetMidflight(ConvTest):
    """Reset in every cycle of a job; the job after it must not notice."""

    async def body(self) -> None:
        hw = self.hw
        shape = Shape(3, 2, 4 * hw.pin + 1, hw.pout + 1, 1, 1, 0)
        rng = generator(self.settings.seed, "reset")
        work = draw_layer(rng, hw, "reset", shape, Mode(False, True, "code+res"))
        await self.play([LayerJob("reset/clean", work)])
        setup = work.layer.out_channels + 8  # channel parameters are played before the start
        cycles = setup + self.last.run_cycles + 8
        step = max(1, cycles // 40) if self.quick else 1
        slow = StallRates(60, 60, 60, 60, 60, seed=5)
        for after in range(0, cycles, step):
            stall = slow if after % 3 == 2 else NO_STALLS
            await self.play([LayerJob(f"reset/{after}", work, stalls=stall, reset_after=after,
                                      record=False),
                             LayerJob(f"reset/{after}/clean", work, record=after % 16 == 0)])


class BadConfig(ConvTest):
    """Every layer that does not fit is refused with its code, and touches no stream."""

    def jobs(self) -> Iterator[LayerJob]:
        hw = self.hw
        shape = Shape(4, min(4, hw.line_depth), 4 * hw.pin + 1, 1, 1, 1, 0)
        rng = generator(self.settings.seed, "config")
        work = draw_layer(rng, hw, "config", shape, Mode(True, False, "code"))
        good, fresh = 0, True
        for index, (name, fault) in enumerate(faults.bad_configs(hw)):
            # Some are left without clear: the next start must do.
            fault = replace(fault, clear=index % 2 == 0)
            yield LayerJob(f"config/{name}", work, faults=fault, record=False, reload=fresh)
            fresh = index % 4 >= 2
            if fresh:
                yield LayerJob(f"config/good {good}", work, reload=False)
                good += 1
        if not fresh:
            yield LayerJob("config/good at the end", work, reload=False)


class BadStreams(ConvTest):
    """Bad weights give golden's error code, wrong TLASTs theirs; after `clear` all is well."""

    def jobs(self) -> Iterator[LayerJob]:
        hw = self.hw
        kernel = 1 if self.quick else min(3, hw.kmax)
        shape = Shape(3, 4, hw.pin + 1, hw.pout + 1, kernel, 1, kernel // 2)
        rng = generator(self.settings.seed, "bad streams")
        work = draw_layer(rng, hw, "bad", shape, Mode(True, True, "code+res"))
        cases: list[tuple[str, Faults]] = [*faults.bad_weights(work), *faults.bad_lasts(work)]
        flips = 4 if self.quick else 60
        cases += [faults.flipped_weights(work, rng) for _ in range(flips)]
        slow = StallRates(100, 100, 100, 100, 100, seed=3)
        for index, (name, fault) in enumerate(cases):
            stall = slow if index % 3 == 2 else NO_STALLS
            yield LayerJob(f"bad/{name}", work, faults=fault, stalls=stall, record=False)
            yield LayerJob(f"bad/kernel {kernel} after {index}", work, record=index % 8 == 0)


class WrongPrediction(ConvTest):
    """The bench itself is tested: a wrong expectation must be reported, at the right place."""

    async def body(self) -> None:
        hw = self.hw
        shape = Shape(4, 5, 2, hw.pout + 1, 1, 1, 0, 2)
        rng = generator(self.settings.seed, "wrong")
        work = draw_layer(rng, hw, "wrong", shape, Mode(False, False, "code+res"))
        await self.play([LayerJob("wrong/right", work)])
        n, c, y, x = 1, hw.pout, 2, 3
        codes, res = work.expected.codes, work.expected.res
        assert codes is not None and res is not None
        other = np.where(codes == 1, 2, 1).astype(np.uint8)
        other = _replaced(codes, (n, c, y, x), other[n, c, y, x])
        await self._caught(replace(work, known=work.expected._replace(codes=other)), "m_axis_y",
                           f"channel {c}, image {n}, row {y}, column {x}: expected "
                           f"{other[n, c, y, x]}, got {codes[n, c, y, x]} (first of 1 mismatches)")
        flipped = _replaced(res, (0, 0, 0, 0), np.int8(~res[0, 0, 0, 0]))
        await self._caught(replace(work, known=work.expected._replace(res=flipped)), "m_axis_r",
                           "channel 0, image 0, row 0, column 0: expected "
                           f"{flipped[0, 0, 0, 0]}, got {res[0, 0, 0, 0]} (first of 1 mismatches)")
        short = some_images(work.expected, 0, 1)
        await self._caught(replace(work, known=short), "m_axis_y", "TLAST is 0, expected 1")

    async def _caught(self, work: LayerWork, *words: str) -> None:
        await self.play([LayerJob("wrong/prediction", work, record=False)])
        problems = self.env.scoreboard.take_problems()
        assert any(all(w in p for w in ("wrong/prediction", *words)) for p in problems), (
            f"the scoreboard did not report {words}; it reported {problems}")
        self.env.scoreboard.verdicts.pop()  # nothing that was compared wrongly counts as compared


def _replaced(values: NDArray[Any], at: tuple[int, ...], value: object) -> NDArray[Any]:
    copy = values.copy()
    copy[at] = value
    return copy
