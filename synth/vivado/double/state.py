# SPDX-License-Identifier: Apache-2.0
"""What is open and how far it is: the stand-in's memory, and the errors of what comes too early."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from pathlib import Path

from synth.vivado.double.blocks import Board
from synth.vivado.double.figures import Figures
from synth.vivado.double.syntax import VivadoError
from synth.vivado.double.world import World

STAGES = ("synthesised", "optimised", "placed", "routed")
_WORDS = {"synthesised": "Synthesized", "optimised": "Optimized", "placed": "Fully Placed",
          "routed": "Routed"}  # fmt: skip


@dataclass
class Design:
    """An open design: a netlist somewhere between synthesis and routing."""

    top: str
    part: str
    stage: str = "synthesised"
    max_dsp: int = -1
    clocks: dict[str, float] = field(default_factory=dict)
    ports: list[str] = field(default_factory=list)
    generics: dict[str, int | str] = field(default_factory=dict)
    saif: str = ""
    matched: int | None = None


@dataclass
class Project:
    """An open project: sources, the top, runs with their progress and status."""

    name: str
    folder: str
    part: str
    in_memory: bool = False
    board: str = ""
    repositories: list[str] = field(default_factory=list)
    top: str = ""
    files: list[str] = field(default_factory=list)
    runs: dict[str, list[str]] = field(
        default_factory=lambda: {run: ["0%", "Not started"] for run in ("synth_1", "impl_1")}
    )
    board_design: str = ""
    generated: bool = False


class State:
    """All of it. Objects that queries hand out are remembered, so that plain texts are told."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.sources: list[str] = []
        self.constraints: list[str] = []
        self.design: Design | None = None
        self.project: Project | None = None
        self.board: Board | None = None
        self.core: dict[str, object] | None = None  # the IP that is being packaged
        self.objects: dict[str, str] = {}
        self.properties: dict[tuple[str, str], str] = {}
        self.errors_of: set[str] = set()  # message ids that were raised to errors

    def need_design(self, least: str = "synthesised") -> Design:
        """The open design, at least at a stage."""
        if self.design is None:
            raise VivadoError("[Common 17-53] User Exception: No open design. Please open an "
                              "elaborated, synthesized or implemented design before executing "
                              "this command.")  # fmt: skip
        if STAGES.index(self.design.stage) < STAGES.index(least):
            raise VivadoError(f"[Common 17-69] Command failed: the design is not {least}, only "
                              f"{self.design.stage}")  # fmt: skip
        return self.design

    def need_project(self) -> Project:
        """The open project."""
        if self.project is None:
            raise VivadoError("[Common 17-53] User Exception: No open project. Please create or "
                              "open a project before executing this command.")  # fmt: skip
        return self.project

    def need_board(self) -> Board:
        """The open block design."""
        if self.board is None:
            raise VivadoError("[BD 5-104] A block design must be open to run this command. Please "
                              "create/open a block design.")  # fmt: skip
        return self.board

    def add(self, kind: str, *names: str) -> list[str]:
        """Remember objects of a kind, so that other commands know them."""
        self.objects |= dict.fromkeys(names, kind)
        return list(names)

    def figures(self) -> Figures:
        """The figures that reports of the open design tell."""
        design = self.need_design()
        period = min(design.clocks.values(), default=None)
        placed = design.stage in ("placed", "routed")
        dsp = 0 if design.max_dsp == 0 else 4
        figures = Figures(design=design.top, version=self.world.version, part=design.part,
                          state=_WORDS[design.stage], dsp=dsp,
                          period=period or 10.0,
                          wns=None if period is None else round(period - self._delay(placed), 3),
                          wpws=round((period or 10.0) - 1.379, 3))  # fmt: skip
        if period is None:
            figures.no_clock, figures.unconstrained = figures.ff, figures.endpoints
        if design.saif:
            figures.saif, figures.matched = design.saif, design.matched
            figures.confidence = "High"
        for name, value in self.world.figures.items():
            setattr(figures, name, value)
        return figures

    def _delay(self, placed: bool) -> float:
        return self.world.delay_ns if placed else self.world.delay_ns * 0.9

    def save(self, path: Path, what: str) -> None:
        """Write the open design ("design") or project ("project") where Vivado would."""
        content = asdict(self.need_design() if what == "design" else self.need_project())
        path.write_text(json.dumps({what: content}), encoding="utf-8")

    def load_design(self, path: Path) -> None:
        """Open a checkpoint."""
        try:
            self.design = Design(**json.loads(path.read_text(encoding="utf-8"))["design"])
        except (ValueError, KeyError) as error:
            raise VivadoError(f"[Project 1-589] Checkpoint '{path}' is damaged") from error

    def load_project(self, path: Path) -> None:
        """Open a project."""
        self.project = Project(**json.loads(path.read_text(encoding="utf-8"))["project"])
