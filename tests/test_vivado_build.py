# SPDX-License-Identifier: Apache-2.0
"""A module through Vivado's stand-in to records, and every way in which that must be refused."""

from __future__ import annotations

import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from golden.errors import PlutarchError
from sim.paths import ROOT
from synth import boards, cache, records
from synth.design import Design, design
from synth.identity import Identity
from synth.vivado import flow
from synth.vivado.build import build, spread, system
from synth.vivado.double.__main__ import install
from synth.vivado.double.world import World
from synth.vivado.reports import ReportError
from synth.vivado.to_record import to_record
from synth.vivado.whose import Origin, load
from tests.test_vivado_saif import installation
from tests.vivado_runs import need_tcl

need_tcl()

KV260 = boards.find("kv260")
LANE = Identity("P1", 4, 9, 2, 9)


def lane() -> Design:
    return design("dot_product", {"LANE": "P1", "B": "4", "N": "9"})


def launcher(folder: Path, **world: Any) -> Path:
    return install(folder / "bin", World(**world))


def quiet(line: str) -> None:
    assert "\n" not in line


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The output folder of one finished build of the lane."""
    folder = tmp_path_factory.mktemp("build")
    build(lane(), KV260, launcher(folder), quiet, home=folder, stand_in=True)
    (out,) = folder.glob("*/out")
    return out


def record_of(out: Path, **change: Any) -> records.Record:
    """The routed record of a finished build, with what is asked changed."""
    asked: dict[str, Any] = {"module": "dot_product", "params": {}, "options": {},
                             "part": KV260.part, "version": "2025.1", "identity": LANE,
                             "board": "kv260", "period_ns": 3.333, "stand_in": True}
    return to_record(out, "post_route", **asked | change)


def copied(finished: Path, folder: Path) -> Path:
    return Path(shutil.copytree(finished, folder / "out"))


# ---------------------------------------------------------------- records
def test_records_of_both_stages(tmp_path: Path) -> None:
    said: list[str] = []
    found = build(lane(), KV260, launcher(tmp_path, version="2020.2"), said.append, home=tmp_path,
                  stand_in=True)  # fmt: skip
    assert [(r.stage, r.flow, r.tool_version) for r in found] == [
        ("synthesised", "vivado-ooc", "2020.2"), ("routed", "vivado-ooc", "2020.2")]  # fmt: skip
    routed = found[1]
    assert (routed.lane, routed.b, routed.n, routed.macs) == ("P1", 4, 9, 9)
    assert (routed.lut_cells, routed.lut_packed, routed.dsp, routed.levels) == (233, 193, 0, 2)
    assert routed.timing is not None and routed.timing.met is True
    assert routed.power is None and "SAIF" in routed.reasons["power"]
    assert "stage synth: done" in said
    records.write(tmp_path / "bench.json", found)
    assert records.read(tmp_path / "bench.json") == found
    assert str(tmp_path) not in (tmp_path / "bench.json").read_text()


def test_a_searched_clock(tmp_path: Path) -> None:
    found = build(lane(), KV260, launcher(tmp_path, delay_ns=3.7), quiet, home=tmp_path,
                  search=True, stand_in=True)  # fmt: skip
    routed = found[1]
    assert routed.timing is not None and routed.timing.runs == 3
    assert routed.timing.fmax_met_mhz == pytest.approx(1000 / 3.7, abs=0.01)
    assert (routed.period_asked_ns, found[0].period_asked_ns) == (3.7, 3.333)


def test_best_and_spread_of_place_directives(tmp_path: Path) -> None:
    said: list[str] = []
    best, clocks = spread(lane(), KV260, launcher(tmp_path), said.append, home=tmp_path,
                          directives=("Default", "Explore"), stand_in=True)  # fmt: skip
    assert set(clocks) == {"Default", "Explore"} and best.timing is not None
    assert best.timing.fmax_met_mhz == max(clocks.values())
    assert len(list(tmp_path.glob("*/out/fmax.csv"))) == 2  # each searched on its own
    with pytest.raises(flow.FlowError, match="Quickest"):
        spread(lane(), KV260, launcher(tmp_path), quiet, home=tmp_path, directives=("Quickest",),
               stand_in=True)  # fmt: skip


@pytest.mark.icarus
def test_watts_of_both_workloads(tmp_path: Path) -> None:
    installation(tmp_path)
    routed = build(lane(), KV260, launcher(tmp_path), quiet, home=tmp_path, power=True,
                   stand_in=True)[1]  # fmt: skip
    assert routed.power is not None and routed.power.saif == "toggles.saif"
    want = 0.028 * 3.333 * 1e6 / 9
    assert routed.energy_fj_per_mac_held == pytest.approx(want, rel=1e-4)
    assert routed.energy_fj_per_mac_changing == pytest.approx(want, rel=1e-4)


def test_a_system_for_pynq(tmp_path: Path) -> None:
    core = design("plut_conv", {"K": "3", "PIN": "2", "POUT": "2"})
    exe = launcher(tmp_path, figures={"lut_o6": 4000})
    out = system(core, KV260, exe, quiet, home=tmp_path)
    assert {path.suffix for path in out.glob("plut_conv_core.*")} == {".bit", ".hwh", ".xsa"}


def test_a_finished_build_is_not_built_again(tmp_path: Path) -> None:
    exe = launcher(tmp_path)
    first = build(lane(), KV260, exe, quiet, home=tmp_path, stand_in=True)
    said: list[str] = []
    assert build(lane(), KV260, exe, said.append, home=tmp_path, stand_in=True) == first
    assert said == [f"stage {name}: done before" for name in ("synth", "implement", "check")]


# ---------------------------------------------------------------- refusals
def test_reports_of_the_stand_in_are_no_measurement(finished: Path) -> None:
    with pytest.raises(ReportError, match="written by the test double, it is no measurement"):
        record_of(finished, stand_in=False)


@pytest.mark.parametrize(("change", "why"), [
    ({"module": "plut_conv"}, "design dot_product, not plut_conv"),
    ({"part": "xczu3eg-sbva484-1-e"}, "device xck26-sfvc784-2LV-c, not xczu3eg-sbva484-1-e"),
    ({"version": "2024.2"}, "Vivado 2025.1, not 2024.2"),
])  # fmt: skip
def test_reports_of_another_build(finished: Path, change: dict[str, Any], why: str) -> None:
    with pytest.raises(ReportError, match=why):
        record_of(finished, **change)


def test_reports_of_another_stage(finished: Path, tmp_path: Path) -> None:
    out = copied(finished, tmp_path)
    shutil.copy(out / "post_synth_utilization.rpt", out / "post_route_utilization.rpt")
    with pytest.raises(ReportError, match="stage synth, not route"):
        record_of(out)
    shutil.copy(out / "post_route_timing.rpt", out / "post_route_utilization.rpt")
    with pytest.raises(ReportError, match="a timing report, utilization is expected"):
        record_of(out)


def test_old_and_short_device_names_are_the_part(finished: Path) -> None:
    load(finished / "post_route_timing.rpt", "timing",  # its device has no speed grade
         Origin("dot_product", KV260.part, "2025.1", "route", True))  # fmt: skip


@pytest.mark.parametrize(("file", "old", "new", "why"), [
    ("post_route.json", '"lut_cells": 233', '"lut_cells": 232', "asked in Tcl"),
    ("post_route.json", '"wns_ns": 0.633', '"wns_ns": 0.733', "asked in Tcl"),
    ("post_route.json", "{", "", "cannot read"),
    ("route_status.rpt", "errors.......... :           0", "errors.......... :           3",
     "nets_with_errors is 3"),
    ("route_status.rpt", "# of nets with routing errors", "# of nets with", "is None, must be 0"),
    ("drc.rpt", "+------+----------+-------------+------------+\n\n",
     "| A-1  | Error    | x           |          2 |\n"
     "+------+----------+-------------+------------+\n\n", "errors is 2, must be 0"),
    ("post_route_utilization.rpt", "| LUT6     |  150 |", "| LUT6     |  151 |", "not a sound"),
    ("post_route_timing.rpt", "are met.", "are mete.", "exactly one verdict"),
])  # fmt: skip
def test_files_that_do_not_agree(finished: Path, tmp_path: Path, file: str, old: str, new: str,
                                 why: str) -> None:  # fmt: skip
    out = copied(finished, tmp_path)
    text = (out / file).read_text()
    assert old in text
    (out / file).write_text(text.replace(old, new, 1))
    with pytest.raises(ReportError, match=why):
        record_of(out)


def test_an_unreadable_figure_is_null_with_its_reason(finished: Path, tmp_path: Path) -> None:
    out = copied(finished, tmp_path)
    path = out / "post_route_utilization.rpt"
    path.write_text(path.read_text().replace("| CARRY8                     |    9 |",
                                             "| CARRY8                     |    ? |"))  # fmt: skip
    record = record_of(out)
    assert record.carry8 is None and "no number" in record.reasons["carry8"]
    assert "resources.carry8" in record.reasons


def test_a_clock_of_unconstrained_paths_is_not_told(finished: Path, tmp_path: Path) -> None:
    out = copied(finished, tmp_path)
    path = out / "post_route_timing.rpt"
    path.write_text(path.read_text().replace("checking no_clock (0)", "checking no_clock (6)"))
    record = record_of(out)
    assert record.timing is not None and record.timing.fmax_met_mhz is None
    assert "no_clock = 6" in record.reasons["timing.fmax_met_mhz"]


def test_power_reports_without_ground_stay_out(finished: Path, tmp_path: Path) -> None:
    out = copied(finished, tmp_path)
    from synth.vivado.double.figures import Figures
    from synth.vivado.double.paper_power import power

    text = power(Figures(saif="a.saif", matched=200, confidence="High"), "report_power -file x")
    (out / "power_held.rpt").write_text(text)
    record = record_of(out)
    assert record.energy_fj_per_mac_held is None
    assert "matches 50.0 % of the nets" in record.reasons["energy_fj_per_mac_held"]


@pytest.mark.parametrize(("world", "code", "why"), [
    ({"parts": ("xc7z020clg400-1",)}, 2, "does not have the part"),
    ({"delay_ns": 4.0}, 3, "timing not met: timing is not met: WNS -0.667"),
    ({"figures": {"lut_o6": 1, "lut_o5": 0, "lut_o5o6": 0}}, 4, "trimmed away: 1 LUT cells"),
    ({"lose": "post_synth.part.dcp"}, 1, "wrote no file"),
])  # fmt: skip
def test_a_failed_run_is_one_line(
    tmp_path: Path, world: dict[str, Any], code: int, why: str
) -> None:
    with pytest.raises(flow.FlowError, match=why) as caught:
        build(lane(), KV260, launcher(tmp_path, **world), quiet, home=tmp_path, stand_in=True)
    assert caught.value.code == code and "\n" not in str(caught.value)
    assert "log: " in str(caught.value) and isinstance(caught.value, PlutarchError)


def test_a_saif_of_another_netlist_is_refused(tmp_path: Path) -> None:
    saif = tmp_path / "a.saif"
    saif.write_text('(SAIFILE (SAIFVERSION "2.0"))\n')
    exe = launcher(tmp_path, matched=0.3)
    with pytest.raises(flow.FlowError, match="refused: the SAIF matches 120 of 400") as caught:
        build(lane(), KV260, exe, quiet, home=tmp_path, stand_in=True,
              saif={"held": (saif, "tb/dut")})  # fmt: skip
    assert caught.value.code == 6


# ---------------------------------------------------------------- finding and running
def test_no_vivado(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.delenv("VIVADO", raising=False)
    assert flow.find() is None
    with pytest.raises(flow.FlowError, match="no Vivado there"):
        flow.find(str(tmp_path))
    launcher(tmp_path)
    assert flow.find(str(tmp_path)).name == "vivado"  # a folder with bin/vivado in it
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    assert flow.find() == tmp_path / "bin" / "vivado"


def test_a_program_that_is_no_vivado(tmp_path: Path) -> None:
    fake = tmp_path / "vivado"
    fake.write_text("#!/bin/sh\necho hello\nexit 0\n")
    fake.chmod(0o755)
    with pytest.raises(flow.FlowError, match=r"says no version.*hello"):
        flow.version(fake, tmp_path)
    with pytest.raises(flow.FlowError, match="exit code 0, but the script did not finish"):
        flow.run(fake, "ooc", {"out": tmp_path / "o"}, tmp_path, quiet)
    fake.write_text("#!/bin/sh\necho 'ERROR: [Common 17-345] no licence'\nexit 1\n")
    with pytest.raises(flow.FlowError, match="17-345"):
        flow.run(fake, "ooc", {"out": tmp_path / "o"}, tmp_path, quiet)
    with pytest.raises(flow.FlowError, match="blanks or letters"):
        flow.run(fake, "ooc", {"out": tmp_path / "ö"}, tmp_path, quiet)


def test_time_limit_and_interruption_leave_no_process(tmp_path: Path) -> None:
    fake = tmp_path / "vivado"
    pid = tmp_path / "pid"
    fake.write_text(f"#!/bin/sh\nsleep 60 &\necho $! > {pid}\nwait\n")
    fake.chmod(0o755)
    with pytest.raises(flow.FlowError, match="stopped after 1 s"):
        flow.run(fake, "ooc", {"out": tmp_path / "o"}, tmp_path, quiet, timeout_s=1)
    assert gone(int(pid.read_text()))
    pid.unlink()
    code = (f"from pathlib import Path; from synth.vivado import flow; p = Path(r'{tmp_path}'); "
            "flow.run(p / 'vivado', 'ooc', {'out': p / 'o'}, p)")  # fmt: skip
    child = subprocess.Popen([sys.executable, "-c", code], cwd=ROOT, stderr=subprocess.DEVNULL)
    for _ in range(200):
        if pid.exists() and pid.read_text().strip():
            break
        time.sleep(0.05)
    child.send_signal(signal.SIGINT)
    assert child.wait(timeout=20) != 0
    assert gone(int(pid.read_text()))


def gone(number: int) -> bool:
    """Whether the process has ended, at once or within two seconds."""
    for _ in range(40):
        status = Path(f"/proc/{number}/stat")
        if not status.exists() or status.read_text().split()[2] == "Z":
            return True
        time.sleep(0.05)
    return False


def test_the_verb_tells_in_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from sim import synth_verb

    monkeypatch.setattr(synth_verb, "RESULTS", tmp_path)
    monkeypatch.setattr(cache, "HOME", tmp_path)
    with pytest.raises(PlutarchError, match="no Vivado there") as caught:
        synth_verb.run({"BOARD": "kv260", "FLOW": "vivado", "VIVADO": str(tmp_path)})
    assert "\n" not in str(caught.value)
    exe = launcher(tmp_path)  # reports of the stand-in must not become a result of `make synth`
    with pytest.raises(PlutarchError, match=r"no measurement|trimmed away"):
        synth_verb.run({"BOARD": "kv260", "TOPLEVEL": "dot_product", "VIVADO": str(exe)})
