# SPDX-License-Identifier: Apache-2.0
"""`make lint`: static checks of Python and of every parameter set of every TOPLEVEL."""

from __future__ import annotations

import functools
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from sim import house, registers, results, systools
from sim.paths import BUILD, RESULTS, ROOT
from sim.simulators import TIMESCALE, clean_environment, parameter_text
from sim.targets import Bench, Target, Value, find, table

# Icarus -Wall also reports that no file sets a time scale, which the build does for all of them.
_ICARUS_NOISE = re.compile(r"timescale|^\s*$")


def parameter_sets(target: Target) -> Iterator[tuple[str, dict[str, Value]]]:
    """Yield (name, Verilog parameters): the defaults, then each variant once."""
    seen: list[dict[str, Value]] = []
    for variant in ({}, *target.variants):
        given = {k: v for k, v in variant.items() if k != "only" and k not in target.options}
        parameters = target.resolve(given)
        if parameters not in seen:
            seen.append(parameters)
            yield " ".join(f"{k}={v}" for k, v in given.items()) or "defaults", parameters


def verilator_command(
    top: str, sources: Sequence[Path], includes: Sequence[Path], parameters: Mapping[str, Value],
    bench: bool = False,
) -> list[str]:  # fmt: skip
    """Return the -Wall lint command. A bench may leave signals of its device unused."""
    return [
        *("verilator", "--lint-only", "-Wall", "--no-timing", "--timescale", TIMESCALE),
        *("--top-module", top),
        *(["-Wno-UNUSED"] if bench else []),
        *(f"-I{folder}" for folder in includes),
        *(f"-G{name}={parameter_text(value)}" for name, value in parameters.items()),
        *map(str, sources),
    ]


def icarus_command(
    top: str, sources: Sequence[Path], includes: Sequence[Path], parameters: Mapping[str, Value]
) -> list[str]:
    """Return the -Wall parse and elaboration command, in strict Verilog-2005."""
    return [
        *("iverilog", "-Wall", "-g2005", "-tnull", "-s", top),
        *(f"-I{folder}" for folder in includes),
        *(f"-P{top}.{name}={parameter_text(value)}" for name, value in parameters.items()),
        *map(str, sources),
    ]


def check(command: Sequence[str], cwd: Path = ROOT) -> str:
    """Run one tool; return what it complained about, '' if nothing."""
    done = subprocess.run(
        command, cwd=cwd, env=clean_environment(), capture_output=True, text=True, check=False
    )
    said = done.stdout + done.stderr
    if command[0] == "iverilog":
        lines = [line for line in said.splitlines() if not _ICARUS_NOISE.search(line)]
        said = "\n".join(lines)
        return said or (f"status {done.returncode}" if done.returncode else "")
    return said or f"status {done.returncode}" if done.returncode else ""


Check = tuple[str, Callable[[], str]]  # what is checked, and the call that returns complaints


def _hdl(target: Target, icarus: bool, scratch: Path) -> Iterator[Check]:
    """Yield the checks of the TOPLEVEL itself and of each wrapper of its benches."""
    tops = [Bench("", target.name, target.sources, ())]
    tops += [bench for bench in target.benches if bench.top != target.name]
    for name, parameters in parameter_sets(target):
        for bench in tops:
            rest = bench.top, bench.sources, target.includes, bench.takes(parameters)
            command = verilator_command(*rest, bench=bench.top != target.name)
            yield f"verilator {bench.top} {name}", functools.partial(check, command, scratch)
            if icarus:
                command = icarus_command(*rest)
                yield f"iverilog {bench.top} {name}", functools.partial(check, command, scratch)


def _python() -> Iterator[Check]:
    yield "ruff", functools.partial(check, [sys.executable, "-m", "ruff", "check", "."])
    mypy = functools.partial(check, [sys.executable, "-m", "mypy"])
    yield "mypy --strict golden host sim synth", mypy
    yield "files made from rtl/registers.toml", lambda: "\n".join(registers.stale())
    yield "house rules", lambda: "\n".join(house.complaints())


def run(choices: Mapping[str, str]) -> int:
    """Print a line per check and every complaint; 0 only if there is none."""
    targets = [find(choices["TOPLEVEL"])] if "TOPLEVEL" in choices else list(table().values())
    icarus = systools.ensure_icarus(print)
    BUILD.mkdir(exist_ok=True)
    scratch = Path(tempfile.mkdtemp(prefix="lint-", dir=BUILD))
    checks = [] if "TOPLEVEL" in choices else list(_python())
    checks += [one for target in targets for one in _hdl(target, icarus, scratch)]
    done: list[dict[str, object]] = []
    pool = ThreadPoolExecutor(os.cpu_count())
    try:
        waiting = [(what, pool.submit(call)) for what, call in checks]
        for what, future in waiting:
            complaint = future.result()
            done.append({"check": what, "passed": not complaint})
            print(f"{'FAIL' if complaint else 'ok  '} {what}", flush=True)
            if complaint:
                print(complaint.rstrip())
    finally:
        pool.shutdown(cancel_futures=True)
        shutil.rmtree(scratch, ignore_errors=True)
    failed = sum(not check["passed"] for check in done)
    content = {"checks": done, "failed": failed, "icarus": icarus, "passed": not failed}
    results.write_atomic(RESULTS / "lint.json", json.dumps(content, indent=1) + "\n")
    left_out = "" if icarus else "; Icarus left out"
    verdict = "FAIL" if failed else "PASS"
    print(f"{verdict} lint: {len(done)} checks, {failed} with complaints{left_out}")
    return 1 if failed else 0
