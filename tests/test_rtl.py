# SPDX-License-Identifier: Apache-2.0
"""The RTL matrix: every TOPLEVEL, every parameter set of sim/tables/, both simulators.

pytest's face of `sim.run.run_target`, whose simulators are cocotb-test's classes.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from sim import report, results
from sim.request import SIMULATORS, Run
from sim.run import run_target
from sim.targets import Target, Value, table
from tests.conftest import Matrix


def variants(target: Target) -> Iterator[tuple[str, dict[str, Value], str]]:
    """Yield (name, choices, only simulator) for the defaults and for each variant."""
    yield "defaults", {}, target.defaults_only
    for entry in target.variants:
        choices = {name: value for name, value in entry.items() if name != "only"}
        name = "-".join(f"{key}{value}" for key, value in choices.items())
        yield name, choices, str(entry.get("only", ""))


def cases(config: pytest.Config) -> Iterator[object]:
    for target in table().values():
        if config.getoption("--toplevel") not in (None, target.name):
            continue
        for name, choices, only in variants(target):
            for sim in SIMULATORS:
                if only in ("", sim) and config.getoption("--sim") in (None, sim):
                    marks = [pytest.mark.rtl]
                    marks += [pytest.mark.icarus] if sim == "icarus" else []
                    yield pytest.param(
                        target, name, choices, sim, id=f"{target.name}-{name}-{sim}", marks=marks
                    )


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "variant" in metafunc.fixturenames:
        names = ("target", "variant", "choices", "sim")
        metafunc.parametrize(names, list(cases(metafunc.config)))


def test_rtl(target: Target, variant: str, choices: dict[str, Value], sim: str,
             matrix: Matrix, junit_folder: Path) -> None:  # fmt: skip
    parameters = {k: v for k, v in choices.items() if k not in target.options}
    options = {k: v for k, v in choices.items() if k in target.options}
    result = run_target(Run(target.name, sim, parameters, options=options), target)
    result.failures += matrix.add(target.name, variant, result)
    results.write_junit(result.xml, junit_folder / f"{target.name}-{variant}-{sim}.xml")
    if not result.passed:
        lines = [*result.failures, f"reproduce: {report.reproduce(result)}"]
        pytest.fail("\n".join(lines), pytrace=False)
