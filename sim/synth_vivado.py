# SPDX-License-Identifier: Apache-2.0
"""The Vivado half of `make synth`: its variables, what goes together, which build they ask for.

Everything a user can get wrong is said before Vivado starts: a build takes an hour.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from sim.cli import flag, whole
from sim.errors import HarnessError
from sim.paths import shown
from synth.boards import Board
from synth.design import Design
from synth.records import Record

VARIABLES: Final = ("SEARCH", "SPREAD", "POWER", "DSP", "COMBINE", "SYSTEM", "MHZ")
_MHZ: Final = (10, 1000)


@dataclass(frozen=True)
class Request:
    """What is asked of Vivado; see the variables' help. dsp None: as the lane is meant."""

    search: bool = False
    spread: bool = False
    power: bool = False
    dsp: bool | None = None
    no_lc: bool = False
    system: bool = False
    mhz: int | None = None
    net: str = ""


def request(choices: Mapping[str, str], top: str) -> Request:
    """The request of a user's choices. HarnessError for values and for what excludes each other."""
    asked = Request(
        flag(choices, "SEARCH"), flag(choices, "SPREAD"), flag(choices, "POWER"),
        flag(choices, "DSP") if "DSP" in choices else None,
        "COMBINE" in choices and not flag(choices, "COMBINE"), flag(choices, "SYSTEM"),
        whole(choices, "MHZ", 0) if "MHZ" in choices else None, choices.get("NET", ""),
    )  # fmt: skip
    if asked.mhz is not None and not _MHZ[0] <= asked.mhz <= _MHZ[1]:
        raise HarnessError(f"MHZ={asked.mhz}: a clock from {_MHZ[0]} to {_MHZ[1]} MHz")
    if asked.system:
        for name in ("SEARCH", "SPREAD", "POWER", "DSP", "COMBINE"):
            if name in choices:
                raise HarnessError(f"{name}={choices[name]} is for a module out of context, "
                                   "SYSTEM=1 builds the whole board: one or the other")  # fmt: skip
        if top == "dot_product":
            raise HarnessError("SYSTEM=1 needs an accelerator: TOPLEVEL=plut_conv, shift_conv or "
                               "mac_conv")  # fmt: skip
    if asked.power and asked.spread:
        raise HarnessError("POWER=1 measures one build, SPREAD=1 makes several: take SEARCH=1")
    if asked.power and top != "dot_product":
        raise HarnessError(f"POWER=1: {top} has no workload of its own, TOPLEVEL=dot_product has")
    if asked.net and not asked.power:
        raise HarnessError(f"NET={asked.net} with Vivado: only POWER=1 reads a network")
    return asked


def refuse(choices: Mapping[str, str], flow: str) -> None:
    """HarnessError in one line when a variable is given that only Vivado's flow reads."""
    for name in VARIABLES:
        if name in choices:
            raise HarnessError(f"{name}={choices[name]} needs Vivado and this is FLOW={flow}: put "
                               f"vivado on PATH or give VIVADO=, or leave {name} out")  # fmt: skip


def run(wanted: Design, board: Board, launcher: Path, asked: Request,
        say: Callable[[str], None]) -> list[Record]:  # fmt: skip
    """Build what was asked; its records. FlowError and ReportError as synth.vivado.build."""
    from synth.vivado import build

    if asked.system:
        out = build.system(wanted, board, launcher, say, mhz=float(asked.mhz or build.SYSTEM_MHZ))
        print(f"bitstream, .hwh and .xsa: {shown(out)}")
        return [build.system_record(wanted, board, launcher, out)]
    period = build.PERIOD_NS if asked.mhz is None else round(1000 / asked.mhz, 3)
    if asked.spread:
        best, _ = build.spread(wanted, board, launcher, say, dsp=asked.dsp, no_lc=asked.no_lc,
                               period_ns=period)  # fmt: skip
        return [best]
    return build.build(wanted, board, launcher, say, dsp=asked.dsp, period_ns=period,
                       search=asked.search, no_lc=asked.no_lc, power=asked.power,
                       net=asked.net)  # fmt: skip
