# SPDX-License-Identifier: Apache-2.0
"""What the runner is asked, and what it answers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from sim.guards import Outcome
from sim.targets import Value

SIMULATORS = ("verilator", "icarus")
DEFAULT_SEED = 20240229


class Reporter(Protocol):
    """Who is told how a run goes (`sim.progress.Progress`, or nobody)."""

    def step(self, text: str) -> None:
        """Say what happens now."""

    def output(self, text: str) -> None:
        """Take one line of the simulator's output."""


class Silent:
    """The reporter that says nothing."""

    def step(self, text: str) -> None:
        """Say nothing."""

    def output(self, text: str) -> None:
        """Say nothing."""


@dataclass(frozen=True)
class Run:
    """One request: a TOPLEVEL on one simulator with one parameter set.

    parameters and options are keyed by Verilog (or option) name; what is left out has its default.
    rewire: on Icarus, straighten the netlist for long runs (see sim.rewire).
    """

    toplevel: str
    sim: str = "verilator"
    parameters: Mapping[str, Value] = field(default_factory=dict)
    seed: int = DEFAULT_SEED
    testcase: str = ""
    net: str = ""
    options: Mapping[str, Value] = field(default_factory=dict)
    waves: bool = False
    debug: bool = False
    rewire: bool = False


@dataclass
class RunResult:
    """What came of it. `failures` says in one line each why it is not a pass.

    layers and metrics are the tests' own records (`tb/common/results.py`).
    """

    run: Run
    sim_version: str
    parameters: dict[str, Value]
    options: dict[str, Value]
    net: str | None
    layers: list[dict[str, Any]] = field(default_factory=list)
    metrics: list[dict[str, Any]] = field(default_factory=list)
    outcomes: list[Outcome] = field(default_factory=list)
    failures: list[str] = field(default_factory=list)
    waves: list[tuple[str, Path]] = field(default_factory=list)  # (simulated top, dump)
    logs: list[Path] = field(default_factory=list)
    xml: list[Path] = field(default_factory=list)
    build_s: float = 0.0
    wall_s: float = 0.0

    @property
    def passed(self) -> bool:
        """No failure of any kind, and at least one test ran."""
        return not self.failures and any(o.status == "passed" for o in self.outcomes)

    @property
    def outputs_compared(self) -> int:
        """Values compared with golden: outputs of layers, and `sums` of benches without layers."""
        return sum(int(layer["outputs"]) for layer in self.layers) + \
            sum(int(metric.get("sums", 0)) for metric in self.metrics)  # fmt: skip
