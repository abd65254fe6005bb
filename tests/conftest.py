# SPDX-License-Identifier: Apache-2.0
"""Options, the record of simulations, and the fixture targets that the harness tests run."""

from __future__ import annotations

import json
import os
import re
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from xdist.scheduler import LoadScopeScheduling

from sim import results, systools
from sim.paths import RESULTS, ROOT
from sim.request import SIMULATORS, RunResult
from sim.targets import Target, Value, load_table

FIXTURES = ROOT / "tests" / "fixtures"
os.environ.setdefault("OMP_NUM_THREADS", "1")  # two cores are shared with the simulators


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("plutarch")
    group.addoption("--sim", choices=SIMULATORS, help="only simulations on this simulator")
    group.addoption("--toplevel", help="only simulations of this TOPLEVEL")


def pytest_report_header(config: pytest.Config) -> list[str]:
    only = config.getoption("--sim")
    lines = [f"simulators: {only or 'verilator, icarus'}"]
    if not systools.have_icarus():
        lines.append("LEFT OUT: Icarus Verilog is not installed; its half of the tests is skipped")
    return lines


# What takes longest comes first, so that no worker is left alone with it at the end: parameter
# sets of a minute, then files of one (a file stays in one worker).
LONGEST = ("network_bench", "plut_conv", "shift_conv", "mac_conv", "conv_engine")
LONG_FILES = ("test_harness", "test_synth_limits", "test_rtl_parameters", "test_training_verbs")


def turn(nodeid: str) -> tuple[int, int]:
    """Where a test comes in the order: the longest parameter sets, long files, all others."""
    file, _, name = nodeid.partition("::")
    target = re.match(r"test_rtl\[([a-z0-9_]+)-", name) if file.endswith("/test_rtl.py") else None
    if target and target[1] in LONGEST:
        return 0, LONGEST.index(target[1])
    for place, start in enumerate(LONG_FILES):
        if file.rpartition("/")[2].startswith(start):
            return 1, place
    return 2, 0


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    items.sort(key=lambda item: turn(item.nodeid))
    if systools.have_icarus():
        return
    missing = pytest.mark.skip(reason="Icarus Verilog is not installed")
    for item in items:
        if item.get_closest_marker("icarus"):
            item.add_marker(missing)


# Parameter sets at which P1 and S0 are compared, under the names that test_rtl.py gives them.
AGREE: dict[str, dict[str, Value]] = {
    "defaults": {}, "B3": {"B": 3}, "B5-PIN2-POUT4": {"B": 5, "PIN": 2, "POUT": 4},
}  # fmt: skip


class _Together(LoadScopeScheduling):  # type: ignore[misc]
    """Keeps in one worker: a parameter set on both simulators, and what compares P1 and S0 with
    its runs (tests/test_rtl_lanes_agree.py); the tests of one file.

    The harness's tests share the fixture targets' builds and results, so they stay together too.
    (xdist's own `loadgroup` does nothing under pytest 9.2: it writes a field that is not read.)
    """

    def _split_scope(self, nodeid: str) -> str:
        file, _, name = nodeid.partition("::")
        if file.endswith("/test_rtl_lanes_agree.py"):
            return f"agree {name}".replace("test_p1_and_s0_agree_on_every_vector", "")
        if file.endswith("/test_rtl.py"):
            one = re.sub(r"-(verilator|icarus)\]$", "]", name)
            compared = re.match(rf"test_rtl\[(?:plut|shift)_conv-({'|'.join(AGREE)})\]$", one)
            return f"agree [{compared[1]}]" if compared else one
        return "harness" if "/test_harness" in file else file


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> _Together:
    config.option.loadscopereorder = False  # by `turn`, not by how many tests a group has
    return _Together(config, log)


@pytest.fixture(autouse=True)
def _clean_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep the caller's make and cocotb variables out of every test."""
    for name in ("MAKEFLAGS", "MAKELEVEL", "PLUTARCH_MAKE", "TOPLEVEL", "SIM", "NET", "SEED",
                 "TESTCASE", "WAVES", "DEBUG"):  # fmt: skip
        monkeypatch.delenv(name, raising=False)


@pytest.fixture(autouse=True)
def _one_thread() -> Iterator[None]:
    """Torch, where a file has loaded it, on one thread: it then repeats to the bit."""
    torch = sys.modules.get("torch")
    if torch is None:
        yield
        return
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="session")
def fixture_targets() -> dict[str, Target]:
    """The table of the fixture DUTs, in the format of sim/tables/."""
    return load_table(FIXTURES / "targets.toml", ROOT)


class Matrix:
    """Every RTL run of this process; the two simulators' runs of one parameter set meet here."""

    def __init__(self) -> None:
        self.runs: dict[tuple[str, str, str], RunResult] = {}
        self.met: set[tuple[str, str]] = set()

    def add(self, target: str, variant: str, result: RunResult) -> list[str]:
        """Keep a result; return where it disagrees with the other simulator's."""
        sim = result.run.sim
        self.runs[target, variant, sim] = result
        other = self.runs.get((target, variant, "icarus" if sim == "verilator" else "verilator"))
        if not other:
            return []
        self.met.add((target, variant))
        return results.compare(other, result)

    def rows(self) -> list[dict[str, Any]]:
        """A line per run, as plain data."""
        rows = []
        for (target, variant, sim), result in self.runs.items():
            content = results.as_json(result)
            rows.append(
                {"toplevel": target, "variant": variant, "sim": sim, "passed": result.passed,
                 "met": (target, variant) in self.met}
                | {k: content[k] for k in ("outputs_compared", "mismatches", "tests_run",
                                           "tests_failed", "build_s", "wall_s", "metrics")}
            )  # fmt: skip
        return rows


def summary(rows: list[dict[str, Any]]) -> dict[str, object]:
    """Totals per simulator, and the lines of all processes in a fixed order."""
    rows = sorted(rows, key=lambda row: (row["toplevel"], row["variant"], row["sim"]))
    runs = Counter((row["toplevel"], row["variant"]) for row in rows)
    met = {(row["toplevel"], row["variant"]) for row in rows if row["met"]}
    strangers = [" ".join(pair) for pair, count in runs.items() if count > 1 and pair not in met]
    return {
        "outputs_compared": {sim: sum(row["outputs_compared"] for row in rows if row["sim"] == sim)
                             for sim in SIMULATORS},
        "mismatches": sum(row["mismatches"] for row in rows),
        "compared_between_simulators": len(met),
        "not_compared": strangers,  # ran on both simulators, but nobody held them together
        "passed": all(row["passed"] for row in rows),
        "runs": rows,
    }  # fmt: skip


_MATRIX = Matrix()
_FROM_WORKERS: list[dict[str, Any]] = []


@pytest.fixture(scope="session")
def matrix() -> Matrix:
    """Collects the RTL runs; build/results/test.json is made of them at the end."""
    return _MATRIX


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any) -> None:
    """One of xdist's workers has ended: keep its runs."""
    _FROM_WORKERS.extend(getattr(node, "workeroutput", {}).get("rtl", []))


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Workers hand their runs over; the process that the user started writes them all down."""
    rows = _MATRIX.rows() + _FROM_WORKERS
    if hasattr(session.config, "workeroutput"):
        session.config.workeroutput["rtl"] = rows
    elif rows:
        told = summary(rows)
        if told["not_compared"]:
            print(f"\nnot compared between simulators: {told['not_compared']}")
            session.exitstatus = pytest.ExitCode.TESTS_FAILED
        results.write_atomic(RESULTS / "test.json", json.dumps(told, indent=1) + "\n")


@pytest.fixture
def junit_folder() -> Path:
    """Where the RTL runs leave their JUnit files."""
    return RESULTS / "junit"
