# SPDX-License-Identifier: Apache-2.0
"""The RTL matrix: every TOPLEVEL, every parameter set of sim/tables/, both simulators.

pytest's face of `sim.run.run_target`, whose simulators are cocotb-test's classes.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from sim import prepare, report, results
from sim.request import SIMULATORS, Run
from sim.run import run_target
from sim.targets import Bench, Target, Value, find, parse_target, table
from tests.conftest import Matrix


def variants(target: Target) -> Iterator[tuple[str, dict[str, Value], str, Target]]:
    """Yield (name, choices, only simulator, target) for the defaults and for each variant.

    The target lacks the benches that would repeat, with nothing changed, what an earlier variant
    runs on the same simulators. Its first bench is never left out.
    """
    ran: set[tuple[str, str]] = set()
    for entry in ({"only": target.defaults_only}, *target.variants):
        choices = {name: value for name, value in entry.items() if name != "only"}
        only = str(entry.get("only", ""))
        kept = []
        for bench in target.benches:
            sees = seen(target, bench, choices)
            if bench is target.benches[0] or not ran & {(sees, ""), (sees, only)}:
                kept.append(bench)
            ran.add((sees, only))
        name = "-".join(f"{key}{value}" for key, value in choices.items()) or "defaults"
        yield name, choices, only, replace(target, benches=tuple(kept))


def seen(target: Target, bench: Bench, choices: dict[str, Value]) -> str:
    """All that a run of a bench can depend on within its target: two alike are one run twice."""
    parameters = target.resolve({k: v for k, v in choices.items() if k in target.parameters})
    options = {k: v for k, v in choices.items() if k in target.options}
    files = [(str(entry["file"]).format_map(parameters), *map(parameters.get, entry["args"]))
             for entry in target.generate]  # fmt: skip
    every = [target.resolve_options(options, sim) for sim in SIMULATORS]
    return repr([bench.name, bench.takes(parameters), every, files])


def cases(config: pytest.Config) -> Iterator[object]:
    for target in table().values():
        if config.getoption("--toplevel") not in (None, target.name):
            continue
        for name, choices, only, rest in variants(target):
            for sim in SIMULATORS:
                if only in ("", sim) and config.getoption("--sim") in (None, sim):
                    marks = [pytest.mark.rtl]
                    marks += [pytest.mark.icarus] if sim == "icarus" else []
                    yield pytest.param(
                        rest, name, choices, sim, id=f"{target.name}-{name}-{sim}", marks=marks
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


def left_out(name: str) -> list[tuple[str, str]]:
    target = find(name)
    return [(variant, bench.name) for variant, _, _, rest in variants(target)
            for bench in target.benches if bench not in rest.benches]  # fmt: skip


def test_only_a_bench_that_would_repeat_itself_is_left_out() -> None:
    assert left_out("lane_plut") == [("N1", "family"), ("PLUT_FILEplut_int_b4.hex", "family")]
    assert [variant for variant, _ in left_out("axil_regs")] == ["LANEP2", "LANEP3"]
    # PIN16-POUT16-IMAGES0 has other options, which a test may ask for.
    assert [variant.split("-")[0] for variant, _ in left_out("conv_engine")] == [
        "KMAX5", "KMAX7", "PIN4"]  # fmt: skip
    whole = {target.name for target in table().values() if not left_out(target.name)}
    assert {t.name for t in table().values()} - whole == {"lane_plut", "axil_regs", "conv_engine"}


def test_what_ran_on_one_simulator_is_not_left_out_on_the_other() -> None:
    raw = {"parameters": {"A": {"default": 1}, "B": {"default": 1}}, "tests": ["x"],
           "bench": [{"name": "b", "tests": ["y"], "pass": ["B"]}],
           "variants": [{"A": 2, "only": "icarus"}, {"A": 3}, {"A": 4, "only": "verilator"},
                        {"A": 5}, {"B": 2}]}  # fmt: skip
    target = parse_target("t", {**raw, "defaults_only": "verilator"})
    ran = {name: [bench.name for bench in rest.benches] for name, _, _, rest in variants(target)}
    assert ran == {"defaults": ["ports", "b"], "A2": ["ports", "b"], "A3": ["ports", "b"],
                   "A4": ["ports"], "A5": ["ports"], "B2": ["ports", "b"]}  # fmt: skip


def test_a_bench_is_told_only_what_its_wrapper_has(tmp_path: Path) -> None:
    """So its tests cannot depend on a parameter that `seen` does not look at."""
    target = find("axil_regs")
    for bench in target.benches:
        folder = tmp_path / bench.name
        folder.mkdir()
        path = prepare.write_settings(
            Run(target.name, "verilator"), target, bench, folder, target.resolve({}), {})
        told = json.loads(path.read_text(encoding="utf-8"))["parameters"]
        assert set(told) == set(bench.passed or target.parameters)
