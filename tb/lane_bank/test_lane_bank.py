# SPDX-License-Identifier: Apache-2.0
"""lane_bank: writes, swaps and resets while activations stream, every sum in every cycle compared.

A script is one row a cycle. The model replays it, so a test only says which script it plays. Taps
are compared by their flat index; the window's shape enters through their number alone.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

import cocotb
import numpy as np

from tb.common import clocking, lane_bench, results, settings, vectors
from tb.common.lane_bench import Lane, Mac
from tb.common.vectors import Ints
from tb.lane_bank import tables

RUN = settings.load()
KIND = RUN.parameters["LANE"]
LANE = Mac() if KIND == "M8" else Lane(RUN.integer("B"), int8=KIND == "S1")
POUT = RUN.integer("POUT")
TAPS = RUN.integer("KMAX") ** 2 * RUN.integer("PIN")
SHAPE = tables.Shape(LANE.bits, RUN.integer("PIN"), RUN.integer("BUSES"), POUT, TAPS)
RNG = lane_bench.rng()


@dataclass
class Row:
    """One cycle. Without write the address and the codes are garbage, as they may be.

    write: one comes to the shadow in this cycle; the pins have it a cycle before (`ahead`).
    """

    write: bool = False
    swap: bool = False
    rst: bool = False
    tap: int = field(default_factory=lambda: int(RNG.integers(TAPS)))
    codes: Ints = field(default_factory=lambda: RNG.integers(0, 1 << LANE.bits, POUT))


def replay(script: list[Row], a: Ints) -> Ints:
    """Sums (cycles, POUT) of the weights that are active in each cycle."""
    shadow = np.zeros((POUT, TAPS), dtype=np.int64)
    active = shadow.copy()
    expected = np.zeros((len(script), POUT), dtype=np.int64)
    begin = 0
    for at, row in enumerate([*script, Row(rst=True)]):
        if row.swap or row.rst or at == len(script):
            for out in range(POUT):  # the cycle of the swap still sees the old weights
                part = a[begin : at + 1]
                weights = np.broadcast_to(active[out], part.shape)
                expected[begin : at + 1, out] = LANE.sums(weights, part)
            begin = at + 1
            active = np.zeros_like(shadow) if row.rst else shadow
            shadow = np.zeros_like(shadow)
        if row.write and not row.rst:  # beside a swap it goes into the new shadow
            shadow[:, row.tap] = row.codes
    return expected


async def play(dut: Any, what: str, rows: Iterable[Row], early: float = 0.0) -> None:
    """Play the script after a reset, with a new random window in every cycle.

    early: share of the swaps that do not wait until the tables of lane P3 are written.
    """
    script = [Row(rst=True), *rows]
    if KIND == "P3":
        script = tables.paced(script, SHAPE, Row, early)
    _, a = LANE.random(RNG, len(script), TAPS)
    if KIND == "P3":
        expected = replay(script, a)
        count = await tables.play(dut, what, script, a, expected, SHAPE, RUN.integer("TREE"))
        assert np.any(expected), "all sums expected are zero: nothing was tested"
        results.add_metric(what, cycles=len(script), sums=count)
        return
    dut.w_we.value = dut.w_swap.value = 0
    edge = await clocking.start_and_reset(dut)
    early_rows = tables.ahead(script, Row())
    inputs = [
        (dut.a, vectors.to_words(a, LANE.act_bits)),
        (dut.w_we, [int(row.write) for row in early_rows]),
        (dut.w_swap, [int(row.swap) for row in script]),
        (dut.rst, [int(row.rst) for row in script]),
        (dut.w_tap, [row.tap for row in early_rows]),
        (dut.w_codes, vectors.to_words(np.array([row.codes for row in early_rows]), LANE.bits)),
    ]
    latency = LANE.steps + lane_bench.latency(TAPS, RUN.integer("TREE"))
    seen = await vectors.stream(edge, inputs, dut.sums, latency)
    sums = vectors.from_words(seen[latency:], LANE.sum_bits(TAPS), POUT)  # (cycles, POUT)
    expected = replay(script, a)
    # The first row resets: from the second on the weights are known, whatever went before.
    count = vectors.report(what, sums[1:], expected[1:])
    assert np.any(expected), "all sums expected are zero: nothing was tested"
    results.add_metric(what, cycles=len(script), sums=count)


def tile(share: float = 1.0) -> list[Row]:
    """Write a random share of all taps, in random order."""
    chosen = RNG.permutation(TAPS)[: max(1, int(share * TAPS))]
    return [Row(write=True, tap=int(tap)) for tap in chosen]


def pause(cycles: int) -> list[Row]:
    """Use what is active for some cycles."""
    return [Row() for _ in range(cycles)]


@cocotb.test()
async def every_address(dut: Any) -> None:
    """Each weight alone, at its output and tap; writing one never writes another."""
    rows: list[Row] = []
    for out in range(POUT):
        for tap in range(TAPS):
            codes = np.zeros(POUT, dtype=np.int64)
            codes[out] = RNG.integers(1, 1 << (LANE.bits - 1))
            rows += [Row(write=True, tap=tap, codes=codes), Row(swap=True)]
    await play(dut, "every address", [*rows, *pause(2)])


@cocotb.test()
async def whole_tiles(dut: Any) -> None:
    """The next tile is written while this one is in use; the swap is exact to the cycle."""
    rows: list[Row] = []
    while len(rows) < RUN.integer("VECTORS"):
        rows += [*tile(), *pause(int(RNG.integers(3))), Row(swap=True)]
    await play(dut, "whole tiles", [*rows, *pause(5)])


@cocotb.test()
async def part_tiles(dut: Any) -> None:
    """Weights that a tile does not write are zero, not what an earlier tile left there."""
    rows: list[Row] = []
    for share in (1.0, 0.3, 0.0, 1.0, 0.05, 0.5):
        rows += [*tile(share), Row(swap=True), *pause(3)]
    await play(dut, "part tiles", [*rows, Row(swap=True), *pause(3), Row(swap=True), *pause(3)])


@cocotb.test()
async def resets(dut: Any) -> None:
    """Reset clears the active weights and the shadow, also half way through a tile."""
    rows: list[Row] = []
    for _ in range(4):
        rows += [*tile(), Row(swap=True), *tile(0.5), Row(rst=True), *pause(3)]
        rows += [Row(swap=True), *pause(3), *tile(0.5), Row(swap=True, rst=True), *pause(3)]
        rows += [*tile(0.5), Row(write=True, rst=True), Row(swap=True), *pause(3)]
    await play(dut, "resets", rows)


@cocotb.test()
async def at_random(dut: Any) -> None:
    """Writes, swaps and idle cycles in any order."""
    rows = []
    for _ in range(RUN.integer("VECTORS")):
        dice = RNG.random()
        rows.append(Row(write=dice < 0.75, swap=dice > 0.97 or dice < 0.02))
    await play(dut, "at random", rows, early=0.2)


@cocotb.test()
async def given_up(dut: Any) -> None:
    """Swaps in the middle of a tile, as after an error: the tile behind them does not notice."""
    rows: list[Row] = []
    for _ in range(6):
        rows += [*tile(0.3), Row(swap=True), *tile(0.6), Row(swap=True), *pause(2)]
    await play(dut, "given up", [*rows, Row(swap=True), *pause(3)], early=0.5)
