# SPDX-License-Identifier: Apache-2.0
#
# The reports of a stage, as NAME.rpt in the output folder, and post_STAGE.json with what Tcl sees.

proc plutarch::all_reports {stage} {
    variable options
    variable figures
    plutarch::report ${stage}_utilization {report_utilization}
    plutarch::report ${stage}_hierarchy {report_utilization -hierarchical}
    plutarch::report ${stage}_timing {report_timing_summary -delay_type min_max \
        -report_unconstrained -check_timing_verbose -max_paths 10}
    plutarch::report ${stage}_levels {report_design_analysis -logic_level_distribution}
    if {$stage eq "post_route"} {
        plutarch::report route_status {report_route_status}
        plutarch::report clock_utilization {report_clock_utilization}
        plutarch::report control_sets {report_control_sets}
    }
    set figures(version) [version -short]
    set figures(part) $options(part)
    set figures(top) $options(top)
    set figures(stage) $stage
    set figures(period_ns) $options(period)
    plutarch::write_figures $stage
}
