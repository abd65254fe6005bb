# SPDX-License-Identifier: Apache-2.0
#
# The accelerator as an IP core: buses are found by the names of the ports (s_axil_*, s_axis_*,
# m_axis_*); clock, reset (active high), interrupt and which clock a bus has stand as attributes
# (X_INTERFACE_INFO) in the shell that synth.vivado.verilog writes.

proc plutarch::package_core {files} {
    variable options
    set folder [file join $options(out) ip]
    file delete -force $folder [file join $options(out) ip_project]
    create_project -force -part $options(part) ip_project [file join $options(out) ip_project]
    add_files -norecurse $files
    set_property top $options(top) [current_fileset]
    update_compile_order -fileset sources_1
    ipx::package_project -root_dir $folder -vendor plutarch.local -library user \
        -taxonomy /UserIP -import_files -set_current true -force
    set core [ipx::current_core]
    foreach bus {clk rst irq s_axil s_axis_w s_axis_a s_axis_r m_axis_y m_axis_r} {
        if {![llength [ipx::get_bus_interfaces $bus -of_objects $core]]} {
            plutarch::stop 4 "the packager found no interface '$bus' in '$options(top)'"
        }
    }
    ipx::create_xgui_files $core
    ipx::update_checksums $core
    ipx::check_integrity $core
    ipx::save_core $core
    close_project
    if {![file isfile [file join $folder component.xml]]} {
        plutarch::stop 5 "packaging wrote no component.xml and raised no error"
    }
}
