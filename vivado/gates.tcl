# SPDX-License-Identifier: Apache-2.0
#
# Checks after which a result may be told. Each stops Vivado with a line and an exit code, since
# Vivado itself goes on after missed timing, unrouted nets and logic that was trimmed away.

# LUT1..LUT6 cells of the open design. Not -quiet: it would hide a mistake in the filter, and
# nothing found would look like nothing there.
proc plutarch::lut_cells {} {
    return [llength [get_cells -hierarchical -filter {REF_NAME =~ LUT*}]]
}

proc plutarch::dsp_cells {} {
    return [llength [get_cells -hierarchical -filter {REF_NAME =~ DSP48*}]]
}

# A design whose outputs are unused, or whose table was not found, shrinks without an error.
proc plutarch::gate_size {} {
    variable options
    variable figures
    set figures(lut_cells) [plutarch::lut_cells]
    set figures(dsp_cells) [plutarch::dsp_cells]
    set figures(ff_cells) [llength [get_cells -hierarchical -filter {REF_NAME =~ FD*}]]
    if {$figures(lut_cells) < $options(min_luts)} {
        plutarch::stop 4 "the design was trimmed away: $figures(lut_cells) LUT cells,\
            -min_luts is $options(min_luts); look for Synth 8-6014, 8-3332 and for tables not found"
    }
    if {$options(max_dsp) == 0 && $figures(dsp_cells) > 0} {
        plutarch::stop 4 "$figures(dsp_cells) DSP blocks in a design that may use none (-max_dsp 0)"
    }
}

# The twelve numbers of the timing summary, as a list; {} when Vivado gives none.
proc plutarch::summary {} {
    set text [report_timing_summary -delay_type min_max -no_detailed_paths -return_string]
    set lines [split $text "\n"]
    set at [lsearch -regexp $lines {^\s*WNS\(ns\)}]
    if {$at < 0} {
        return {}
    }
    set numbers [regexp -all -inline {\S+} [lindex $lines [expr {$at + 2}]]]
    return [expr {[llength $numbers] == 12 ? $numbers : {}}]
}

# Slacks into figures; returns 1 when setup, hold and pulse widths are all met.
proc plutarch::measure_timing {} {
    variable figures
    set numbers [plutarch::summary]
    if {![llength $numbers] || [lindex $numbers 0] eq "NA"} {
        plutarch::stop 4 "no path is constrained: the timing summary has no numbers. Is the clock\
            port '$plutarch::options(clock)' in the design?"
    }
    foreach name {wns_ns whs_ns wpws_ns} at {0 4 8} {
        set figures($name) [lindex $numbers $at]
    }
    return [expr {$figures(wns_ns) >= 0 && $figures(whs_ns) >= 0 && $figures(wpws_ns) >= 0}]
}

# All nets routed, by the report's own count: "not printed" is not zero.
proc plutarch::gate_routes {} {
    variable figures
    set text [report_route_status -return_string]
    if {![regexp {# of nets with routing errors[ .]*: *(\d+)} $text -> errors]} {
        plutarch::stop 4 "the route status names no count of nets with routing errors"
    }
    set figures(route_errors) $errors
    if {$errors != 0} {
        plutarch::stop 4 "$errors nets have routing errors (route_status.rpt)"
    }
}

# Registers without a clock and endpoints without a constraint make any Fmax worthless.
proc plutarch::gate_constraints {} {
    set text [check_timing -return_string]
    foreach check {no_clock unconstrained_internal_endpoints} {
        if {![regexp "checking $check \\((\\d+)\\)" $text -> count]} {
            plutarch::stop 4 "check_timing names no count for $check"
        }
        if {$count != 0} {
            plutarch::stop 4 "check_timing: $check is $count, must be 0"
        }
    }
}

proc plutarch::gate_rules {} {
    variable options
    plutarch::report drc {report_drc -name plutarch_drc}
    plutarch::report methodology {report_methodology}
    set errors [get_drc_violations -name plutarch_drc -filter {SEVERITY == Error}]
    if {[llength $errors]} {
        plutarch::stop 4 "[llength $errors] DRC errors (drc.rpt), first: [lindex $errors 0]"
    }
}

proc plutarch::gate_timing {met} {
    variable figures
    if {!$met} {
        plutarch::stop 3 "timing is not met: WNS $figures(wns_ns), WHS $figures(whs_ns),\
            WPWS $figures(wpws_ns) ns; ask for a longer period, or search it with fmax.tcl"
    }
}

# Of the routed design that is open. Reports first, gates after: a build that misses its clock can
# still be looked at.
proc plutarch::check_routed {} {
    set met [plutarch::measure_timing]
    plutarch::gate_size
    plutarch::all_reports post_route
    plutarch::gate_rules
    plutarch::gate_routes
    plutarch::gate_constraints
    plutarch::gate_timing $met
}
