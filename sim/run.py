# SPDX-License-Identifier: Apache-2.0
"""The one runner. `make sim` and pytest both end in `run_target`."""

from __future__ import annotations

import importlib
import json
import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sim import build, discover, guards, simulators
from sim.errors import BuildError, HarnessError, unknown
from sim.guards import Outcome
from sim.paths import BUILD, ROOT, shown
from sim.simulators import Job, Value
from sim.targets import Bench, Target, find

SIMULATORS = ("verilator", "icarus")
DEFAULT_SEED = 20240229


@dataclass(frozen=True)
class Run:
    """One request: a TOPLEVEL on one simulator with one parameter set."""

    toplevel: str
    sim: str = "verilator"
    parameters: Mapping[str, Value] = field(default_factory=dict)
    seed: int = DEFAULT_SEED
    testcase: str = ""
    net: str = ""
    options: Mapping[str, Value] = field(default_factory=dict)
    waves: bool = False
    debug: bool = False


@dataclass
class RunResult:
    """What came of it. `failures` says in one line each why it is not a pass."""

    run: Run
    parameters: dict[str, Value]
    layers: list[dict[str, Any]] = field(default_factory=list)
    metrics: list[dict[str, Any]] = field(default_factory=list)
    outcomes: list[Outcome] = field(default_factory=list)
    failures: list[str] = field(default_factory=list)
    waves: list[Path] = field(default_factory=list)
    logs: list[Path] = field(default_factory=list)
    xml: list[Path] = field(default_factory=list)
    build_s: float = 0.0
    wall_s: float = 0.0
    sim_version: str = ""

    @property
    def passed(self) -> bool:
        """No failure of any kind, and at least one test ran."""
        return not self.failures and bool(self.outcomes)


Progress = Callable[[str], None]


def _silent(_: str) -> None:
    pass


def _scratch(run: Run, bench: Bench) -> Path:
    """Return a fresh folder for one simulation."""
    name = f"{run.sim}-{bench.name}-{os.getpid()}-{time.monotonic_ns()}"
    folder = BUILD / "run" / run.toplevel / name
    folder.mkdir(parents=True)
    return folder


def _settings(run: Run, target: Target, bench: Bench, folder: Path,
              parameters: Mapping[str, Value]) -> Path:  # fmt: skip
    data = folder / "data"
    data.mkdir()
    package = None
    if target.nets:
        bits = int(parameters.get("B", 4))
        found = importlib.import_module("golden.package").find(run.net or target.nets[0], bits)
        package = str(found)
    content = {
        "toplevel": run.toplevel,
        "bench": bench.name,
        "sim": run.sim,
        "parameters": dict(parameters),
        "seed": run.seed,
        "net": (run.net or target.nets[0]) if target.nets else None,
        "options": target.resolve_options(run.options, run.sim),
        "data_dir": str(data),
        "result_json": str(folder / "records.jsonl"),
        "package": package,
        "waves": run.waves,
        "debug": run.debug,
    }
    path = folder / "settings.json"
    path.write_text(json.dumps(content, indent=1), encoding="utf-8")
    return path


def _generate(target: Target, folder: Path, parameters: Mapping[str, Value]) -> None:
    for entry in target.generate:
        module, function = str(entry["call"]).split(":")
        values = [parameters[name] for name in entry.get("args", ())]
        path = folder / str(entry["file"]).format_map(dict(parameters))
        getattr(importlib.import_module(module), function)(path, *values)


def _expected(bench: Bench, settings: Path, testcase: str) -> list[str]:
    """Return the full names of the tests that must run. Raises HarnessError for an unknown name."""
    env = simulators.clean_environment()
    env["PLUTARCH_RUN"] = str(settings)
    env["PYTHONPATH"] = os.pathsep.join(p or os.getcwd() for p in (str(ROOT), *sys.path))
    done = subprocess.run(
        [sys.executable, "-m", discover.__name__, *bench.tests],
        env=env, capture_output=True, text=True, check=False, cwd=settings.parent,
    )  # fmt: skip
    if done.returncode:
        last = (done.stderr.strip().splitlines() or ["no message"])[-1]
        raise BuildError(f"{', '.join(bench.tests)} cannot be imported: {last}")
    found: list[tuple[str, bool]] = json.loads(done.stdout.splitlines()[-1])
    if not found:
        raise HarnessError(f"no cocotb test in {', '.join(bench.tests)}")
    wanted = re.compile(filter_for(testcase)) if testcase else re.compile("")
    return [name for name, skipped in found if wanted.search(name) and not skipped]


def filter_for(testcase: str) -> str:
    """Return cocotb's test filter for a test name, with or without module and parameters."""
    return rf"(^|\.){re.escape(testcase)}(/.*)?$"


def run_target(run: Run, target: Target | None = None, progress: Progress = _silent) -> RunResult:
    """Build (or find) and run every bench of the TOPLEVEL; guards decide what is a pass.

    Raises HarnessError for a user's mistake and BuildError when the sources do not build. A failing
    test is not an exception: it is in the result.
    """
    start = time.monotonic()
    target = target or find(run.toplevel)
    if run.sim not in SIMULATORS:
        raise unknown("SIM", run.sim, SIMULATORS)
    if run.net and run.net not in target.nets:
        raise unknown("NET", run.net, target.nets)
    for name in (*run.parameters, *run.options):
        if name not in target.by_make_name() and name not in target.parameters:
            raise unknown(f"parameter of {target.name}", name, target.by_make_name())
    if not target.benches:
        raise HarnessError(f"sim/targets.toml: {target.name} has neither tests nor bench")
    parameters = target.resolve(run.parameters)
    result = RunResult(run, parameters, sim_version=build.tool_version(run.sim))
    known: list[str] = []
    ran = 0
    for bench in target.benches:
        folder = _scratch(run, bench)
        try:
            settings = _settings(run, target, bench, folder, parameters)
            expected = _expected(bench, settings, run.testcase)
            known += expected if expected else _expected(bench, settings, "")
            if not expected:
                continue
            ran += 1
            _one_bench(run, target, bench, folder, settings, expected, result, progress)
        except BaseException:
            if not (folder / "log.txt").exists():
                shutil.rmtree(folder, ignore_errors=True)
            raise
    if not ran:
        short = [name.rsplit(".", 1)[-1].split("/")[0] for name in known]
        raise unknown("TESTCASE", run.testcase, dict.fromkeys(short))
    guards.check_layers(target, run.testcase, result.layers, result.failures)
    result.wall_s = time.monotonic() - start
    return result


def _one_bench(run: Run, target: Target, bench: Bench, folder: Path, settings: Path,
               expected: list[str], result: RunResult, progress: Progress) -> None:  # fmt: skip
    passed = {
        name: value
        for name, value in result.parameters.items()
        if bench.passed is None or name in bench.passed
    }
    job = Job(bench.top, bench.sources, target.includes, passed, run.waves, run.debug)
    progress(f"{target.name}: building {bench.top} for {run.sim}")
    built = build.build(run.sim, job)
    result.build_s += built.seconds
    progress(f"{target.name}: running {len(expected)} tests of {bench.name} on {run.sim}")
    _generate(target, folder, result.parameters)

    kind = simulators.Icarus if run.sim == "icarus" else simulators.Verilator
    plus = [f"+DATA={folder / 'data'}"]
    if run.sim == "verilator":  # whatever is not reset starts random, and differently per seed
        plus += ["+verilator+rand+reset+2", f"+verilator+seed+{run.seed % 2**31 or 1}"]
    runner = kind(job, folder, bench.tests, plus_args=plus)
    runner.executable = str(built.executable)
    runner.timeout_s = target.timeout_s
    runner.on_line = progress
    runner.variables = {
        "PLUTARCH_RUN": str(settings),
        "COCOTB_RANDOM_SEED": str(run.seed),
        "COCOTB_TEST_FILTER": filter_for(run.testcase) if run.testcase else "",
    }
    if run.sim == "verilator":
        runner.variables["COCOTB_TRUST_INERTIAL_WRITES"] = "1"
    end = "finished"
    try:
        runner.run()
    except SystemExit as err:
        end = str(err)
    except Exception as err:  # a results file that is no XML: cocotb-test lets the parser's error out
        end = f"{type(err).__name__}: {err}"
    xml = Path(runner.env.get("COCOTB_RESULTS_FILE", folder / "none.xml"))
    result.logs.append(folder / "log.txt")
    result.xml.append(xml)
    result.waves += sorted(folder.glob("dump.*"))
    outcomes, failures = guards.check_simulation(
        bench.name, expected, xml, folder / "log.txt", runner.status, end, target.timeout_s
    )
    result.outcomes += outcomes
    result.failures += failures
    layers, metrics = guards.read_records(folder / "records.jsonl", result.failures)
    result.layers += layers
    result.metrics += metrics
    shutil.rmtree(folder / "data", ignore_errors=not run.debug)
    progress(f"{target.name}: {shown(folder)}")
