# SPDX-License-Identifier: Apache-2.0
"""Waves: the dump holds the signals, and both save files name signals that are in it."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from sim import dump, runtime, waves
from sim.dump import Signal
from sim.request import Run
from sim.run import run_target
from sim.targets import Target

SIMS = ["verilator", pytest.param("icarus", marks=pytest.mark.icarus)]


@pytest.mark.parametrize("sim", SIMS)
def test_both_save_files_name_what_is_in_the_dump(
    fixture_targets: dict[str, Target], sim: str
) -> None:
    target = fixture_targets["counter_two"]
    result = run_target(Run("counter_two", sim, {"WIDTH": 6}, waves=True), target)
    assert result.passed, result.failures
    paths = waves.save_files(result, target)
    dumped = f".{runtime.trace_format()}" if sim == "verilator" else ".fst"
    assert [p.suffix for p in paths] == [dumped, ".gtkw", ".sucl"] * 2
    for wave, gtkw, sucl in (paths[:3], paths[3:]):
        found = dump.signals(wave)
        known = {s.path + s.range for s in found}
        named = re.findall(r"^[a-zA-Z$].*$", gtkw.read_text("utf-8"), re.M)
        assert named and set(named) <= known
        assert any(name.endswith("counter.count[5:0]") for name in named)
        added = re.findall(r"^variable_add (\S+)$", sucl.read_text("utf-8"), re.M)
        assert added and set(added) <= {s.path for s in found}
        assert f"load_file {wave}" in sucl.read_text("utf-8")


def test_ports_are_grouped_and_streams_stay_together() -> None:
    names = ["clk", "rst", "cfg_h", "s_axis_w_tdata", "s_axis_w_tvalid", "m_axis_tlast",
             "cnt_cycles", "start", "err", "weird"]  # fmt: skip
    assert [waves.group_of(name) for name in names] == [
        "clock and reset", "clock and reset", "configuration", "s_axis_w", "s_axis_w", "m_axis",
        "counters", "control", "control", "other",
    ]  # fmt: skip


def test_vcd_names_scopes_and_ranges(tmp_path: Path) -> None:
    path = tmp_path / "d.vcd"
    path.write_text("$scope module a $end\n$scope module b $end\n$var wire 8 ! q [7:0] $end\n"
                    "$upscope $end\n$var wire 1 # c $end\n$upscope $end\n$enddefinitions $end\n")
    assert dump.signals(path) == [Signal(("a", "b"), "q", "[7:0]"), Signal(("a",), "c", "")]


def test_lz4_matches_may_overlap() -> None:
    # literal "ab", match of 4+6 at distance 2, literal "c"
    assert dump._lz4(bytes([0x26, 0x61, 0x62, 2, 0, 0x10, 0x63]), 13) == b"abababababab" + b"c"


def test_a_broken_dump_fails_the_run(fixture_targets: dict[str, Target], tmp_path: Path) -> None:
    target = fixture_targets["counter"]
    result = run_target(Run("counter"), target)
    broken = tmp_path / "dump.fst"
    broken.write_bytes(b"\x00" * 40)
    result.waves = [("counter", broken)]
    assert result.passed
    waves.save_files(result, target)
    assert "the waves in dump.fst cannot be read" in result.failures[0] and not result.passed
