# SPDX-License-Identifier: Apache-2.0
"""Boards, flows and what a user gets who asks for something that is not there."""

from __future__ import annotations

import gc

import pytest

from golden.errors import PlutarchError
from sim import synth_verb, verbs
from sim.errors import HarnessError
from synth import boards, cache
from synth.ecp5 import measure
from synth.errors import SynthError
from synth.vivado import flow as vivado_flow


@pytest.fixture(autouse=True)
def no_vivado(monkeypatch):
    monkeypatch.setattr(vivado_flow.shutil, "which", lambda _: None)
    monkeypatch.delenv("VIVADO", raising=False)


@pytest.mark.parametrize(
    ("choices", "message"),
    [
        ({}, "say which BOARD, known: kv260, ulx3s"),
        ({"BOARD": "kv26"}, r"unknown BOARD 'kv26', did you mean 'kv260'\? \(known: kv260, ulx3s"),
        ({"BOARD": "zybo"}, r"unknown BOARD 'zybo' \(known: kv260, ulx3s\)"),
        ({"BOARD": "kv260", "FLOW": "vivado"}, "FLOW=vivado: no vivado on PATH; .*FLOW=yosys"),
        ({"BOARD": "ulx3s", "FLOW": "vivado"}, "FLOW=vivado does not build for ulx3s, valid: nex"),
        ({"BOARD": "kv260", "VIVADO": "/nowhere"}, "VIVADO=/nowhere: no Vivado there"),
        ({"BOARD": "kv260", "TOPLEVEL": "plut_con"}, "unknown TOPLEVEL.*'plut_conv'"),
        ({"BOARD": "kv260", "TOPLEVEL": "dot_product", "N": "0"}, "N=0 is out of range"),
        ({"BOARD": "kv260", "PINS": "3"}, "plut_conv has no parameter PINS"),
        ({"BOARD": "ulx3s", "SEEDS": "0"}, "SEEDS=0: 1 to 100"),
        ({"BOARD": "ulx3s", "SEEDS": "x"}, "SEEDS=x is not a whole number"),
        ({"BOARD": "kv260", "SEEDS": "3"}, "SEEDS=3: FLOW=yosys does not read it, only nextpnr"),
        ({"BOARD": "ulx3s", "ENERGY": "0"}, "ENERGY=0: FLOW=nextpnr does not read it, only yosys"),
        ({"BOARD": "ulx3s", "NET": "digits"}, "NET=digits: .* only yosys and vivado"),
    ],
)
def test_one_clear_line(choices, message):
    with pytest.raises(PlutarchError, match=message) as caught:
        synth_verb.run(choices)
    assert "\n" not in str(caught.value)


def test_vivado_is_taken_where_it_is(tmp_path, monkeypatch):
    launcher = tmp_path / "bin" / "vivado"
    launcher.parent.mkdir()
    launcher.touch()
    with pytest.raises(PlutarchError, match="no Vivado there"):  # it cannot be run
        vivado_flow.find(str(tmp_path))
    launcher.chmod(0o755)
    found = vivado_flow.find(str(tmp_path))
    assert found == launcher
    monkeypatch.setenv("VIVADO", str(tmp_path))
    assert vivado_flow.find() == launcher
    kv260 = boards.find("kv260")
    assert boards.flow(kv260, "", found) == "vivado"
    assert boards.flow(kv260, "yosys", found) == "yosys"
    assert boards.flow(kv260, "", None) == "yosys"
    assert boards.flow(boards.find("ulx3s"), "", found) == "nextpnr"


def test_the_verbs_know_their_variables():
    assert verbs.parse(["synth", "BOARD=kv260", "LANE=P1", "K=5"])[1]["LANE"] == "P1"
    with pytest.raises(HarnessError, match="unknown variable of `make synth`"):
        verbs.parse(["synth", "BORD=kv260"])
    with pytest.raises(HarnessError, match="unknown variable of `make bench`"):
        verbs.parse(["bench", "LANES=P1"])


def report(mhz, lut4=100, **changes):
    used = {"TRELLIS_COMB": lut4, "TRELLIS_FF": 50, "DP16KD": 1, "MULT18X18D": 0,
            "TRELLIS_RAMW": 2}  # fmt: skip
    return {"fmax": {"clk": {"achieved": mhz, "constraint": 300}},
            "utilization": {kind: {"used": n, "available": 9} for kind, n in used.items()},
            **changes}  # fmt: skip


def test_median_and_spread_of_the_seeds():
    found = measure.figures([report(100.0), report(180.0), report(150.5)])
    assert found["mhz_by_seed"] == [100.0, 180.0, 150.5]
    assert (found["mhz_median"], found["mhz_spread"]) == (150.5, 80.0)
    assert (found["lut4"], found["ff"], found["bram18"]) == (100, 50, 1)


@pytest.mark.parametrize(
    ("bad", "message"),
    [({"fmax": {}}, "seed 2: 0 clocks instead of one"),
     ({"fmax": {"a": {"achieved": 1}, "b": {"achieved": 2}}}, "seed 2: 2 clocks")],
)  # fmt: skip
def test_a_report_without_one_clock_is_refused(bad, message):
    with pytest.raises(SynthError, match=message):
        measure.figures([report(100.0), report(100.0, **bad)])
    with pytest.raises(SynthError, match="no 'TRELLIS_COMB' in the report"):
        measure.figures([report(100.0, utilization={})])


def test_a_cached_folder_is_whole_or_absent(tmp_path):
    calls = []

    def fails(folder):
        (folder / "half").touch()
        raise SynthError("no")

    def works(folder):
        assert not gc.isenabled()
        calls.append(folder)
        (folder / "whole").touch()

    with pytest.raises(SynthError):
        cache.folder("kind", "a", fails, tmp_path)
    assert list((tmp_path / "kind").iterdir()) == [] and gc.isenabled()
    first = cache.folder("kind", "a", works, tmp_path)
    assert cache.folder("kind", "a", works, tmp_path) == first
    assert len(calls) == 1 and gc.isenabled()
    assert (first / "whole").exists()
