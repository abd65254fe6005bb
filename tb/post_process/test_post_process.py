# SPDX-License-Identifier: Apache-2.0
"""post_process: codes, residual words and raw sums, every port in every cycle."""

from __future__ import annotations

import random
from typing import Any

import cocotb

from tb.common import clocking, results, settings
from tb.post_process import script
from tb.post_process.script import Mode, Row, Sizes

RUN = settings.load()
SIZES = Sizes(RUN.integer("B"), RUN.integer("POUT"), RUN.integer("ACCW"))
LATENCY, RAW_LATENCY = 9, 1  # cycles from a sum to its outputs


def join(values: list[int], bits: int) -> int:
    """Lane o at bit o * bits."""
    return sum((value % (1 << bits)) << (bits * at) for at, value in enumerate(values))


def expected(rows: list[Row]) -> list[tuple[int, int, int, int]]:
    """(out_valid, out_end, y, word) after each row; out_end is 0 where nothing leaves."""
    out = [(0, 0, 0, 0)] * (len(rows) + LATENCY)
    for at, row in enumerate(rows):
        if row.channels:
            y, words = script.results(row.channels, row.mode, SIZES)
            width = SIZES.accw if row.mode.raw else SIZES.bits
            behind = at + (RAW_LATENCY if row.mode.raw else LATENCY)
            out[behind] = 1, int(row.end), join(y, width), join(words, 8)
    return out[: len(rows)]


def drive(dut: Any, row: Row) -> None:
    """Put a row on the ports; random values where no sum comes."""
    channels = row.channels or tuple(script.draw_channel(row.mode, SIZES)
                                     for _ in range(SIZES.pout))
    dut.acc_valid.value = int(bool(row.channels))
    dut.acc_end.value = int(row.end)
    dut.acc.value = join([c.acc for c in channels], SIZES.accw)
    dut.params.value = join([c.param(SIZES) for c in channels], SIZES.biasw + 10)
    dut.lane_on.value = join([int(c.on) for c in channels], 1)
    dut.res.value = join([c.res for c in channels], 8)
    mode = row.mode
    dut.raw_mode.value, dut.relu.value, dut.res_in.value = mode.raw, mode.relu, mode.res_in
    dut.proj_shift.value, dut.res_shift.value = mode.proj_shift, mode.res_shift
    dut.res_out_shift.value = mode.res_out_shift


async def play(dut: Any, what: str, rows: list[Row]) -> None:
    """Play the rows after a reset and compare every cycle."""
    dut.acc_valid.value = 0
    edge = await clocking.start_and_reset(dut)
    want, sums = expected(rows), 0
    for at, row in enumerate(rows):
        if at:
            valid = int(dut.out_valid.value)
            end = int(dut.out_end.value) if valid else 0
            seen = (valid, end, clocking.known(dut.y, f"{what}: y in cycle {at}"),
                    clocking.known(dut.word, f"{what}: word in cycle {at}"))
            assert seen == want[at], (
                f"{what}: cycle {at}: (out_valid, out_end, y, word) are {seen}, expected "
                f"{want[at]}; {row.mode}")
            sums += valid
        drive(dut, row)
        await edge
    assert sums == sum(bool(row.channels) for row in rows), f"{what}: a sum was lost"
    results.add_metric(what, cycles=len(rows), outputs=sums * SIZES.pout)


@cocotb.test()
async def modes_at_random(dut: Any) -> None:
    """LAYERS layers: any mode, any fields, biases that put t at the cuts."""
    rows: list[Row] = []
    for _ in range(RUN.integer("LAYERS")):
        gaps = random.choice((0.0, 0.0, 0.3))
        rows += script.layer(script.draw_mode(SIZES), SIZES, random.randrange(1, 60), gaps)
    await play(dut, "modes at random", rows)


@cocotb.test()
async def every_unit(dut: Any) -> None:
    """Shifts of 0 to 2, t within -300..300: a wrong unit of t shows in word or code."""
    rows: list[Row] = []
    for res_in in (False, True):
        for relu in (False, True):
            for shift in (0, 1, 2):
                mode = Mode(relu=relu, res_in=res_in, proj_shift=shift, res_shift=shift,
                            res_out_shift=shift)  # fmt: skip
                sums = script.layer(mode, SIZES, 40, 0.0)
                rows += [Row(mode, tuple(_within(c, mode, 300) for c in row.channels), row.end)
                         for row in sums]
    await play(dut, "every unit", rows)


def _within(channel: script.Channel, mode: Mode, most: int) -> script.Channel:
    """The channel with a small sum and a bias that brings t into -most..most."""
    acc = channel.acc % 64 - 32
    plain = script.Channel(acc, channel.shift1 % 8, channel.shift2 % 8, channel.term2, 0,
                           channel.res, channel.on)  # fmt: skip
    bias = random.randrange(-most, most + 1) - plain.value(mode)
    return script.Channel(acc, plain.shift1, plain.shift2, plain.term2, bias, plain.res, plain.on)


@cocotb.test()
async def residual_everywhere(dut: Any) -> None:
    """Each place of the residual, both signs, with nothing beside it."""
    rows: list[Row] = []
    for shift in range(SIZES.accw + 9):
        mode = Mode(res_in=True, res_shift=shift, res_out_shift=shift,
                    proj_shift=min(shift, SIZES.tw - 2))  # fmt: skip
        values = [random.choice((-128, -1, 1, 127, random.randrange(-128, 128)))
                  for _ in range(3 * SIZES.pout)]  # fmt: skip
        some = [script.Channel(0, 0, 0, 0, 0, value) for value in values]
        rows += [Row(mode)] * script.IDLE_BEFORE
        rows += [Row(mode, tuple(some[at : at + SIZES.pout]))
                 for at in range(0, len(some), SIZES.pout)]
        rows += [Row(mode)] * script.IDLE_BEHIND
    await play(dut, "residual everywhere", rows)
