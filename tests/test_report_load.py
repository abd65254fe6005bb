# SPDX-License-Identifier: Apache-2.0
"""What a report is read from: which file wins, what is refused, what the page is warned of."""

from __future__ import annotations

import os

import pytest

from synth.errors import RecordError, SynthError
from synth.report import load
from tests.report_samples import a_bench, accelerator, made, module, network, write


def older(path, seconds):
    when = path.stat().st_mtime - seconds
    os.utime(path, (when, when))
    return path


def test_no_bench_names_the_command(tmp_path):
    write(tmp_path, [made()], "synth-dot_product.json")  # one module is no bench
    with pytest.raises(SynthError, match=r"no bench\.json in .*: run `make bench`") as error:
        load.load(tmp_path)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{", "not JSON"),
        ('{"schema": 1}', "a list 'records'"),
        ('{"schema": 9, "records": []}', "schema 9"),
        ('{"schema": 1, "records": [{"module": "x"}]}', r"records\[0\]"),
    ],
)
def test_a_damaged_file_is_one_line_that_names_it(tmp_path, text, message):
    (tmp_path / "bench.json").write_text(text)
    with pytest.raises(RecordError, match=rf"bench\.json.*{message}") as error:
        load.load(tmp_path)
    assert "\n" not in str(error.value)


def test_a_damaged_second_file_is_named_too(tmp_path):
    write(tmp_path, [made()])
    (tmp_path / "synth-plut_conv.json").write_text("nonsense")
    with pytest.raises(RecordError, match=r"synth-plut_conv\.json"):
        load.load(tmp_path)


def test_the_newer_file_wins_and_disagreement_is_said(tmp_path):
    older(write(tmp_path, [made(lut=100), made("S0")]), 50)
    write(tmp_path, [made(lut=200)], "synth-dot_product.json")
    loaded = load.load(tmp_path)
    assert sorted(one.lut_packed for one in loaded.records) == [180, 200]
    assert loaded.files == {"synth-dot_product.json": 1, "bench.json": 1}
    assert [line for line in loaded.warnings if "disagree" in line] == [
        "synth-dot_product.json and bench.json disagree on dot_product LANE=P1 B=4 N=9 TREE=2 "
        "MAP=xcup; shown is the newer file, synth-dot_product.json."]


def test_equal_builds_in_two_files_are_one_and_no_warning(tmp_path):
    write(tmp_path, [made()])
    write(tmp_path, [made()], "synth-dot_product.json")
    loaded = load.load(tmp_path)
    assert len(loaded.records) == 1
    assert not loaded.warnings


def test_many_disagreements_are_summed_up(tmp_path):
    older(write(tmp_path, [made(n=n) for n in range(1, 20)]), 50)
    write(tmp_path, [made(n=n, lut=5) for n in range(1, 20)], "bench-lanes.json")
    said = load.load(tmp_path).warnings
    assert len(said) == 7
    assert "and 13 more builds" in said[-1]


def test_two_versions_of_a_tool_are_said_and_kept_apart(tmp_path):
    write(tmp_path, [made(), made("S0", tool_version="0.71"), made("S1")])
    loaded = load.load(tmp_path)
    assert "yosys 0.70 (2), yosys 0.71 (1)" in loaded.warnings[0]
    assert [len(some) for some in loaded.origins().values()] == [2, 1]


def test_sources_newer_than_the_figures_are_said_for_their_module(tmp_path):
    path = write(tmp_path / "results", [made(), made("S0"), accelerator()])
    old, new = tmp_path / "old.v", tmp_path / "new.v"
    old.write_text("")
    new.write_text("")
    older(old, 100)
    older(path, 50)
    said = load.load(tmp_path / "results", {"dot_product": [old, new], "plut_conv": [old]}.get)
    assert said.warnings == (
        "Figures of dot_product (bench.json) are older than 1 of its sources (the last one: new.v)"
        ": they may be of an earlier state. `make bench` is quick where nothing changed.",)
    assert not load.load(tmp_path / "results", lambda _: [old]).warnings


def test_a_part_of_the_bench_is_enough_and_said(tmp_path):
    write(tmp_path, a_bench(), "bench-lanes.json")
    loaded = load.load(tmp_path)
    assert len(loaded.records) == len(a_bench())
    assert "no bench.json of a whole `make bench`" in loaded.warnings[0]


def test_records_of_the_test_double_are_left_out(tmp_path):
    write(tmp_path, [made(), made("S0", extra={"stand_in": True})])
    loaded = load.load(tmp_path)
    assert [one.lane for one in loaded.records] == ["P1"]
    assert "1 records are of the Vivado test double" in loaded.warnings[0]


def test_limits_give_modules_but_no_lanes(tmp_path):
    write(tmp_path, [made()])
    decoder = module("shuff_decoder")
    write(tmp_path, [made("S1"), decoder], "bench-limits.json")
    assert [one.module for one in load.load(tmp_path).records if one.lane is None] == [
        "shuff_decoder"]
    assert {one.lane for one in load.load(tmp_path).records} == {"P1", None}


def test_networks_that_failed_or_are_none(tmp_path):
    write(tmp_path, [accelerator()])
    network(tmp_path)
    assert len(load.load(tmp_path).networks) == 1
    network(tmp_path, passed=False)
    loaded = load.load(tmp_path)
    assert not loaded.networks
    assert "failed and is left out" in loaded.warnings[0]
    for change in ({"images": 0}, {"layers": [{"name": "conv1"}]}, {"parameters": None}):
        network(tmp_path, **change)
        with pytest.raises(RecordError, match=r"network-resnet18\.json: 'images', 'parameters'"):
            load.load(tmp_path)
    network(tmp_path)
    (tmp_path / "network-x.json").write_text('{"net": "x"}')
    with pytest.raises(RecordError, match=r"network-x\.json: no result of `make network`"):
        load.load(tmp_path)
