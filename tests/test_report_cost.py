# SPDX-License-Identifier: Apache-2.0
"""Fill, peak rate, latency, decoder and memory: worked examples, and what is missing."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from host.cycles import Shape, least_cycles, resnet18
from host.target import Target
from synth.report import decoder, facts, fill, latency, memory, others
from synth.report.choose import choose
from synth.report.load import Loaded
from tests.report_samples import a_bench, accelerator, made, module

DEVICE = facts.read().device
CLAIM = facts.read().claim("memory")
SMALL = Target(4, 3, 8, 8, 256, 4096, 512, "P1")


def loaded(*some, networks=()):
    return Loaded(tuple(some), {"bench.json": len(some)}, tuple(networks), ())


def run(record, **changes):
    layers = [{"name": one.name, "cycles": 2 * least_cycles(SMALL, one)} for one in resnet18()]
    return {"net": "resnet18", "images": 2, "toplevel": record.module, "sim_version": "Verilator 5",
            "passed": True, "layers": layers, "parameters": dict(record.params)} | changes


def cells(table, row=0):
    return dict(zip((name for name, _ in table.head), table.rows[row], strict=True))


@pytest.mark.parametrize(
    ("changes", "copies", "limit"),
    [
        ({"lut": 1000}, 81, "lut"),  # 0.7 * 117120 / 1000
        ({"lut": 1000, "lutram": 1000}, 40, "lut"),  # sites of memory are sites
        ({"lut": 10, "lutram": 1000}, 40, "lutram"),  # 0.7 * 57600 / 1000
        ({"lut": 10, "ff": 3000}, 54, "ff"),
        ({"lut": 10, "carry8": 2000}, 5, "carry8"),
        ({"lut": 10, "dsp": 9}, 138, "dsp"),  # all of them, not 70 %
        ({"lut": 10, "bram36": 0.5}, 288, "bram36"),
        ({"lut": 200_000}, 0, "lut"),
    ],
)
def test_what_runs_out_first(changes, copies, limit):
    assert fill.fit(made(**changes), DEVICE) == fill.Fit(copies, limit)


def test_nothing_fits_when_luts_were_not_counted():
    record = made(lut=None)
    assert fill.fit(record, DEVICE) is None
    table = fill.section([choose([record])], loaded(record), DEVICE).tables[0]
    assert cells(table)["copies"].missing


def test_peak_rate_and_fill_of_an_accelerator():
    table = fill.section([], loaded(accelerator()), DEVICE).tables[0]
    row = cells(table)
    assert row["accelerator"].text == "plut_conv P1 8x8 b=4"
    assert row["GOPS"].value == 2 * 576 * 200 / 1000
    assert row["LUT %"].value == 100 * 18_000 / 117_120
    assert row["LUT/MAC"].value == 18_000 / 576
    assert row["copies"].value == 4
    assert row["BRAM36 %"].value == 100 * 30 / 144
    assert fill.section([], loaded(made()), DEVICE).absent


def test_shapes_of_resnet18():
    shapes = list(resnet18())
    assert [one.oh for one in shapes][:3] == [112, 56, 56]
    assert shapes[-1] == Shape("layer4.1.conv2", 512, 512, 3, 1, 7, 7)
    assert len(shapes) == 20
    assert sum(one.macs for one in shapes) + 512_000 == 1_814_073_344  # as golden.cost counts


def test_least_cycles_by_hand():
    # 2 x 2 tiles of 4 positions; 72 steps of weights hide behind none of them but the last tile's
    assert least_cycles(SMALL, Shape("x", 16, 16, 3, 1, 2, 2)) == 72 + 3 * 72 + 4
    # 100 positions hide 72 steps
    assert least_cycles(SMALL, Shape("x", 16, 16, 3, 1, 10, 10)) == 72 + 4 * 100
    # 1x1: four groups of channels in a pass, 32 steps
    assert least_cycles(SMALL, Shape("x", 8, 64, 1, 1, 10, 10)) == 32 + 2 * 100
    # bands: 20 x 20 sums do not fit in 100, so 4 bands load all weights again
    banded = Target(4, 3, 8, 8, 256, 100, 512, "P1")
    assert least_cycles(banded, Shape("x", 16, 16, 3, 1, 20, 20)) == 4 * (72 + 4 * 100)
    short = Target(4, 3, 8, 8, 256, 40, 512, "P1")  # passes of 40 positions, shorter than 72 steps
    assert least_cycles(short, Shape("x", 16, 16, 3, 1, 20, 20)) == 10 * (72 + 3 * 72 + 40)


def test_latency_prefers_the_simulated_run_of_the_same_accelerator():
    record = accelerator()
    section = latency.section(loaded(record, networks=[run(record)]), DEVICE.part)
    row = cells(section.tables[0])
    total = sum(least_cycles(SMALL, one) for one in resnet18() if one.kernel <= 3)
    assert row["cycles"].value == total  # twice as many for two images
    assert row["counted by"].text == ("simulated RTL of plut_conv P1, Verilator 5, "
                                          "2 image(s) a job")
    assert row["ms"].value == pytest.approx(total / 200e3)
    assert not section.absent
    assert len(section.tables[1].rows) == 19


@pytest.mark.parametrize("changes", [
    {"net": "resnet20"},
    {"parameters": {**accelerator().params, "PIN": 16}},
    {"parameters": {**accelerator().params, "B": 3}},
    {"parameters": {**accelerator().params, "LANE": "P3"}},
    {"parameters": {**accelerator().params, "LANE": "S1"}, "toplevel": "shift_conv"},
    {"parameters": {**accelerator().params, "PSUM_DEPTH": 1000}}])
def test_a_run_of_another_accelerator_is_not_taken(changes):
    record = accelerator()
    section = latency.section(loaded(record, networks=[run(record, **changes)]), DEVICE.part)
    assert cells(section.tables[0])["counted by"].text == "at least, from shapes"
    assert ("`make network NET=resnet18 TOPLEVEL=plut_conv B=4 PIN=8 POUT=8 LANE=P1` counts them"
            in section.absent[0])


def test_a_run_of_a_lane_alike_is_taken_where_there_is_none_of_its_own():
    record = accelerator()
    alike = run(record, toplevel="shift_conv", parameters={**record.params, "LANE": "S0"})
    table = latency.section(loaded(record, networks=[alike]), DEVICE.part).tables[0]
    assert cells(table)["counted by"].text.startswith("simulated RTL of shift_conv S0")
    both = [alike, run(record), alike]
    table = latency.section(loaded(record, networks=both), DEVICE.part).tables[0]
    assert cells(table)["counted by"].text.startswith("simulated RTL of plut_conv P1")


def test_latency_without_a_clock_or_an_accelerator():
    record = accelerator(mhz=None)
    for one in (record, accelerator(mhz=0.0)):
        row = cells(latency.section(loaded(one), DEVICE.part).tables[0])
        assert row["ms"].missing
        assert row["cycles"].value
    assert "PART=accelerators" in latency.section(loaded(made()), DEVICE.part).absent[0]


def test_decoders_alone_and_inside():
    section = decoder.section(loaded(module("shuff_decoder", lut=90)))
    assert cells(section.tables[0])["lut_packed"].value == 90
    assert ["shuff_bank" in line for line in section.absent] == [True]
    parts = {"by_module": {"shuff_bank": {"lut_cells": 60, "ff": 9}, "lane_plut": {"lut_cells": 9}}}
    inside = decoder.section(loaded(replace(accelerator(), extra=parts)))
    row = cells(inside.tables[0])
    assert (row["part"].text, row["LUT cells"].value) == ("shuff_bank", 60)
    assert row["share of LUTs %"].value == 20.0  # of 300
    assert row["lutram"].missing
    assert decoder.section(loaded()).absent


def test_memory_of_a_shipped_package():
    folder = Path(__file__).parent.parent / "golden" / "packages" / "digits-b4"
    found = {one.what: one for one in memory.packages([folder])}
    shipped = found["digits-b4: raw 4-bit codes / S-Huff as shipped"]
    assert shipped.before == 36_864  # 73,728 weights of 4 bits
    assert 1.1 < shipped.ratio < 1.2
    assert not found["digits-b4: raw 4-bit codes / paper accounting, not decodable"].real


def test_memories_on_chip_and_the_verdict():
    found = {one.what: one.ratio for one in memory.chips()}
    assert found["b = 4, 8x8: shift_conv S0 / plut_conv, on chip"] == 1.0
    assert found["b = 3, 8x8: shift_conv S1 / plut_conv, on chip"] > 1.0
    close = memory.Ratio("x", "y", 1.40, 1.0, "bytes")
    assert memory.explains(close, CLAIM)
    assert not memory.explains(replace(close, before=1.60), CLAIM)
    section = memory.section([close], CLAIM)
    assert cells(section.tables[1])["the claim?"].text == "yes"
    assert cells(section.tables[0], 1)["bytes"].value == 104.0
    assert "make network" in section.absent[0]


def test_bram_of_shift_over_plut():
    shift = accelerator("shift_conv", "S1", bram36=45.0)
    (one,) = memory.blocks(loaded(accelerator(), shift), DEVICE.part)
    assert one.ratio == 1.5
    other = accelerator("shift_conv", "S1", pin=16, bram36=45.0)
    assert not memory.blocks(loaded(accelerator(), other), DEVICE.part)


def test_others_are_marked_and_ours_stand_first():
    (table,) = others.published(loaded(*a_bench()), facts.read()).tables
    who = [row[1].text for row in table.rows]
    assert who == ["plutarch"] + ["others"] * len(facts.read().published)
    for row in table.rows[1:]:
        assert row[1].loud
        assert row[-1].text
        assert all(cell.missing or "measured by others" in cell.note
                   for cell in row[3:12] if cell.value is not None)  # fmt: skip


def test_routed_on_the_ecp5():
    one = made("P2", flow="yosys-nextpnr-ecp5", stage="routed", part="LFE5U-85F-6BG381C",
               lut=None, lutram=None, mhz=150.0, extra={"lut4": 450, "mhz_by_seed": [140, 155]})
    row = cells(others.routed(loaded(one)).tables[0])
    assert row["LUT4/MAC"].value == 50.0
    assert row["spread %"].value == 10.0
    assert others.routed(loaded(replace(one, extra={}))).tables[0].rows[0][4].missing
    assert "PART=ecp5" in others.routed(loaded()).absent[0]
