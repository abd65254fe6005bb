# SPDX-License-Identifier: Apache-2.0
"""LUTs that take over the one before them: the same function, only on late paths, six inputs."""

from __future__ import annotations

import itertools
import json
from dataclasses import asdict

import numpy as np
import pytest

from synth.yosys import collapse, netlist, timing
from synth.yosys.collapse import Lut
from synth.yosys.delays import load
from synth.yosys.graph import Graph
from synth.yosys.slack import Pass, Wiring
from tests.test_synth_replicate import Flow, same

PERIOD = 3.333
D = load()


def value(lut, nets):
    return lut.init >> sum(nets[bit] << i for i, bit in enumerate(lut.inputs)) & 1


@pytest.mark.parametrize("seed", range(40))
def test_a_lut_with_the_other_one_inside_is_the_same_function(seed):
    rng = np.random.default_rng(seed)
    pool = [3, 4, 5, 6, 7]
    made = Lut(tuple(rng.permutation(pool)[: rng.integers(1, 5)].tolist()), 0)
    reads = [2, *rng.permutation([*pool, "1", "0"])[: rng.integers(0, 3)].tolist()]
    reader = Lut(tuple(int(bit) if str(bit) not in "01" else str(bit)
                       for bit in rng.permutation(np.array(reads, object))), 0)  # fmt: skip
    made, reader = (Lut(lut.inputs, int(rng.integers(0, 2**63)) % (1 << (1 << len(lut.inputs))))
                    for lut in (made, reader))  # fmt: skip
    found = collapse.absorb(reader, 2, made)
    for bits in itertools.product((0, 1), repeat=len(pool)):
        nets = dict(zip(pool, bits, strict=True)) | {"0": 0, "1": 1}
        nets[2] = value(made, nets)
        if found is None:  # every input went: a constant is not worth a LUT
            assert value(reader, nets) == value(reader, {**dict.fromkeys(pool, 0), "0": 0, "1": 1,
                                                         2: value(made, dict.fromkeys(pool, 0))})
        else:
            assert value(found, nets) == value(reader, nets)
            assert 2 not in found.inputs and len(found.inputs) <= 6


def test_seven_inputs_are_too_many_and_six_are_not():
    parity = sum((bin(i).count("1") & 1) << i for i in range(16))
    made = Lut((3, 4, 5, 6), parity)
    assert len(collapse.absorb(Lut((2, 7, 8), 0b10010110), 2, made).inputs) == 6
    assert collapse.absorb(Lut((2, 7, 8, 9), parity), 2, made) is None


def test_an_input_without_influence_is_left_out():
    made = Lut((3, 4), 0b1010)  # is input 3
    assert collapse.absorb(Lut((2, 5), 0b1000), 2, made) == Lut((5, 3), 0b1000)


def chain(depth, tapped=()):
    """A path of LUT2 from a flip-flop to another; LUTs in `tapped` have another reader, in time."""
    made = Flow()
    made.ff("in0", "w")
    here, outs = "w", []
    for step in range(depth):
        made.lut(f"n{step}", here, f"side{step % 3}")
        made.cells[f"u{len(made.cells) - 1}"]["parameters"]["INIT"] = "0110"
        here = f"n{step}"
    made.ff(here, "end")
    for step in tapped:
        made.ff(f"n{step}", f"q{step}")
        outs.append(f"q{step}")
    return made.raw("end", *outs, ins=("in0",))


def rewritten(raw, period=PERIOD):
    """(rewrites, netlist before, netlist after), the same function by simulation."""
    before = netlist.from_json(raw, "top")
    found, _ = collapse.rewrites(Graph(before, D), period)
    text = json.dumps(raw)
    changed = collapse.apply(raw, "top", found)
    assert json.dumps(raw) == text  # what was given is not touched
    after = netlist.from_json(changed, "top")
    same(before, after)
    return found, before, after


def longest(found):
    return timing.estimate(found).path_ns + D.uncertainty


def test_a_late_chain_becomes_shorter_and_loses_its_luts():
    found, before, after = rewritten(chain(12))
    assert longest(before) > PERIOD >= longest(after)
    assert found.luts and len(found.gone) == len(before.cells) - len(after.cells) > 0
    assert not set(found.gone) & {cell.name for cell in after.cells}


def test_a_chain_in_time_is_left_alone():
    found, before, after = rewritten(chain(4))
    assert longest(before) < PERIOD
    assert not found.luts and not found.gone and before.cells == after.cells


def test_a_lut_that_others_read_stays():
    found, before, after = rewritten(chain(12, tapped=range(12)))
    assert found.luts and not found.gone
    assert longest(after) < longest(before)


def full(made, start, depth, mark):
    """A path of LUT6 whose sides all differ, so that nothing can be taken over."""
    here = start
    for step in range(depth):
        sides = [f"{mark}{step}_{i}" for i in range(5)]
        for side in sides:
            made.ff("in0", side)
        made.lut(f"{mark}{step}", here, *sides)
        here = f"{mark}{step}"
    made.ff(here, f"{mark}_end")
    return f"{mark}_end"


def test_what_cannot_be_shortened_ends_the_loop():
    made = Flow()
    made.ff("in0", "w")
    found, before, after = rewritten(made.raw(full(made, "w", 12, "n"), ins=("in0",)))
    assert longest(before) > PERIOD and not found.luts and before.cells == after.cells


def two(depth):
    """Two equal chains of LUT2 that meet in a LUT2: one alone does not make it earlier."""
    made = Flow()
    for side in "ab":
        made.ff("in0", f"{side}w")
        here = f"{side}w"
        for step in range(depth):
            made.ff("in0", f"{side}x{step}")
            made.lut(f"{side}{step}", here, f"{side}x{step}")
            here = f"{side}{step}"
    made.lut("both", f"a{depth - 1}", f"b{depth - 1}")
    made.ff("both", "end")
    return made


def test_two_inputs_that_are_equally_late_are_both_taken_over():
    _, before, after = rewritten(two(8).raw("end", ins=("in0",)))
    assert longest(before) > PERIOD >= longest(after)


def test_a_path_in_time_is_left_alone_beside_a_late_one():
    made = two(8)
    made.ff("in0", "v")
    made.lut("early0", "v", "side0")
    made.lut("early1", "early0", "side1")
    made.ff("early1", "q")
    raw = made.raw("end", "q", ins=("in0",))
    found, before, after = rewritten(raw)
    names = {cell.one("O"): cell.name for cell in before.cells if "O" in cell.ports}
    assert found.luts
    assert not {names[made.net(one)] for one in ("early0", "early1")} & {*found.luts, *found.gone}
    assert len(after.cells) < len(before.cells)


def test_rewrites_survive_json():
    found, _, _ = rewritten(chain(12, tapped=(3,)))
    assert collapse.from_dict(json.loads(json.dumps(asdict(found)))) == found


def beside(rewritten_ends, other_ends, longer):
    """A net that two late paths of LUT6 read, and a LUT that the next one may take over.

    Then a fourth input reads the net, 0.37 becomes 0.52 ns, on paths that cannot be shortened.
    rewritten_ends, other_ends: registers at the end of the third path and of each other one;
    longer: by so many LUTs the others are the longer ones.
    """
    made = Flow()
    made.ff("in0", "a")
    made.lut("f", "a", "side0")
    made.ff("f", "fq")  # so that the LUT in front stays
    made.lut("r", "f", "side1")
    for name in ("u1", "u3"):  # no input without influence, or more could be taken over
        assert made.cells[name]["type"] == "LUT2"
        made.cells[name]["parameters"]["INIT"] = "0110"
    outs = ["fq", full(made, "r", 10, "n")]
    for mark in "gh":
        outs.append(full(made, "a", 12 + longer, mark))
    for last, ends in (("n9", rewritten_ends), *((f"{mark}{11 + longer}", other_ends)
                                                  for mark in "gh")):  # fmt: skip
        for end in range(1, ends):
            outs.append(f"{last}_q{end}")
            made.ff(last, outs[-1])
    return made.raw(*outs, ins=("in0",))


@pytest.mark.parametrize(("rewritten_ends", "other_ends", "longer"), [
    (1, 12, -2),  # many ends get a little later for one that gets earlier; no longest path does
    (12, 1, 2),  # many ends get earlier, and the longest path longer
], ids=["all ends together", "the longest path"])  # fmt: skip
def test_a_round_that_makes_other_paths_later_is_not_taken(rewritten_ends, other_ends, longer):
    raw = beside(rewritten_ends, other_ends, longer)
    before = netlist.from_json(raw, "top")
    cells = {cell.one("O"): i for i, cell in enumerate(before.cells) if "O" in cell.ports}
    graph = Graph(before, D)
    done = Pass(Wiring(graph))
    assert done.worst() > PERIOD
    reader = next(i for bit, i in cells.items() if before.label(bit) == "r")
    assert collapse._earlier(before, reader, done)  # it would be taken for its own sake
    found, after = collapse.rewrites(graph, PERIOD)
    assert not found.luts and not found.gone and after is graph
