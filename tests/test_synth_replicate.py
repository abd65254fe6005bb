# SPDX-License-Identifier: Apache-2.0
"""Copies of drivers on netlists small enough to say what must be copied and what must not."""

from __future__ import annotations

import itertools
import json

import numpy as np
import pytest

from synth.errors import SynthError
from synth.yosys import copies, copy_state, netlist, pack, replicate, timing
from synth.yosys.delays import load
from synth.yosys.graph import Graph
from synth.yosys.simulate import Simulator
from tests.test_synth_counts import OUT, Made, adder

D = load()


class Flow(Made):
    """A netlist by hand that can be simulated: input ports, outputs, truth tables."""

    def __init__(self):
        super().__init__()
        self.rng = np.random.default_rng(len(OUT))
        self.places = itertools.count()

    def cell(self, kind, **ports):
        super().cell(kind, **ports)
        if kind.startswith("LUT"):
            size = int(kind[3])
            table = "".join(str(bit) for bit in self.rng.integers(0, 2, 1 << size))
            self.cells[f"u{len(self.cells) - 1}"]["parameters"]["INIT"] = table

    def ff(self, d, q, kind="FDRE"):
        reset = {"R" if kind == "FDRE" else "S": "rst"}
        directions = {"Q": "output"}
        super().cell(kind, C="clk", D=d, CE="ce", Q=q, **reset)
        one = self.cells[f"u{len(self.cells) - 1}"]
        one["port_directions"] |= directions
        one["parameters"]["INIT"] = "1" if kind == "FDSE" else "0"

    def srl(self, d, q):
        """A shift register whose length a port sets: never copied."""
        super().cell("SRL16E", CLK="clk", D=d, CE="ce", A0="1", A1="1", A2="side0", A3="0", Q=q)
        self.cells[f"u{len(self.cells) - 1}"]["port_directions"]["Q"] = "output"

    def path(self, start, depth):
        """A chain of LUTs of that depth from a net to a flip-flop; its last net's register."""
        mark = f"p{next(self.places)}"
        here = start
        for step in range(depth):
            self.lut(f"{mark}_{step}", here, f"side{step % 3}")
            here = f"{mark}_{step}"
        self.ff(here, f"{mark}_q")
        return f"{mark}_q"

    def raw(self, *outs, ins=()):
        # Nobody waits for a port: side0 to side2 are read in time.
        ins = [*ins, *(one for one in ("rst", "ce", "side0", "side1", "side2") if one in self.nets)]
        driven = {self.nets.get(one) for one in ins}
        ports = {name: {"direction": "input", "bits": [self.net(name)]} for name in ins}
        ports["clk"] = {"direction": "input", "bits": [self.net("clk")]}
        assert None not in driven
        ports["y"] = {"direction": "output", "bits": [self.net(one) for one in outs]}
        names = {name: {"bits": [bit]} for name, bit in self.nets.items()}
        return {"modules": {"top": {"cells": self.cells, "netnames": names, "ports": ports}}}


def wide(loads, depth, start="FDRE", slow=None, side=0):
    """One driver, `loads` paths of `depth` LUTs from it, of which only the first `slow` are long.

    start: FDRE, FDSE, LUT or INV: what drives the net "w".
    """
    made = Flow()
    if start.startswith("FD"):
        made.ff("in3", "w", start)
    else:
        made.ff("in3", "a")
        made.ff("in4", "b")
        if start == "LUT":
            made.lut("w", "a", "b")
        else:
            made.cell("INV", I="a", O="w")
            made.ff("a", "a_q")
    ends = [made.path("w", depth if slow is None or i < slow else 1) for i in range(loads)]
    ends += [made.path("w", 1) for _ in range(side)]
    if start == "INV":
        ends.append("a_q")
    return made.raw(*ends, ins=("in3", *(("in4",) if not start.startswith("FD") else ())))


def longest(found):
    return timing.estimate(found).path_ns + D.uncertainty


def copies_for(raw, period=replicate.PERIOD_NS, *, spare=True):
    """The copies that a netlist wants as it is, checked: it must be as fast as they claim."""
    made = replicate.Replicator(Graph(netlist.from_json(raw, "top"), D), period).run(spare=spare)
    if made.cells:
        after = netlist.from_json(copy_state.apply(raw, "top", made), "top")
        copies._checked(Graph(after, D), made)
    return made


def copied(raw, period=replicate.PERIOD_NS):
    """(copies, netlist before, netlist after), the same function by simulation."""
    made = copies_for(raw, period)
    kept = json.dumps(raw)
    changed = copy_state.apply(raw, "top", made)
    assert json.dumps(raw) == kept  # what was given is not touched
    before, after = netlist.from_json(raw, "top"), netlist.from_json(changed, "top")
    same(before, after)
    return made, before, after


def same(before, after):
    """Both give the same outputs on random inputs, 16 streams of 60 cycles."""
    rng = np.random.default_rng(7)
    inputs = {name: rng.integers(0, 2, (60, len(bits), 16)).astype(np.uint8)
              for name, (way, bits) in before.ports.items() if way == "input"}  # fmt: skip
    inputs["rst"] &= rng.integers(0, 2, inputs["rst"].shape).astype(np.uint8)
    one, other = (Simulator(each).run(inputs).outputs["y"] for each in (before, after))
    assert one.any()
    assert not one.all()
    assert np.array_equal(one, other)


@pytest.mark.parametrize("start", ["FDRE", "FDSE", "LUT"])
def test_a_large_net_on_long_paths_gets_copies_of_its_driver(start):
    made, before, after = copied(wide(40, 5, start))
    assert longest(before) > replicate.PERIOD_NS >= longest(after)
    kind = "LUT2" if start == "LUT" else start
    of = {cell.name: cell for cell in before.cells}
    assert {of[name].type for _, name in made.cells} == {kind}
    assert after.count(kind) == before.count(kind) + len(made.cells)
    assert len(after.cells) == len(before.cells) + len(made.cells)
    assert made.before_ns + D.uncertainty == pytest.approx(longest(before))
    assert made.after_ns + D.uncertainty == pytest.approx(longest(after))


def test_copies_are_counted():
    _, before, after = copied(wide(40, 5))
    one, other = pack.count(before), pack.count(after)
    assert (other.ff, other.lut_cells) == (one.ff + 1, one.lut_cells)
    _, before, after = copied(wide(40, 5, "LUT"))
    one, other = pack.count(before), pack.count(after)
    assert (other.ff, other.lut_cells) == (one.ff, one.lut_cells + 1)


def test_only_critical_loads_move():
    made, before, after = copied(wide(10, 5, side=60))
    assert len(made.cells) == 1
    (net,) = (cell.one("Q") for cell in after.cells if cell.name == made.cells[0][0])
    (old,) = (cell.one("Q") for cell in before.cells if cell.name == made.cells[0][1])
    loads = {(after.cells[cell].name, port) for cell, port, _ in after.loads[net]}
    assert loads == {(cell, port) for cell, port, _, _ in made.moved}
    assert len(loads) == 10
    assert len(after.loads[old]) == 60
    long = {cell for cell, _, _ in before.loads[old]
            if before.loads[before.cells[cell].one("O")][0][1] != "D"}  # fmt: skip
    assert {before.cells[cell].name for cell in long} == {cell for cell, _ in loads}


@pytest.mark.parametrize(("loads", "depth"), [(40, 2), (3, 5)])
def test_nothing_is_copied_where_the_period_is_met(loads, depth):
    made, _, _ = copied(wide(loads, depth))
    assert made.cells == made.moved == ()
    assert made.after_ns == made.before_ns < replicate.PERIOD_NS


def test_a_net_that_no_copy_makes_faster_ends_the_work():
    """One load each, and more logic than fits: nothing can help, nothing is copied."""
    made = Flow()
    made.ff("in0", "w")
    found, _, _ = copied(made.raw(made.path("w", 20), ins=("in0",)))
    assert found.cells == ()
    assert found.after_ns == found.before_ns > replicate.PERIOD_NS


def test_an_inverter_is_copied_with_what_drives_it():
    made, before, after = copied(wide(40, 5, "INV"))
    assert longest(before) > replicate.PERIOD_NS >= longest(after)
    of = {cell.name: cell.type for cell in before.cells}
    kinds = sorted(of[name] for _, name in made.cells)
    assert kinds == ["FDRE", "INV"]
    new = {cell.name: cell for cell in after.cells if cell.name in dict(made.cells)}
    (inverter,) = (cell for cell in new.values() if cell.type == "INV")
    (register,) = (cell for cell in new.values() if cell.type == "FDRE")
    assert inverter.one("I") == register.one("Q")


def test_carries_memories_and_ports_are_loads_like_others_but_are_not_copied():
    made = adder(16, di="a{}")
    flow = Flow()
    flow.nets, flow.cells = made.nets, made.cells
    for cell in flow.cells.values():
        if cell["type"] == "LUT2":
            cell["parameters"]["INIT"] = "0110"
    flow.ff("in3", "w")
    ends = []
    for i in range(16):
        flow.lut(f"l{i}", "w", "side0")
        flow.lut(f"m{i}", f"l{i}", "side1")
        flow.lut(f"a{i}", f"m{i}", "side2")
        flow.ff(f"in{4 + i}", f"b{i}")
        flow.ff(f"y{i}", f"y{i}_q")
        ends.append(f"y{i}_q")
    ends += [flow.path("w", 5) for _ in range(20)]
    flow.srl("w", "late")
    ends += [flow.path("late", 4) for _ in range(40)]
    raw = flow.raw("w", *ends, ins=("in3", *(f"in{i}" for i in range(4, 20))))
    found, before, after = copied(raw)
    of = {cell.name: cell.type for cell in before.cells}
    assert "FDRE" in {of[name] for _, name in found.cells}
    assert not {of[name] for _, name in found.cells} & {"SRL16E", "CARRY4"}
    outs = {cell.name: before.label(bit) for cell in before.cells for _, _, bit in cell.driven}
    moved = {outs[cell] for cell, _, _, _ in found.moved}
    assert "l0" in moved  # a long way through the chain
    assert "l15" not in moved  # a short one
    assert after.ports == before.ports
    assert longest(after) < longest(before)
    assert longest(after) > replicate.PERIOD_NS  # the shift register's net stays as it is


def test_a_step_that_makes_another_path_longer_is_not_taken():
    """Copies read what the driver reads: where that net has no time to spare, none is made.

    s has three loads, a copy of the LUT would be the fourth, and s drives the longest path.
    """
    made = Flow()
    made.srl("in0", "s")
    ends = [made.path("s", 8), made.path("s", 1)]
    made.lut("w", "s", "side0")
    ends += [made.path("w", 3) for _ in range(40)]
    found = copies_for(made.raw(*ends, ins=("in0",)), 3.74, spare=False)
    assert found.cells == ()
    assert found.after_ns == found.before_ns == pytest.approx(3.81 - D.uncertainty)


def test_at_no_period_anything_gets_later():
    made = Flow()
    made.ff("in0", "s")
    ends = [made.path("s", 5)]  # s: one load here, one at the LUT below
    made.lut("w", "s", "side0")
    ends += [made.path("w", 3) for _ in range(16)]
    raw = made.raw(*ends, ins=("in0",))
    for period in np.linspace(1.6, 3.4, 13):
        found, before, after = copied(raw, float(period))
        assert longest(after) <= longest(before) + 1e-9
        late = [max(0.0, longest(one) - period) for one in (before, after)]
        assert late[1] <= late[0] + 1e-9
        assert not found.cells or late[1] < late[0] or longest(before) > period


def test_random_netlists_keep_their_function_and_get_no_slower():
    rng = np.random.default_rng(11)
    helped = 0
    for _ in range(12):
        made = Flow()
        nets = []
        for i in range(4):
            made.ff(f"in{i}", f"n{i}", ("FDRE", "FDSE")[i % 2])
            nets.append(f"n{i}")
        for i in range(4, 160):
            # Few nets have most of the loads.
            picks = rng.choice(len(nets), 3, p=weights(len(nets)))
            made.lut(f"n{i}", *(nets[pick] for pick in dict.fromkeys(picks.tolist())))
            nets.append(f"n{i}")
            if i % 7 == 0:
                made.ff(f"n{i}", f"n{i}_q")
                nets.append(f"n{i}_q")
        unread = list(nets[-40:])
        for net in unread:
            made.ff(net, f"{net}_end")
        raw = made.raw(*(f"{net}_end" for net in unread),
                       ins=("in0", "in1", "in2", "in3"))  # fmt: skip
        _, before, after = copied(raw, 2.0)
        assert longest(after) <= longest(before) + 1e-9
        helped += longest(after) < longest(before) - 0.1
    assert helped >= 6


def weights(size):
    """Early nets are read more."""
    share = 1.0 / np.arange(1, size + 1)
    return share / share.sum()


def test_names_that_are_taken_and_cells_of_two_outputs_are_refused():
    raw = wide(40, 5)
    made = copies_for(raw)
    with pytest.raises(SynthError, match="already"):
        copy_state.apply(copy_state.apply(raw, "top", made), "top", made)
    chain = adder(4).cells
    module = {"cells": chain, "netnames": {}, "ports": {}}
    (carry,) = (name for name, cell in chain.items() if cell["type"] == "CARRY4")
    with pytest.raises(SynthError, match="no single output"):
        copy_state.apply({"modules": {"top": module}}, "top",
                     copy_state.Copies((("new", carry),)))  # fmt: skip


def test_copies_that_do_not_give_their_clock_are_refused(monkeypatch):
    class Boasting(replicate.Replicator):
        def run(self, **given):
            found = super().run(**given)
            return copy_state.Copies(found.cells, found.moved, found.before_ns,
                                    found.after_ns - 0.1)  # fmt: skip

    monkeypatch.setattr(copies, "Replicator", Boasting)
    with pytest.raises(SynthError, match="with its copies"):
        copies._changed(wide(40, 5), "top", replicate.PERIOD_NS, True)


def test_a_flip_flop_before_both_inputs_of_a_carry_bit_is_no_lut6_2():
    made = Flow()
    made.ff("in3", "w")
    ends = [made.path("w", 1) for _ in range(20)]
    made.cell("CARRY4", CI="0", CYINIT="0", S=["w", "side0", "side1", "side2"],
              DI=["w", "0", "0", "0"], O=["y0", "y1", "y2", "y3"], CO=["c0", "c1", "c2", "c3"])
    ends.append(made.path("c3", 6))
    # copies_for times what it made anew, and would find the DI to be nearer than it is.
    found, _, after = copied(made.raw(*ends, ins=("in3",)))
    assert found.cells
    assert longest(after) <= replicate.PERIOD_NS + 1e-6
