# SPDX-License-Identifier: Apache-2.0
"""Options, the record of simulations, and the fixture targets that the harness tests run."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from sim import results, systools
from sim.paths import RESULTS, ROOT
from sim.request import SIMULATORS, RunResult
from sim.targets import Target, load_table

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


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    if systools.have_icarus():
        return
    missing = pytest.mark.skip(reason="Icarus Verilog is not installed")
    for item in items:
        if item.get_closest_marker("icarus"):
            item.add_marker(missing)


@pytest.fixture(autouse=True)
def _clean_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep the caller's make and cocotb variables out of every test."""
    for name in ("MAKEFLAGS", "MAKELEVEL", "PLUTARCH_MAKE", "TOPLEVEL", "SIM", "NET", "SEED",
                 "TESTCASE", "WAVES", "DEBUG"):  # fmt: skip
        monkeypatch.delenv(name, raising=False)


@pytest.fixture(scope="session")
def fixture_targets() -> dict[str, Target]:
    """The table of the fixture DUTs, in the format of sim/tables/."""
    return load_table(FIXTURES / "targets.toml", ROOT)


class Matrix:
    """Every RTL run of this session; the two simulators' runs of one parameter set meet here."""

    def __init__(self) -> None:
        self.runs: dict[tuple[str, str, str], RunResult] = {}

    def add(self, target: str, variant: str, result: RunResult) -> list[str]:
        """Keep a result; return where it disagrees with the other simulator's."""
        sim = result.run.sim
        self.runs[target, variant, sim] = result
        other = self.runs.get((target, variant, "icarus" if sim == "verilator" else "verilator"))
        return results.compare(other, result) if other else []

    def summary(self) -> dict[str, object]:
        """Return totals per simulator and a line per run."""
        outputs = dict.fromkeys(SIMULATORS, 0)
        rows = []
        for (target, variant, sim), result in self.runs.items():
            content = results.as_json(result)
            outputs[sim] += content["outputs_compared"]
            rows.append(
                {"toplevel": target, "variant": variant, "sim": sim, "passed": result.passed}
                | {k: content[k] for k in ("outputs_compared", "mismatches", "tests_run",
                                           "tests_failed", "build_s", "wall_s", "metrics")}
            )  # fmt: skip
        both = [k for k in self.runs if k[2] == "icarus" and (*k[:2], "verilator") in self.runs]
        return {
            "outputs_compared": outputs,
            "mismatches": sum(r["mismatches"] for r in rows),  # type: ignore[misc]
            "compared_between_simulators": len(both),
            "passed": all(r["passed"] for r in rows),
            "runs": rows,
        }


@pytest.fixture(scope="session")
def matrix() -> Iterator[Matrix]:
    """Collects the RTL runs and writes build/results/test.json at the end."""
    found = Matrix()
    yield found
    if found.runs:
        results.write_atomic(RESULTS / "test.json", json.dumps(found.summary(), indent=1) + "\n")


@pytest.fixture
def junit_folder() -> Path:
    """Where the RTL runs leave their JUnit files."""
    return RESULTS / "junit"
