# SPDX-License-Identifier: Apache-2.0
"""Takes copies out again without which the clock is the same: their loads go back.

Copies are made for one net after the other; what an earlier one gave may be had from a later one.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

import numpy as np

from synth.yosys.copy_state import EPS, State
from synth.yosys.graph import FREE

_NOISE_NS: Final = 0.1  # the table has a step down, so less can take longer by that


class GiveBack:
    """The work on one state; `run` gives the state without the needless copies.

    The longest path may be what it is, or what was asked for if that is longer: `path_ns`.
    """

    def __init__(self, state: State, path_ns: float) -> None:
        self.graph, self.state = state.graph, state
        self.path_ns = max(path_ns, state.done.worst())

    def run(self) -> State:
        """The state without copies that are not needed."""
        refused: set[int] = set()
        while True:
            merges = list(self._needless(refused))
            if not merges:
                return self.state
            before, were = self.state, set(refused)
            # What is late with none of those copies is all that can be late without some of them.
            late = self._without(before, merges).done.slack(self.path_ns) < EPS + _NOISE_NS
            self.state = before.narrowed(late)
            self._merge(merges, refused)
            copies, pin_net = self.state.copies, self.state.wiring.pin_net
            self.state = State(self.graph, before.wiring.moved(slice(None), pin_net), copies)
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
            pins = pins[~self.state.inside(pins)]
            after = float(w.net_ns(np.array([fanout[net] + fanout[above]]))[0])
            later = after - s.wire[pins]
            if (slack[pins] - later >= np.minimum(slack[pins], 0.0) - EPS).all():
                busy |= {net, above}
                yield net

    def _harmless(self, before: State, after: State) -> bool:
        """Whether copies may go: nothing gets later than the longest path allows."""
        old, new = before.done, after.done
        return new.missing(self.path_ns) <= old.missing(self.path_ns) + EPS \
            and new.worst() <= max(old.worst(), self.path_ns) + EPS  # fmt: skip

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

    def _without(self, state: State, nets: Sequence[int]) -> State:
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
        return State(self.graph, w.moved(slice(None), pin_net), copies)
