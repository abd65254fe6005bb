// SPDX-License-Identifier: Apache-2.0
// Bench of whole networks: the main accelerator and mac_conv (8-bit first and last layers), each
// with its own clock, so that the one that rests costs no simulation time.
//
// Parameters: those without MAC_ are the main accelerator's (LANE decides the module, see
// network_device), those with are mac_conv's. B and the depths are for both.
`default_nettype none

`ifndef NETWORK_LANE
`define NETWORK_LANE "P1"
`endif

module network_bench #(
    parameter LANE       = `NETWORK_LANE,
    parameter B          = 4,
    parameter KMAX       = 3,
    parameter PIN        = 8,
    parameter POUT       = 8,
    parameter LINE_DEPTH = 256,
    parameter PSUM_DEPTH = 4096,
    parameter COUT_MAX   = 512,
    parameter FIFO_DEPTH = 64,
    parameter PLUT_FILE  = "plut_b4.hex",
    parameter BUSES      = 4,
    parameter TREE       = 2,
    parameter MAP        = "none",
    parameter MAC_KMAX   = 3,
    parameter MAC_PIN    = 4,
    parameter MAC_POUT   = 8
) (
    input  wire        main_clk,
    input  wire        main_rst,
    input  wire [5:0]  main_go,
    input  wire        main_arm,
    input  wire        main_abort,
    input  wire [31:0] main_job,
    input  wire [31:0] main_want_y,
    input  wire [31:0] main_want_q,
    input  wire [5:0]  main_watch,
    input  wire [31:0] main_quiet_limit,
    output wire [5:0]  main_idle,
    output wire        main_wake,
    output wire [31:0] main_cycles,
    output wire        main_irq,
    output wire        main_refused,
    output wire [5:0]  main_failed,
    output wire [4:0]  main_xseen,
    output wire [4:0]  main_unstable,

    input  wire        mac_clk,
    input  wire        mac_rst,
    input  wire [5:0]  mac_go,
    input  wire        mac_arm,
    input  wire        mac_abort,
    input  wire [31:0] mac_job,
    input  wire [31:0] mac_want_y,
    input  wire [31:0] mac_want_q,
    input  wire [5:0]  mac_watch,
    input  wire [31:0] mac_quiet_limit,
    output wire [5:0]  mac_idle,
    output wire        mac_wake,
    output wire [31:0] mac_cycles,
    output wire        mac_irq,
    output wire        mac_refused,
    output wire [5:0]  mac_failed,
    output wire [4:0]  mac_xseen,
    output wire [4:0]  mac_unstable
);
    network_device #(
        .NAME("main"), .LANE(LANE), .B(B), .KMAX(KMAX), .PIN(PIN), .POUT(POUT),
        .LINE_DEPTH(LINE_DEPTH), .PSUM_DEPTH(PSUM_DEPTH), .COUT_MAX(COUT_MAX),
        .FIFO_DEPTH(FIFO_DEPTH), .PLUT_FILE(PLUT_FILE), .BUSES(BUSES), .TREE(TREE), .MAP(MAP)
    ) main (
        .clk(main_clk), .rst(main_rst), .go(main_go), .arm(main_arm), .abort(main_abort),
        .job(main_job), .want_y(main_want_y), .want_q(main_want_q), .watch(main_watch),
        .quiet_limit(main_quiet_limit),
        .idle(main_idle), .wake(main_wake), .cycles(main_cycles), .irq(main_irq),
        .refused(main_refused), .failed(main_failed), .xseen(main_xseen), .unstable(main_unstable));
    network_device #(
        .NAME("mac"), .LANE("M8"), .B(B), .KMAX(MAC_KMAX), .PIN(MAC_PIN),
        .POUT(MAC_POUT), .LINE_DEPTH(LINE_DEPTH), .PSUM_DEPTH(PSUM_DEPTH), .COUT_MAX(COUT_MAX),
        .FIFO_DEPTH(FIFO_DEPTH)
    ) mac (
        .clk(mac_clk), .rst(mac_rst), .go(mac_go), .arm(mac_arm), .abort(mac_abort), .job(mac_job),
        .want_y(mac_want_y), .want_q(mac_want_q), .watch(mac_watch), .quiet_limit(mac_quiet_limit),
 .idle(mac_idle), .wake(mac_wake),
        .cycles(mac_cycles), .irq(mac_irq), .refused(mac_refused), .failed(mac_failed),
        .xseen(mac_xseen), .unstable(mac_unstable));
endmodule

`default_nettype wire
