# SPDX-License-Identifier: Apache-2.0
"""A netlist while drivers are copied in it: which copies there are, how they are added and named.

`synth/yosys/replicate.py` decides on them, `synth/yosys/give_back.py` takes needless ones out.
"""

from __future__ import annotations

import copy
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final

import numpy as np

from synth.errors import SynthError
from synth.yosys.graph import BESIDE, CLOCK_PINS, ROUTED, Graph
from synth.yosys.netlist import FLIP_FLOPS, Cell, is_lut
from synth.yosys.slack import Flags, Ints, Pass, Wiring

EPS: Final = 1e-6
"""ns; times that differ by less are the same."""


def kind_of(cell: Cell) -> str | None:
    """What kind a cell is among those that may be copied; None for all others.

    Of shift registers those of a fixed length: SRL16E at a constant address, one LUT site each.
    """
    if cell.type in FLIP_FLOPS:
        return "ff"
    if is_lut(cell):
        return "lut"
    if cell.type == "SRL16E" and not any(isinstance(cell.one(f"A{i}"), int) for i in range(4)):
        return "srl"
    return "inv" if cell.type == "INV" else None


@dataclass(frozen=True)
class Copies:
    """What to change in a netlist. cells: (name of the copy, name of the cell it is a copy of).

    moved: (cell, port, index, driver): the input is driven by that cell's output instead of what
    the netlist, or the cell that was copied, has there. before_ns, after_ns: the longest path
    without and with the copies.
    """

    cells: tuple[tuple[str, str], ...] = ()
    moved: tuple[tuple[str, str, int, str], ...] = ()
    before_ns: float | None = None
    after_ns: float | None = None


@dataclass(frozen=True)
class State:
    """A wiring of a graph and the copies in it.

    copies: net -> (net whose loads it took, number of the cell that was copied, the copy's pins).
    """

    graph: Graph
    wiring: Wiring
    copies: dict[int, tuple[int, int, tuple[int, ...]]]

    @cached_property
    def done(self) -> Pass:
        """Its times."""
        return Pass(self.wiring)

    def narrowed(self, pins: Flags) -> State:
        """For paths over those pins alone, which is much faster."""
        return State(self.graph, self.wiring.narrowed(pins), self.copies)

    def driver(self, net: int) -> tuple[int, tuple[int, ...]] | None:
        """(cell number, its pins) of what drives a net; of a copy, the cell that was copied."""
        if net in self.copies:
            return self.copies[net][1:]
        found = self.graph.netlist.driver.get(self.graph.net_bit[net - 1] or "x")
        return None if found is None else (found[0], tuple(self.graph.pins_of[found[0]]))

    def inside(self, pins: Ints) -> Flags:
        """Pins whose net's fanout does not matter to them."""
        kinds = self.wiring.pin_kind[pins]
        beside = (kinds == BESIDE) & (self.done.wire[pins] > self.wiring.delays.slice_net)
        found: Flags = ~((kinds == ROUTED) | beside)
        return found


class Additions:
    """Copies to come, collected so that the arrays grow once for many."""

    def __init__(self, state: State) -> None:
        self.graph, self.state = state.graph, state
        self.copies = dict(state.copies)
        w = state.wiring
        self.nets, self.pins = w.nets, len(w.pin_net)
        self.pin_nets: list[int] = []
        self.pin_kinds: list[int] = []
        self.levels: list[int] = []
        self.ends: list[tuple[int, float]] = []
        self.arcs: list[tuple[int, int, float]] = []
        self.starts: list[tuple[int, float]] = []

    def copy(self, net: int, deep: bool = False) -> int:
        """The net of a new copy of what drives a net; deep: and of the LUT before a flip-flop."""
        found = self.state.driver(net)
        assert found is not None
        number, pins = found
        cell = self.graph.netlist.cells[number]
        w, arc = self.state.wiring, self.graph.delays.arc
        reads = [int(w.pin_net[pin]) for pin in pins]
        kind = kind_of(cell)
        if kind == "inv":
            reads = [self.copy(one) for one in reads]
        if deep:
            reads = [self.copy(one) if w.pin_kind[pin] == BESIDE else one
                     for pin, one in zip(pins, reads, strict=True)]  # fmt: skip
        new = self.nets
        self.nets += 1
        self.levels.append(int(w.net_level[net]))
        own = []
        for pin, first, read in zip(pins, self.graph.pins_of[number], reads, strict=True):
            own.append(self.pins)
            self.pin_nets.append(read)
            self.pin_kinds.append(int(w.pin_kind[pin]))
            port = self.graph.pin_at[first][1]
            if kind not in ("ff", "srl"):
                self.arcs.append((self.pins, new, 0.0 if kind == "inv" else arc["lut"]))
            elif port not in CLOCK_PINS:
                setup = "lutram_setup" if kind == "srl" else \
                    "ff_setup_d" if port == "D" else "ff_setup_control"  # fmt: skip
                self.ends.append((self.pins, arc[setup]))
            self.pins += 1
        if kind in ("ff", "srl"):
            self.starts.append((new, arc[f"{kind}_clk_to_q"]))
        self.copies[new] = net, number, tuple(own)
        return new

    def with_moved(self, moves: Sequence[tuple[int, int]]) -> State:
        """The state with all of them, and the pins of `moves` on the nets named there."""
        w = self.state.wiring.added(self.pin_nets, self.pin_kinds, self.ends, self.arcs,
                                    self.levels, self.starts)  # fmt: skip
        pins, nets = np.array(moves, np.int64).T
        return State(self.graph, w.moved(pins, nets), self.copies)


def changes(state: State, before_ns: float) -> Copies:
    """The changes by name."""
    g, w = state.graph, state.wiring
    cells = g.netlist.cells
    named: dict[int, str] = {}
    count: dict[int, int] = {}
    for net, (_, cell, _) in sorted(state.copies.items()):
        count[cell] = count.get(cell, 0) + 1
        named[net] = f"{cells[cell].name}_copy{count[cell]}"
    moved = []
    for pin in np.flatnonzero(w.pin_net[: len(g.pin_net)] - 1 != np.array(g.pin_net)).tolist():
        number, port, index = g.pin_at[pin]
        moved.append((cells[number].name, port, index, named[int(w.pin_net[pin])]))
    for net, (_, cell, pins) in sorted(state.copies.items()):
        for pin, first in zip(pins, g.pins_of[cell], strict=True):
            if w.pin_net[pin] - 1 != g.pin_net[first]:
                _, port, index = g.pin_at[first]
                moved.append((named[net], port, index, named[int(w.pin_net[pin])]))
    made = tuple((named[net], cells[state.copies[net][1]].name) for net in sorted(named))
    return Copies(made, tuple(moved), before_ns, state.done.worst())


def apply(raw: Mapping[str, Any], top: str, copies: Copies) -> dict[str, Any]:
    """A parsed netlist with the copies; the one that was given stays as it is.

    Raises SynthError for a name that is taken or unknown, or a cell with more than one output.
    """
    old = raw["modules"][top]
    cells, names = dict(old["cells"]), dict(old["netnames"])
    bits = [bit for cell in cells.values() for some in cell["connections"].values() for bit in some]
    bits += [bit for port in old["ports"].values() for bit in port["bits"]]
    free = max((bit for bit in bits if isinstance(bit, int)), default=1) + 1
    called = _labels(names)
    for number, (new, of) in enumerate(copies.cells):
        out = _output(cells[of], of)
        # Named after the cell, so that reports show which copy a path goes through.
        net = called.get(cells[of]["connections"][out][0], of) + new[len(of) :]
        if new in cells or net in names:
            raise SynthError(f"{top}: there is a {new} or {net} already")
        cells[new] = copy.deepcopy(cells[of])
        cells[new]["connections"][out] = [free + number]
        names[net] = {"hide_name": 1, "bits": [free + number], "attributes": {}}
    fresh = {new for new, _ in copies.cells}
    for name in {cell for cell, _, _, _ in copies.moved} - fresh:
        cells[name] = {**cells[name], "connections": {
            port: list(some) for port, some in cells[name]["connections"].items()}}  # fmt: skip
    for name, port, index, by in copies.moved:
        cells[name]["connections"][port][index] = \
            cells[by]["connections"][_output(cells[by], by)][0]  # fmt: skip
    return {**raw, "modules": {**raw["modules"], top: {**old, "cells": cells, "netnames": names}}}


def _labels(names: Mapping[str, Any]) -> dict[int | str, str]:
    """Net -> one of its names, not one that Yosys made up if there is another."""
    found: dict[int | str, str] = {}
    for name, net in names.items():
        for i, bit in enumerate(net["bits"]):
            if bit not in found or (found[bit][0] == "$" != name[0]):
                found[bit] = f"{name}[{i}]" if len(net["bits"]) > 1 else name
    return found


def _output(cell: Mapping[str, Any], name: str) -> str:
    """The one output of a cell, of one bit."""
    found: list[str] = [port for port, way in cell["port_directions"].items() if way == "output"]
    if len(found) != 1 or len(cell["connections"][found[0]]) != 1:
        raise SynthError(f"{name}: a {cell['type']} has no single output to copy")
    return found[0]
