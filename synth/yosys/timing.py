# SPDX-License-Identifier: Apache-2.0
"""An estimated clock: the longest register-to-register path, with the part's delay table.

Paths from input ports and to output ports are not timed (their delay is another module's), nor
those through a DSP48E2, for which the table has no arcs: `untimed` says how many ends that were.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from synth.yosys.delays import Delays, load
from synth.yosys.graph import FREE, Graph
from synth.yosys.netlist import BLOCK_RAM, LUTRAM_SITES, Netlist
from synth.yosys.slack import Ints, Pass, Wiring


@dataclass(frozen=True)
class Hop:
    """One step of a path: through which cell, onto which net, the cell's and the net's ns."""

    cell: str
    net: str
    cell_ns: float
    net_ns: float
    fanout: int


@dataclass(frozen=True)
class Timing:
    """The longest path. levels: LUTs, carries and wide multiplexers on it, as Vivado counts them.

    period_ns: path, setup and clock uncertainty, or the part's pulse width limit if that is longer.
    limited_by: "path", or the kind of cell whose limit holds. untimed: path ends left out.
    """

    period_ns: float
    path_ns: float
    levels: int
    hops: tuple[Hop, ...]
    limited_by: str
    untimed: int

    @property
    def fmax_mhz(self) -> float:
        """The estimated clock."""
        return 1000 / self.period_ns


def estimate(netlist: Netlist, delays: Delays | None = None) -> Timing | None:
    """The longest path of a netlist; None when no path runs from register to register."""
    return of(Graph(netlist, delays or load()))


def of(graph: Graph) -> Timing | None:
    """The same of a netlist whose graph is there already."""
    netlist, d = graph.netlist, graph.delays
    done = Pass(Wiring(graph))
    path = done.worst()
    if not np.isfinite(path):
        return None
    unclocked = done.wiring.pin_net[graph.unclocked]
    untimed = graph.not_timed + int(np.isneginf(done.reach).sum()) \
        + int(np.isneginf(done.arrival[unclocked]).sum())  # fmt: skip
    limit, by = limits(netlist, d)
    period = path + d.uncertainty
    levels, hops = way(graph, done, int(np.argmax(done.path)))
    return Timing(max(period, limit), path, levels, hops, "path" if period >= limit else by,
                  untimed)  # fmt: skip


def from_dict(raw: Mapping[str, Any] | None) -> Timing | None:
    """A path out of the dictionary that `dataclasses.asdict` makes of it, read from JSON."""
    if raw is None:
        return None
    return Timing(**{**raw, "hops": tuple(Hop(**hop) for hop in raw["hops"])})


def way(graph: Graph, done: Pass, end: int) -> tuple[int, tuple[Hop, ...]]:
    """(levels, hops from the start on) of the longest path to a path end of the graph."""
    netlist, w = graph.netlist, done.wiring
    number, port, _ = graph.pin_at[w.end_pin[end]]
    cell = netlist.cells[number]
    # Mapping loses most names in between: what the last cell drives says where the path ends.
    into = next((netlist.label(out) for _, _, out in cell.driven), "")
    hops = [Hop(f"{cell.type} {cell.name}.{port}", into, 0.0, 0.0, 0)]
    fanout = w.fanout()
    levels = 0
    for net, wire, came, inverts in _steps(graph, done, done.latest(), int(w.end_pin[end])):
        bit = graph.net_bit[net - 1]
        assert bit is not None
        driver = netlist.cells[netlist.driver[bit][0]]
        levels += came >= 0 and not inverts
        delay = float(done.arrival[net]) - max(came, 0.0)
        hops.append(Hop(f"{driver.type} {driver.name}", netlist.label(bit), delay, wire,
                        int(fanout[net])))  # fmt: skip
    return levels, tuple(reversed(hops))


def nets_back(graph: Graph, done: Pass, latest: Ints, end: int) -> list[int]:
    """The nets of the longest path to a path end, from the end back to the start."""
    return [net for net, _, _, _ in _steps(graph, done, latest, int(done.wiring.end_pin[end]))]


def _steps(graph: Graph, done: Pass, latest: Ints,
           pin: int) -> Iterator[tuple[int, float, float, bool]]:  # fmt: skip
    """Backwards from a pin: (net, wire to where the path goes on, when the signal is at the input
    of the net's driver or -1 where the path starts, whether that is an inverter).

    The carry into a CARRY8 is no net: the chain is one step.
    """
    w = done.wiring
    while True:
        net = int(w.pin_net[pin])
        wire = float(done.wire[pin])
        arc = int(latest[net])
        while arc >= 0 and graph.net_bit[w.pin_net[w.arc_pin[arc]] - 1] is None:
            arc = int(latest[w.pin_net[w.arc_pin[arc]]])
        if arc < 0:
            yield net, wire, -1.0, False
            return
        pin = int(w.arc_pin[arc])
        at = float(done.arrival[w.pin_net[pin]] + done.wire[pin])
        yield net, wire, at, int(w.pin_kind[pin]) == FREE


def limits(netlist: Netlist, d: Delays) -> tuple[float, str]:
    """(ns, kind): the longest minimum period among the cells that the netlist has."""
    kinds = {cell.type for cell in netlist.cells}
    found = {"BUFG": d.min_period["BUFG"]}
    for name, members in (("LUTRAM", set(LUTRAM_SITES)), ("BRAM", set(BLOCK_RAM)),
                          ("URAM", {"URAM288"}), ("DSP", {"DSP48E2"})):  # fmt: skip
        if kinds & members:
            found[name] = d.min_period[name]
    name = max(found, key=lambda one: found[one])
    return found[name], name
