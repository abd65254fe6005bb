# SPDX-License-Identifier: Apache-2.0
"""Builds one accelerator of the network bench as a bare Verilator program: no cocotb, no VPI."""

from __future__ import annotations

import os
import shutil
from collections.abc import Mapping
from pathlib import Path

from sim import build, process, simulators
from sim.errors import BuildError
from sim.paths import BUILD, ROOT, shown
from sim.simulators import Job, parameter_text
from sim.targets import Target, Value

TOP, MAIN = "network_device", ROOT / "tb" / "network" / "bare_main.cpp"


def build_device(target: Target, parameters: Mapping[str, Value]) -> Path:
    """Executable of `network_device` with these parameters, cached by content.

    The flags are those of the harness's Verilator builds, without what cocotb needs. Raises
    BuildError naming the log.
    """
    job = Job(TOP, (*target.benches[0].sources, MAIN), target.includes, parameters,
              separate=target.separate)
    folder = BUILD / "sim" / TOP / f"bare-{build.fingerprint('verilator', job)}"
    if (folder / "sim").exists():
        return folder / "sim"
    half = folder.with_name(f".half-{os.getpid()}")
    shutil.rmtree(half, ignore_errors=True)
    half.mkdir(parents=True)
    control = simulators.control_file(half, (), target.separate)
    verilate = [
        *("verilator", "-cc", "--exe", "-Mdir", str(half), "--top-module", TOP),
        *("--prefix", "Vtop", "-o", "sim", *simulators.VERILATOR_FLAGS),
        *(f"-G{name}={parameter_text(value)}" for name, value in parameters.items()),
        str(control), str(MAIN), *(str(path) for path in target.benches[0].sources),
    ]  # fmt: skip
    try:
        for command in (verilate, simulators.make_command(half, MAIN)):
            status = process.run_logged(command, cwd=half, env=simulators.clean_environment(),
                                        log=half / "log.txt")
            if status:
                kept = BUILD / "sim" / TOP / "bare-failed.txt"
                shutil.copy(half / "log.txt", kept)
                raise BuildError(f"verilator could not build {TOP} (log: {shown(kept)})")
        half.rename(folder)
    finally:
        shutil.rmtree(half, ignore_errors=True)
    return folder / "sim"
