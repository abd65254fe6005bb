# SPDX-License-Identifier: Apache-2.0
#
# The highest clock that a block meets: place and route again and again from post_synth.dcp of
# ooc.tcl, closing in on the period from one that was met and one that was not.
#
#   vivado -mode batch -source vivado/fmax.tcl -tclargs -out DIR_OF_OOC -top TOP ...
#
# An estimate 1 / (T - WNS) with slack left is no result: Vivado stops optimising once timing is met.
# What is told is the shortest period at which setup, hold and pulse widths were all met; fmax.csv
# has a line a run, and the post_route reports are those of that run. An interrupted search goes on
# with the lines that it has. Call ooc.tcl with -stop_after synth before.

set home [file dirname [file normalize [info script]]]
foreach name {common gates reports} {
    source [file join $home $name.tcl]
}

# -low: a period that is surely too short (xck26: RAM 1.524, BUFG 1.379 ns); -step: stop when the
# interval is shorter; -runs: most runs.
plutarch::arguments $argv {
    out ! top ! part xck26-sfvc784-2LV-c clock clk period 3.333 low 1.0 step 0.05 runs 10
    min_luts 1 max_dsp 0 place Default route Default threads 4 stop_after {}
}

# One run; returns {met wns whs wpws}.
proc plutarch::try_period {period} {
    variable options
    variable figures
    open_checkpoint [file join $options(out) post_synth.dcp]
    create_clock -period $period -name clk [get_ports $options(clock)]
    set_clock_uncertainty 0.125 [get_clocks clk]
    opt_design
    place_design -directive $options(place)
    if {![plutarch::measure_timing]} {
        phys_opt_design
    }
    route_design -directive $options(route)
    set met [plutarch::measure_timing]
    if {!$met} {
        phys_opt_design
        set met [plutarch::measure_timing]
    }
    plutarch::gate_routes
    if {$met} {
        plutarch::checkpoint [format met_%.3f.dcp $period]
    }
    close_project
    return [list $met $figures(wns_ns) $figures(whs_ns) $figures(wpws_ns)]
}

# Runs of before, as period -> result; a broken last line is dropped.
proc plutarch::known_runs {file} {
    set known {}
    if {[file exists $file]} {
        foreach line [lrange [split [plutarch::read_text $file] "\n"] 1 end] {
            set cells [split $line ,]
            if {[llength $cells] == 5} {
                dict set known [lindex $cells 0] [lrange $cells 1 end]
            }
        }
    }
    return $known
}

proc plutarch::search {} {
    variable options
    variable figures
    set file [file join $options(out) fmax.csv]
    set known [plutarch::known_runs $file]
    set low $options(low)
    set high ""
    set next $options(period)
    for {set run 0} {$run < $options(runs)} {incr run} {
        set period [format %.3f $next]
        if {![dict exists $known $period]} {
            dict set known $period [plutarch::try_period $period]
            set text "period_ns,met,wns_ns,whs_ns,wpws_ns\n"
            dict for {key cells} $known {
                append text "$key,[join $cells ,]\n"
            }
            plutarch::write_text $file $text
        }
        lassign [dict get $known $period] met wns
        puts "PLUTARCH period $period: [expr {$met ? "met" : "missed"}], WNS $wns"
        if {$met} {
            set high $period
        } else {
            set low $period
        }
        set estimate [expr {$period - $wns}]
        if {$high ne "" && $high - $low < $options(step) + 0.001} {
            break
        }
        # The estimate is good near WNS = 0, so it is tried, but never nearer than a step to what
        # is known already.
        if {$high eq ""} {
            set next [expr {max($estimate, $period + $options(step))}]
        } else {
            set next [expr {min(max($estimate, $low + $options(step)), $high - $options(step))}]
        }
    }
    if {$high eq ""} {
        plutarch::stop 3 "no period was met in $run runs, the longest was [format %.3f $period] ns"
    }
    set figures(period_met_ns) $high
    set figures(fmax_met_mhz) [format %.3f [expr {1000.0 / $high}]]
    set figures(period_missed_ns) [expr {$low == $options(low) ? "" : $low}]
    set figures(runs) [dict size $known]
    set figures(version) [version -short]
    plutarch::write_figures fmax
    plutarch::keep_best $high
}

# The routed design of the best run becomes the build's, with the checks of ooc.tcl.
proc plutarch::keep_best {period} {
    variable options
    set options(period) $period
    file copy -force [file join $options(out) met_$period.dcp] \
        [file join $options(out) post_route.dcp]
    open_checkpoint [file join $options(out) post_route.dcp]
    plutarch::check_routed
}

plutarch::main {
    plutarch::check_number low 0.2
    plutarch::check_number step 0.001
    plutarch::check_number runs 1
    if {![file isfile [file join $plutarch::options(out) post_synth.dcp]]} {
        plutarch::stop 2 "no post_synth.dcp in $plutarch::options(out): run ooc.tcl there first"
    }
    plutarch::check_part
    plutarch::run_stage fmax plutarch::search
}
