# SPDX-License-Identifier: Apache-2.0
"""The one runner. `make sim` and pytest both end in `run_target`."""

from __future__ import annotations

import re
import time
from collections.abc import Sequence
from pathlib import Path

from sim import build, guards, prepare, runtime, simulators
from sim.errors import HarnessError, unknown
from sim.paths import BUILD
from sim.request import DEFAULT_SEED, SIMULATORS, Reporter, Run, RunResult, Silent
from sim.simulators import Job
from sim.targets import Bench, Target, find

__all__ = ["DEFAULT_SEED", "SIMULATORS", "Run", "RunResult", "run_target"]


def _check(run: Run, target: Target) -> None:
    if run.sim not in SIMULATORS:
        raise unknown("SIM", run.sim, SIMULATORS)
    if run.net and run.net not in target.nets:
        raise unknown(f"NET of {target.name}", run.net, target.nets)
    own = target.by_make_name()
    for name in (*run.parameters, *run.options):
        if name not in own and name not in target.parameters:
            raise unknown(f"parameter of {target.name}", name, own)
    if not target.benches:
        raise HarnessError(f"sim/tables: {target.name} has neither tests nor bench")


def run_target(
    run: Run, target: Target | None = None, progress: Reporter | None = None
) -> RunResult:
    """Build (or find) and run every bench of the TOPLEVEL; the guards decide what is a pass.

    Raises HarnessError for a user's mistake and BuildError when the sources do not build. A failing
    test is not an exception: it is in the result.
    """
    start = time.monotonic()
    target = target or find(run.toplevel)
    progress = progress or Silent()
    _check(run, target)
    result = RunResult(
        run=run,
        sim_version=build.tool_version(run.sim),
        parameters=target.resolve(run.parameters),
        options=target.resolve_options(run.options, run.sim),
        net=run.net or (target.nets[0] if target.nets else None),
    )
    wanted = re.compile(prepare.test_filter(run.testcase) if run.testcase else "")
    names: list[str] = []
    ran = False
    for bench in target.benches:
        folder = prepare.scratch(run, bench)
        try:
            settings = prepare.write_settings(
                run, target, bench, folder, result.parameters, result.options
            )
            tests = prepare.tests_in(bench, settings)
            names += [name for name, _ in tests]
            if any(wanted.search(name) for name, _ in tests):
                ran = True
                expected = [name for name, skip in tests if wanted.search(name) and not skip]
                _run_bench(target, bench, folder, settings, expected, result, progress)
        finally:
            prepare.finish(folder, keep_data=run.debug)
    if not ran:
        short = dict.fromkeys(name.split("/")[0].rsplit(".", 1)[-1] for name in names)
        raise unknown(f"TESTCASE of {target.name}", run.testcase, short)
    guards.check_layers(target, run.testcase, result.layers, result.failures)
    result.wall_s = time.monotonic() - start
    return result


def _run_bench(target: Target, bench: Bench, folder: Path, settings: Path,
               expected: Sequence[str], result: RunResult, progress: Reporter) -> None:  # fmt: skip
    run = result.run
    job = Job(
        bench.top, bench.sources, target.includes, bench.takes(result.parameters), run.waves,
        run.debug, target.separate, run.rewire, bench.optimize,
    )  # fmt: skip
    built = build.find(run.sim, job)
    if built is None:
        progress.step(f"building {bench.top} for {run.sim}")
        built = build.build(run.sim, job)
    result.build_s += built.seconds
    how = f"built in {built.seconds:.1f} s" if built.seconds else "build unchanged"
    progress.step(f"running {len(expected)} tests of {bench.name} on {run.sim} ({how})")
    prepare.generate(target, folder, result.parameters)
    runner = _simulator(target, bench, job, folder, run)
    runner.executable = str(built.executable)
    runner.on_line = progress.output
    runner.variables = {
        "PLUTARCH_RUN": str(settings),
        "COCOTB_RANDOM_SEED": str(run.seed),
        "COCOTB_TEST_FILTER": prepare.test_filter(run.testcase) if run.testcase else "",
        # As cocotb's own runner: Verilator applies writes in order, so the fast clock is safe.
        "COCOTB_TRUST_INERTIAL_WRITES": "1" if run.sim == "verilator" else "0",
    }
    end = "finished"
    try:
        runner.run()
    except SystemExit as err:
        end = str(err)
    except SyntaxError as err:  # what ElementTree raises for a results file that is no XML
        end = f"the results file is not readable: {err}"
    xml = Path(runner.env["COCOTB_RESULTS_FILE"])
    log = folder / "log.txt"
    outcomes, failures = guards.check_simulation(
        bench.name, expected, xml, log, runner.status, end, target.timeout_s
    )
    layers, metrics = guards.read_records(folder / "records.jsonl", failures)
    result.outcomes += outcomes
    result.failures += failures
    result.layers += layers
    result.metrics += metrics
    result.logs.append(log)
    result.xml.append(xml)
    if run.waves:
        result.waves += _take_waves(folder, target, bench, run)


def _simulator(target: Target, bench: Bench, job: Job, folder: Path,
               run: Run) -> simulators.Icarus | simulators.Verilator:  # fmt: skip
    plus = [f"+DATA={folder / 'data'}"]
    runner: simulators.Icarus | simulators.Verilator
    if run.sim == "icarus":
        runner = simulators.Icarus(job, folder, bench.tests, plus_args=plus)
    else:
        # What is not reset starts random and differs per seed: the two-state stand-in for X.
        plus += ["+verilator+rand+reset+2", f"+verilator+seed+{run.seed % (2**31 - 1) + 1}"]
        runner = simulators.Verilator(job, folder, bench.tests, plus_args=plus)
        runner.trace_format = runtime.trace_format()
    runner.timeout_s = target.timeout_s
    return runner


def _take_waves(folder: Path, target: Target, bench: Bench, run: Run) -> list[tuple[str, Path]]:
    """Move the dump to a name that stays the same from run to run."""
    taken = []
    for dump in folder.glob("dump.*"):
        home = BUILD / "waves" / target.name
        home.mkdir(parents=True, exist_ok=True)
        taken.append((bench.top, dump.replace(home / f"{run.sim}-{bench.name}{dump.suffix}")))
    return taken
