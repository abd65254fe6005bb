# SPDX-License-Identifier: Apache-2.0
"""Mistakes planted in our Tcl, one at a time: the stand-in must name each as Vivado would."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from synth.vivado.double.derive import USED, derive
from synth.vivado.double.syntax import TABLE, Syntax, VivadoError
from tests.vivado_runs import VERSIONS, Bench, need_tcl
from tests.vivado_samples import real_reports

need_tcl()

IN_OOC = [
    ("unknown flag", "ooc.tcl", "command -no_lc", "command -no_lut_no_lc",
     "[Common 17-170] Unknown option"),
    ("value forgotten", "ooc.tcl", "-top $options(top) -part", "-top -part", "[Common 17-163]"),
    ("report before synthesis", "ooc.tcl", "    read_verilog $files",
     "    report_utilization -file early.rpt\n    read_verilog $files", "No open design"),
    ("routing before placing", "ooc.tcl", "    place_design -directive $options(place)\n", "",
     "not placed"),
    ("wrong part", "ooc.tcl", "-part $options(part)", "-part xck26-svfc784-2LV-c",
     "[Coretcl 2-106] Specified part"),
    ("misspelt command", "ooc.tcl", "    opt_design", "    opt_desing", "opt_desing"),
    ("module that is not there", "ooc.tcl", "-top $options(top)", "-top lain",
     "[Synth 8-439] module 'lain'"),
    ("parameter that is not there", "ooc.tcl", "-generic $generic", "-generic X$generic",
     "parameter 'XN=9'"),
    ("flag of another command", "reports.tcl", "{report_utilization}", "{report_utilization -json}",
     "Unknown option '-json'"),
    ("value out of its list", "reports.tcl", "-delay_type min_max", "-delay_type max_min",
     "[Vivado 12-1248]"),
    ("argument too many", "ooc.tcl", "    opt_design", "    opt_design fast",
     "[Common 17-165] Too many positional"),
    ("checkpoint never opened", "common.tcl", "open_checkpoint [file join", "set x [file join",
     "No open design"),
    ("flag that 2025.1 lost", "ooc.tcl", "    set command [list synth_design",
     "    set command [list synth_design -retiming", ""),
    ("flag that never was", "ooc.tcl", "phys_opt_design", "phys_opt_design -post_route", ""),
    ("include flag of read_verilog", "ooc.tcl", "read_verilog $files",
     "read_verilog -include_dirs . $files", "Unknown option '-include_dirs'"),
    ("constraints of another name", "ooc.tcl", "read_xdc -mode out_of_context $xdc",
     "read_xdc -mode ooc $xdc", "[Vivado 12-1248]"),
    ("file that is not there", "ooc.tcl", "read_xdc -mode out_of_context $xdc",
     "read_xdc clock.xdc", "[Vivado 12-172]"),
    ("clock without a period", "ooc.xdc", "create_clock -period @PERIOD@", "create_clock",
     "Missing value for option 'period'"),
    ("clock on a port that is not there", "ooc.xdc", "[get_ports @CLOCK@]",
     "[get_ports clock]", "at least one object"),
    ("plain Tcl in constraints", "ooc.xdc", "set_system_jitter 0.0", "puts hello",
     "not supported in the xdc"),
    ("text where an object is needed", "gates.tcl", "proc plutarch::gate_routes {} {",
     "proc plutarch::gate_routes {} {\n    set_property USED_IN x nothing", "[Common 17-161]"),
    ("property of nothing", "gates.tcl", "proc plutarch::gate_routes {} {",
     "proc plutarch::gate_routes {} {\n    get_property NAME [get_cells -quiet none]",
     "[Common 17-55] 'get_property'"),
    ("filter on no property", "gates.tcl", "{REF_NAME =~ LUT*}", "{REFNAME =~ LUT*}",
     "Unknown property 'REFNAME'"),
    ("severity as a flag", "gates.tcl", "-filter {SEVERITY == Error}", "-severity Error",
     "Unknown option '-severity'"),
    ("Tcl bracket not closed", "ooc.tcl", "    opt_design", "    opt_design [list", "bracket"),
    ("variable that is not there", "ooc.tcl", "$options(place)", "$options(placing)", "placing"),
]  # fmt: skip

IN_SYSTEM = [
    ("pin that is not there", "design.tcl", "ps/maxihpm0_fpd_aclk", "ps/maxihpm0_aclk",
     "cannot connect"),
    ("clock pin left open", "design.tcl", " dma_r/m_axi_s2mm_aclk", "",
     "[BD 41-758] The following clock pins"),
    ("master left on without a clock", "design.tcl", "CONFIG.PSU__USE__M_AXI_GP1 0", "",
     "maxihpm1_fpd_aclk"),
    ("bus joined to its own kind", "design.tcl", "plutarch::bus data/M00_AXI ps/S_AXI_HP0_FPD",
     "plutarch::bus data/M00_AXI dma_w/M_AXI_MM2S", "a master and a slave"),
    ("setting that there is not", "design.tcl", "CONFIG.c_sg_length_width",
     "CONFIG.c_sg_length_bits", "does not have a property"),
    ("too few ports of the switch", "design.tcl", "CONFIG.NUM_SI 5", "CONFIG.NUM_SI 4",
     "a master and a slave"),
    ("stream too wide for the DMA", "design.tcl", "$width > 128", "$width > 8",
     "AXI DMA takes 1024"),
    ("interface that the packager does not find", "package.tcl", "{clk rst irq s_axil",
     "{clk rst irq s_axi_lite", "no interface 's_axi_lite'"),
    ("no addresses", "design.tcl", "    assign_bd_address\n", "", "[BD 41-1356]"),
    ("design not validated", "design.tcl", "    validate_bd_design\n", "", "not validated"),
    ("no output products", "system.tcl", "    generate_target all $design\n", "",
     "no output products"),
    ("project opened twice", "package.tcl", "    close_project\n", "",
     "[Coretcl 2-101] Project is already open"),
    ("top never set", "system.tcl", "    set_property top system_wrapper [current_fileset]\n", "",
     "[Synth 8-439]"),
    ("run launched twice", "system.tcl", "    wait_on_run $run\n",
     "    wait_on_run $run\n    launch_runs $run\n", "needs to be reset"),
    ("run never waited for", "system.tcl", "    wait_on_run $run\n", "", "ended at 1%"),
    ("step that there is not", "system.tcl", "-to_step write_bitstream", "-to_step write_bit",
     "has no step"),
    ("IP that there is not", "design.tcl", "xilinx.com:ip:axi_dma", "xilinx.com:ip:axidma",
     "no IP 'xilinx.com:ip:axidma'"),
    ("platform without its file", "system.tcl", "{write_hw_platform -fixed -include_bit -force}",
     "{write_hw_platform -fixed -with_bit}", "Unknown option '-with_bit'"),
    ("block design before the project", "design.tcl", "    create_bd_design system\n", "",
     "block design must be open"),
]  # fmt: skip


@pytest.mark.parametrize(("mistake", "script", "old", "new", "said"), IN_OOC,
                         ids=[row[0] for row in IN_OOC])  # fmt: skip
def test_mistake_in_the_block_flow(
    tmp_path: Path, mistake: str, script: str, old: str, new: str, said: str
) -> None:
    bench = Bench(tmp_path)
    bench.plant(script, old, new)
    if mistake == "flag that never was":
        bench.world(delay_ns=3.4)  # phys_opt_design runs only when slack is missing
    options = {"no_lc": 1} if "no_lc" in new else {}
    if mistake == "checkpoint never opened":
        bench.ooc(generics="N=9", stop_after="synth")
    done = bench.ooc(generics="N=9", **options)
    assert done.code == 1, done.said
    assert said in done.said, done.said
    assert not (bench.out / "check.done").exists()


@pytest.mark.parametrize(("mistake", "script", "old", "new", "said"), IN_SYSTEM,
                         ids=[row[0] for row in IN_SYSTEM])  # fmt: skip
def test_mistake_in_the_system(
    tmp_path: Path, mistake: str, script: str, old: str, new: str, said: str
) -> None:
    bench = Bench(tmp_path)
    bench.plant(script, old, new)
    done = bench.system()
    assert done.code in (1, 2, 4, 5), done.said
    assert said in done.said, done.said
    assert not (bench.out / "core.bit").exists()


def test_a_flag_that_only_one_version_has(tmp_path: Path) -> None:
    for version, code in (("2020.2", 0), ("2025.1", 1)):
        bench = Bench(tmp_path / version, version=version)
        bench.plant("ooc.tcl", "[list synth_design", "[list synth_design -retiming")
        assert bench.ooc().code == code


def test_errors_in_constraints_pass_unless_they_are_raised(tmp_path: Path) -> None:
    bench = Bench(tmp_path)
    bench.plant("ooc.xdc", "set_system_jitter 0.0", "puts hello")
    bench.plant("common.tcl", "{Common 17-1548}", "{Common 17-9999}")
    done = bench.ooc()
    assert done.code == 0 and "CRITICAL WARNING: [Common 17-1548]" in done.said


@pytest.mark.parametrize("version", VERSIONS)
def test_syntax_alone(version: str) -> None:
    syntax = Syntax(version)
    call = syntax.check("synth_design", ["-top", "t", "-generic", "A=1", "-generic", "B=2"])
    assert call.text("-top") == "t" and call.all_values["-generic"] == ["A=1", "B=2"]
    assert syntax.check("set_clock_uncertainty", ["-0.1", "clk"]).words == ["-0.1", "clk"]
    for command, words, number in (
        ("report_timing_summary", ["-sort_by", "slack"], "17-170"),
        ("report_utilization", ["-file"], "17-163"), ("report_utilization", ["-file", "-append"],
                                                      "17-163"),
        ("set_input_delay", ["-min", "1", "-max", "2", "clk"], "17-165"),
        ("create_clock", ["clk"], "17-163"), ("open_checkpoint", [], "17-163"),
        ("open_checkpoint", ["a", "b"], "17-165"),
    ):  # fmt: skip
        with pytest.raises(VivadoError, match=number):
            syntax.check(command, words)


def test_the_table_is_of_the_commands_that_we_use(tmp_path: Path) -> None:
    table = json.loads(TABLE.read_text(encoding="utf-8"))
    assert set(USED) <= set(table["commands"]) and len(table["commands"]) < 120
    if not real_reports():
        pytest.skip("no vivado_syntax under PLUTARCH_DATA or ../shared/data")
    assert derive(real_reports()[0].parents[2] / "vivado_syntax") == table
