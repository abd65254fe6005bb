# SPDX-License-Identifier: Apache-2.0
#
# Watts of a routed block under a real workload: activity from a SAIF of our own simulation.
#
#   vivado -mode batch -source vivado/power.tcl -tclargs -out DIR_OF_OOC -saif FILE -strip_path tb/dut
#
# Without a SAIF, or with one that names few of the nets, there is no power.rpt: report_power prints
# a number for anything, and toggle rates of 12.5 % that nobody measured are no measurement.

set home [file dirname [file normalize [info script]]]
foreach name {common gates reports} {
    source [file join $home $name.tcl]
}

# -name: of the report, power_held and power_changing for the two workloads of a lane;
# -min_matched: percent of the nets; -strip_path "" strips two levels, as Vivado does by itself.
plutarch::arguments $argv {
    out ! saif {} strip_path {} name power min_matched 80 part xck26-sfvc784-2LV-c threads 4
    ambient 25 stop_after {}
}

proc plutarch::measure_power {} {
    variable options
    variable figures
    open_checkpoint [file join $options(out) post_route.dcp]
    set_operating_conditions -process typical -ambient_temp $options(ambient)
    reset_switching_activity -all
    set_switching_activity -deassert_resets
    set command [list read_saif -out_file [file join $options(out) $options(name).unmatched.txt]]
    if {$options(strip_path) ne ""} {
        lappend command -strip_path $options(strip_path)
    }
    {*}[lappend command $options(saif)]
    set refused [file join $options(out) $options(name).refused.rpt]
    set report [file join $options(out) $options(name).rpt]
    file delete -force $report
    report_power -hier all -file $refused
    set text [plutarch::read_text $refused]
    if {![regexp {Design Nets Matched +\| +(\d+)% *\((\d+)/(\d+)\)} $text -> percent some all]} {
        plutarch::stop 6 "the power report names no matched nets: the SAIF had no effect\
            ($options(name).refused.rpt)"
    }
    set figures(nets_matched) $some
    set figures(nets_total) $all
    if {100.0 * $some / $all < $options(min_matched)} {
        plutarch::stop 6 "the SAIF matches $some of $all nets ($percent %), $options(min_matched) %\
            are needed: simulate netlist.v of this build, and see -strip_path and\
            $options(name).unmatched.txt"
    }
    file rename -force $refused $report
    plutarch::write_figures $options(name)
}

plutarch::main {
    if {$plutarch::options(saif) eq ""} {
        plutarch::stop 6 "no -saif: power without the activity of a simulation is not told"
    }
    if {![file isfile $plutarch::options(saif)] || ![file size $plutarch::options(saif)]} {
        plutarch::stop 6 "SAIF file '$plutarch::options(saif)' is missing or empty"
    }
    if {![file isfile [file join $plutarch::options(out) post_route.dcp]]} {
        plutarch::stop 2 "no post_route.dcp in $plutarch::options(out): run ooc.tcl there first"
    }
    plutarch::check_part
    plutarch::measure_power
}
