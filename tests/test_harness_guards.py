# SPDX-License-Identifier: Apache-2.0
"""Every way a simulation can seem to pass without having passed, and the guard that sees it."""

from __future__ import annotations

import json
import os
import signal
import subprocess
from pathlib import Path
from typing import Any

import pytest

from sim import guards, prepare, results
from sim.errors import BuildError, HarnessError
from sim.request import Run, RunResult
from sim.run import run_target
from sim.targets import Target
from sim.test_verb import spread
from tests.conftest import summary

Targets = dict[str, Target]
SIMS = ["verilator", pytest.param("icarus", marks=pytest.mark.icarus)]


def go(targets: Targets, name: str, sim: str = "verilator", **more: object) -> RunResult:
    """Run a fixture target."""
    return run_target(Run(name, sim, **more), targets[name])  # type: ignore[arg-type]


def why(result: RunResult) -> str:
    assert not result.passed
    return "\n".join(result.failures)


@pytest.mark.parametrize("sim", SIMS)
def test_the_good_bench_passes(fixture_targets: Targets, sim: str) -> None:
    result = go(fixture_targets, "counter", sim)
    assert result.passed and not result.failures
    assert [o.status for o in result.outcomes] == ["passed", "passed"]
    assert result.layers[0]["outputs"] == 40 and result.layers[0]["macs_per_cycle"] == 2.0


@pytest.mark.parametrize("sim", SIMS)
def test_a_failing_test_fails_with_its_message(fixture_targets: Targets, sim: str) -> None:
    result = go(fixture_targets, "counter_failing", sim)
    assert "wrong/rate=0.5: " in why(result) and "count is not 99 at output 7" in why(result)
    assert [o.status for o in result.outcomes] == ["passed", "failed"]


def test_a_filter_that_matches_nothing_fails(fixture_targets: Targets) -> None:
    with pytest.raises(HarnessError, match=r"unknown TESTCASE.*'cuonts'.*did you mean 'counts'"):
        go(fixture_targets, "counter", testcase="cuonts")


def test_a_filter_runs_that_test_alone(fixture_targets: Targets) -> None:
    result = go(fixture_targets, "counter", testcase="resets")
    assert result.passed
    assert [o.name for o in result.outcomes] == ["tests.fixtures.benches.good.resets"]


def test_the_callers_environment_cannot_filter(
    fixture_targets: Targets, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COCOTB_TEST_FILTER", "nothing_like_this")
    monkeypatch.setenv("COCOTB_TESTCASE", "nothing_like_this")
    monkeypatch.setenv("COCOTB_TEST_MODULES", "no.such.module")
    monkeypatch.setenv("COCOTB_RESULTS_FILE", "/nowhere/results.xml")
    result = go(fixture_targets, "counter")
    assert result.passed and len(result.outcomes) == 2


def test_a_test_that_vanished_is_missed(fixture_targets: Targets) -> None:
    result = go(fixture_targets, "counter_vanishing")
    assert [o.status for o in result.outcomes] == ["passed"]
    assert "1 tests did not run" in why(result) and "vanishes" in why(result)


def test_the_list_of_tests_is_found_again_when_code_or_choices_change(
    fixture_targets: Targets, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bench = fixture_targets["counter"].benches[0]
    content = {"toplevel": "counter", "bench": "ports", "sim": "icarus", "parameters": {},
               "options": {}, "net": None, "seed": 1}  # fmt: skip
    settings = tmp_path / "settings.json"
    settings.write_text(json.dumps(content))
    monkeypatch.setattr(prepare, "ROOT", tmp_path)
    module = tmp_path / "tb" / "x.py"
    module.parent.mkdir()
    module.write_text("one = 1\n")
    keys = [prepare._tests_key(bench, settings)]
    settings.write_text(json.dumps(content | {"seed": 2}))
    assert prepare._tests_key(bench, settings) == keys[0]
    module.write_text("two = 2\n")
    keys.append(prepare._tests_key(bench, settings))
    settings.write_text(json.dumps(content | {"options": {"QUICK": 1}}))
    keys.append(prepare._tests_key(bench, settings))
    assert len(set(keys)) == 3


def test_a_module_without_tests_fails(fixture_targets: Targets) -> None:
    with pytest.raises(HarnessError, match=r"no cocotb test in tests\.fixtures"):
        go(fixture_targets, "counter_without_tests")


def test_a_target_without_benches_fails(fixture_targets: Targets) -> None:
    with pytest.raises(HarnessError, match="neither tests nor bench"):
        go(fixture_targets, "counter_untested")


def test_a_module_that_cannot_be_imported_fails(fixture_targets: Targets) -> None:
    with pytest.raises(BuildError, match="No module named 'no_such_module_anywhere'"):
        go(fixture_targets, "counter_unimportable")


def test_only_skipped_tests_is_no_pass(fixture_targets: Targets) -> None:
    assert "no test ran" in why(go(fixture_targets, "counter_skipped"))


@pytest.mark.parametrize("sim", SIMS)
def test_a_killed_simulator_fails(fixture_targets: Targets, sim: str) -> None:
    text = why(go(fixture_targets, "counter_dying", sim, testcase="killed"))
    assert f"killed by signal {int(signal.SIGKILL)}" in text
    assert "the results file" in text and "did not finish" in text


def test_missing_results_fail_whatever_the_exit_status(fixture_targets: Targets) -> None:
    text = why(go(fixture_targets, "counter_dying", testcase="leaves_early"))
    assert "not readable: the simulation did not finish" in text


def test_a_bad_exit_status_fails_whatever_the_results_say(fixture_targets: Targets) -> None:
    result = go(fixture_targets, "counter_dying", testcase="bad_status")
    assert [o.status for o in result.outcomes] == ["passed"]
    assert "the simulator ended with status 3" in why(result)


@pytest.mark.parametrize("sim", SIMS)
def test_a_simulation_that_never_ends_is_stopped(fixture_targets: Targets, sim: str) -> None:
    text = why(go(fixture_targets, "counter_dying", sim, testcase="never_ends"))
    assert "stopped after 4 s without an end" in text
    assert not _running(fixture_targets["counter_dying"].name)


def _running(word: str) -> list[str]:
    """Return the command lines of live processes (not ours) that contain `word`."""
    listed = subprocess.run(["ps", "-eo", "pid=,args="], capture_output=True, text=True, check=True)
    lines = [line for line in listed.stdout.splitlines() if word in line]
    return [line for line in lines if int(line.split()[0]) != os.getpid() and "pytest" not in line]


@pytest.mark.parametrize(
    ("test", "message"),
    [
        ("mismatch", "layer forty: 3 of 40 outputs differ"),
        ("saw_x", "layer forty: 1 valid beats carried an X"),
        ("empty_layer", "layer forty: recorded without a single output compared"),
        ("half_a_line", "line 2 is not a record"),
    ],
)
def test_records_that_must_fail(fixture_targets: Targets, test: str, message: str) -> None:
    result = go(fixture_targets, "counter_records", testcase=test)
    assert [o.status for o in result.outcomes] == ["passed"]
    assert message in why(result)


def test_nothing_compared_fails(fixture_targets: Targets) -> None:
    result = go(fixture_targets, "counter_silent")
    assert [o.status for o in result.outcomes] == ["passed"]
    assert "counter_silent: not a single output was compared" in why(result)


@pytest.mark.icarus
@pytest.mark.parametrize(("test", "key"), [("other_cycles", "cycles"), ("other_outputs", "digest")])
def test_simulators_that_disagree_fail(fixture_targets: Targets, test: str, key: str) -> None:
    one = go(fixture_targets, "counter_records", "verilator", testcase=test)
    other = go(fixture_targets, "counter_records", "icarus", testcase=test)
    assert one.passed and other.passed
    (problem,) = results.compare(one, other)
    assert f"layer forty: {key} " in problem
    assert results.compare(one, one) == []


def test_nothing_in_common_between_simulators_fails(fixture_targets: Targets) -> None:
    one = go(fixture_targets, "counter")
    empty = RunResult(one.run, one.sim_version, {}, {}, None)
    assert "no layer in common" in results.compare(one, empty)[0]


@pytest.mark.parametrize("sim", SIMS)
@pytest.mark.parametrize("fault", [1, 3])
def test_hdl_errors_fail(fixture_targets: Targets, sim: str, fault: int) -> None:
    """Icarus prints `$error` and exits 0, with every cocotb test passed."""
    result = go(fixture_targets, "counter", sim, parameters={"FAULT": fault})
    assert "count is three" in why(result) or "the simulator ended with status" in why(result)


@pytest.mark.icarus
def test_an_x_fails_on_icarus(fixture_targets: Targets) -> None:
    result = go(fixture_targets, "counter_records", "icarus", testcase="random_start")
    assert result.passed  # FAULT=0 resets it; the guard below has something to differ from
    faulty = _with_fault(fixture_targets["counter_records"], 2)
    other = run_target(Run("counter_records", "icarus", testcase="random_start"), faulty)
    assert "x" in other.layers[0]["digest"].lower() or not other.passed


def test_what_is_not_reset_differs_between_seeds_on_verilator(fixture_targets: Targets) -> None:
    """Two states have no X: an unreset register starts random, so seeds disagree."""
    faulty = _with_fault(fixture_targets["counter_records"], 2)
    seen = {
        run_target(
            Run("counter_records", seed=seed, testcase="random_start"), faulty
        ).layers[0]["digest"]
        for seed in range(8)
    }  # fmt: skip
    assert seen == {"0", "1"}


def _with_fault(target: Target, fault: int) -> Target:
    from dataclasses import replace

    from sim.targets import Parameter

    parameter = Parameter("FAULT", fault, "FAULT")
    return replace(target, parameters={"FAULT": parameter})


def test_the_error_patterns_do_not_see_cocotb_itself(tmp_path: Path) -> None:
    log = tmp_path / "log.txt"
    xml = tmp_path / "r.xml"
    xml.write_text('<testsuites><testsuite><testcase classname="m" name="t"/></testsuite>'
                   "</testsuites>", encoding="utf-8")  # fmt: skip
    log.write_text("  0.00ns ERROR    cocotb.x  an expected error\n", encoding="utf-8")
    assert guards.check_simulation("b", ["m.t"], xml, log, 0, "finished", 9)[1] == []
    for line in ("ERROR: x.v:3: boom", "FATAL: x.v:3: boom", "%Error: x.v:3: boom",
                 "[1000] %Fatal: x.v:3: boom"):  # fmt: skip
        log.write_text(f"fine\n{line}\n", encoding="utf-8")
        failures = guards.check_simulation("b", ["m.t"], xml, log, 0, "finished", 9)[1]
        assert failures == [f"b: the simulator reported: {line}"]


def row(sim: str, met: bool) -> dict[str, Any]:
    return {"toplevel": "t", "variant": "v", "sim": sim, "met": met, "passed": True,
            "outputs_compared": 3, "mismatches": 0}


def test_a_pair_that_no_worker_compared_is_told() -> None:
    met = summary([row("verilator", False), row("icarus", True)])
    assert (met["compared_between_simulators"], met["not_compared"]) == (1, [])
    apart = summary([row("verilator", False), row("icarus", False)])
    assert (apart["compared_between_simulators"], apart["not_compared"]) == (0, ["t v"])
    assert summary([row("icarus", False)])["not_compared"] == []


@pytest.mark.parametrize(("workers", "words"), [("1", []), ("3", ["-n", "3"])])
def test_make_test_spreads_over_workers(workers: str, words: list[str]) -> None:
    assert spread(workers) == words


@pytest.mark.parametrize("workers", ["0", "17", "x", "-1", "1.5"])
def test_a_wrong_number_of_workers_is_refused(workers: str) -> None:
    with pytest.raises(HarnessError, match=f"WORKERS={workers}: a whole number from 1 to 16"):
        spread(workers)
