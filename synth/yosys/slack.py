# SPDX-License-Identifier: Apache-2.0
"""Arrival and required times of a timing graph, all nets of a level at once with numpy."""

from __future__ import annotations

import copy
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from synth.yosys.delays import Delays
from synth.yosys.graph import BESIDE, FREE, SLICE, Graph

Ints = npt.NDArray[np.int64]
Times = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Level:
    """Arcs into the nets of one level: a slice of all arcs, where each net's begin, the nets."""

    arcs: slice
    begin: Ints
    nets: Ints


class Wiring:
    """The graph's arrays. Pins move between nets, nets and pins are added; times in ns.

    A method that changes something returns another Wiring, so that a step can be taken back.
    Net 0 is nobody's: an input of a cell that was taken out again hangs there.
    """

    def __init__(self, graph: Graph, delays: Delays | None = None) -> None:
        """delays: other delays of nets than the graph's table has."""
        self.graph, self.delays = graph, delays or graph.delays
        self._pins: Ints | slice = slice(None)
        self.levels: list[Level] = []
        self.pin_net = np.array(graph.pin_net, np.int64) + 1
        self.pin_kind = np.array(graph.pin_kind, np.int64)
        self.net_level = np.array([0, *graph.net_level], np.int64)
        self.start_net = np.array(graph.start_net, np.int64) + 1
        self.start_ns = np.array(graph.start_ns, np.float64)
        self.end_pin = np.array(graph.end_pin, np.int64)
        self.end_ns = np.array(graph.end_ns, np.float64)
        self.arc_pin = self.arc_net = self._key = np.zeros(0, np.int64)
        self.arc_ns = np.zeros(0)
        self._insert(np.array(graph.arc_pin, np.int64), np.array(graph.arc_net, np.int64) + 1,
                     np.array(graph.arc_ns, np.float64))  # fmt: skip

    def _insert(self, pins: Ints, nets: Ints, ns: Times) -> None:
        """Add arcs, in order by the level of the net they lead to, then by net."""
        key = (self.net_level[nets] << 32) + nets
        place = np.argsort(key, kind="stable")
        at = np.searchsorted(self._key, key[place])
        self._key = np.insert(self._key, at, key[place])
        self.arc_pin = np.insert(self.arc_pin, at, pins[place])
        self.arc_net = np.insert(self.arc_net, at, nets[place])
        self.arc_ns = np.insert(self.arc_ns, at, ns[place])
        self._cut()

    def _cut(self) -> None:
        """Find where the levels and the nets begin in the arcs."""
        first = np.flatnonzero(np.diff(self._key, prepend=-1))
        levels = self._key[first] >> 32
        cuts = np.flatnonzero(np.diff(levels, prepend=-1)).tolist()
        edge = [*first.tolist(), len(self._key)]
        self.levels = []
        for low, high in zip(cuts, [*cuts[1:], len(first)][: len(cuts)], strict=True):
            self.levels.append(Level(slice(edge[low], edge[high]), first[low:high] - edge[low],
                                     self.arc_net[first[low:high]]))  # fmt: skip

    @property
    def nets(self) -> int:
        """How many nets there are, net 0 included."""
        return len(self.net_level)

    def fanout(self) -> Ints:
        """How many inputs read each net."""
        return np.bincount(self.pin_net, minlength=self.nets)

    def net_ns(self, fanout: Ints) -> Times:
        """The delay of routed nets with so many loads."""
        d = self.delays
        place = np.searchsorted(np.array(d.net_fanout), fanout)
        return np.array(d.net_delay)[np.minimum(place, len(d.net_delay) - 1)]

    def wires(self) -> Times:
        """The delay of the net to each pin (of a narrowed wiring: to the pins that are left)."""
        some = self._pins
        kind, net = self.pin_kind[some], self.pin_net[some]
        routed = self.net_ns(self.fanout())[net]
        beside = np.flatnonzero(self.pin_kind == BESIDE)
        alone = np.bincount(self.pin_net[beside], minlength=self.nets) == 1
        inside = (kind == SLICE) | ((kind == BESIDE) & alone[net])
        found = np.zeros(len(self.pin_net))
        found[some] = np.where(kind == FREE, 0.0, np.where(inside, self.delays.slice_net, routed))
        return found

    def moved(self, pins: Any, net: Any) -> Wiring:
        """With those pins on another net, or each on one of several."""
        other = copy.copy(self)
        other.pin_net = self.pin_net.copy()
        other.pin_net[pins] = net
        return other

    def narrowed(self, pins: Flags) -> Wiring:
        """With the arcs and ends of some pins alone: right for the paths that run on those."""
        other = copy.copy(self)
        kept = pins[self.arc_pin]
        other._key, other.arc_pin = self._key[kept], self.arc_pin[kept]
        other.arc_net, other.arc_ns = self.arc_net[kept], self.arc_ns[kept]
        other._cut()
        ends = pins[self.end_pin]
        other._pins = np.flatnonzero(pins)
        other.end_pin, other.end_ns = self.end_pin[ends], self.end_ns[ends]
        return other

    def added(self, pin_nets: Sequence[int], pin_kinds: Sequence[int],
              ends: Sequence[tuple[int, float]], arcs: Sequence[tuple[int, int, float]],
              levels: Sequence[int], starts: Sequence[tuple[int, float]]) -> Wiring:  # fmt: skip
        """With more nets (their levels) and pins, and ends, arcs and starts at them."""
        other = copy.copy(self)
        other.pin_net = np.concatenate((self.pin_net, np.array(pin_nets, np.int64)))
        other.pin_kind = np.concatenate((self.pin_kind, np.array(pin_kinds, np.int64)))
        if not isinstance(self._pins, slice):
            fresh = np.arange(len(self.pin_net), len(other.pin_net))
            other._pins = np.concatenate((self._pins, fresh))
        other.net_level = np.concatenate((self.net_level, np.array(levels, np.int64)))
        if ends:
            other.end_pin = np.concatenate((self.end_pin, np.array([p for p, _ in ends])))
            other.end_ns = np.concatenate((self.end_ns, np.array([ns for _, ns in ends])))
        if starts:
            other.start_net = np.concatenate((self.start_net, np.array([n for n, _ in starts])))
            other.start_ns = np.concatenate((self.start_ns, np.array([ns for _, ns in starts])))
        if arcs:
            some = np.array([(pin, net) for pin, net, _ in arcs], np.int64)
            other._insert(some[:, 0], some[:, 1], np.array([ns for _, _, ns in arcs]))
        return other


class Pass:
    """Arrivals, and on demand required times and the latest way to each net, of one Wiring."""

    def __init__(self, wiring: Wiring) -> None:
        w = self.wiring = wiring
        self.wire, self.fanout = w.wires(), w.fanout()
        self.source = w.pin_net[w.arc_pin]
        self._ns = self.wire[w.arc_pin] + w.arc_ns
        self.arrival = np.full(w.nets, -np.inf)
        np.maximum.at(self.arrival, w.start_net, w.start_ns)
        for level in w.levels:
            at = self.arrival[self.source[level.arcs]] + self._ns[level.arcs]
            self.arrival[level.nets] = np.maximum(self.arrival[level.nets],
                                                  np.maximum.reduceat(at, level.begin))  # fmt: skip
        self.reach = self.arrival[w.pin_net[w.end_pin]] + self.wire[w.end_pin]
        """When the signal is at each path end; -inf where no register starts a path to it."""
        self.path = self.reach + w.end_ns
        """That and the end's setup: the length of the longest path to it."""

    def worst(self) -> float:
        """The longest path, -inf without one."""
        return float(self.path.max(initial=-np.inf))

    def missing(self, path_ns: float) -> float:
        """By how much all ends together are later than a path may be."""
        return float(np.maximum(self.path - path_ns, 0.0).sum())

    def slack(self, path_ns: float) -> Times:
        """By how much the signal may be later at each pin; inf where no path goes on."""
        found: Times = self.required(path_ns) - self.arrival[self.wiring.pin_net] - self.wire
        return found

    def inside(self, path_ns: float) -> float:
        """As `missing`, but of all pins: a step that helps one of two late inputs shows here."""
        return float(np.maximum(-self.slack(path_ns), 0.0).sum())

    def required(self, path_ns: float) -> Times:
        """When the signal must be at each pin so that no path through it is longer."""
        w = self.wiring
        pins, nets = np.full(len(w.pin_net), np.inf), np.full(w.nets, np.inf)
        np.minimum.at(pins, w.end_pin, path_ns - w.end_ns)
        np.minimum.at(nets, w.pin_net[w.end_pin], path_ns - w.end_ns - self.wire[w.end_pin])
        for level in reversed(w.levels):
            by = nets[w.arc_net[level.arcs]] - w.arc_ns[level.arcs]
            at = w.arc_pin[level.arcs]
            np.minimum.at(pins, at, by)
            np.minimum.at(nets, self.source[level.arcs], by - self.wire[at])
        return pins

    def latest(self) -> Ints:
        """For each net the arc over which its signal comes last, -1 where a path starts."""
        w = self.wiring
        found = np.full(w.nets, -1, np.int64)
        decides = self.arrival[self.source] + self._ns >= self.arrival[w.arc_net]
        decides &= np.isfinite(self.arrival[w.arc_net])
        found[w.arc_net[decides]] = np.flatnonzero(decides)
        begins = w.start_ns >= self.arrival[w.start_net]
        found[w.start_net[begins]] = -1
        return found
