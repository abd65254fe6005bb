# SPDX-License-Identifier: Apache-2.0
"""LUTs on late paths that take over the LUT in front of them: a level less where six inputs do.

Yosys' mapper saves gates wherever it sees no need for speed, and what it takes for the longest
path is not what our delay table does: late paths run through chains of LUT2. A LUT that reads
another one is rewritten here to read that one's inputs, if both together have at most six and it is
earlier by that; the other LUT goes if nobody else reads it. The function stays the same, exactly.
Nets are timed as if they had their copies already (synth/yosys/replicate.py, which comes next).
"""

from __future__ import annotations

import functools
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

import numpy as np

from synth.yosys.graph import Graph
from synth.yosys.netlist import Bit, Cell, Netlist, is_lut
from synth.yosys.slack import Pass, Wiring
from synth.yosys.steps import functions

INPUTS: Final = 6
_LOADS: Final = 15  # of a net, as copies of its driver leave it
_ROUNDS: Final = 16
_MARGIN_NS: Final = 0.05  # better than asked for, since copies never reach all that they promise
_EPS: Final = 1e-6  # ns


@dataclass(frozen=True)
class Lut:
    """A LUT's function. inputs: nets, input 0 first. init: bit i is the output for inputs i."""

    inputs: tuple[Bit, ...]
    init: int


@dataclass(frozen=True)
class Rewrites:
    """What to change in a netlist. luts: cell name -> its new function; gone: LUTs nobody reads."""

    luts: Mapping[str, Lut]
    gone: tuple[str, ...] = ()


def function(cell: Cell) -> Lut:
    """The function of a LUT1 to LUT6 cell."""
    inputs, init, _ = next(functions(cell))
    return Lut(inputs, init)


def absorb(reader: Lut, net: Bit, made: Lut) -> Lut | None:
    """`reader` with its input `net`, which `made` drives, replaced by the inputs of `made`.

    Inputs that nothing depends on are left out. None if more than six are left or none.
    """
    nets = [bit for bit in dict.fromkeys((*reader.inputs, *made.inputs))
            if isinstance(bit, int) and bit != net]  # fmt: skip
    every = (1 << (1 << len(nets))) - 1
    column = {"1": every} | {bit: _column(len(nets), i) for i, bit in enumerate(nets)}
    column[net] = _values(made, column, every)
    found = _needed(Lut(tuple(nets), _values(reader, column, every)))
    return found if 1 <= len(found.inputs) <= INPUTS else None


@functools.cache
def _column(count: int, i: int) -> int:
    """Input i of `count` over all their values at once: bit p is bit i of p."""
    half = 1 << i
    return (((1 << (1 << count)) - 1) // ((1 << 2 * half) - 1)) * (((1 << half) - 1) << half)


def _values(lut: Lut, column: Mapping[Bit, int], every: int) -> int:
    """The output of a LUT over all values at once, a column of its inputs each; others are 0."""

    def of(init: int, size: int) -> int:
        if init == 0 or init + 1 == 1 << (1 << size):  # always so where no input is left
            return every if init else 0
        half = 1 << size - 1
        low, high = of(init & (1 << half) - 1, size - 1), of(init >> half, size - 1)
        one = column.get(lut.inputs[size - 1], 0)
        return low & ~one | high & one

    return of(lut.init, len(lut.inputs))


def _needed(lut: Lut) -> Lut:
    """The same function without inputs that it does not depend on."""
    count = len(lut.inputs)
    for i in range(count):
        low = ~_column(count, i) & (1 << (1 << count)) - 1
        if (lut.init >> (1 << i) ^ lut.init) & low == 0:
            places = [place for place in range(1 << count) if not place >> i & 1]
            init = sum((lut.init >> place & 1) << j for j, place in enumerate(places))
            return _needed(Lut(lut.inputs[:i] + lut.inputs[i + 1 :], init))
    return lut


def rewrites(graph: Graph, period_ns: float) -> tuple[Rewrites, Graph]:
    """What brings the late paths of a netlist nearest to a period; nothing if none is late.

    With it the graph of the netlist that it leads to, which is the one given if nothing changes.
    """
    d = graph.delays
    d = replace(d, net_delay=tuple(min(ns, d.net(_LOADS)) for ns in d.net_delay))
    path_ns = period_ns - _MARGIN_NS - d.uncertainty
    best, done = graph, Pass(Wiring(graph, d))
    for _ in range(_ROUNDS):
        late = done.missing(path_ns)
        if late <= _EPS:
            break
        changed = dict(_round(best.netlist, done, path_ns))
        if not changed:
            break
        tried = Graph(_without_unread(_changed(best.netlist, changed)), graph.delays)
        after = Pass(Wiring(tried, d))
        if after.missing(path_ns) >= late - _EPS or after.worst() > done.worst() + _EPS:
            break
        best, done = tried, after
    cells = graph.netlist.cells
    kept = {cell.name: cell for cell in best.netlist.cells}
    return Rewrites(
        {cell.name: function(kept[cell.name]) for cell in cells
         if cell.name in kept and kept[cell.name] is not cell},
        tuple(cell.name for cell in cells if cell.name not in kept)), best  # fmt: skip


def _round(netlist: Netlist, done: Pass, path_ns: float) -> Iterator[tuple[int, Lut]]:
    """(cell number, new function) along the latest way to each late end, the latest end first.

    All of them hold together: what a LUT takes over is what the other one is before the round.
    """
    w = done.wiring
    latest = done.latest()
    seen: set[int] = set()
    ends = np.flatnonzero(done.path > path_ns + _EPS)
    for end in ends[np.argsort(-done.path[ends], kind="stable")].tolist():
        net = int(w.pin_net[w.end_pin[end]])
        while (arc := int(latest[net])) >= 0 and net not in seen:
            seen.add(net)
            number = _driver(netlist, w.graph.net_bit[net - 1])
            if number is not None and (found := _earlier(netlist, number, done)):
                yield number, found
            net = int(w.pin_net[w.arc_pin[arc]])


def _driver(netlist: Netlist, bit: Bit | None) -> int | None:
    """The LUT that drives a net, None for any other driver."""
    found = None if bit is None else netlist.driver.get(bit)
    return found[0] if found and is_lut(netlist.cells[found[0]]) else None


def _earlier(netlist: Netlist, number: int, done: Pass) -> Lut | None:
    """A LUT with those before it inside that make it latest, as many as help most; or None."""
    lut = function(netlist.cells[number])
    best, earliest = None, _arrival(lut, done)[0] - _EPS
    while True:
        last = _arrival(lut, done)[1]
        before = _driver(netlist, last)
        if before is None or last is None:
            return best
        wider = absorb(lut, last, function(netlist.cells[before]))
        if wider is None:
            return best
        lut = wider
        if (time := _arrival(lut, done)[0]) < earliest:
            best, earliest = lut, time - _EPS


def _arrival(lut: Lut, done: Pass) -> tuple[float, Bit | None]:
    """(when the output of a LUT with these inputs would be there, the input that comes last)."""
    w = done.wiring
    last: tuple[float, Bit | None] = (0.0, None)
    for bit in lut.inputs:
        net = w.graph.net_of.get(bit, -1) + 1
        if net and np.isfinite(done.arrival[net]):
            time = float(done.arrival[net] + w.net_ns(done.fanout[net : net + 1])[0])
            last = max(last, (time, bit), key=lambda one: one[0])
    return last[0] + w.delays.arc["lut"], last[1]


def _changed(netlist: Netlist, luts: Mapping[int, Lut]) -> Netlist:
    cells = list(netlist.cells)
    for number, lut in luts.items():
        old = cells[number]
        size = len(lut.inputs)
        ports = {f"I{i}": (bit,) for i, bit in enumerate(lut.inputs)} | {"O": old.ports["O"]}
        cells[number] = Cell(old.name, f"LUT{size}", {"INIT": format(lut.init, f"0{1 << size}b")},
                             ports, old.outputs)  # fmt: skip
    return Netlist(netlist.name, netlist.ports, tuple(cells), netlist.names)


def _without_unread(netlist: Netlist) -> Netlist:
    """Without LUTs that nobody reads, and those that only such ones read."""
    readers = {bit: len(found) for bit, found in netlist.loads.items()}
    waiting = [i for i, cell in enumerate(netlist.cells)
               if is_lut(cell) and not readers.get(cell.one("O"))]  # fmt: skip
    gone = set()
    while waiting:
        number = waiting.pop()
        gone.add(number)
        for _, _, bit in netlist.cells[number].inputs:
            if isinstance(bit, int):
                readers[bit] -= 1
                before = None if readers[bit] else _driver(netlist, bit)
                waiting += [] if before is None else [before]
    if not gone:  # with who drives and reads what, which is known of it
        return netlist
    cells = tuple(cell for i, cell in enumerate(netlist.cells) if i not in gone)
    return Netlist(netlist.name, netlist.ports, cells, netlist.names)


def apply(raw: Mapping[str, Any], top: str, found: Rewrites) -> dict[str, Any]:
    """A netlist in Yosys' JSON, parsed, with the rewrites; the one given stays as it is."""
    old = raw["modules"][top]
    gone = set(found.gone)
    cells = {name: cell for name, cell in old["cells"].items() if name not in gone}
    for name, lut in found.luts.items():
        size = len(lut.inputs)
        pins = {f"I{i}": [bit] for i, bit in enumerate(lut.inputs)}
        cells[name] = {
            **cells[name], "type": f"LUT{size}",
            "parameters": {"INIT": format(lut.init, f"0{1 << size}b")},
            "port_directions": {**dict.fromkeys(pins, "input"), "O": "output"},
            "connections": {**pins, "O": cells[name]["connections"]["O"]},
        }  # fmt: skip
    return {**raw, "modules": {**raw["modules"], top: {**old, "cells": cells}}}


def from_dict(raw: Mapping[str, Any]) -> Rewrites:
    """Rewrites out of the dictionary that `dataclasses.asdict` makes of them, read from JSON."""
    return Rewrites({name: Lut(tuple(one["inputs"]), one["init"])
                     for name, one in raw["luts"].items()}, tuple(raw["gone"]))  # fmt: skip
