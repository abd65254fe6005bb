# SPDX-License-Identifier: Apache-2.0
"""`make test`: pytest over golden, harness and the RTL matrix, and nothing after its last line."""

from __future__ import annotations

import os
import shlex
import sys
from collections.abc import Mapping

import find_libpython

from sim import runtime, systools
from sim.errors import HarnessError, unknown
from sim.paths import RESULTS, ROOT
from sim.request import SIMULATORS
from sim.targets import find
from synth import wheels

MOST_WORKERS = 16


def pytest_words(choices: Mapping[str, str], icarus: bool) -> list[str]:
    """Return pytest's arguments for the user's choices. Raises HarnessError."""
    words = [f"--junitxml={RESULTS / 'test.xml'}", "--durations=25", "--durations-min=1"]
    if "SIM" in choices and choices["SIM"] != "both":
        if choices["SIM"] not in SIMULATORS:
            raise unknown("SIM", choices["SIM"], (*SIMULATORS, "both"))
        words.append(f"--sim={choices['SIM']}")
    elif not icarus:
        words.append("--sim=verilator")
    if "TOPLEVEL" in choices:
        find(choices["TOPLEVEL"])
        words.append(f"--toplevel={choices['TOPLEVEL']}")
    words += spread(choices.get("WORKERS", ""))
    try:
        return words + shlex.split(choices.get("ARGS", ""))
    except ValueError as err:
        raise HarnessError(f"ARGS={choices['ARGS']}: {err}") from None


def spread(workers: str) -> list[str]:
    """Return xdist's arguments: a process a core, or WORKERS of them. Raises HarnessError."""
    count = os.cpu_count() or 1
    if workers:
        if not workers.isdecimal() or not 1 <= int(workers) <= MOST_WORKERS:
            raise HarnessError(f"WORKERS={workers}: a whole number from 1 to {MOST_WORKERS}")
        count = int(workers)
    return ["-n", str(min(count, MOST_WORKERS))] if count > 1 else []


def run(choices: Mapping[str, str]) -> int:
    """Become pytest: its exit status is ours."""
    systools.ensure_libpython(find_libpython.find_libpython, print)
    icarus = systools.ensure_icarus(print)
    # Before any worker asks: one that had found no headers would go on writing VCD.
    systools.ensure_fst_headers(runtime.has_fst_headers, print)
    wheels.compiled(print)
    words = pytest_words(choices, icarus)
    if not icarus:
        print("LEFT OUT: every simulation on Icarus (X checks and the cross-check of simulators); "
              "the Verilator half runs")  # fmt: skip
    sys.stdout.flush()
    os.chdir(ROOT)
    os.execv(sys.executable, [sys.executable, "-m", "pytest", *words])
