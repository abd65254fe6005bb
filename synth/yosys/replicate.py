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
from typing import Final

import numpy as np

from synth.yosys.copy_state import EPS, Additions, Copies, State, changes, kind_of
from synth.yosys.give_back import GiveBack
from synth.yosys.graph import BESIDE, Graph
from synth.yosys.slack import Flags, Ints, Times, Wiring

PERIOD_NS: Final = 3.333
"""What every build of the open flow is asked for: 300 MHz, with the clock's uncertainty inside."""
_COST: Final = {"ff": 0.25, "lut": 1.0, "srl": 1.0}
"""What a copy weighs against another: flip-flops stand beside LUTs in any case."""
_AGAIN: Final = 0.95  # what was refused is tried once more after so much progress
_ROUNDS: Final = 200
_PARTS: Final = 16
"""Of many plans a sixteenth is refused as a whole: what is good in it has its turn later."""
_NEAR_NS: Final = 0.4
"""Slack within which a step may make a path late; larger jumps of a net are seen afterwards."""


@dataclass(frozen=True)
class _Plan:
    """Pins of a net for its copies, a group for each; how much that helps for what it costs."""

    net: int
    groups: tuple[tuple[int, ...], ...]
    ns: float  # the delay of the net afterwards
    worth: float
    deep: bool = False  # each copy of a flip-flop gets a copy of the LUT before it, too


class Replicator:
    """The work on one netlist; `run` gives the copies."""

    def __init__(self, graph: Graph, period_ns: float = PERIOD_NS) -> None:
        self.graph, self.delays = graph, graph.delays
        self.path_ns = period_ns - self.delays.uncertainty
        self.state = State(self.graph, Wiring(self.graph), {})
        self.refused: set[int] = set()
        self._taken: list[Sequence[_Plan]] = []
        self._least = 1  # so many plans are refused together

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
            if late <= EPS:
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
            self.state = GiveBack(self.state, self.path_ns).run()
        return changes(self.state, first)

    # Choosing.

    def _choose(self) -> list[_Plan]:
        """For each late end the plan on its longest path that helps it most for the cost."""
        s, w = self.state.done, self.state.wiring
        late = np.flatnonzero(s.path > self.path_ns + EPS)
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
            routed = ~self.state.inside(pins)
            yield walk[routed], nets[routed]
            arcs = latest[nets]
            walk, pins = walk[arcs >= 0], w.arc_pin[arcs[arcs >= 0]]

    def _plans(self, wanted: Flags) -> dict[int, _Plan]:
        """Net -> what could be done about its late loads, for some nets."""
        s, w = self.state.done, self.state.wiring
        slack = s.slack(self.path_ns)
        late = np.flatnonzero(slack < -EPS)
        late = late[wanted[w.pin_net[late]] & ~self.state.inside(late)]
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
        found = self.state.driver(net)
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
            if after < here - EPS and (best is None or worth > best.worth):
                best = _Plan(net, groups, after, worth)
        return best and replace(best, worth=len(pins) / (len(best.groups) * cost))

    # Taking.

    def _round(self, plans: Sequence[_Plan]) -> None:
        """Take the plans that help, tried on the paths that are near the period; then look at all.

        What is right near the period may be wrong for the whole: then all is tried on all paths.
        """
        before = self.state
        self._least = max(len(plans) // _PARTS, 1)
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

    def _better(self, before: State, after: State) -> bool:
        """Whether a step may be taken: no end's worst gets worse, and something gets better."""
        old, new = before.done, after.done
        if new.worst() > old.worst() + EPS:
            return False
        change = new.missing(self.path_ns) - old.missing(self.path_ns)
        return change < -EPS or (
            change <= EPS and new.inside(self.path_ns) < old.inside(self.path_ns) - EPS)

    def _take(self, plans: Sequence[_Plan]) -> None:
        """Take all plans, or if that is worse, each half by itself."""
        tried = self._with(plans)
        if self._better(self.state, tried):
            self.state = tried
            self._taken.append(plans)
        elif len(plans) == 1 and not plans[0].deep and self._lut_before(plans[0].net):
            self._take([replace(plans[0], deep=True)])
        elif len(plans) <= self._least:
            self.refused.update(plan.net for plan in plans)
        else:
            self._take(plans[: len(plans) // 2])
            self._take(plans[len(plans) // 2 :])

    def _lut_before(self, net: int) -> bool:
        """Whether a flip-flop drives the net and has a LUT to itself: two would read it slower."""
        found = self.state.driver(net)
        assert found is not None
        cells = self.graph.netlist.cells
        if kind_of(cells[found[0]]) != "ff":
            return False
        w = self.state.wiring
        pins = [pin for pin in found[1] if w.pin_kind[pin] == BESIDE]
        before = self.state.driver(int(w.pin_net[pins[0]])) if pins else None
        return before is not None and kind_of(cells[before[0]]) == "lut" \
            and int((w.pin_net == w.pin_net[pins[0]]).sum()) == 1  # fmt: skip

    def _with(self, plans: Sequence[_Plan]) -> State:
        """The state with the plans carried out."""
        made = Additions(self.state)
        moves: list[tuple[int, int]] = []
        for plan in plans:
            for group in plan.groups:
                net = made.copy(plan.net, plan.deep)
                moves += [(pin, net) for pin in group]
        return made.with_moved(moves)
