# SPDX-License-Identifier: Apache-2.0
"""The folder of one simulation: settings, generated files, and the list of tests that must run."""

from __future__ import annotations

import hashlib
import importlib
import importlib.metadata
import json
import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path

from sim import discover, simulators, tidy
from sim.errors import BuildError, HarnessError
from sim.paths import BUILD, ROOT
from sim.request import Run
from sim.targets import Bench, Target, Value

_KEEP = 12  # finished run folders kept per TOPLEVEL
_DONE = "done"


def scratch(run: Run, bench: Bench) -> Path:
    """Return a fresh folder for one simulation, and drop the oldest finished ones."""
    home = BUILD / "run" / run.toplevel
    folder = home / f"{run.sim}-{bench.name}-{os.getpid()}-{time.monotonic_ns()}"
    folder.mkdir(parents=True)
    tidy.keep_latest([p.parent for p in home.glob(f"*/{_DONE}")], _KEEP)
    return folder


def finish(folder: Path, keep_data: bool) -> None:
    """Mark a run folder as one that may be dropped later; player files go now."""
    if not keep_data:
        shutil.rmtree(folder / "data", ignore_errors=True)
    (folder / _DONE).touch()


def write_settings(
    run: Run, target: Target, bench: Bench, folder: Path,
    parameters: Mapping[str, Value], options: Mapping[str, Value],
) -> Path:  # fmt: skip
    """Write the JSON that `tb.common.settings` reads; return its path.

    Raises PlutarchError when the network's package is not there.
    """
    data = folder / "data"
    data.mkdir()
    net = run.net or (target.nets[0] if target.nets else None)
    package = None
    if net:
        find = importlib.import_module("golden.package").find
        package = str(find(net, int(parameters.get("B", 4))))
    content = {
        "toplevel": run.toplevel,
        "bench": bench.name,
        "sim": run.sim,
        "parameters": bench.takes(parameters),
        "seed": run.seed,
        "net": net,
        "options": dict(options),
        "data_dir": str(data),
        "result_json": str(folder / "records.jsonl"),
        "package": package,
        "waves": run.waves,
        "debug": run.debug,
    }
    path = folder / "settings.json"
    path.write_text(json.dumps(content, indent=1), encoding="utf-8")
    return path


def generate(target: Target, folder: Path, parameters: Mapping[str, Value]) -> None:
    """Make the files that the Verilog reads at start ($readmemh), as the table says."""
    for entry in target.generate:
        module, function = str(entry["call"]).split(":")
        values = [parameters[name] for name in entry.get("args", ())]
        path = folder / str(entry["file"]).format_map(dict(parameters))
        getattr(importlib.import_module(module), function)(path, *values)


def test_filter(testcase: str) -> str:
    """Return cocotb's regular expression for a test name, with or without module and parameters."""
    return rf"(^|\.){re.escape(testcase)}(/.*)?$"


def child_environment() -> dict[str, str]:
    """Return the environment of a Python child that imports what we can import."""
    env = simulators.clean_environment()
    env["PYTHONPATH"] = simulators.python_path()
    return env


def _tests_key(bench: Bench, settings: Path) -> str:
    """Return the hash of what decides which tests there are: Python code and choices."""
    content = json.loads(settings.read_text(encoding="utf-8"))
    choices = [content[k] for k in ("toplevel", "bench", "sim", "parameters", "options", "net")]
    digest = hashlib.sha256(json.dumps([bench.tests, choices, sys.version]).encode())
    digest.update(importlib.metadata.version("cocotb").encode())
    for folder in ("tb", "golden", "host", "tests/fixtures"):
        for path in sorted((ROOT / folder).rglob("*.py")):
            digest.update(str(path).encode() + path.read_bytes())
    return digest.hexdigest()[:24]


def tests_in(bench: Bench, settings: Path) -> list[tuple[str, bool]]:
    """Return (full name, skipped) of the bench's tests, found without the simulator.

    Kept in build/cache/ until a Python file or a choice changes. Raises BuildError if a module
    cannot be imported, HarnessError if there is no test at all.
    """
    kept = BUILD / "cache" / f"tests-{_tests_key(bench, settings)}.json"
    found: list[tuple[str, bool]] = []
    try:
        known = json.loads(kept.read_text(encoding="utf-8"))
        found = [(str(name), bool(skip)) for name, skip in known]
    except (OSError, ValueError):
        pass
    found = found or _find_tests(bench, settings)
    if not found:
        raise HarnessError(f"no cocotb test in {', '.join(bench.tests)}")
    kept.parent.mkdir(parents=True, exist_ok=True)
    half = kept.with_name(f".{kept.name}-{os.getpid()}")
    half.write_text(json.dumps(found), encoding="utf-8")
    half.replace(kept)
    return found


def _find_tests(bench: Bench, settings: Path) -> list[tuple[str, bool]]:
    env = child_environment() | {"PLUTARCH_RUN": str(settings)}
    done = subprocess.run(
        [sys.executable, "-m", discover.__name__, *bench.tests],
        env=env, capture_output=True, text=True, check=False, cwd=settings.parent,
    )  # fmt: skip
    if done.returncode:
        last = (done.stderr.strip().splitlines() or ["no message"])[-1]
        raise BuildError(f"{', '.join(bench.tests)} cannot be imported: {last}")
    return [(str(name), bool(skip)) for name, skip in json.loads(done.stdout.splitlines()[-1])]
