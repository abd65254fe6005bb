# SPDX-License-Identifier: Apache-2.0
"""The boards that `make synth` knows, and which flow builds for which."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from sim.errors import HarnessError, unknown


@dataclass(frozen=True)
class Board:
    """A board: the part's full name and the flows that can build for it, the best one first."""

    name: str
    part: str
    flows: tuple[str, ...]


BOARDS: Final[Mapping[str, Board]] = {
    board.name: board for board in (
        Board("kv260", "xck26-sfvc784-2LV-c", ("vivado", "yosys")),
        Board("ulx3s", "LFE5U-85F-6BG381C", ("nextpnr",)),
    )
}  # fmt: skip
"""name -> board."""


def find(name: str) -> Board:
    """The board of that name. Raises HarnessError that lists the known ones."""
    if not name:
        raise HarnessError(f"say which BOARD, known: {', '.join(BOARDS)}")
    if name not in BOARDS:
        near = str(unknown("BOARD", name, BOARDS)).partition(", valid")[0]
        raise HarnessError(f"{near} (known: {', '.join(BOARDS)})")
    return BOARDS[name]


def flow(board: Board, wanted: str, launcher: Path | None) -> str:
    """Which flow builds: FLOW=, else Vivado when it is there. HarnessError in one line."""
    if wanted and wanted not in board.flows:
        raise HarnessError(f"FLOW={wanted} does not build for {board.name}, "
                           f"valid: {', '.join(board.flows)}")  # fmt: skip
    if wanted == "vivado" and launcher is None:
        raise HarnessError("FLOW=vivado: no vivado on PATH; source its settings64.sh, or give "
                           "VIVADO=/path/to/Vivado, or use FLOW=yosys")  # fmt: skip
    if wanted:
        return wanted
    return next(one for one in board.flows if one != "vivado" or launcher is not None)
