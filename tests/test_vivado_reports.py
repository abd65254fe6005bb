# SPDX-License-Identifier: Apache-2.0
"""Readers of Vivado's reports: on the real collection, where it is, and on the stand-in's."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from pathlib import Path

import pytest

from synth.vivado.double.figures import Figures
from synth.vivado.reports import Report, ReportError, read_report, read_reports
from synth.vivado.reports.__main__ import main
from synth.vivado.reports.model import bound, number, remark
from tests.vivado_samples import VERSIONS, WRITERS, real_reports

REAL = real_reports()
needs_real = pytest.mark.skipif(
    not REAL, reason="no vivado_reports under PLUTARCH_DATA or ../shared/data: real reports are "
                     "not committed (docs/vivado.md)")  # fmt: skip


def real(part: str) -> Report:
    return read_report(next(path for path in REAL if part in path.name))


def every_null_has_a_reason(report: Report) -> bool:
    return all(report.reasons.get(name) for name, value in report.values.items() if value is None)


# ---------------------------------------------------------------- real reports
@needs_real
@pytest.mark.parametrize("path", REAL, ids=lambda path: path.name[-70:])
def test_a_real_report_keeps_all_invariants(path: Path) -> None:
    report = read_report(path)
    assert report.broken == []
    assert report.checks or report.kind in ("bus_skew",)
    assert every_null_has_a_reason(report)
    assert path.parent.name in ("other", report.kind.replace("hierarchy", "utilization"))
    json.dumps(report.as_json(), allow_nan=False)


@needs_real
def test_all_shipped_reports_are_read(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([str(path) for path in REAL]) == 0
    last = capsys.readouterr().out.splitlines()[-1]
    assert last.startswith(f"{len(REAL)} of {len(REAL)} read, {len(REAL)} keep all invariants")


@needs_real
@pytest.mark.parametrize("path", [p for p in REAL if p.parent.name == "utilization"],
                         ids=lambda path: path.name[-60:])  # fmt: skip
def test_counts_are_those_of_a_plain_search(path: Path) -> None:
    report = read_report(path)
    text = path.read_text(encoding="utf-8")
    if report.kind == "hierarchy":
        return
    if report.values["black_boxes"]:
        assert report.values["lut"] is None and "black boxes" in report.reasons["lut"]
        return
    for name, label in (("lut", r"(?:CLB|Slice) LUTs\*?"), ("ff", "(?:CLB|Slice) Registers"),
                        ("dsp", "DSPs"), ("bram_tile", "Block RAM Tile")):  # fmt: skip
        found = re.search(rf"^\| {label} +\| +([\d.]+) \|", text, re.MULTILINE)
        assert found and report.values[name] == float(found[1])
    cells = re.findall(r"^\| LUT[1-6] +\| +(\d+) \|", text, re.MULTILINE)
    assert report.values["lut_primitives"] == sum(map(int, cells))


@needs_real
def test_a_top_of_black_boxes_has_no_figures() -> None:
    report = real("design_1_wrapper_utilization_synth")
    assert report.values["black_boxes"] == 4
    for name in ("lut", "ff", "dsp", "bram_tile", "lut_primitives"):
        assert report.values[name] is None and "black boxes" in report.reasons[name]


@needs_real
def test_watts_that_exceed_the_junction_are_kept_and_not_published() -> None:
    report = real("1LUTSensor-KV260-FPGA__top_power")
    assert report.values["total_w"] == 202.974
    assert report.values["publishable"] is False
    assert "temperature exceeded" in report.reasons["publishable"]
    assert report.values["nets_matched"] is None and report.values["saif"] is None


@needs_real
def test_met_without_a_constrained_path_is_not_met() -> None:
    report = real("design_1_wrapper_timing_summary_routed")
    assert report.values["verdict"] == "met" and report.values["met"] is None
    assert report.values["wns_ns"] is None and report.values["fmax_est_mhz"] is None
    assert (report.values["no_clock"], report.values["unconstrained"]) == (7328, 21692)


@needs_real
def test_missed_timing_and_clocks_within_clocks() -> None:
    missed = real("vivado-artix7_top_timing")
    assert missed.values["met"] is False and missed.values["fmax_met_mhz"] is None
    assert missed.values["fmax_est_mhz"] == pytest.approx(1000 / (5 + 3.463), abs=1e-3)
    many = real("arty_a7_top_timing")
    clocks = many.values["clocks"]
    assert isinstance(clocks, dict) and len(clocks) > 8
    assert many.values["clock"] == "main_crg_clkout0"
    kv260 = real("bram_wrapper_timing_summary_routed")
    assert (kv260.values["min_period_cap_ns"], kv260.values["met"]) == (3.0, True)
    assert kv260.stage == "route"


@needs_real
def test_a_hierarchy_tells_own_logic_from_children() -> None:
    report = real("utilization_hier")
    rows = report.values["instances"]
    assert isinstance(rows, list) and len(rows) > 300
    top = [row for row in rows if isinstance(row, dict) and row["depth"] == 0]
    own = [row for row in rows if isinstance(row, dict) and row["own"]]
    assert len(top) == 1 and len(own) > 10
    assert report.values["lut"] == 4289 and report.values["uram"] is None


# ---------------------------------------------------------------- the stand-in's reports
@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("kind", WRITERS)
@pytest.mark.parametrize("state", ["Synthesized", "Fully Placed", "Routed"])
def test_figures_come_back(tmp_path: Path, version: str, kind: str, state: str) -> None:
    f = Figures(version=version, state=state, lutram=8, srl=2, bram18=3, dsp=5, saif="x.saif",
                matched=380, confidence="High", no_clock=2)  # fmt: skip
    path = tmp_path / "misleading_name_power.rpt"
    path.write_text(WRITERS[kind](f), encoding="utf-8")
    report = read_report(path)
    assert report.kind == kind and report.broken == [] and report.warnings == []
    assert every_null_has_a_reason(report)
    wanted: dict[str, dict[str, object]] = {
        "utilization": {"lut": f.lut_logic + 10, "lut_mem": 10, "lut_primitives": f.lut_cells,
                        "ff": f.ff, "carry8": 9, "bram_tile": 1.5, "dsp": 5,
                        "lut_o5o6": f.lut_o5o6 if f.placed else None,
                        "lut_is_estimate": not f.placed},
        "hierarchy": {"lut": f.lut_logic + 10, "ff": f.ff, "dsp": 5, "bram18": 3},
        "timing": {"met": True, "wns_ns": f.wns, "clock": "clk", "period_ns": f.period,
                   "no_clock": 2, "unconstrained": 0, "publishable": False,
                   "min_period_cap_ns": 1.379},
        "power": {"dynamic_w": 0.028, "total_w": 0.325, "logic_w": 0.013, "nets_matched": 380,
                  "nets_total": 400, "matched_percent": 95.0, "confidence": "High",
                  "publishable": state == "Routed"},
        "route": {"routed": state == "Routed", "nets_with_errors": 0, "nets_routable": 400},
        "drc": {"violations": 0, "errors": 0},
        "methodology": {"violations": 0, "errors": 0},
    }  # fmt: skip
    want = wanted[kind]
    assert {name: report.values[name] for name in want} == want
    if kind not in ("route", "timing"):
        assert report.tool_version == version and report.stage is not None


@pytest.mark.parametrize(("change", "name"), [
    ({"wns": -0.2}, "wns_ns"), ({"whs": -0.01}, "whs_ns"), ({"wpws": -0.1}, "wpws_ns"),
])  # fmt: skip
def test_any_negative_slack_is_a_miss(tmp_path: Path, change: dict[str, float], name: str) -> None:
    path = tmp_path / "t.rpt"
    path.write_text(WRITERS["timing"](replace(Figures(), **change)))  # type: ignore[arg-type]
    report = read_report(path)
    assert report.values["met"] is False and report.values["fmax_met_mhz"] is None
    assert report.values[name] == next(iter(change.values()))


def test_pulse_widths_cap_the_clock(tmp_path: Path) -> None:
    path = tmp_path / "t.rpt"
    path.write_text(WRITERS["timing"](Figures(period=2.0, wns=1.2, wpws=0.621)))
    report = read_report(path)  # 0.8 ns would do for the paths, but not for the clock buffer
    assert report.values["min_period_cap_pin"] == "BUFGCE/I"
    assert report.values["fmax_est_mhz"] == pytest.approx(1000 / 1.379, abs=1e-3)


def test_no_path_is_no_met_clock(tmp_path: Path) -> None:
    path = tmp_path / "t.rpt"
    path.write_text(WRITERS["timing"](Figures(wns=None)))
    report = read_report(path)
    assert report.broken == [] and report.values["met"] is None
    assert report.values["fmax_est_mhz"] is None and "NA" in report.reasons["wns_ns"]


@pytest.mark.parametrize(("change", "why"), [
    ({"saif": "---", "matched": None}, "no SAIF"),
    ({"saif": "a.saif", "matched": 100}, "25.0 %"),
    ({"saif": "a.saif", "matched": None}, "NA"),
    ({"saif": "a.saif", "matched": 400, "confidence": "Low"}, "confidence"),
    ({"saif": "a.saif", "matched": 400, "confidence": "High", "state": "Synthesized"}, "routed"),
])  # fmt: skip
def test_watts_without_ground_are_not_published(
    tmp_path: Path, change: dict[str, object], why: str
) -> None:
    path = tmp_path / "p.rpt"
    path.write_text(WRITERS["power"](replace(Figures(), **change)))  # type: ignore[arg-type]
    report = read_report(path)
    assert report.values["publishable"] is False and why in report.reasons["publishable"]


def test_cells_that_are_no_numbers() -> None:
    assert number("23.5") == (23.5, "") and number("7") == (7, "")
    assert number("202.974 (Junction temp exceeded!)") == (202.974, "")
    assert number("44.429 (MET)") == (44.429, "") and number("44.429(0.5%)") == (44.429, "")
    assert remark("202.974 (Junction temp exceeded!)") == "Junction temp exceeded!"
    for cell in ("<0.001", "---", "NA", "Unspecified*", "Unspecified", "", "  ", "12x", "1e9",
                 "--1", "1.2.3", "0x10", "inf", "nan"):  # fmt: skip
        value, why = number(cell)
        assert value is None and why, cell
    assert bound("<0.001") == (0.0, 0.001) and bound("NA") is None


def test_a_name_with_a_bar_stays_one_cell(tmp_path: Path) -> None:
    path = tmp_path / "h.rpt"
    path.write_text(WRITERS["hierarchy"](Figures()).replace("|   lane   ", "|   la|ne  "))
    rows = read_report(path).values["instances"]
    assert isinstance(rows, list) and isinstance(rows[-1], dict)
    assert rows[-1]["path"] == "dot_product/la|ne" and rows[-1]["lut"] == Figures().lut_logic


def test_reports_appended_to_one_file(tmp_path: Path) -> None:
    path = tmp_path / "all.rpt"
    path.write_text(WRITERS["utilization"](Figures()) + WRITERS["timing"](Figures()))
    assert [report.kind for report in read_reports(path)] == ["utilization", "timing"]
    with pytest.raises(ReportError, match="holds 2 reports"):
        read_report(path)


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16"])
def test_windows_files(tmp_path: Path, encoding: str) -> None:
    path = tmp_path / "w.rpt"
    text = WRITERS["utilization"](Figures()).replace("\n", "\r\n")
    path.write_bytes(text.encode(encoding))
    assert read_report(path).values["lut_primitives"] == Figures().lut_cells


def test_slr_tables_are_not_the_device(tmp_path: Path) -> None:
    path = tmp_path / "u.rpt"
    slr = ("11. SLR CLB Logic and Dedicated Block Utilization\n" + "-" * 49 + "\n\n"
           "+-----------+------+------+--------+--------+\n"
           "| Site Type | SLR0 | SLR1 | SLR0 % | SLR1 % |\n"
           "+-----------+------+------+--------+--------+\n"
           "| CLB LUTs  |    1 |    2 |   0.01 |   0.02 |\n"
           "+-----------+------+------+--------+--------+\n\n\n")  # fmt: skip
    text = WRITERS["utilization"](Figures())
    at = text.index("1. CLB Logic\n------------")
    path.write_text(text[:at] + slr + text[at:])
    assert read_report(path).values["lut"] == Figures().lut_logic


@pytest.mark.parametrize(("text", "why"), [
    ("", "empty"), ("   \n\n", "empty"), ("module top; endmodule\n", "no Vivado report"),
    ("| Tool Version : Vivado v.2023.1\n| Command : report_io -file x\n-----\n", "report_io"),
    ("| Tool Version : Vivado v.2023.1\n| Command : report_power\n----\nTiming Summary Report\n",
     "its title says timing"),
])  # fmt: skip
def test_other_files_are_refused(tmp_path: Path, text: str, why: str) -> None:
    path = tmp_path / "x.rpt"
    path.write_text(text)
    with pytest.raises(ReportError, match=why):
        read_report(path)


def test_the_command(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    good, bad, other = (tmp_path / name for name in ("a.rpt", "b.rpt", "c.txt"))
    text = WRITERS["utilization"](Figures())
    good.write_text(text)
    assert main([str(good)]) == 0
    assert "1 of 1 read, 1 keep all invariants" in capsys.readouterr().out
    bad.write_text(text.replace("| LUT6     |  150 |", "| LUT6     |  151 |"))
    assert main([str(good), str(bad)]) == 1
    assert "broken: LUT primitives" in capsys.readouterr().out
    other.write_text("hello\n")
    assert main(["--json", str(tmp_path)]) == 2
    shown = json.loads(capsys.readouterr().out)
    assert len(shown["reports"]) == 2 and len(shown["refused"]) == 1
    assert main([str(tmp_path / "none.rpt")]) == 2
    assert "cannot read" in capsys.readouterr().err


SKEW = """\
Bus Skew Report

Table of Contents
-----------------
1. Bus Skew Report Summary
2. Bus Skew Report Per Constraint

1. Bus Skew Report Summary
--------------------------

Id  Position  From                 To                   Corner  Requirement(ns)  Actual(ns)  Slack(ns)
--  --------  -------------------  -------------------  ------  ---------------  ----------  ---------
1   12        [get_cells a_reg[*]]
                                   [get_cells b_reg[*]]
                                                        Slow             10.000       0.427      9.573
2   14        [get_cells c_reg[*]]
                                   [get_cells d_reg[*]]
                                                        Fast              3.000       3.500     -0.500

2. Bus Skew Report Per Constraint
---------------------------------
"""  # noqa: E501


def test_bus_skew_that_spans_lines(tmp_path: Path) -> None:
    path = tmp_path / "b.rpt"
    header = WRITERS["drc"](Figures()).partition("Report DRC")[0]
    path.write_text(header.replace("report_drc", "report_bus_skew") + SKEW)
    report = read_report(path)
    assert report.warnings == [] and report.broken == []
    assert (report.values["constraints"], report.values["worst_slack_ns"]) == (2, -0.5)
    assert report.values["met"] is False


def test_a_summary_of_setup_alone(tmp_path: Path) -> None:
    path = tmp_path / "t.rpt"
    text = WRITERS["timing"](Figures())
    row = next(line for line in text.splitlines() if line.strip().startswith("0.420"))
    cut = row[: row.index("0.031")]
    path.write_text(text.replace(row, cut.ljust(len(row)), 1))
    report = read_report(path)
    assert (report.values["wns_ns"], report.values["tns_endpoints"]) == (0.42, 240)
    assert report.values["whs_ns"] is None and "blank" in report.reasons["whs_ns"]
    assert report.values["wpws_ns"] is None
