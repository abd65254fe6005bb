# SPDX-License-Identifier: Apache-2.0
#
# The whole system for a board: packaged accelerator, block design, bitstream, .xsa, and .bit and
# .hwh with one stem for PYNQ.
#
#   vivado -mode batch -source vivado/system.tcl -tclargs -top plut_core -sources list.txt -out DIR
#
# The top has no parameters: synth.vivado.verilog writes a shell with fixed ones, since the packager
# cannot follow derived widths.
#
# Stages: package, project, build (synthesis to bitstream), export. launch_runs never raises an
# error when a run fails, so progress and status are looked at after each.

set home [file dirname [file normalize [info script]]]
foreach name {common gates reports package design} {
    source [file join $home $name.tcl]
}

# -board: patterns of the board part, the first that this Vivado has counts (`kv260` before 2021.2);
# -board_repo: a folder with board files, when the installation has none; -carrier: connections of
# the carrier card, {som240_1_connector VLNV}, not needed for the PS; -mhz: asked of the PS, which
# gives what its divider can.
plutarch::arguments $argv {
    top ! sources ! out ! part xck26-sfvc784-2LV-c board {*:kv260_som:* *:kv260:*} board_repo {}
    mhz 200 carrier {} min_luts 1000 max_dsp -1 jobs 4 threads 4 period 0 clock clk stop_after {}
}

proc plutarch::board {} {
    variable options
    if {$options(board_repo) ne ""} {
        if {![file isdirectory $options(board_repo)]} {
            plutarch::stop 2 "no folder '$options(board_repo)' with board files"
        }
        set_param board.repoPaths $options(board_repo)
    }
    foreach pattern $options(board) {
        set boards [get_board_parts -quiet -latest_file_version $pattern]
        if {[llength $boards]} {
            return [lindex $boards 0]
        }
    }
    plutarch::stop 2 "no board files for '$options(board)': install them from the Xilinx board\
        store (xhub), or give their folder with -board_repo"
}

proc plutarch::make_project {board} {
    variable options
    set folder [file join $options(out) project]
    file delete -force $folder
    create_project -force -part $options(part) system $folder
    set_property board_part $board [current_project]
    if {$options(carrier) ne ""} {
        set_property board_connections $options(carrier) [current_project]
    }
    set_property ip_repo_paths [file join $options(out) ip] [current_project]
    update_ip_catalog
    plutarch::draw
    # without OOC runs of each IP the utilization after synthesis counts the whole design
    set design [get_files system.bd]
    set_property synth_checkpoint_mode None $design
    generate_target all $design
    make_wrapper -top -import -fileset sources_1 $design
    set_property top system_wrapper [current_fileset]
    update_compile_order -fileset sources_1
}

proc plutarch::resume_project {} {
    variable options
    if {![llength [get_projects -quiet]]} {
        open_project [file join $options(out) project system.xpr]
    }
}

# Runs one run to its end; what was left half done by an interrupted call is reset first.
proc plutarch::run_to_end {run arguments} {
    variable options
    if {[get_property PROGRESS [get_runs $run]] eq "100%"} {
        return
    }
    reset_runs $run
    launch_runs {*}$arguments -jobs $options(jobs) $run
    wait_on_run $run
    set progress [get_property PROGRESS [get_runs $run]]
    set status [get_property STATUS [get_runs $run]]
    if {$progress ne "100%" || [regexp -nocase {error|fail} $status]} {
        plutarch::stop 5 "run $run ended at $progress with '$status': see runme.log in\
            [file join $options(out) project system.runs $run]"
    }
}

proc plutarch::build {} {
    plutarch::resume_project
    plutarch::run_to_end synth_1 {}
    plutarch::run_to_end impl_1 {-to_step write_bitstream}
}

# The one file of a pattern, wherever this version puts it (.gen since 2020.2, .srcs before).
proc plutarch::the_file {what args} {
    foreach pattern $args {
        set found [glob -nocomplain $pattern]
        if {[llength $found]} {
            return [lindex $found 0]
        }
    }
    plutarch::stop 5 "the build left no $what and raised no error"
}

proc plutarch::export {} {
    variable options
    variable figures
    plutarch::resume_project
    open_run impl_1
    set met [plutarch::measure_timing]
    plutarch::gate_size
    set figures(mhz_asked) $options(mhz)
    set figures(mhz) [get_property CONFIG.PSU__CRL_APB__PL0_REF_CTRL__ACT_FREQMHZ \
        [plutarch::processor_cell]]
    plutarch::all_reports post_route
    plutarch::report vectorless_power {report_power}
    plutarch::gate_rules
    plutarch::gate_routes
    plutarch::gate_timing $met
    set project [file join $options(out) project]
    set bit [plutarch::the_file bitstream [file join $project system.runs impl_1 *.bit]]
    set hwh [plutarch::the_file {hardware handoff (.hwh)} \
        [file join $project system.gen sources_1 bd system hw_handoff system.hwh] \
        [file join $project system.srcs sources_1 bd system hw_handoff system.hwh]]
    plutarch::whole [file join $options(out) $options(top).xsa] \
        {write_hw_platform -fixed -include_bit -force}
    foreach {from ending} [list $bit bit $hwh hwh] {
        set target [file join $options(out) $options(top).$ending]
        file copy -force $from $target.part
        file rename -force $target.part $target
    }
}

proc plutarch::processor_cell {} {
    if {![llength [get_bd_designs -quiet]]} {
        open_bd_design [get_files system.bd]
    }
    return [get_bd_cells ps]
}

plutarch::main {
    plutarch::check_number mhz 1
    plutarch::check_number min_luts 1
    set files [plutarch::sources]
    plutarch::check_part
    set board [plutarch::board]
    plutarch::claim
    plutarch::strict_messages
    plutarch::run_stage package [list plutarch::package_core $files]
    plutarch::run_stage project [list plutarch::make_project $board]
    plutarch::run_stage build plutarch::build
    plutarch::run_stage export plutarch::export
}
