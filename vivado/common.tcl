# SPDX-License-Identifier: Apache-2.0
#
# What all flows share: arguments, stages that can be taken up again, gates, files that are whole or
# absent. Only commands and flags that Vivado 2020.2 to 2025.x all have (docs/vivado.md, "Tcl").
#
# Exit codes: 0 done, 1 a command failed, 2 bad arguments, 3 timing not met, 4 a check failed,
# 5 a run failed without an error, 6 power refused.

namespace eval plutarch {
    variable options        ;# name -> value, from -tclargs
    variable figures        ;# name -> number, for figures.json
    variable stage ""       ;# where an error comes from
    array set options {}
    array set figures {}
}

# ---------------------------------------------------------------- ends
# One line that says what is wrong and the way out; the status file names the exit code.
proc plutarch::stop {code message} {
    variable stage
    puts stderr "PLUTARCH ERROR ($stage): $message"
    variable options
    if {[info exists options(out)] && [file isdirectory $options(out)]} {
        plutarch::write_text [file join $options(out) status.txt] "$code $stage $message\n"
    }
    exit $code
}

# Runs a script; whatever Tcl error comes out of it ends Vivado with code 1 and the first line.
proc plutarch::main {script} {
    if {[catch {uplevel #0 $script} message]} {
        puts stderr $::errorInfo
        plutarch::stop 1 [lindex [split $message "\n"] 0]
    }
    variable options
    plutarch::write_text [file join $options(out) status.txt] "0 done\n"
    exit 0
}

# ---------------------------------------------------------------- arguments
# Options are pairs "-name value" after -tclargs; `defaults` gives all names; a default of "!" means
# that the option must be given.
proc plutarch::arguments {words defaults} {
    variable options
    variable stage arguments
    array set options $defaults
    if {[llength $words] % 2} {
        plutarch::stop 2 "arguments are pairs, -name value, but there are [llength $words] words"
    }
    foreach {name value} $words {
        set key [string range $name 1 end]
        if {[string index $name 0] ne "-" || ![info exists options($key)]} {
            plutarch::stop 2 "unknown argument '$name', known: [lsort [array names options]]"
        }
        set options($key) $value
    }
    foreach key [array names options] {
        if {$options($key) eq "!"} {
            plutarch::stop 2 "argument -$key is missing"
        }
    }
    file mkdir $options(out)
    file delete -force [file join $options(out) status.txt]
}

# A folder belongs to one set of arguments: stages of another build must not be taken up.
proc plutarch::claim {} {
    variable options
    set lines {}
    foreach key [lsort [array names options]] {
        if {$key ni {out stop_after jobs threads saif strip_path}} {
            lappend lines "$key = $options($key)"
        }
    }
    set file [file join $options(out) arguments.txt]
    set text "[join $lines "\n"]\n"
    if {[file exists $file] && [plutarch::read_text $file] ne $text} {
        plutarch::stop 2 "$options(out) holds another build (arguments.txt): give another -out"
    }
    plutarch::write_text $file $text
}

proc plutarch::check_number {name low} {
    variable options
    if {![string is double -strict $options($name)] || $options($name) < $low} {
        plutarch::stop 2 "argument -$name is '$options($name)', a number of $low or more is expected"
    }
}

# The list of source files, a path a line; all must exist before anything heavy starts.
proc plutarch::sources {} {
    variable options
    if {![file isfile $options(sources)]} {
        plutarch::stop 2 "no file '$options(sources)' with the list of sources"
    }
    set files {}
    foreach line [split [plutarch::read_text $options(sources)] "\n"] {
        set line [string trim $line]
        if {$line eq ""} continue
        if {![file isfile $line]} {
            plutarch::stop 2 "source file '$line' does not exist"
        }
        lappend files $line
    }
    if {![llength $files]} {
        plutarch::stop 2 "$options(sources) names no source file"
    }
    return $files
}

# Asked quietly: an unknown part is an answer here, not an error of Vivado.
proc plutarch::check_part {} {
    variable options
    if {![llength [get_parts -quiet $options(part)]]} {
        plutarch::stop 2 "this Vivado ([version -short]) does not have the part '$options(part)':\
            add its device family with the installer (xsetup), or name another part"
    }
    set_param general.maxThreads $options(threads)
}

# Warnings that mean a wrong circuit become errors: a latch, a Tcl error within an XDC file, a
# $readmemh file that is not there (the table would be zero, and the design shrink to nothing).
proc plutarch::strict_messages {} {
    foreach id {{Synth 8-327} {Common 17-1548} {Synth 8-4445}} {
        set_msg_config -id $id -new_severity ERROR
    }
}

# ---------------------------------------------------------------- files
proc plutarch::read_text {path} {
    set file [open $path r]
    set text [read $file]
    close $file
    return $text
}

proc plutarch::write_text {path text} {
    set file [open $path.part w]
    puts -nonewline $file $text
    close $file
    file rename -force $path.part $path
}

# A file that a command writes: under another name first, so that it is whole or absent.
proc plutarch::whole {path command} {
    set part "[file rootname $path].part[file extension $path]"
    file delete -force $part
    uplevel #0 [linsert $command end $part]
    if {![file isfile $part]} {
        error "[lindex $command 0] wrote no file $path and raised no error"
    }
    file rename -force $part $path
}

proc plutarch::report {name command} {
    variable options
    plutarch::whole [file join $options(out) $name.rpt] [linsert $command end -file]
}

# Numbers that Tcl itself asked Vivado for; Python holds the reports against them.
proc plutarch::write_figures {name} {
    variable options
    variable figures
    set lines {}
    foreach key [lsort [array names figures]] {
        set value $figures($key)
        if {$value eq ""} {
            set value null
        } elseif {$key in {version part top stage} || ![string is double -strict $value]} {
            set value "\"[string map {\\ / \" '} $value]\""
        }
        lappend lines " \"$key\": $value"
    }
    plutarch::write_text [file join $options(out) $name.json] "{\n[join $lines ",\n"]\n}\n"
}

# ---------------------------------------------------------------- stages
# Runs the script unless its stage is done. A done stage with a checkpoint is opened again when the
# next one runs (see `resume`). -stop_after STAGE ends there.
proc plutarch::run_stage {name script} {
    variable options
    variable stage $name
    set done [file join $options(out) $name.done]
    if {[file exists $done]} {
        puts "PLUTARCH stage $name: done before"
    } else {
        puts "PLUTARCH stage $name: begins"
        set start [clock seconds]
        uplevel #0 $script
        plutarch::write_text $done "[expr {[clock seconds] - $start}]\n"
        puts "PLUTARCH stage $name: done"
    }
    if {$options(stop_after) eq $name} {
        plutarch::write_text [file join $options(out) status.txt] "0 stopped after $name\n"
        exit 0
    }
}

# Opens a checkpoint unless a design is open already (the stage before has just made it).
proc plutarch::resume {checkpoint} {
    variable options
    if {![llength [current_design -quiet]]} {
        open_checkpoint [file join $options(out) $checkpoint]
    }
}

proc plutarch::checkpoint {name} {
    variable options
    plutarch::whole [file join $options(out) $name] {write_checkpoint -force}
}
