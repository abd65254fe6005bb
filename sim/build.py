# SPDX-License-Identifier: Apache-2.0
"""Builds, cached by content: same sources, parameters, flags and tools, same folder, no work.

A build is made in a folder of its own and renamed when it is good, so an interrupted one is
never taken for a finished one.
"""

from __future__ import annotations

import functools
import hashlib
import importlib.metadata
import os
import re
import shutil
import subprocess
import time
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from sim import ports, rewire, runtime, simulators, tidy
from sim.errors import BuildError
from sim.paths import BUILD, SHIMS, shown
from sim.simulators import Icarus, Job, Verilator

_LAYOUT = "1"  # raise it when the build recipe changes in a way the commands do not show
_EXECUTABLE = {"verilator": "sim", "icarus": "sim.vvp"}
_KEEP = 64  # builds kept per TOPLEVEL; the least recently used go first


@dataclass(frozen=True)
class Built:
    """A finished build: its folder, its executable, and the seconds it took now (0.0: cached)."""

    folder: Path
    executable: Path
    seconds: float


@functools.cache
def tool_version(sim: str) -> str:
    """Return the version a result carries, for example 'Verilator 5.048' or 'Icarus 11.0'."""
    if sim == "verilator":
        major, minor, *_ = importlib.metadata.version("verilator").split(".")
        return f"Verilator {major}.{int(minor):03d}"
    try:
        text = subprocess.run(
            ["iverilog", "-V"], capture_output=True, text=True, check=False
        ).stdout
    except OSError:
        raise BuildError("Icarus Verilog is not installed; SIM=verilator works") from None
    found = re.search(r"version (\S+)", text)
    return f"Icarus {found.group(1) if found else 'unknown'}"


@functools.cache
def compiler_version() -> str:
    """Return the C++ compiler's version line."""
    try:
        done = subprocess.run(["c++", "--version"], capture_output=True, text=True, check=False)
    except OSError:
        raise BuildError("no C++ compiler (c++): install g++") from None
    return done.stdout.splitlines()[0] if done.stdout else "unknown"


def _files(job: Job) -> Iterable[Path]:
    yield from job.sources
    for folder in job.includes:
        yield from sorted(p for p in folder.rglob("*") if p.suffix in (".v", ".vh", ".svh"))


def fingerprint(sim: str, job: Job) -> str:
    """Return the hash of everything that decides what the build is."""
    digest = hashlib.sha256()
    recipe: tuple[Path, ...] = (
        *(Path(module.__file__ or "") for module in (simulators, runtime)),
        *(Path(__file__), SHIMS / "verilator"),
    )
    words = [_LAYOUT, sim, job.top, str(job.debug), tool_version(sim)]
    words += [f"{k}={v!r}" for k, v in sorted(job.parameters.items())]
    words += [importlib.metadata.version("cocotb")]
    words += ["separate", *job.separate, "optimize", str(job.optimize and sim == "verilator")]
    words += [runtime.trace_format() if job.waves else "no waves"]
    words += [compiler_version() if sim == "verilator" else ""]
    if sim == "icarus" and job.rewire:
        recipe = (*recipe, *rewire.SOURCES)
    digest.update("\0".join(words).encode())
    for path in (*_files(job), *recipe):
        try:
            data = path.read_bytes()
        except OSError as err:
            raise BuildError(f"{shown(path)}: {err.strerror}") from None
        digest.update(f"\0{path.name}\0{len(data)}\0".encode() + data)
    return digest.hexdigest()[:16]


def _make(sim: str, job: Job, folder: Path) -> None:
    kind = Icarus if sim == "icarus" else Verilator
    maker = kind(job, folder, compile_only=True)
    if isinstance(maker, Verilator):
        maker.job_ports = tuple(name for _, name in ports.find_ports(job.top, job.sources))
        maker.trace_format = runtime.trace_format()
    try:
        if isinstance(maker, Verilator):
            maker.set_env()
            maker.execute(maker.build_commands())
            trace = (job.waves and maker.trace_format) or ""
            make = functools.partial(
                simulators.make_command, folder, maker.main, optimize=job.optimize
            )
            header = runtime.lend(folder, trace, make(), lambda words: maker.execute([words]))
            maker.execute([make(header)])
        else:
            maker.run()
    except SystemExit as err:
        raise BuildError(_first_error(folder / "log.txt", sim, job, str(err))) from None
    _check_log(folder / "log.txt", sim, job)
    if sim == "icarus" and job.rewire:
        rewire.rewire(folder / _EXECUTABLE[sim])


def _first_error(log: Path, sim: str, job: Job, status: str) -> str:
    text = log.read_text(encoding="utf-8", errors="replace") if log.exists() else ""
    if "No space left on device" in text:
        return "no space left on the disk"
    interesting = re.compile(r"%Error|\berror\b|^ERROR|Unknown module|Killed", re.I)
    lines = [line for line in text.splitlines() if interesting.search(line)]
    illegal = re.search(r"illegal_parameter_\w+", text)
    if illegal:  # the RTL's way to refuse a parameter set in every tool
        chosen = " ".join(f"{name}={value}" for name, value in job.parameters.items())
        return f"{job.top} refuses these parameters ({illegal[0]}): {chosen}"
    kept = BUILD / "sim" / job.top / f"{sim}-failed.txt"
    kept.parent.mkdir(parents=True, exist_ok=True)
    kept.write_text(text, encoding="utf-8")
    first = lines[0].strip() if lines else status
    return f"{sim} could not build {job.top}: {first} (log: {shown(kept)})"


def _check_log(log: Path, sim: str, job: Job) -> None:
    """Icarus exits 0 on some elaboration errors; the log does not lie."""
    text = log.read_text(encoding="utf-8", errors="replace")
    if re.search(r"^\S+:\d+: error:|Unknown module type", text, re.M):
        raise BuildError(_first_error(log, sim, job, "error in the log"))


def _prune(folder: Path) -> None:
    tidy.keep_latest(
        [p for p in folder.iterdir() if p.is_dir() and not p.name.startswith(".")], _KEEP
    )
    for half in folder.glob(".half-*"):
        if tidy.last_use(half) < time.time() - 3600:
            shutil.rmtree(half, ignore_errors=True)


def find(sim: str, job: Job) -> Built | None:
    """Return the build of `job` if it is there. Raises BuildError if a source is not."""
    folder = BUILD / "sim" / job.top / f"{sim}-{fingerprint(sim, job)}"
    executable = folder / _EXECUTABLE[sim]
    if not (executable.exists() and tidy.touch(folder)):
        return None
    return Built(folder, executable, 0.0)


def build(sim: str, job: Job) -> Built:
    """Return the build of `job`, making it if it is not there. Raises BuildError."""
    found = find(sim, job)
    if found:
        return found
    home = BUILD / "sim" / job.top
    folder = home / f"{sim}-{fingerprint(sim, job)}"
    executable = folder / _EXECUTABLE[sim]
    start = time.monotonic()
    half = home / f".half-{os.getpid()}-{time.monotonic_ns()}"
    half.mkdir(parents=True)
    try:
        _make(sim, job, half)
        _drop_leftovers(half)
        try:
            half.rename(folder)
        except OSError:
            if not executable.exists():  # somebody else finished the same build first otherwise
                raise
    finally:
        shutil.rmtree(half, ignore_errors=True)
    _prune(home)
    return Built(folder, executable, time.monotonic() - start)


def _drop_leftovers(folder: Path) -> None:
    """Keep the executable, the log and the control file; the rest is of no further use."""
    for path in folder.iterdir():
        if path.name not in (*_EXECUTABLE.values(), "log.txt", "control.vlt"):
            path.unlink()
