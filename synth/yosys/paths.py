# SPDX-License-Identifier: Apache-2.0
"""Which paths are too long: groups by start and end, with what is to be mended in the RTL.

    python -m synth.yosys.paths plut_conv LANE=P2 TREE=3 MAP=xcup PIN=8 POUT=8
    python -m synth.yosys.paths plut_conv LANE=P2 PIN=8 POUT=8 MHZ=250 COPIES=0

With all copies of drivers that shorten a path beyond the period, those included that the records
leave out because another path is longer still: what is listed, copies do not mend. COPIES=0: as
Yosys mapped it. Bits of a register are one; fanouts from the start to the end.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from golden.errors import PlutarchError
from sim.cli import flag, whole
from synth.design import design
from synth.yosys import copies, delays, netlist, run, timing
from synth.yosys.graph import Graph
from synth.yosys.replicate import PERIOD_NS
from synth.yosys.slack import Pass, Wiring

_HIDDEN = re.compile(r"u_accelerator\.|u_engine\.")
_COPY = re.compile(r"_copy\d+")


@dataclass(frozen=True)
class Group:
    """Path ends of one start and one end: how many, and the longest of them in ns with clock
    uncertainty, its LUTs and chains, the fanouts of its nets.
    """

    start: str
    end: str
    ends: int
    period_ns: float
    levels: int
    fanouts: tuple[int, ...]

    def __str__(self) -> str:
        fanouts = " ".join(str(one) for one in self.fanouts)
        return (f"{self.period_ns:5.2f} ns x{self.ends:4d}  {self.levels} levels  {self.start} -> "
                f"{self.end}  fanouts {fanouts}")  # fmt: skip


def groups(found: netlist.Netlist, period_ns: float = PERIOD_NS) -> list[Group]:
    """The groups that need more than a period, the longest first."""
    d = delays.load()
    graph = Graph(found, d)
    done = Pass(Wiring(graph))
    fanout, latest = done.wiring.fanout(), done.latest()
    seen: dict[tuple[str, str], tuple[int, int]] = {}  # -> ends, the latest one
    for end in np.argsort(-done.path, kind="stable").tolist():
        if done.path[end] + d.uncertainty <= period_ns + 1e-9:
            break
        nets = timing.nets_back(graph, done, latest, end)
        key = base(_label(graph, nets[-1])), _end(graph, end, done)
        count, first = seen.get(key, (0, end))
        seen[key] = count + 1, first
    made = []
    for (start, into), (count, end) in seen.items():
        levels, _ = timing.way(graph, done, end)
        nets = timing.nets_back(graph, done, latest, end)
        made.append(Group(start, into, count, float(done.path[end]) + d.uncertainty, levels,
                          tuple(int(fanout[net]) for net in reversed(nets))))  # fmt: skip
    return made


def _label(graph: Graph, net: int) -> str:
    bit = graph.net_bit[net - 1]
    return "?" if bit is None else graph.netlist.label(bit)


def _end(graph: Graph, end: int, done: Pass) -> str:
    number, port, _ = graph.pin_at[int(done.wiring.end_pin[end])]
    cell = graph.netlist.cells[number]
    name = next((graph.netlist.label(bit) for _, _, bit in cell.driven), cell.name)
    if cell.type.startswith("RAM"):
        name = f"{cell.type} {cell.name}"
    return f"{base(name)}.{port}"


def base(name: str) -> str:
    """A register's name without its bit, its copies and the levels that all of them share."""
    return re.sub(r"\[\d+\]", "[]", _COPY.sub("", _HIDDEN.sub("", name)))


def main(words: Sequence[str] | None = None) -> int:
    """Run as a program; 0 when no path is too long, else 1."""
    given = list(sys.argv[1:] if words is None else words)
    if not given or any("=" not in word for word in given[1:]) or "=" in given[0]:
        print(__doc__)
        return 2
    choices = dict(word.split("=", 1) for word in given[1:])
    try:
        own = {str(name): choices.pop(name) for name in ("MHZ", "COPIES") if name in choices}
        period = 1000 / whole(own, "MHZ", 0) if "MHZ" in own else PERIOD_NS
        wanted = design(given[0], choices)
        mapped = copies.synthesise(wanted, period_ns=period, spare=False) \
            if flag({"COPIES": own.get("COPIES", "1")}, "COPIES") else run.synthesise(wanted)
        found = groups(netlist.from_json(mapped.raw(), wanted.top), period)
    except PlutarchError as error:
        print(f"error: {error}")
        return 2
    for group in found:
        print(group)
    print(f"{wanted.top} {wanted.words}: {len(found)} groups, "
          f"{sum(group.ends for group in found)} path ends beyond {period:.3f} ns")  # fmt: skip
    return 1 if found else 0


if __name__ == "__main__":
    raise SystemExit(main())
