# SPDX-License-Identifier: Apache-2.0
"""The sweep of all lanes: faults are named, what is done is kept, a stopped one goes on."""

from __future__ import annotations

import dataclasses
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from sim.paths import ROOT
from sim.targets import Target, find
from tb.dot_product import records, sweep
from tb.dot_product.records import Entry, Record

handle = signal.signal  # the fixture below replaces it
SMALL = ["--vectors", "100", "--sim", "icarus", "--bits", "3", "--build", "two"]


def faulty(folder: Path) -> Target:
    """dot_product whose lane S0 takes a wrong sign in the last of 25 terms."""
    right = ROOT / "rtl/lanes/lane_shift.v"
    text = right.read_text(encoding="utf-8")
    good = "w[i*B+M] ^ a[i*B+M]"
    assert text.count(good) == 1
    wrong = folder / "lane_shift.v"
    wrong.write_text(text.replace(good, f"{good} ^ (N == 25 && i == 24)"), encoding="utf-8")
    target = find("dot_product")
    bench = target.benches[0]
    sources = tuple(wrong if path == right else path for path in bench.sources)
    return dataclasses.replace(target, benches=(dataclasses.replace(bench, sources=sources),))


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Records of the tests lie apart from the real ones."""
    monkeypatch.setattr(records, "HOME", tmp_path / "lanes")
    monkeypatch.setattr(records, "KEPT", tmp_path / "sweep.json")
    monkeypatch.setattr(signal, "signal", lambda number, handler: None)
    records._sources.cache_clear()
    return tmp_path / "lanes"


@pytest.mark.rtl
@pytest.mark.icarus
@pytest.mark.parametrize("how", [["--plain"], []])
def test_a_fault_fails_the_sweep_and_is_named(
    how: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    target = faulty(tmp_path)
    monkeypatch.setattr(sweep, "find", lambda name: target)
    monkeypatch.setattr(records, "find", lambda name: target)
    monkeypatch.setattr(sweep, "PLAIN_VECTORS", 0)  # the fault has to show on the rewired one too
    assert sweep.main([*SMALL, "--lane", "S0", *how]) == 1
    said = capsys.readouterr().out
    assert "lane S0, B = 3, N = 25: " in said and "sums differ, first in vector " in said
    assert "N = 16" not in said and "N = 49" not in said
    assert "FAIL: 1 runs, 1 failed" in said


@pytest.mark.rtl
@pytest.mark.icarus
def test_a_stopped_sweep_leaves_no_simulator_and_goes_on(home: Path) -> None:
    command = [sys.executable, "-c",
               "import sys; from pathlib import Path; from tb.dot_product import records, sweep; "
               f"records.HOME = Path({str(home)!r}); sweep.PLAIN_VECTORS = 0; "
               "sys.exit(sweep.main(sys.argv[1:]))",
               *SMALL, "--lane", "P1", "S0"]  # fmt: skip
    env = {**os.environ, "PYTHONPATH": str(ROOT)}
    # A shell's background job ignores SIGINT, and with it all that it starts.
    with subprocess.Popen(command, env=env, stdout=subprocess.PIPE, text=True,
                          preexec_fn=lambda: handle(signal.SIGINT, signal.SIG_DFL),
                          ) as first:  # fmt: skip
        until(first, "ok ")
        until(first, "2/2")
        deadline = time.monotonic() + 60
        while not (children := below(first.pid, "vvp")) and time.monotonic() < deadline:
            time.sleep(0.02)
        first.send_signal(signal.SIGINT)
        assert first.wait(timeout=30) == 130
    assert children, "the second run's simulator was not seen"
    assert not [pid for pid in children if Path(f"/proc/{pid}").exists()]
    assert len(list(home.iterdir())) == 1, "only what was finished is kept"

    again = subprocess.run(command, env=env, capture_output=True, text=True, check=False)
    assert again.returncode == 0, again.stdout + again.stderr
    assert "2 runs, 1 done before, 1 to do" in again.stdout
    assert "PASS: 2 runs, 0 failed, 0 not done" in again.stdout


def until(running: subprocess.Popen[str], text: str) -> None:
    assert running.stdout is not None
    for line in running.stdout:
        if text in line:
            return
    raise AssertionError(f"the sweep ended without {text!r}")


def below(pid: int, name: str) -> list[int]:
    """Processes of that name among all that pid has started."""
    try:
        kids = Path(f"/proc/{pid}/task/{pid}/children").read_text(encoding="ascii").split()
        own = [pid] if Path(f"/proc/{pid}/comm").read_text(encoding="ascii").strip() == name else []
    except OSError:
        return []
    return own + [found for kid in kids for found in below(int(kid), name)]


def entry(sim: str = "icarus") -> Entry:
    return Entry("P1", 3, "two", sim, 100, sim == "icarus")


def test_less_than_asked_for_is_no_pass(capsys: pytest.CaptureFixture[str]) -> None:
    good = Record(entry(), "Icarus 11.0", random=100, pairs=64, vectors=164, sums=164 * 7)
    for change in ({"random": 99}, {"pairs": 63}, {"sums": 163 * 7}, {"mismatches": 1}):
        record = dataclasses.replace(good, failures=[], **change)
        sweep._count(record)
        assert not record.passed, change
        assert sweep.table([record], 0) == 1
    sweep._count(good)
    assert good.passed and sweep.table([good], 0) == 0
    assert sweep.table([good], 1) == 1 and sweep.table([], 0) == 1
    capsys.readouterr()


def test_a_record_counts_for_the_same_sources_and_numbers_only(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    Record(entry(), "Icarus 11.0", sums=1).save()
    kept = records.load(entry())
    assert kept is not None and kept.passed and kept.entry == entry()
    for change in ({"vectors": 101}, {"bits": 4}, {"build": "three"}, {"rewired": False}):
        assert records.load(dataclasses.replace(entry(), **change)) is None, change
    text = entry().path.read_text(encoding="utf-8")
    entry().path.write_text(text[:40], encoding="utf-8")
    assert records.load(entry()) is None, "cut off"
    entry().path.write_text(text, encoding="utf-8")
    target = faulty(tmp_path)
    monkeypatch.setattr(records, "find", lambda name: target)
    records._sources.cache_clear()
    assert records.load(entry()) is None, "another lane_shift.v"


def test_records_in_the_repository_count_where_build_is_empty(
    capsys: pytest.CaptureFixture[str], home: Path
) -> None:
    def said(*words: str) -> str:
        sweep.main([*SMALL, "--lane", "P1", "S0", *words])
        return capsys.readouterr().out

    first, second = sweep.entries(sweep.arguments([*SMALL, "--lane", "P1", "S0"]))
    Record(first, "Icarus 11.0", random=200, pairs=64, sums=7).save()
    assert "1 records in sweep.json" in said("--keep")
    first.path.unlink()
    Record(second, "Icarus 11.0", random=200, pairs=64, sums=9, mismatches=1).save()
    assert "1 not done" in said("--lane", "S0", "--table"), "one that failed is to be run again"
    Record(second, "Icarus 11.0", random=200, pairs=64, sums=9).save()
    assert "1 runs, 0 failed, 0 not done; 9 sums" in said("--lane", "S0", "--table")
    assert "2 records in sweep.json" in said("--lane", "S0", "--keep"), "the other one is not lost"
    assert "2 runs, 0 failed, 0 not done" in said("--table")
    rows = said("--markdown")
    assert all(f"| {row} | 0 | 0 s |" in rows for row in ("P1 | 3 | 200 | 64 | 7",
                                                          "S0 | 3 | 200 | 64 | 9"))  # fmt: skip
    assert "2 not done" in said("--again", "--table")
    text = records.KEPT.read_text(encoding="utf-8")
    records.KEPT.write_text(text.replace(first.key(), "0" * 16), encoding="utf-8")
    assert "1 runs, 0 failed, 1 not done" in said("--table"), "of other sources"
    assert "1 records" in said("--keep")
    records.KEPT.write_text(text[:100], encoding="utf-8")
    assert sweep.main([*SMALL, "--table"]) == 2
    assert "sweep.json: not the records of a sweep (" in capsys.readouterr().err


def test_every_lane_has_every_width_and_build() -> None:
    chosen = list(sweep.entries(sweep.arguments(["--sim", "icarus"])))
    assert len(chosen) == len(set(chosen)) == 3 * (7 * 3 + 5)
    assert {e.bits for e in chosen if e.lane == "P2"} == {3, 4, 5}
    assert all(e.rewired for e in chosen)
    assert not any(e.rewired for e in sweep.entries(sweep.arguments(["--plain"])))


def test_the_hash_covers_what_the_bench_is_made_of() -> None:
    held, ram = ({str(path.relative_to(ROOT)) for path in records.python_sources(lane)}
                 for lane in ("P1", "P3"))  # fmt: skip
    assert {"golden/codebooks.py", "golden/product_ram.py", "golden/plut.py", "host/packing.py",
            "tb/common/lane_kinds.py", "tb/dot_product/player.py"} <= held & ram  # fmt: skip
    assert held ^ ram == {"tb/dot_product/weights_held.py", "tb/dot_product/weights_in_ram.py"}
