# SPDX-License-Identifier: Apache-2.0
"""Copies of drivers for the critical loads of large nets, as Vivado makes them.

Vivado copies drivers of critical nets with many loads in synthesis, `opt_design` and
`phys_opt_design` (UG904); Yosys does not, it merges equal cells. Here a net on a path that is
longer than the period asked for gives its late loads to copies of the flip-flop or LUT (and of an
inverter behind it) that drives it, if its delay gets shorter by that. Loads in time stay.
Each step is kept only if the worst path gets no longer and all late ends together get better.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Final

import numpy as np

from synth.yosys.delays import Delays, load
from synth.yosys.graph import BESIDE, CLOCK_PINS, FREE, ROUTED, Graph
from synth.yosys.netlist import FLIP_FLOPS, Cell, Netlist, is_lut
from synth.yosys.slack import Flags, Ints, Pass, Times, Wiring

PERIOD_NS: Final = 3.333
"""What every build of the open flow is asked for: 300 MHz, with the clock's uncertainty inside."""
_COST: Final = {"ff": 0.25, "lut": 1.0, "srl": 1.0}
"""What a copy weighs against another: flip-flops stand beside LUTs in any case."""
_EPS: Final = 1e-6  # ns
_AGAIN: Final = 0.95  # what was refused is tried once more after so much progress
_ROUNDS: Final = 200
_NEAR_NS: Final = 0.4
"""Slack within which a step may make a path late; larger jumps of a net are seen afterwards."""
_NOISE_NS: Final = 0.1  # the table has a step down, so less can take longer by that


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
class _Plan:
    """Pins of a net for its copies, a group for each; how much that helps for what it costs."""

    net: int
    groups: tuple[tuple[int, ...], ...]
    ns: float  # the delay of the net afterwards
    worth: float
    deep: bool = False  # each copy of a flip-flop gets a copy of the LUT before it, too


@dataclass(frozen=True)
class _State:
    """A wiring and the copies in it. copies: net -> (net it was taken off, cell, its pins)."""

    wiring: Wiring
    copies: dict[int, tuple[int, int, tuple[int, ...]]]

    @cached_property
    def done(self) -> Pass:
        """Its times."""
        return Pass(self.wiring)

    def narrowed(self, pins: Flags) -> _State:
        """For paths over those pins alone, which is much faster."""
        return _State(self.wiring.narrowed(pins), self.copies)

    def driver(self, graph: Graph, net: int) -> tuple[int, tuple[int, ...]] | None:
        """(cell number, its pins) of what drives a net; of a copy, the cell that was copied."""
        if net in self.copies:
            return self.copies[net][1:]
        found = graph.netlist.driver.get(graph.net_bit[net - 1] or "x")
        return None if found is None else (found[0], tuple(graph.pins_of[found[0]]))


class Replicator:
    """The work on one netlist; `run` gives the copies."""

    def __init__(self, netlist: Netlist, delays: Delays | None = None,
                 period_ns: float = PERIOD_NS) -> None:  # fmt: skip
        self.delays = delays or load()
        self.graph = Graph(netlist, self.delays)
        self.path_ns = period_ns - self.delays.uncertainty
        self.state = _State(Wiring(self.graph), {})
        self.refused: set[int] = set()
        self._taken: list[Sequence[_Plan]] = []

    def run(self, *, spare: bool = True) -> Copies:
        """Copy until the period is met or nothing helps.

        spare: then drop the copies without which the longest path stays the longest.
        """
        first = self.state.done.worst()
        if not np.isfinite(first):
            return Copies()
        tried = np.inf  # how late all ends were when what was refused was last tried again
        for _ in range(_ROUNDS):
            late = self.state.done.missing(self.path_ns)
            if late <= _EPS:
                break
            plans = self._choose()
            if plans:
                self._round(plans)
            elif self.refused and late < _AGAIN * tried:
                self.refused.clear()
                tried = late
            else:
                break
        if spare:
            self._drop()
        return self._result(first)

    # Choosing.

    def _choose(self) -> list[_Plan]:
        """For each late end the plan on its longest path that helps it most for the cost."""
        s, w = self.state.done, self.state.wiring
        late = np.flatnonzero(s.path > self.path_ns + _EPS)
        over = s.path[late] - self.path_ns
        steps = list(self._back(w.end_pin[late]))
        wanted = np.zeros(w.nets, np.bool_)
        for _, nets in steps:
            wanted[nets] = True
        plans = self._plans(wanted)
        gain, worth = np.zeros(w.nets), np.zeros(w.nets)
        fanout_ns = w.net_ns(w.fanout())
        for net, plan in plans.items():
            gain[net], worth[net] = fanout_ns[net] - plan.ns, plan.worth
        best, best_net = np.zeros(len(late)), np.zeros(len(late), np.int64)
        for walk, nets in steps:
            offer = np.minimum(gain[nets], over[walk]) * worth[nets]
            better = offer > best[walk]
            best[walk[better]], best_net[walk[better]] = offer[better], nets[better]
        chosen = np.unique(best_net[best > 0])
        return [plans[net] for net in chosen.tolist()]

    def _back(self, pins: Ints) -> Iterator[tuple[Ints, Ints]]:
        """Step by step back on the longest paths to pins: (which of them, the routed nets)."""
        w, latest = self.state.wiring, self.state.done.latest()
        walk = np.arange(len(pins))
        while len(walk):
            nets = w.pin_net[pins]
            routed = ~self._inside(pins)
            yield walk[routed], nets[routed]
            arcs = latest[nets]
            walk, pins = walk[arcs >= 0], w.arc_pin[arcs[arcs >= 0]]

    def _inside(self, pins: Ints) -> Flags:
        """Pins whose net's fanout does not matter to them."""
        kinds = self.state.wiring.pin_kind[pins]
        beside = (kinds == BESIDE) & (self.state.done.wire[pins] > self.delays.slice_net)
        found: Flags = ~((kinds == ROUTED) | beside)
        return found

    def _plans(self, wanted: Flags) -> dict[int, _Plan]:
        """Net -> what could be done about its late loads, for some nets."""
        s, w = self.state.done, self.state.wiring
        slack = s.slack(self.path_ns)
        late = np.flatnonzero(slack < -_EPS)
        late = late[wanted[w.pin_net[late]] & ~self._inside(late)]
        late = late[np.lexsort((slack[late], w.pin_net[late]))]
        fanout = w.fanout()
        nets, begin = np.unique(w.pin_net[late], return_index=True)
        found = {}
        edges = [*begin.tolist(), len(late)]
        for net, low, high in zip(nets.tolist(), edges[:-1], edges[1:], strict=True):
            if net in self.refused or (cost := self._cost(net)) is None:
                continue
            pins = late[low:high]
            plan = self._plan(net, pins, -slack[pins], int(fanout[net]), cost)
            if plan is not None:
                found[net] = plan
        return found

    def _cost(self, net: int) -> float | None:
        """What a copy of a net's driver weighs; None if it is not to be copied."""
        found = self.state.driver(self.graph, net)
        if found is None:
            return None
        cell = self.graph.netlist.cells[found[0]]
        if cell.type == "INV":
            return self._cost(int(self.state.wiring.pin_net[found[1][0]])) if found[1] else None
        return _COST.get(kind_of(cell) or "")

    def _plan(self, net: int, pins: Ints, over: Times, fanout: int, cost: float) -> _Plan | None:
        """The number of copies that helps most for its cost, of those that the table tells apart.

        pins: the late loads, latest first; over: by how much. The driver itself keeps some of them
        where its other loads leave it room.
        """
        w = self.state.wiring
        best: _Plan | None = None
        rest = fanout - len(pins)
        here = float(w.net_ns(np.array([fanout]))[0])
        for most in self.delays.net_fanout:
            copies = -(-fanout // most) - 1 if rest < most else -(-len(pins) // most)
            if copies < 1:
                continue
            size = -(-fanout // (copies + 1)) if rest < most else -(-len(pins) // copies)
            keep = max(size - rest, 0) if rest < most else 0
            given = pins[: len(pins) - keep]
            groups = tuple(tuple(some.tolist()) for some in np.array_split(given, copies))
            sizes = [len(group) for group in groups] + ([rest + keep] if keep else [])
            if not min(len(group) for group in groups):
                continue
            after = float(w.net_ns(np.array(sizes)).max())
            gained = float(np.minimum(here - after, over).sum())
            worth = gained / (copies * cost)
            if after < here - _EPS and (best is None or worth > best.worth):
                best = _Plan(net, groups, after, worth)
        return best and replace(best, worth=len(pins) / (len(best.groups) * cost))

    # Taking.

    def _round(self, plans: Sequence[_Plan]) -> None:
        """Take the plans that help, tried on the paths that are near the period; then look at all.

        What is right near the period may be wrong for the whole: then all is tried on all paths.
        """
        before = self.state
        near = before.done.slack(self.path_ns) < _NEAR_NS
        self._taken, refused = [], set(self.refused)
        self.state = before.narrowed(near)
        self._take(plans)
        self.state = before
        for some in self._taken:
            self.state = self._with(some)
        if self._taken and not self._better(before, self.state):
            self.state, self.refused = before, refused
            self._take(plans)

    def _better(self, before: _State, after: _State) -> bool:
        """Whether a step may be taken: no end's worst gets worse, and something gets better."""
        old, new = before.done, after.done
        change = new.missing(self.path_ns) - old.missing(self.path_ns)
        return change <= _EPS and new.worst() <= old.worst() + _EPS and (
            change < -_EPS or new.inside(self.path_ns) < old.inside(self.path_ns) - _EPS)

    def _take(self, plans: Sequence[_Plan]) -> None:
        """Take all plans, or if that is worse, each half by itself."""
        tried = self._with(plans)
        if self._better(self.state, tried):
            self.state = tried
            self._taken.append(plans)
        elif len(plans) == 1 and not plans[0].deep and self._lut_before(plans[0].net):
            self._take([replace(plans[0], deep=True)])
        elif len(plans) == 1:
            self.refused.add(plans[0].net)
        else:
            self._take(plans[: len(plans) // 2])
            self._take(plans[len(plans) // 2 :])

    def _lut_before(self, net: int) -> bool:
        """Whether a flip-flop drives the net and has a LUT to itself: two would read it slower."""
        found = self.state.driver(self.graph, net)
        assert found is not None
        cells = self.graph.netlist.cells
        if kind_of(cells[found[0]]) != "ff":
            return False
        w = self.state.wiring
        pins = [pin for pin in found[1] if w.pin_kind[pin] == BESIDE]
        before = self.state.driver(self.graph, int(w.pin_net[pins[0]])) if pins else None
        return before is not None and kind_of(cells[before[0]]) == "lut" \
            and int((w.pin_net == w.pin_net[pins[0]]).sum()) == 1  # fmt: skip

    def _with(self, plans: Sequence[_Plan]) -> _State:
        """The state with the plans carried out."""
        made = _Additions(self.graph, self.state)
        moves: list[tuple[int, int]] = []
        for plan in plans:
            for group in plan.groups:
                net = made.copy(plan.net, plan.deep)
                moves += [(pin, net) for pin in group]
        w = made.wiring()
        pins, nets = np.array(moves, np.int64).T
        return _State(w.moved(pins, nets), made.copies)

    # Dropping.

    def _drop(self) -> None:
        """Give loads back to the net they were taken off where the clock gets no slower by it."""
        self.path_ns = max(self.path_ns, self.state.done.worst())
        refused: set[int] = set()
        while True:
            merges = list(self._needless(refused))
            if not merges:
                return
            before, were = self.state, set(refused)
            # What is late with none of those copies is all that can be late without some of them.
            late = self._without(before, merges).done.slack(self.path_ns) < _EPS + _NOISE_NS
            self.state = before.narrowed(late)
            self._merge(merges, refused)
            copies, pin_net = self.state.copies, self.state.wiring.pin_net
            self.state = _State(before.wiring.moved(slice(None), pin_net), copies)
            if not self._harmless(before, self.state):
                self.state = before
                refused.clear()
                refused.update(were)
                self._merge(merges, refused)

    def _needless(self, refused: set[int]) -> Iterator[int]:
        """Copies whose loads, and the other loads of the net they came from, have time for it."""
        s, w = self.state.done, self.state.wiring
        slack = s.slack(self.path_ns)
        fanout = w.fanout()
        busy: set[int] = set()
        order = np.argsort(w.pin_net, kind="stable")
        begin = np.searchsorted(w.pin_net[order], np.arange(w.nets + 1))
        for net, (above, _, _) in sorted(self.state.copies.items(), reverse=True):
            if net in refused or {net, above} & busy:
                continue
            pins = order[begin[net] : begin[net + 1]]
            if (w.pin_kind[pins] == FREE).any():
                continue  # made for an inverter's copy, and goes with it
            pins = np.concatenate((pins, order[begin[above] : begin[above + 1]]))
            pins = pins[~self._inside(pins)]
            after = float(w.net_ns(np.array([fanout[net] + fanout[above]]))[0])
            later = after - s.wire[pins]
            if (slack[pins] - later >= np.minimum(slack[pins], 0.0) - _EPS).all():
                busy |= {net, above}
                yield net

    def _harmless(self, before: _State, after: _State) -> bool:
        """Whether copies may go: nothing gets later than the longest path allows."""
        old, new = before.done, after.done
        return new.missing(self.path_ns) <= old.missing(self.path_ns) + _EPS \
            and new.worst() <= max(old.worst(), self.path_ns) + _EPS  # fmt: skip

    def _merge(self, nets: Sequence[int], refused: set[int]) -> None:
        """Undo those copies, or if that is worse, each half by itself."""
        nets = [net for net in nets if net in self.state.copies]  # some went with the other half
        tried = self._without(self.state, nets)
        if self._harmless(self.state, tried):
            self.state = tried
        elif len(nets) == 1:
            refused.update(nets)
        else:
            self._merge(nets[: len(nets) // 2], refused)
            self._merge(nets[len(nets) // 2 :], refused)

    def _without(self, state: _State, nets: Sequence[int]) -> _State:
        """Those copies' loads given back, and what was copied for those copies alone."""
        copies, w = dict(state.copies), state.wiring
        now = np.arange(w.nets)
        now[list(nets)] = [copies[net][0] for net in nets]
        pin_net = now[w.pin_net]
        gone = list(nets)
        while gone:
            for net in gone:
                above, _, pins = copies.pop(net)
                pin_net[list(pins)] = 0
                for one, (was, cell, own) in copies.items():
                    if was == net:
                        copies[one] = above, cell, own
            # What was copied for those copies alone: what drives a copied inverter, for one.
            read = np.bincount(pin_net, minlength=w.nets)
            gone = [net for net in copies if not read[net]]
        return _State(w.moved(slice(None), pin_net), copies)

    def _result(self, before_ns: float) -> Copies:
        """The changes by name."""
        g, w = self.graph, self.state.wiring
        cells = g.netlist.cells
        named: dict[int, str] = {}
        count: dict[int, int] = {}
        for net, (_, cell, _) in sorted(self.state.copies.items()):
            count[cell] = count.get(cell, 0) + 1
            named[net] = f"{cells[cell].name}_copy{count[cell]}"
        moved = []
        for pin in np.flatnonzero(w.pin_net[: len(g.pin_net)] - 1 != np.array(g.pin_net)).tolist():
            number, port, index = g.pin_at[pin]
            moved.append((cells[number].name, port, index, named[int(w.pin_net[pin])]))
        for net, (_, cell, pins) in sorted(self.state.copies.items()):
            for pin, first in zip(pins, g.pins_of[cell], strict=True):
                if w.pin_net[pin] - 1 != g.pin_net[first]:
                    _, port, index = g.pin_at[first]
                    moved.append((named[net], port, index, named[int(w.pin_net[pin])]))
        made = tuple((named[net], cells[self.state.copies[net][1]].name) for net in sorted(named))
        return Copies(made, tuple(moved), before_ns, self.state.done.worst())


class _Additions:
    """Copies to come, collected so that the arrays grow once for many."""

    def __init__(self, graph: Graph, state: _State) -> None:
        self.graph, self.state = graph, state
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
        found = self.state.driver(self.graph, net)
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

    def wiring(self) -> Wiring:
        """The arrays with all of them."""
        return self.state.wiring.added(self.pin_nets, self.pin_kinds, self.ends, self.arcs,
                                       self.levels, self.starts)  # fmt: skip
