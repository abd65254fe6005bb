# SPDX-License-Identifier: Apache-2.0
"""All of vivado/*.tcl from end to end on the stand-in, for both versions, and how each run ends."""

from __future__ import annotations

from pathlib import Path

import pytest

from synth.vivado.reports import read_report
from tests.vivado_runs import VERSIONS, Bench, need_tcl

need_tcl()


@pytest.mark.parametrize("version", VERSIONS)
def test_block_flow(tmp_path: Path, version: str) -> None:
    bench = Bench(tmp_path, version=version)
    done = bench.ooc(generics="N=25 LANE=S0", period=3.0)
    assert done.code == 0, done.said
    assert (bench.out / "status.txt").read_text() == "0 done\n"
    for name in ("netlist.v", "post_synth.dcp", "post_route.dcp", "post_route_hierarchy.rpt"):
        assert (bench.out / name).exists()
    assert not list(bench.out.glob("*.part*"))
    figures = done.figures("post_route")
    assert figures["version"] == version and figures["dsp_cells"] == 0
    report = read_report(bench.out / "post_route_utilization.rpt")
    assert report.broken == [] and report.values["lut_primitives"] == figures["lut_cells"]
    timing = read_report(bench.out / "post_route_timing.rpt")
    assert timing.values["publishable"] is True and timing.values["wns_ns"] == figures["wns_ns"]


@pytest.mark.parametrize("version", VERSIONS)
def test_whole_system(tmp_path: Path, version: str) -> None:
    bench = Bench(tmp_path, version=version)
    carrier = "som240_1_connector xilinx.com:kv260_carrier:som240_1_connector:1.3"
    done = bench.system(**{"carrier": carrier} if version == "2025.1" else {})
    assert done.code == 0, done.said
    for ending in ("bit", "hwh", "xsa"):
        assert (bench.out / f"core.{ending}").stat().st_size
    handoff = (bench.out / "core.hwh").read_text()
    for name in ("accelerator", "dma_w", "dma_a", "dma_r"):  # what host.transports.pynq looks for
        assert f'INSTANCE="{name}"' in handoff
    assert done.figures("post_route")["mhz"] == 99.999  # the divider's clock, not the asked one


@pytest.mark.parametrize("version", VERSIONS)
def test_clock_search_and_power(tmp_path: Path, version: str) -> None:
    bench = Bench(tmp_path, version=version, delay_ns=2.345)
    assert bench.ooc().code == 0
    found = bench.run("fmax", top="lane", step=0.02)
    assert found.code == 0, found.said
    assert found.figures("fmax")["period_met_ns"] == 2.345
    assert found.figures("fmax")["period_missed_ns"] == pytest.approx(2.325)
    lines = (bench.out / "fmax.csv").read_text().splitlines()
    assert len(lines) == found.figures("fmax")["runs"] + 1
    power = bench.run("power", saif=bench.saif(), strip_path="tb/dut", name="power_held")
    assert power.code == 0, power.said
    report = read_report(bench.out / "power_held.rpt")
    assert report.values["publishable"] is True and report.values["matched_percent"] == 97.0


def test_dsp_when_allowed(tmp_path: Path) -> None:
    bench = Bench(tmp_path)
    assert bench.ooc(max_dsp=-1).code == 0
    assert read_report(bench.out / "post_route_utilization.rpt").values["dsp"] == 4


# ---------------------------------------------------------------- taken up again
def test_stages_are_taken_up_again(tmp_path: Path) -> None:
    bench = Bench(tmp_path)
    assert bench.ooc(stop_after="synth").code == 0
    assert not (bench.out / "post_route.dcp").exists()
    before = (bench.out / "post_synth.dcp").stat().st_mtime_ns
    done = bench.ooc()
    assert done.code == 0 and "stage synth: done before" in done.said
    assert (bench.out / "post_synth.dcp").stat().st_mtime_ns == before
    again = bench.ooc()
    assert again.code == 0 and "begins" not in again.said


def test_a_system_goes_on_after_its_project(tmp_path: Path) -> None:
    bench = Bench(tmp_path)
    assert bench.system(stop_after="project").code == 0
    done = bench.system()
    assert done.code == 0 and "stage project: done before" in done.said, done.said


def test_a_folder_of_another_build_is_not_taken_up(tmp_path: Path) -> None:
    bench = Bench(tmp_path)
    assert bench.ooc(stop_after="synth").code == 0
    other = bench.ooc(period=2.9)
    assert other.code == 2 and "another build" in other.error


def test_an_interrupted_search_goes_on(tmp_path: Path) -> None:
    bench = Bench(tmp_path, delay_ns=2.345)
    bench.ooc()
    bench.run("fmax", top="lane", runs=2)
    (bench.out / "fmax.done").unlink()
    with (bench.out / "fmax.csv").open("a") as file:
        file.write("2.300,0,-0.0")  # a line cut off
    done = bench.run("fmax", top="lane")
    assert done.code == 0 and done.figures("fmax")["period_met_ns"] == 2.345
    assert "2.300,0,-0.0\n" not in (bench.out / "fmax.csv").read_text()


# ---------------------------------------------------------------- runs that must not pass
def test_missed_timing_is_an_error_with_reports(tmp_path: Path) -> None:
    bench = Bench(tmp_path, delay_ns=3.4)
    done = bench.ooc(period=3.0)
    assert done.code == 3 and "timing is not met: WNS -0.4" in done.error
    assert read_report(bench.out / "post_route_timing.rpt").values["met"] is False
    assert not (bench.out / "check.done").exists()
    assert (bench.out / "status.txt").read_text().startswith("3 check timing")


@pytest.mark.parametrize(("figures", "code", "why"), [
    ({"lut_o6": 2, "lut_o5": 0, "lut_o5o6": 0}, 4, "trimmed away: 2 LUT cells"),
    ({"dsp": 3}, 4, "3 DSP blocks in a design that may use none"),
    ({"route_errors": 7}, 4, "7 nets have routing errors"),
    ({"no_clock": 5}, 4, "check_timing: no_clock is 5"),
    ({"unconstrained": 9}, 4, "unconstrained_internal_endpoints is 9"),
    ({"drc_errors": 2}, 4, "2 DRC errors"),
    ({"whs": -0.02}, 3, "WHS -0.020"),
    ({"wpws": -0.1}, 3, "WPWS -0.100"),
    ({"wns": None}, 4, "no path is constrained"),
])  # fmt: skip
def test_gates(tmp_path: Path, figures: dict[str, object], code: int, why: str) -> None:
    done = Bench(tmp_path, figures=figures).ooc()
    assert (done.code, why in done.error) == (code, True), done.said


@pytest.mark.parametrize(("run", "why"), [
    ("synth_1", "run synth_1 ended at 33% with 'synth_design ERROR'"),
    ("impl_1", "run impl_1 ended at 33% with 'route_design ERROR'"),
])  # fmt: skip
def test_a_run_that_fails_silently(tmp_path: Path, run: str, why: str) -> None:
    bench = Bench(tmp_path, fail_run=run)
    done = bench.system()
    assert done.code == 5 and why in done.error
    bench.world()  # whatever it was is mended: the stage is done again from the run that failed
    again = bench.system()
    assert again.code == 0 and "stage project: done before" in again.said, again.said


@pytest.mark.parametrize(("lost", "script", "code", "why"), [
    (".bit", "system", 5, "left no bitstream"), (".hwh", "system", 5, "hardware handoff"),
    (".xsa", "system", 1, "wrote no file"), ("component.xml", "system", 5, "no component.xml"),
    (".dcp", "ooc", 1, "wrote no file"), (".rpt", "ooc", 1, "wrote no file"),
])  # fmt: skip
def test_files_that_are_silently_not_written(
    tmp_path: Path, lost: str, script: str, code: int, why: str
) -> None:
    bench = Bench(tmp_path, lose=lost)
    done = bench.ooc() if script == "ooc" else bench.system()
    assert done.code == code and why in done.error, done.said


def test_power_without_ground(tmp_path: Path) -> None:
    bench = Bench(tmp_path)
    bench.ooc()
    for options, why in (({}, "no -saif"), ({"saif": tmp_path / "none.saif"}, "missing or empty")):
        done = bench.run("power", **options)
        assert done.code == 6 and why in done.error
    bench.world(matched=0.31)
    done = bench.run("power", saif=bench.saif())
    assert done.code == 6 and "matches 124 of 400 nets" in done.error
    assert not (bench.out / "power.rpt").exists() and (bench.out / "power.refused.rpt").exists()


def test_wrong_surroundings(tmp_path: Path) -> None:
    bench = Bench(tmp_path, parts=("xc7z020clg400-1",))
    done = bench.ooc()
    assert done.code == 2 and "does not have the part 'xck26-sfvc784-2LV-c'" in done.error
    bench.world(boards=())
    done = bench.system()
    assert done.code == 2 and "no board files for '*:kv260_som:*" in done.error
    assert "-board_repo" in done.error


@pytest.mark.parametrize(("options", "why"), [
    ({"top": "lane", "colour": "red"}, "unknown argument '-colour'"),
    ({"top": "lane", "sources": "none.txt"}, "no file 'none.txt'"),
    ({"period": "fast"}, "argument -period is 'fast'"),
    ({"period": "0.1"}, "argument -period is '0.1'"),
    ({"min_luts": 0}, "argument -min_luts"),
])  # fmt: skip
def test_wrong_arguments(tmp_path: Path, options: dict[str, object], why: str) -> None:
    done = Bench(tmp_path).ooc(**options)
    assert done.code == 2 and why in done.error, done.said


def test_missing_arguments_and_sources(tmp_path: Path) -> None:
    bench = Bench(tmp_path)
    done = bench.run("ooc", top="lane")
    assert done.code == 2 and "argument -sources is missing" in done.error
    (tmp_path / "lane.txt").write_text("/nowhere/lane.v\n")
    done = bench.ooc()
    assert done.code == 2 and "'/nowhere/lane.v' does not exist" in done.error
    done = bench.run("fmax", top="lane", out=tmp_path / "empty")
    assert done.code == 2 and "no post_synth.dcp" in done.error
