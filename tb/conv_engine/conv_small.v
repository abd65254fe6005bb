// SPDX-License-Identifier: Apache-2.0
// The convolution TOPLEVEL in a small size, its own ports and nothing else: for tests that drive
// the AXI4-Streams beat by beat from Python (cocotbext-axi). Small, because that needs no wide
// lanes and so costs a few seconds of build.
//
// Parameters: LANE, B, PLUT_FILE, BUSES, TREE, MAP as conv_engine; the sizes are fixed by their
// defaults.
`default_nettype none

module conv_small #(
    parameter LANE       = "P1",
    parameter B          = 4,
    parameter PLUT_FILE  = "plut_b4.hex",
    parameter BUSES      = 4,
    parameter TREE       = 2,
    parameter MAP        = "none",
    parameter KMAX       = 3,
    parameter PIN        = 2,
    parameter POUT       = 2,
    parameter LINE_DEPTH = 16,
    parameter PSUM_DEPTH = 256,
    parameter COUT_MAX   = 16,
    parameter FIFO_DEPTH = 32,
    // Derived as in conv_engine; do not override.
    parameter LEVELS     = (1 << (B - 1)) - 1,
    parameter AB         = (LANE == "S1" || LANE == "M8") ? 8 : B,
    parameter ACCW       = (LANE == "M8") ? 32 : (LANE == "S1") ? LEVELS + 25 : 2 * LEVELS + 16
) (
    input  wire                  clk,
    input  wire                  rst,

    // configuration, sampled at start
    input  wire [8:0]            cfg_h,
    input  wire [8:0]            cfg_w,
    input  wire [11:0]           cfg_cin,
    input  wire [11:0]           cfg_cout,
    input  wire [2:0]            cfg_k,
    input  wire [1:0]            cfg_stride,
    input  wire [1:0]            cfg_pad,
    input  wire [1:0]            cfg_pad_top,
    input  wire [1:0]            cfg_pad_bottom,
    input  wire [15:0]           cfg_images,
    input  wire                  cfg_relu,
    input  wire                  cfg_res_in,
    input  wire                  cfg_emit_code,
    input  wire                  cfg_emit_res,
    input  wire                  cfg_raw,
    input  wire [6:0]            cfg_proj_shift,
    input  wire [6:0]            cfg_res_shift,
    input  wire [6:0]            cfg_res_out_shift,

    // channel parameters {bias, term2, shift2, shift1}
    input  wire                  ch_we,
    input  wire [11:0]           ch_addr,
    input  wire [ACCW+25:0]      ch_data,

    // control
    input  wire                  start,
    input  wire                  clear,
    output wire                  busy,
    output wire                  done,
    output wire [7:0]            err,
    output wire [11:0]           err_out_tile,
    output wire [11:0]           err_in_tile,

    // weights
    input  wire [31:0]           s_axis_w_tdata,
    input  wire                  s_axis_w_tvalid,
    output wire                  s_axis_w_tready,
    input  wire                  s_axis_w_tlast,

    // activations
    input  wire [4*PIN*AB-1:0]   s_axis_a_tdata,
    input  wire                  s_axis_a_tvalid,
    output wire                  s_axis_a_tready,
    input  wire                  s_axis_a_tlast,

    // residual in
    input  wire [POUT*8-1:0]     s_axis_r_tdata,
    input  wire                  s_axis_r_tvalid,
    output wire                  s_axis_r_tready,
    input  wire                  s_axis_r_tlast,

    // codes or raw sums out
    output wire [POUT*ACCW-1:0]  m_axis_y_tdata,
    output wire                  m_axis_y_tvalid,
    input  wire                  m_axis_y_tready,
    output wire                  m_axis_y_tlast,

    // residual out
    output wire [POUT*8-1:0]     m_axis_r_tdata,
    output wire                  m_axis_r_tvalid,
    input  wire                  m_axis_r_tready,
    output wire                  m_axis_r_tlast,

    // counters of the current or last job
    output wire [31:0]           cnt_cycles,
    output wire [31:0]           cnt_busy,
    output wire [31:0]           cnt_stall_w,
    output wire [31:0]           cnt_stall_a,
    output wire [31:0]           cnt_stall_r,
    output wire [31:0]           cnt_stall_y,
    output wire [31:0]           cnt_weights,
    output wire [31:0]           cnt_beats_w,
    output wire [31:0]           cnt_beats_a,
    output wire [31:0]           cnt_beats_r,
    output wire [31:0]           cnt_beats_y,
    output wire [31:0]           cnt_beats_q
);
    conv_engine #(
        .LANE(LANE), .PLUT_FILE(PLUT_FILE), .B(B), .KMAX(KMAX), .PIN(PIN), .POUT(POUT),
        .LINE_DEPTH(LINE_DEPTH), .PSUM_DEPTH(PSUM_DEPTH), .COUT_MAX(COUT_MAX),
        .FIFO_DEPTH(FIFO_DEPTH), .BUSES(BUSES), .TREE(TREE), .MAP(MAP)
    ) dut (
        .clk(clk), .rst(rst), .cfg_h(cfg_h), .cfg_w(cfg_w), .cfg_cin(cfg_cin),
        .cfg_cout(cfg_cout), .cfg_k(cfg_k), .cfg_stride(cfg_stride), .cfg_pad(cfg_pad),
        .cfg_pad_top(cfg_pad_top), .cfg_pad_bottom(cfg_pad_bottom),
        .cfg_images(cfg_images), .cfg_relu(cfg_relu), .cfg_res_in(cfg_res_in),
        .cfg_emit_code(cfg_emit_code), .cfg_emit_res(cfg_emit_res), .cfg_raw(cfg_raw),
        .cfg_proj_shift(cfg_proj_shift), .cfg_res_shift(cfg_res_shift),
        .cfg_res_out_shift(cfg_res_out_shift), .ch_we(ch_we), .ch_addr(ch_addr),
        .ch_data(ch_data), .start(start), .clear(clear), .busy(busy), .done(done), .err(err),
        .err_out_tile(err_out_tile), .err_in_tile(err_in_tile),
        .s_axis_w_tdata(s_axis_w_tdata), .s_axis_w_tvalid(s_axis_w_tvalid),
        .s_axis_w_tready(s_axis_w_tready), .s_axis_w_tlast(s_axis_w_tlast),
        .s_axis_a_tdata(s_axis_a_tdata), .s_axis_a_tvalid(s_axis_a_tvalid),
        .s_axis_a_tready(s_axis_a_tready), .s_axis_a_tlast(s_axis_a_tlast),
        .s_axis_r_tdata(s_axis_r_tdata), .s_axis_r_tvalid(s_axis_r_tvalid),
        .s_axis_r_tready(s_axis_r_tready), .s_axis_r_tlast(s_axis_r_tlast),
        .m_axis_y_tdata(m_axis_y_tdata), .m_axis_y_tvalid(m_axis_y_tvalid),
        .m_axis_y_tready(m_axis_y_tready), .m_axis_y_tlast(m_axis_y_tlast),
        .m_axis_r_tdata(m_axis_r_tdata), .m_axis_r_tvalid(m_axis_r_tvalid),
        .m_axis_r_tready(m_axis_r_tready), .m_axis_r_tlast(m_axis_r_tlast),
        .cnt_cycles(cnt_cycles), .cnt_busy(cnt_busy), .cnt_stall_w(cnt_stall_w),
        .cnt_stall_a(cnt_stall_a), .cnt_stall_r(cnt_stall_r), .cnt_stall_y(cnt_stall_y),
        .cnt_weights(cnt_weights), .cnt_beats_w(cnt_beats_w), .cnt_beats_a(cnt_beats_a),
        .cnt_beats_r(cnt_beats_r), .cnt_beats_y(cnt_beats_y), .cnt_beats_q(cnt_beats_q)
    );
endmodule

`default_nettype wire
