# SPDX-License-Identifier: Apache-2.0
"""Counting, packing and timing on netlists whose figures can be worked out by hand."""

from __future__ import annotations

import itertools
import json
import random
import signal

import numpy as np
import pytest

from synth.errors import SynthError
from synth.yosys import carry, matching, netlist, pack, timing
from synth.yosys.delays import load

OUT = {"LUT": "O", "FDRE": "Q", "CARRY4": ("O", "CO"), "LUT6_2": ("O5", "O6"), "INV": "O",
       "RAM32M16": "DOA", "RAMB18E2": "DOUTADOUT", "CARRY8": ("O", "CO")}


class Made:
    """A netlist written by hand, cell by cell; nets are any strings."""

    def __init__(self):
        self.nets, self.cells, self.outs = {}, {}, []

    def net(self, name):
        return name if name in "01x" else self.nets.setdefault(name, len(self.nets) + 2)

    def cell(self, kind, **ports):
        outs = OUT.get(kind) or OUT["LUT"]
        one = {"type": kind, "parameters": {}, "port_directions": {}, "connections": {}}
        for port, nets in ports.items():
            bits = nets if isinstance(nets, list) else [nets]
            one["connections"][port] = [self.net(bit) for bit in bits]
            one["port_directions"][port] = "output" if port in outs else "input"
        self.cells[f"u{len(self.cells)}"] = one

    def lut(self, out, *ins):
        self.cell(f"LUT{len(ins)}", O=out, **{f"I{i}": net for i, net in enumerate(ins)})

    def read(self, *outs):
        module = {
            "cells": self.cells,
            "netnames": {name: {"bits": [bit]} for name, bit in self.nets.items()},
            "ports": {"y": {"direction": "output", "bits": [self.net(one) for one in outs]}},
        }
        return netlist.from_json({"modules": {"top": module}}, "top")


def test_pairs_share_a_site_up_to_five_nets():
    made = Made()
    made.lut("o0", "a", "b", "c")
    made.lut("o1", "b", "c", "d", "e")  # with o0: a b c d e
    made.lut("o2", "f", "g", "h", "i")
    made.lut("o3", "f", "g", "j", "k")  # with o2: six
    made.lut("o4", "a", "b", "c", "d", "e", "f")
    made.cell("INV", I="a", O="o5")
    counts = pack.count(made.read("o0", "o1", "o2", "o3", "o4", "o5"))
    assert (counts.lut_cells, counts.pairs, counts.lut_packed) == (5, 1, 4)


def test_unrelated_small_luts_pair_too():
    made = Made()
    made.lut("o0", "a", "b")
    made.lut("o1", "c", "d", "e")
    assert pack.count(made.read("o0", "o1")).lut_packed == 1
    made.lut("o2", "f", "g", "h")
    made.lut("o3", "i", "j", "k")
    assert pack.count(made.read("o0", "o1", "o2", "o3")).lut_packed == 3


def adder(width, kind="CARRY4", prefix="", carry_in="0", di=None):
    """A ripple adder's cells: one LUT2 a bit, chained carry cells."""
    made = Made()
    size = 4 if kind == "CARRY4" else 8
    for bit in range(width):
        made.lut(f"s{bit}", f"a{bit}", f"b{bit}")
    for block in range(0, width, size):
        bits = range(block, block + size)
        made.cell(
            kind, CI=f"c{block - 1}" if block else ("0" if kind == "CARRY4" else carry_in),
            **({"CYINIT": carry_in if not block else "0"} if kind == "CARRY4" else {}),
            S=[f"s{i}" if i < width else "0" for i in bits],
            DI=[(di or "a{}").format(i) if i < width else "0" for i in bits],
            O=[f"y{i}" for i in bits], CO=[f"c{i}" for i in bits],
        )  # fmt: skip
    return made


@pytest.mark.parametrize(("width", "carry8"), [(1, 1), (8, 1), (9, 2), (16, 2), (17, 3)])
@pytest.mark.parametrize("kind", ["CARRY4", "CARRY8"])
def test_a_carry_bit_keeps_its_site_and_chains_count_in_eights(width, carry8, kind):
    made = adder(width, kind)
    counts = pack.count(made.read(*(f"y{i}" for i in range(width))))
    assert (counts.lut_cells, counts.lut_packed, counts.carry8) == (width, width, carry8)
    assert counts.carry_through == 0


def test_unused_top_bits_of_a_chain_are_not_counted():
    made = adder(8)
    assert pack.count(made.read("y0", "y1")).carry_sites == 2
    assert pack.count(made.read("y0", "c6")).carry_sites == 7


def test_a_carry_bit_without_a_lut_is_given_apart():
    made = Made()
    made.cell("CARRY4", CI="0", CYINIT="0", S=["p", "q", "0", "0"], DI=["0", "0", "0", "0"],
              O=["y0", "y1", "y2", "y3"], CO=["c0", "c1", "c2", "c3"])  # fmt: skip
    counts = pack.count(made.read("y0", "y1"))
    assert (counts.lut_cells, counts.lut_packed, counts.carry_through) == (0, 0, 2)


def test_a_lut_sits_on_one_carry_bit_only():
    made = Made()
    made.lut("s", "a", "b")
    made.cell("CARRY4", CI="0", CYINIT="0", S=["s", "s", "0", "0"], DI=["a", "a", "0", "0"],
              O=["y0", "y1", "y2", "y3"], CO=["c0", "c1", "c2", "c3"])  # fmt: skip
    counts = pack.count(made.read("y1"))
    assert (counts.lut_packed, counts.carry_sites, counts.carry_through) == (1, 2, 1)


def test_a_signal_as_carry_in_costs_a_bit_only_when_the_bypass_pin_is_taken():
    five = adder(4, carry_in="cin")
    found = five.read("y3")
    assert carry.carry_in_sites(found, carry.chains(found)[0]) == 0  # DI comes from O5
    made = Made()
    made.lut("s0", "a", "b", "c", "d", "e", "f")
    made.cell("CARRY4", CI="0", CYINIT="cin", S=["s0", "0", "0", "0"], DI=["g", "0", "0", "0"],
              O=["y0", "y1", "y2", "y3"], CO=["c0", "c1", "c2", "c3"])  # fmt: skip
    full = made.read("y0")
    assert carry.carry_in_sites(full, carry.chains(full)[0]) == 1
    assert (pack.count(full).lut_packed, pack.count(full).carry_sites) == (1, 2)


def test_a_di_lut_may_share_the_site_of_its_carry_bit_in_the_second_figure_only():
    made = Made()
    made.lut("s0", "a", "b", "c")
    made.lut("d0", "a", "c")
    made.cell("CARRY4", CI="0", CYINIT="0", S=["s0", "0", "0", "0"], DI=["d0", "0", "0", "0"],
              O=["y0", "y1", "y2", "y3"], CO=["c0", "c1", "c2", "c3"])  # fmt: skip
    counts = pack.count(made.read("y0"))
    assert (counts.lut_packed, counts.lut_packed_o5) == (2, 1)


def test_a_ternary_adder_spelt_out_takes_one_site_a_bit():
    made = Made()
    for i in range(8):
        below = f"m{i - 1}" if i else "0"
        made.cell("LUT6_2", I0=f"a{i}", I1=f"b{i}", I2=f"c{i}", I3=below, I4="0", I5="1",
                  O6=f"s{i}", O5=f"m{i}")  # fmt: skip
    made.cell("CARRY8", CI="0", S=[f"s{i}" for i in range(8)],
              DI=["0", *(f"m{i}" for i in range(7))], O=[f"y{i}" for i in range(8)],
              CO=[f"co{i}" for i in range(8)])  # fmt: skip
    counts = pack.count(made.read(*(f"y{i}" for i in range(8)), "m7"))
    assert (counts.lut_packed, counts.lut_cells, counts.carry8) == (8, 16, 1)


def test_a_ternary_adder_does_not_ripple_through_its_luts():
    """The lower half of a LUT6_2 does not read what the bit below hands up."""
    made = Made()
    for i in range(8):
        below = f"m{i - 1}" if i else "0"
        made.cell("LUT6_2", I0=f"a{i}", I1=f"b{i}", I2=f"c{i}", I3="0", I4=below, I5="1",
                  O6=f"s{i}", O5=f"m{i}")  # fmt: skip
        majority, parity = 0xE8, 0x96
        lower = majority * 0x01010101  # over I0, I1, I2 alone
        upper = parity * 0x0101 | (parity ^ 0xFF) * 0x01010000  # and I4
        made.cells[f"u{i}"]["parameters"]["INIT"] = format(upper << 32 | lower, "064b")
    made.cell("CARRY8", CI="0", S=[f"s{i}" for i in range(8)],
              DI=["0", *(f"m{i}" for i in range(7))], O=[f"y{i}" for i in range(8)],
              CO=[f"co{i}" for i in range(8)])  # fmt: skip
    found = timing.estimate(registered(made, [f"{x}{i}" for x in "abc" for i in range(8)],
                                       [f"y{i}" for i in range(8)]))  # fmt: skip
    assert found.levels == 3  # a LUT hands up, a LUT adds, the chain


def test_memories_are_counted_apart():
    made = Made()
    made.cell("RAM32M16", WCLK="clk", DOA=["p", "q"], ADDRA=["a", "b", "c", "d", "e"])
    made.cell("RAMB18E2", CLKARDCLK="clk", DOUTADOUT=["r"])
    counts = pack.count(made.read("p", "q", "r"))
    assert (counts.lutram, counts.bram36, counts.lut_packed) == (8, 0.5, 0)


def test_what_cannot_be_counted_is_refused():
    made = Made()
    made.cell("LDCE", D="a", G="b", O="y")
    with pytest.raises(SynthError, match="a latch: LDCE"):
        made.read("y")
    made = Made()
    made.cell("$add", A="a", O="y")
    with pytest.raises(SynthError, match=r"a cell nobody here counts: \$add"):
        made.read("y")
    made = Made()
    made.lut("y", "a")
    made.lut("y", "b")
    with pytest.raises(SynthError, match="two drivers"):
        pack.count(made.read("y"))


def tutte_rank(near, rng):
    """Twice the size of a maximum matching: the rank of a random skew matrix of the graph.

    W. T. Tutte 1947, L. Lovasz 1979: right but for a chance of (vertices / prime).
    """
    prime = 2_147_483_629
    size = len(near)
    matrix = [[0] * size for _ in range(size)]
    for one, others in enumerate(near):
        for other in others:
            if one < other:
                matrix[one][other] = int(rng.integers(1, prime))
                matrix[other][one] = prime - matrix[one][other]
    rank = 0
    for column in range(size):
        pivot = next((i for i in range(rank, size) if matrix[i][column]), None)
        if pivot is None:
            continue
        matrix[rank], matrix[pivot] = matrix[pivot], matrix[rank]
        inverse = pow(matrix[rank][column], -1, prime)
        for i in range(rank + 1, size):
            if factor := matrix[i][column] * inverse % prime:
                matrix[i] = [(x - factor * y) % prime
                             for x, y in zip(matrix[i], matrix[rank], strict=True)]  # fmt: skip
        rank += 1
    return rank


@pytest.mark.parametrize("degree", [2.0, 2.6, 3.5])
def test_matching_is_maximum_on_larger_graphs(degree):
    """Graphs too large to try everything, sparse enough to have no perfect matching."""
    rng = np.random.default_rng(int(degree * 10))
    for _ in range(25):
        size = int(rng.integers(25, 46))
        near = [set() for _ in range(size)]
        for one, other in rng.integers(0, size, (int(size * degree / 2), 2)).tolist():
            if one != other:
                near[one].add(other)
                near[other].add(one)
        mate = matching.maximum_matching([sorted(one) for one in near])
        assert all(other == -1 or (mate[other] == one and other in near[one])
                   for one, other in enumerate(mate))  # fmt: skip
        assert sum(other != -1 for other in mate) == tutte_rank(near, rng)


@pytest.mark.parametrize("near", [
    [[2, 9, 15], [3, 5], [0, 5, 6, 10, 12], [1, 5, 8, 14], [13, 15], [1, 2, 3, 6], [2, 5, 7],
     [6, 9, 11], [3, 14], [0, 7, 11], [2, 12], [7, 9], [2, 10], [4, 15], [3, 8], [0, 4, 13]],
    [[4, 22], [10, 11, 14, 18, 23, 26], [15, 17], [19, 28], [0, 16], [24], [7, 17, 32],
     [6, 9, 19, 32], [18, 33], [7, 12, 19], [1, 26, 29, 31], [1, 30], [9, 17], [25, 33], [1, 22],
     [2, 17], [4, 27], [2, 6, 12, 15, 20, 21], [1, 8], [3, 7, 9, 24, 28, 30, 32], [17, 21],
     [17, 20], [0, 14, 24, 27], [1, 25], [5, 19, 22, 30], [13, 23], [1, 10], [16, 22], [3, 19],
     [10, 31], [11, 19, 24], [10, 29], [6, 7, 19], [8, 13]],
], ids=["16 vertices", "34 vertices"])  # fmt: skip
def test_a_blossom_inside_a_blossom(near):
    """Found by search: whoever forgets the inner one's vertices goes in circles on them."""

    def circles(*_):
        raise AssertionError("the search does not end")

    before = signal.signal(signal.SIGALRM, circles)
    signal.setitimer(signal.ITIMER_REAL, 5)
    try:
        mate = matching.maximum_matching(near)
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
    assert -1 not in mate


def test_matching_is_maximum_on_random_graphs():
    rng = random.Random(5)
    for _ in range(400):
        size = rng.randrange(2, 10)
        edges = [pair for pair in itertools.combinations(range(size), 2) if rng.random() < 0.35]
        near = [[] for _ in range(size)]
        for one, other in edges:
            near[one].append(other)
            near[other].append(one)
        mate = matching.maximum_matching(near)
        for vertex, partner in enumerate(mate):
            assert partner == -1 or (mate[partner] == vertex and partner in near[vertex])
        assert sum(m != -1 for m in mate) // 2 == best(edges)


def best(edges):
    """The size of a maximum matching, by trying everything."""
    if not edges:
        return 0
    (one, other), *rest = edges
    taken = [pair for pair in rest if not {one, other} & set(pair)]
    return max(best(rest), 1 + best(taken))


def registered(made, ins, outs):
    for net in ins:
        made.cell("FDRE", C="clk", D=f"in_{net}", CE="1", R="0", Q=net)
    for net in outs:
        made.cell("FDRE", C="clk", D=net, CE="1", R="0", Q=f"{net}_q")
    return made.read(*(f"{net}_q" for net in outs))


def test_one_lut_between_registers_by_hand():
    made = Made()
    made.lut("y", "a", "b")
    found = timing.estimate(registered(made, ["a", "b"], ["y"]))
    # clock to Q, net of one load, LUT, net inside the slice, setup
    assert found.path_ns == pytest.approx(0.115 + 0.24 + 0.14 + 0.02 - 0.045)
    assert (found.levels, found.limited_by) == (1, "BUFG")
    assert found.fmax_mhz == pytest.approx(1000 / 1.379)


def test_the_clock_is_the_path_and_its_uncertainty():
    made = Made()
    for step in range(9):
        made.lut(f"n{step + 1}", f"n{step}", f"b{step}")
    found = timing.estimate(registered(made, ["n0", *(f"b{i}" for i in range(9))], ["n9"]))
    assert (found.levels, found.limited_by) == (9, "path")
    assert found.path_ns == pytest.approx(0.115 + 9 * (0.24 + 0.14) + 0.02 - 0.045)
    assert found.fmax_mhz == pytest.approx(1000 / (found.path_ns + 0.125))


@pytest.mark.parametrize("kind", ["CARRY4", "CARRY8"])
def test_a_registered_adder_as_in_the_note(kind):
    d = load()
    sixteen = timing.estimate(registered(
        adder(16, kind), [f"{x}{i}" for x in "ab" for i in range(16)],
        [f"y{i}" for i in range(16)]))  # fmt: skip
    # The note works it out as "near 0.85 ns"; a's two loads make its net 0.13 ns slower here.
    by_hand = 0.115 + 0.37 + 0.14 + 0.02 + 0.31 + 0.02 + 0.17 + 0.02 - 0.045
    assert sixteen.path_ns == pytest.approx(by_hand, abs=0.01)
    assert sixteen.levels == 2  # the LUT and the chain
    longer = timing.estimate(registered(
        adder(32, kind), [f"{x}{i}" for x in "ab" for i in range(32)],
        [f"y{i}" for i in range(32)]))  # fmt: skip
    two = 2 * (d.arc["carry_ci_to_co"] + d.slice_net)
    assert longer.path_ns == pytest.approx(sixteen.path_ns + two, abs=0.01)


def test_paths_from_ports_are_not_timed_and_loops_are_named():
    made = Made()
    made.lut("y", "a", "b")
    assert timing.estimate(made.read("y")) is None
    made = Made()
    made.lut("y", "a", "z")
    made.lut("z", "y")
    with pytest.raises(SynthError, match="combinational loop"):
        timing.estimate(made.read("y"))


def test_a_memory_limits_the_clock():
    made = Made()
    made.cell("RAMB18E2", CLKARDCLK="clk", DOUTADOUT=["r"])
    found = timing.estimate(registered(made, [], ["r"]))
    assert (found.limited_by, found.period_ns) == ("BRAM", 1.96)


def test_a_damaged_netlist_is_one_line(tmp_path):
    path = tmp_path / "n.json"
    path.write_text(json.dumps({"modules": {}}))
    with pytest.raises(SynthError, match=r"n.json: not a netlist of Yosys"):
        netlist.read(path, "top")
