# SPDX-License-Identifier: Apache-2.0
#
# The block design: Zynq PS, three AXI DMAs in direct mode under the names that host/ knows
# (dma_w: weights; dma_a: activations and y; dma_r: residuals), the packaged accelerator.
#
#   PS M_AXI_HPM0_FPD -> control -> registers of the accelerator and of the three DMAs
#   DMAs -> data -> PS S_AXI_HP0_FPD -> DDR

# Creates a cell of the newest version that this Vivado has of an IP, so no version is written down.
proc plutarch::cell {ip name settings} {
    set definition [get_ipdefs -quiet "$ip:*"]
    if {![llength $definition]} {
        plutarch::stop 4 "this Vivado has no IP '$ip' in its catalogue"
    }
    set vlnv [get_property VLNV [lindex [lsort $definition] end]]
    set cell [create_bd_cell -type ip -vlnv $vlnv $name]
    if {[llength $settings]} {
        set_property -dict $settings $cell
    }
    return $cell
}

proc plutarch::wire {from args} {
    foreach pin $args {
        connect_bd_net [get_bd_pins $from] [get_bd_pins $pin]
    }
}

proc plutarch::bus {from to} {
    connect_bd_intf_net [get_bd_intf_pins $from] [get_bd_intf_pins $to]
}

proc plutarch::processor {} {
    variable options
    plutarch::cell xilinx.com:ip:zynq_ultra_ps_e ps {}
    apply_bd_automation -rule xilinx.com:bd_rule:zynq_ultra_ps_e \
        -config {apply_board_preset "1"} [get_bd_cells ps]
    # The divider decides which clock comes out: read the ACT value and the report, not the request.
    set_property -dict [list CONFIG.PSU__USE__M_AXI_GP0 1 CONFIG.PSU__USE__M_AXI_GP1 0 \
        CONFIG.PSU__USE__M_AXI_GP2 0 CONFIG.PSU__USE__S_AXI_GP2 1 CONFIG.PSU__USE__IRQ0 1 \
        CONFIG.PSU__CRL_APB__PL0_REF_CTRL__FREQMHZ $options(mhz)] [get_bd_cells ps]
}

# Direct mode, 26 bits of length as the host program counts on. `sends` and `receives` are streams of
# the accelerator; the memory side is as wide as the stream, 32 bits at least.
proc plutarch::dma {name sends receives} {
    set width [plutarch::stream_bits $sends]
    set settings [list CONFIG.c_include_sg 0 CONFIG.c_sg_length_width 26 CONFIG.c_addr_width 40 \
        CONFIG.c_include_mm2s 1 CONFIG.c_m_axi_mm2s_data_width [expr {max(32, $width)}] \
        CONFIG.c_m_axis_mm2s_tdata_width $width CONFIG.c_include_s2mm [expr {$receives ne ""}]]
    if {$receives ne ""} {
        set back [plutarch::stream_bits $receives]
        lappend settings CONFIG.c_m_axi_s2mm_data_width [expr {max(32, $back)}]
    }
    plutarch::cell xilinx.com:ip:axi_dma $name $settings
}

proc plutarch::stream_bits {port} {
    set width [get_property CONFIG.TDATA_NUM_BYTES [get_bd_intf_pins accelerator/$port]]
    if {![string is integer -strict $width] || $width < 1} {
        plutarch::stop 4 "the width of stream '$port' is '$width' bytes"
    }
    if {$width > 128} {
        plutarch::stop 2 "stream '$port' is [expr {8 * $width}] bits wide, AXI DMA takes 1024 at\
            most: choose a smaller PIN or POUT"
    }
    return [expr {8 * $width}]
}

proc plutarch::draw {} {
    variable options
    create_bd_design system
    plutarch::processor
    plutarch::cell plutarch.local:user:$options(top) accelerator {}
    plutarch::dma dma_w s_axis_w {}
    plutarch::dma dma_a s_axis_a m_axis_y
    plutarch::dma dma_r s_axis_r m_axis_r
    plutarch::cell xilinx.com:ip:smartconnect control {CONFIG.NUM_SI 1 CONFIG.NUM_MI 4}
    plutarch::cell xilinx.com:ip:smartconnect data {CONFIG.NUM_SI 5 CONFIG.NUM_MI 1}
    plutarch::cell xilinx.com:ip:proc_sys_reset resets {}

    plutarch::wire ps/pl_clk0 ps/maxihpm0_fpd_aclk ps/saxihp0_fpd_aclk resets/slowest_sync_clk \
        accelerator/clk control/aclk data/aclk dma_w/s_axi_lite_aclk dma_w/m_axi_mm2s_aclk \
        dma_a/s_axi_lite_aclk dma_a/m_axi_mm2s_aclk dma_a/m_axi_s2mm_aclk \
        dma_r/s_axi_lite_aclk dma_r/m_axi_mm2s_aclk dma_r/m_axi_s2mm_aclk
    plutarch::wire ps/pl_resetn0 resets/ext_reset_in
    plutarch::wire resets/peripheral_reset accelerator/rst
    plutarch::wire resets/peripheral_aresetn control/aresetn data/aresetn dma_w/axi_resetn \
        dma_a/axi_resetn dma_r/axi_resetn
    plutarch::wire accelerator/irq ps/pl_ps_irq0

    plutarch::bus ps/M_AXI_HPM0_FPD control/S00_AXI
    plutarch::bus control/M00_AXI accelerator/s_axil
    plutarch::bus control/M01_AXI dma_w/S_AXI_LITE
    plutarch::bus control/M02_AXI dma_a/S_AXI_LITE
    plutarch::bus control/M03_AXI dma_r/S_AXI_LITE
    plutarch::bus dma_w/M_AXI_MM2S data/S00_AXI
    plutarch::bus dma_a/M_AXI_MM2S data/S01_AXI
    plutarch::bus dma_a/M_AXI_S2MM data/S02_AXI
    plutarch::bus dma_r/M_AXI_MM2S data/S03_AXI
    plutarch::bus dma_r/M_AXI_S2MM data/S04_AXI
    plutarch::bus data/M00_AXI ps/S_AXI_HP0_FPD
    plutarch::bus dma_w/M_AXIS_MM2S accelerator/s_axis_w
    plutarch::bus dma_a/M_AXIS_MM2S accelerator/s_axis_a
    plutarch::bus dma_r/M_AXIS_MM2S accelerator/s_axis_r
    plutarch::bus accelerator/m_axis_y dma_a/S_AXIS_S2MM
    plutarch::bus accelerator/m_axis_r dma_r/S_AXIS_S2MM

    assign_bd_address
    validate_bd_design
    save_bd_design
}
