# SPDX-License-Identifier: Apache-2.0
"""Icarus netlists made quick for runs of many vectors: the same values with less to look at.

vvp 11 visits an object in memory for every wire that changes, named or only passed on, and most
of the time goes there. Five steps take such objects out of the text of a netlist:

- wires:    a buffer is its input; a join of parts with strengths, of which none has one, is a plain
            join; a selection that lies within one piece of a join is connected to the piece
            (vvp sends a join on at each change of a piece, and looks at every selection out of it:
            N products that arrive one by one and are taken apart again cost N * N).
- tables:   a bit selected out of a constant, as LUT6_2 does it, with selector bits that are
            constant or decide nothing is selected out of a smaller one.
- shared:   equal selections and joins are one.
- unread:   what nothing reads goes, and so do names below the top that no code reads.

No register, no process and no operator is touched. Every wire that stays carries the same 0s and
1s at the end of each time step. An X differs in one case: on a selector bit that decides nothing
it made the selected bit X, and does so no longer. Those who use it run the netlist as it was, too.
"""

from __future__ import annotations

from pathlib import Path

from sim.rewire.netlist import TOP
from sim.rewire.shared import share
from sim.rewire.tables import fold_tables
from sim.rewire.unread import drop_unread
from sim.rewire.wires import join_plainly, pass_buffers, straighten

SOURCES = tuple(sorted(Path(__file__).parent.glob("*.py")))


def rewire(path: Path) -> None:
    """Rewrite a vvp file in place; raises ValueError if it holds no netlist."""
    lines = path.read_text(encoding="utf-8").split("\n")
    if not any(TOP.match(line) for line in lines):
        raise ValueError(f"{path.name} is no vvp netlist")
    for step in (pass_buffers, join_plainly, fold_tables, straighten, drop_unread, share):
        lines = step(lines)
    path.write_text("\n".join(lines), encoding="utf-8")
