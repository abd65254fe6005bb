# SPDX-License-Identifier: Apache-2.0
"""Which build stands for a lane, claims against figures, and where P-LUT does not win."""

from __future__ import annotations

import pytest

from synth.errors import SynthError
from synth.report import aims, claims, facts, lanes, losses
from synth.report.choose import CHANGING, HELD, LUT_NS, LUT_PER_MAC, MHZ, choose
from synth.report.load import Loaded
from synth.report.memory import Ratio
from tests.report_samples import WHY, a_bench, accelerator, made

FACTS = facts.read()
MEMORIES = [Ratio("one: raw over S-Huff", "made up", 112.0, 100.0, "bytes"),
            Ratio("two: raw over paper accounting", "made up", 146.0, 100.0, "bytes", real=False)]


def summary(found, memories=MEMORIES):
    section = claims.section([choose(found)], memories, FACTS)
    return {row[0].text.split(" (")[0]: row for row in section.tables[0].rows}


def test_the_smallest_build_stands_for_a_lane_then_the_faster():
    big, small = made(lut=300, mhz=500.0), made(lut=200, tree=3, mhz=100.0)
    fast = made(lut=200, tree=3, mhz=110.0, stage="placed")
    assert choose([big, small]).get(4, 9, "P1") is small
    assert choose([small, fast, big]).get(4, 9, "P1") is fast
    assert choose([made(lut=None), big]).get(4, 9, "P1") is big
    assert choose([]) is None


def test_ratios_are_those_of_the_records():
    section = claims.section([choose(a_bench())], MEMORIES, FACTS)
    size = section.tables[1]
    head = [name for name, _ in size.head]
    row = next(row for row in size.rows if (row[0].value, row[1].value) == (4, 9))
    assert row[head.index("S2 / P1")].value == 2.1
    assert row[head.index("S1 / P3")].value == 2.0
    assert row[head.index("S0 / P1")].value == 0.9
    assert row[head.index("S2 / P1")].loud
    assert not row[head.index("S0 / P1")].loud
    assert "yosys 0.70, synthesised" in row[head.index("S2 / P1")].note


def test_the_baseline_that_explains_the_claim():
    found = summary(a_bench())["2x resource efficiency"]
    assert found[1].text == ("S0: 0.90 (N = 9) to 0.90 (N = 64); S1: 1.40 (N = 9) to 1.40 "
                             "(N = 64)")
    assert found[3].text.startswith("S2 at N = 9, 64: SHIFT, 32-bit data path")
    assert found[4].text.startswith("P3 at b = 3 over S1 (N = 9, 64)")
    weak = [one for one in a_bench() if one.lane != "S2"]
    found = summary(weak)["2x resource efficiency"]
    assert found[2].text == "S2: no records at b = 4"
    assert found[3].text.startswith("none of them: the most is 1.40 against S1")


def test_power_is_an_estimate_and_says_so():
    found = summary(a_bench())["more than 3x power efficiency"]
    assert "estimate, uncalibrated" in summary(a_bench())["more than 3x power efficiency"][0].text
    assert found[3].text == "none of them: the most is 2.10 against S2 at N = 64"
    some = [made("P1", 4), made("S2", 4), made("P1", 3, held=300.0), made("S2", 3)]
    found = summary(some)["more than 3x power efficiency"]
    assert found[3].text == ("none of them: the most is 1.00 against S2 at N = 9. At other widths "
                             "it is reached: b = 3: S2 (N = 9)")


def test_memory_claim_takes_the_nearest_and_marks_what_is_no_code():
    found = summary(a_bench())["memory footprint 1.45 times smaller"]
    assert found[1].text == "weights, raw codes over S-Huff: 1.12 to 1.12"
    assert found[3].text == "two: raw over paper accounting: 1.46 (no code)"
    far = [Ratio("far", "made up", 300.0, 100.0, "bytes")]
    assert summary(a_bench(), far)["memory footprint 1.45 times smaller"][3].text == (
        "nothing within 5%; the next above is far: 3.00")


def test_a_ratio_with_a_null_is_missing_with_the_reason():
    found = [made(), made("S0", held=None), made("S1")]
    power = claims.section([choose(found)], MEMORIES, FACTS).tables[2]
    cells = dict(zip((name for name, _ in power.head), power.rows[0], strict=True))
    assert cells["S0 / P1"].missing
    assert WHY in cells["S0 / P1"].note
    assert cells["S2 / P1"].note == "no record of S2 at b = 4, N = 9"
    assert cells["S1 / P1"].value == 1.0


def find(found, **wanted):
    return [one for one in losses.losses(choose(found))
            if all(getattr(one, key) == value for key, value in wanted.items())]


def test_losses_come_from_the_records():
    found = a_bench()
    assert [one.lost for one in find(found, metric=LUT_PER_MAC, ours="P1", rival="S0", b=4)] == [
        {9: pytest.approx(100 / 9), 64: pytest.approx(100 / 9)}]
    assert not find(found, metric=LUT_PER_MAC, ours=losses.BEST)
    better = [one for one in found if (one.lane, one.b, one.n) != ("S0", 4, 64)]
    better.append(made("S0", 4, 64, lut=64))
    (best,) = find(better, metric=LUT_PER_MAC, ours=losses.BEST, rival="S0")
    assert (best.b, best.lost, best.compared) == (4, {64: 1300.0}, (9, 64))


def test_a_tie_is_no_win_and_more_is_better_only_for_the_clock():
    found = [made("P1", lut=90, mhz=300.0), made("S0", lut=90, mhz=301.0)]
    assert find(found, metric=LUT_PER_MAC, ours="P1")[0].lost == {9: 0.0}
    (clock,) = find(found, metric=MHZ, ours="P1")
    assert clock.lost == {9: pytest.approx(100 / 300)}
    assert find(found, metric=LUT_NS, ours="P1")
    assert not find([found[0], made("S0", lut=91, mhz=299.0)], metric=MHZ)


def test_rivals_have_as_many_bits_or_more_and_nulls_do_not_count():
    found = [made("P1", 4, lut=90), made("M3", 3, lut=9), made("M8", 8, lut=81),
             made("P1", 3, lut=70, changing=None)]  # fmt: skip
    sizes = find(found, metric=LUT_PER_MAC, ours="P1", b=4)
    assert [(one.rival, one.rival_bits) for one in sizes] == [("M8", 8)]
    assert [one.rival for one in find(found, metric=LUT_PER_MAC, ours="P1", b=3)] == ["M3"]
    wider = [made("P1", 3, lut=70), made("M4", 4, lut=60), made("S0", 4, lut=9)]
    assert [(one.rival, one.rival_bits) for one in find(wider, metric=LUT_PER_MAC, ours="P1")] == [
        ("M4", 4)]
    assert not find(found, metric=CHANGING, b=3)
    assert find(found, metric=HELD, b=3)


def test_energies_on_other_activations_are_not_compared():
    here, there = {"energy_package": "resnet20-b3"}, {"energy_package": "digits-b4"}
    found = [made("P1", held=900.0, extra=here), made("S0", held=300.0, extra=there),
             made("S1", held=300.0, extra={"energy_package": "resnet20-b4"})]  # fmt: skip
    power = claims.section([choose(found)], MEMORIES, FACTS).tables[2]
    cells = dict(zip((name for name, _ in power.head), power.rows[0], strict=True))
    assert cells["S0 / P1"].note == (
        "not comparable: S0: activations of digits; P1: activations of resnet20")
    assert cells["S1 / P1"].value == pytest.approx(1 / 3)
    assert [one.rival for one in find(found, metric=HELD, ours="P1")] == ["S1"]
    assert "S0" in {one.rival for one in find(found, metric=LUT_PER_MAC, ours="P1")}
    table = lanes.pivot(choose(found), HELD, "x")
    assert "b = 4: activations of digits, activations of resnet20" in table.about[2]


def test_only_the_open_flow_is_called_uncalibrated():
    vivado = [made(lane, tool="vivado", flow="vivado-ooc", stage="routed") for lane in ("P1", "S0")]
    for found, expected in ((vivado, False), ([made(), made("S0")], True)):
        table = lanes.pivot(choose(found), HELD, "x")
        text = " ".join((*table.about, *(cell.note for cell in table.rows[0])))
        assert ("uncalibrated" in text) == expected


def test_no_p_lane_at_all_names_the_command():
    section = losses.section([choose([made("S0")])])
    assert not section.tables
    assert "make bench PART=lanes" in section.absent[0]


def test_missing_lanes_and_widths():
    one = choose(a_bench())
    table = lanes.pivot(one, LUT_PER_MAC, "x")
    head = [name for name, _ in table.head]
    rows = {(row[0].value, row[1].value): row for row in table.rows}
    assert rows[4, 9][head.index("M")].value == 18.0
    assert rows[4, 64][head.index("M")].note == (
        "no record: `make bench PART=lanes LANE=M4 B=4 N=64`")
    assert rows[5, 9][head.index("M")].note == "there is no such lane at this width"
    assert "b = 3, N = 64: no record of A1, M3; `make bench PART=lanes B=3 N=64`" in (
        lanes.absent(one)[0])


def test_aims_are_met_or_missed_by_the_records():
    slow = accelerator(pin=16, pout=16, mhz=299.0, lut=90_000)
    large, small = accelerator(lut=30_000, mhz=310.0), accelerator(lane="P2", mhz=320.0)
    found = [*a_bench()[:-1], large, small, slow]
    loaded = Loaded(tuple(found), {}, (), ())
    (table,) = aims.section([choose(found)], loaded, FACTS).tables
    rows = {row[0].text: row for row in table.rows}
    assert [(row[2].text, row[3].text) for row in table.rows] == [
        ("14.00", "met"), ("7.00", "met"), ("16.00", "met"), ("8.00", "met"), ("2.00", "met"),
        ("2.00", "missed"), ("31.25", "met"), ("39.50", "missed"), ("299.00", "missed")]
    assert rows["clock of the slowest accelerator"][4].text.startswith("plut_conv P1 16x16 b=4")
    assert rows["clock of the slowest accelerator"][3].loud
    none = aims.section([choose([made()])], Loaded((made(),), {}, (), ()), FACTS)
    assert not none.tables


def test_facts_are_checked(tmp_path):
    path = tmp_path / "facts.toml"
    good = facts.TABLE.read_text()
    for change, message in ((("macs = 512", "mac = 512"), "unknown key 'mac'"),
                            (("at_most = 21.0", ""), r"aim\[2\]: neither at_most nor at_least"),
                            (('source = "gicLAB', 'sauce = "gicLAB'), "unknown key 'sauce'"),
                            (('tool = "paper', '# "paper'), r"published\[10\]: no tool")):
        path.write_text(good.replace(*change))
        with pytest.raises(SynthError, match=rf"facts\.toml: .*{message}"):
            facts.read(path)
    potacc = FACTS.published[1]
    assert potacc.mhz == pytest.approx(222.2, abs=0.1)
    assert potacc.each == pytest.approx(102.4, abs=0.1)
