# SPDX-License-Identifier: Apache-2.0
#
# A lane or an accelerator on its own: synthesis, place and route, checks, reports.
#
#   vivado -mode batch -source vivado/ooc.tcl -tclargs -top dot_product -sources list.txt -out DIR ...
#
# Stages: synth (post_synth.dcp, netlist.v), implement (post_route.dcp), check. A second call with
# the same arguments goes on after the last stage that was finished.

set home [file dirname [file normalize [info script]]]
foreach name {common gates reports} {
    source [file join $home $name.tcl]
}

# -generics: list of NAME=VALUE; -max_dsp 0: LUTs only, -1: as Vivado likes; -min_luts: fewer mean
# that the design was trimmed away; -no_lc 1: no LUT combining, for counts that compare with Yosys;
# -flatten none|rebuilt|full.
plutarch::arguments $argv {
    top ! sources ! out ! part xck26-sfvc784-2LV-c period 3.333 clock clk generics {} max_dsp 0
    max_bram -1 min_luts 1 flatten rebuilt no_lc 0 place Default route Default threads 4 stop_after {}
}

# With the period and the clock's port filled in, in the output folder.
proc plutarch::constraints {home} {
    variable options
    set text [plutarch::read_text [file join $home ooc.xdc]]
    set path [file join $options(out) ooc.xdc]
    plutarch::write_text $path \
        [string map [list @PERIOD@ $options(period) @CLOCK@ $options(clock)] $text]
    return $path
}

proc plutarch::synthesise {files xdc} {
    variable options
    read_verilog $files
    read_xdc -mode out_of_context $xdc
    set command [list synth_design -top $options(top) -part $options(part) -mode out_of_context \
        -flatten_hierarchy $options(flatten)]
    foreach limit {max_dsp max_bram} {
        if {$options($limit) >= 0} {
            lappend command -$limit $options($limit)    ;# -1 would look like a flag
        }
    }
    foreach generic $options(generics) {
        lappend command -generic $generic
    }
    if {$options(no_lc)} {
        lappend command -no_lc
    }
    {*}$command
    plutarch::gate_size
    plutarch::measure_timing
    plutarch::all_reports post_synth
    plutarch::whole [file join $options(out) netlist.v] {write_verilog -force -mode funcsim}
    plutarch::checkpoint post_synth.dcp
}

proc plutarch::implement {} {
    variable options
    plutarch::resume post_synth.dcp
    opt_design
    place_design -directive $options(place)
    if {![plutarch::measure_timing]} {
        phys_opt_design
    }
    route_design -directive $options(route)
    if {![plutarch::measure_timing]} {
        phys_opt_design
    }
    plutarch::checkpoint post_route.dcp
}

proc plutarch::check {} {
    plutarch::resume post_route.dcp
    plutarch::check_routed
}

plutarch::main {
    plutarch::check_number period 0.5
    plutarch::check_number min_luts 1
    set files [plutarch::sources]
    plutarch::check_part
    plutarch::claim
    plutarch::strict_messages
    plutarch::run_stage synth [list plutarch::synthesise $files [plutarch::constraints $home]]
    plutarch::run_stage implement plutarch::implement
    plutarch::run_stage check plutarch::check
}
