# SPDX-License-Identifier: Apache-2.0
"""Records of Icarus runs carry over to RTL that compiles to the same netlist, and to no other."""

from __future__ import annotations

import dataclasses
import os
import shutil
import subprocess
from pathlib import Path

import pytest

from sim.paths import ROOT
from sim.targets import find
from tb.dot_product import carry, records, same_netlist, sweep
from tb.dot_product.records import Entry, Record
from tb.dot_product.same_netlist import NetlistError, canonical

ENTRY = Entry("S0", 3, "two", "icarus", 100_000, True)
COUNTER = """
module counter (input wire clk, input wire [3:0] a, input wire [3:0] b, output reg [4:0] sum,
                output wire [3:0] less);
    function integer twice;
        input integer x;
        twice = 2 * x;
    endfunction
    localparam STEP = twice(3);
    wire [4:0] next;
    genvar i;
    generate
        for (i = 0; i < 5; i = i + 1) begin : g_bit
            assign next[i] = i < 4 ? a[i % 4] ^ b[i % 4] : a[0];
        end
    endgenerate
    assign less = a - b;
    always @(posedge clk) sum <= next + STEP;
endmodule
"""


def netlist(folder: Path, text: str) -> list[str]:
    """What Icarus makes of a module."""
    (folder / "counter.v").write_text(text, encoding="utf-8")
    subprocess.run(["iverilog", "-g2005", "-o", "counter.vvp", "counter.v"], cwd=folder, check=True)
    return canonical((folder / "counter.vvp").read_text(encoding="utf-8"))


@pytest.mark.icarus
@pytest.mark.parametrize(("old", "new"), [
    ("\nmodule", "\n// a line more\n\nmodule"),
    ("localparam STEP = twice(3)", "localparam HALF = 3;\n    localparam STEP = twice(HALF)"),
    ("twice = 2 * x;", "begin\n        twice = x;\n        twice = twice + x;\n        end"),
    ("input integer x;", "input integer x;\n        integer unused;"),
])  # fmt: skip
def test_what_no_simulation_shows_is_the_same(tmp_path: Path, old: str, new: str) -> None:
    assert COUNTER.count(old) == 1
    assert netlist(tmp_path, COUNTER) == netlist(tmp_path, COUNTER.replace(old, new))


@pytest.mark.icarus
@pytest.mark.parametrize(("old", "new"), [
    ("twice(3)", "twice(4)"), ("next + STEP", "next - STEP"), ("b[i % 4] :", "b[3 - i % 4] :"),
    ("a[i % 4] ^ b[i % 4]", "b[i % 4] ^ a[i % 4]"), ("posedge", "negedge"), ("g_bit", "g_one"),
    ("[4:0] next", "[5:0] next"), (": a[0]", ": 1'b0"), ("sum <= next", "sum = next"),
    ("a - b", "b - a"), ("a - b", "a + b"),
])  # fmt: skip
def test_what_a_simulation_may_show_is_another(tmp_path: Path, old: str, new: str) -> None:
    assert COUNTER.count(old) == 1
    assert netlist(tmp_path, COUNTER) != netlist(tmp_path, COUNTER.replace(old, new))


@pytest.mark.icarus
@pytest.mark.parametrize(("old", "new"), [
    ("sum <= next + STEP", "sum <= twice(next)"), ("a[i % 4] ^ b[i % 4]", "twice(a[i % 4])"),
])  # fmt: skip
def test_a_function_called_while_time_runs_is_refused(tmp_path: Path, old: str, new: str) -> None:
    with pytest.raises(NetlistError, match="calls a function while time runs"):
        netlist(tmp_path, COUNTER.replace(old, new))


def test_what_is_no_netlist_is_refused() -> None:
    with pytest.raises(NetlistError, match="no index of files"):
        canonical("S_0x1 .scope module")


@pytest.fixture
def older(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Our RTL as a revision has it, with a comment more, and where its records go."""
    tree = tmp_path / "older"
    for path in find("dot_product").benches[0].sources:
        (tree / path.relative_to(ROOT)).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(path, tree / path.relative_to(ROOT))
    lane = tree / "rtl/lanes/lane_shift.v"
    lane.write_text("// older\n" + lane.read_text(encoding="utf-8"), encoding="utf-8")
    monkeypatch.setattr(records, "HOME", tmp_path / "lanes")
    (tree / records.KEPT.relative_to(ROOT)).parent.mkdir(parents=True, exist_ok=True)
    monkeypatch.setattr(os, "cpu_count", lambda: 1)  # in this process

    def check_out(revision: str, folder: Path) -> str:
        shutil.copytree(tree, folder, dirs_exist_ok=True)
        return revision

    monkeypatch.setattr(carry, "check_out", check_out)
    records._sources.cache_clear()
    return tree


def of_older(tree: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep the record that the older state has of one run."""
    good = Record(ENTRY, "Icarus 11.0", random=100_000, pairs=64, sums=735_931)
    key = ENTRY.key(tree)
    with monkeypatch.context() as then:
        then.setattr(records, "KEPT", tree / records.KEPT.relative_to(ROOT))
        then.setattr(Entry, "key", lambda self: key)
        assert records.keep([good]) == 1


@pytest.mark.icarus
def test_a_record_counts_for_the_same_netlist(
    older: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    of_older(older, monkeypatch)
    one = ["--sim", "icarus", "--lane", "S0", "--bits", "3", "--build", "two"]
    with monkeypatch.context() as then:
        then.setattr(records, "KEPT", older / records.KEPT.relative_to(ROOT))
        assert sweep.main([*one, "--table"]) == 1, "another state's record does not count by itself"
    assert carry.main(["abc1234"]) == 0
    assert "1 of 1 carried" in capsys.readouterr().out
    record = records.load(ENTRY)
    assert record is not None and record.passed
    assert (record.carried, record.sums) == ("abc1234", 735_931)
    assert sweep.main([*one, "--table"]) == 0
    assert "run of abc1234" in capsys.readouterr().out
    # Of a record that was carried before, the run stays the one it is of.
    carry.carry(ENTRY, dataclasses.replace(record, carried="0000000"), "abc1234", older)
    again = records.load(ENTRY)
    assert again is not None and again.carried == "0000000"


@pytest.mark.icarus
def test_a_record_does_not_count_for_another_netlist(
    older: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    lane = older / "rtl/lanes/lane_shift.v"
    text = lane.read_text(encoding="utf-8")
    good = "w[i*B+M] ^ a[i*B+M]"
    assert text.count(good) == 1
    lane.write_text(text.replace(good, f"{good} ^ (N == 25 && i == 24)"), encoding="utf-8")
    of_older(older, monkeypatch)
    assert carry.main(["abc1234"]) == 1
    said = capsys.readouterr().out
    assert "not carried: S0  b=3  two" in said and "another netlist" in said
    assert "0 of 1 carried" in said
    assert records.load(ENTRY) is None


@pytest.mark.icarus
def test_a_run_that_cannot_be_compared_is_named(
    older: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    of_older(older, monkeypatch)
    monkeypatch.setattr(same_netlist, "_END", "no such line")
    assert carry.main(["abc1234"]) == 1
    assert "not carried: S0  b=3  two         icarus   : not a compiled" in capsys.readouterr().out


def test_nothing_to_carry_and_no_such_revision(
    older: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert carry.main(["abc1234"]) == 1
    assert "0 Icarus runs have records of abc1234" in capsys.readouterr().out
    monkeypatch.undo()
    assert carry.main(["no-such-revision"]) == 2
    assert "'no-such-revision' is not a revision of this repository" in capsys.readouterr().err
    monkeypatch.setenv("PATH", "")
    assert carry.main(["HEAD"]) == 2
    assert "git: No such file or directory" in capsys.readouterr().err
