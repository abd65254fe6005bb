// SPDX-License-Identifier: Apache-2.0
//
// accelerator: a convolution accelerator as a system sees it: registers on AXI4-Lite, five streams
// with beats of 32, 64, 128 ... bits, an interrupt. plut_conv, shift_conv and mac_conv are thin
// shells around it.
//
//   s_axil                       -> axil_regs -> conv_engine -> y_pack -> m_axis_y
//   s_axis_w, s_axis_a, s_axis_r -----------------^      `--------------> m_axis_r
//
// Registers: docs/registers.md. Streams: docs/formats.md; the bits of s_axis_a above the four
// slots are not looked at. The engine's job ends when it has handed over its last position; here
// busy lasts until m_axis_y has been taken too. After an error done comes at once.
//
// Parameters
//   LANE        "P1" P-LUT, "P2" P-LUT of product codes, "P3" P-LUT in memory, "S0" shift, "S1"
//               shift with 8-bit activations, "M8" 8-bit multiplier
//   B           bits of a code, 3..5 (2 works too)
//   KMAX        largest kernel, 3, 5, 7
//   PIN, POUT   input channels of a slot, 1..64; output channels, power of two, 1..64
//   LINE_DEPTH  widest map, 1..256             PSUM_DEPTH  output positions held, 2..65536
//   COUT_MAX    most output channels, 1..2048  FIFO_DEPTH  power of two, 32..1024
//   PLUT_FILE   product table for P1, made by golden.plut
//   BUSES       ways to write P3's tables, 1, 2, 4 or 8, see table_bank
//   TREE, MAP   the lanes' adders, see adder_tree: 2 or 3 operands; "none" or "xcup"
`default_nettype none

module accelerator #(
    parameter LANE       = "P1",
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
    // Derived; do not override.
    parameter AB         = (LANE == "S1" || LANE == "M8") ? 8 : B,
    parameter ABITS      = (4 * PIN * AB > 32) ? 1 << $clog2(4 * PIN * AB) : 32,
    parameter YBITS      = (4 * POUT * B > 32) ? 1 << $clog2(4 * POUT * B) : 32,
    parameter WBITS      = (POUT > 8) ? 4 * POUT : 32
) (
    input  wire                clk,
    input  wire                rst,
    output wire                irq,             // a job has ended (STATUS.done)

    // registers, AXI4-Lite
    input  wire [11:0]         s_axil_awaddr,
    input  wire [2:0]          s_axil_awprot,
    input  wire                s_axil_awvalid,
    output wire                s_axil_awready,
    input  wire [31:0]         s_axil_wdata,
    input  wire [3:0]          s_axil_wstrb,
    input  wire                s_axil_wvalid,
    output wire                s_axil_wready,
    output wire [1:0]          s_axil_bresp,
    output wire                s_axil_bvalid,
    input  wire                s_axil_bready,
    input  wire [11:0]         s_axil_araddr,
    input  wire [2:0]          s_axil_arprot,
    input  wire                s_axil_arvalid,
    output wire                s_axil_arready,
    output wire [31:0]         s_axil_rdata,
    output wire [1:0]          s_axil_rresp,
    output wire                s_axil_rvalid,
    input  wire                s_axil_rready,

    // weights
    input  wire [WBITS-1:0]    s_axis_w_tdata,
    input  wire                s_axis_w_tvalid,
    output wire                s_axis_w_tready,
    input  wire                s_axis_w_tlast,

    // activations
    input  wire [ABITS-1:0]    s_axis_a_tdata,
    input  wire                s_axis_a_tvalid,
    output wire                s_axis_a_tready,
    input  wire                s_axis_a_tlast,

    // residual in
    input  wire [8*POUT-1:0]   s_axis_r_tdata,
    input  wire                s_axis_r_tvalid,
    output wire                s_axis_r_tready,
    input  wire                s_axis_r_tlast,

    // codes or raw sums out
    output wire [YBITS-1:0]    m_axis_y_tdata,
    output wire                m_axis_y_tvalid,
    input  wire                m_axis_y_tready,
    output wire                m_axis_y_tlast,

    // residual out
    output wire [8*POUT-1:0]   m_axis_r_tdata,
    output wire                m_axis_r_tvalid,
    input  wire                m_axis_r_tready,
    output wire                m_axis_r_tlast
);
    localparam LEVELS = (1 << (B - 1)) - 1;
    localparam PRODW  = (LANE == "M8") ? 15 : (LANE == "S1") ? LEVELS + 7 : 2 * LEVELS - 1;
    localparam ACCW   = PRODW + ((LANE == "S1") ? 18 : 17);     // as in conv_engine

    generate
        if (AB != ((LANE == "S1" || LANE == "M8") ? 8 : B)
            || ABITS != ((4 * PIN * AB > 32) ? 1 << $clog2(4 * PIN * AB) : 32)
            || YBITS != ((4 * POUT * B > 32) ? 1 << $clog2(4 * POUT * B) : 32)
            || WBITS != ((POUT > 8) ? 4 * POUT : 32)) begin : g_illegal_derived
            illegal_parameter_accelerator_derived stop_elaboration();
        end
    endgenerate

    wire [8:0]       cfg_h, cfg_w;
    wire [11:0]      cfg_cin, cfg_cout, ch_addr, err_out_tile, err_in_tile;
    wire [2:0]       cfg_k;
    wire [1:0]       cfg_stride, cfg_pad, cfg_pad_top, cfg_pad_bottom;
    wire [15:0]      cfg_images;
    wire             cfg_relu, cfg_res_in, cfg_emit_code, cfg_emit_res, cfg_raw;
    wire [6:0]       cfg_proj_shift, cfg_res_shift, cfg_res_out_shift;
    wire             ch_we, start, clear, engine_busy, engine_done;
    wire [ACCW+25:0] ch_data;
    wire [7:0]       err;
    wire [31:0]      cnt_cycles, cnt_busy, cnt_stall_w, cnt_stall_a, cnt_stall_r, cnt_stall_y;
    wire [31:0]      cnt_weights, cnt_beats_w, cnt_beats_a, cnt_beats_r, cnt_beats_y, cnt_beats_q;
    wire [POUT*ACCW-1:0] position;
    wire             position_valid, position_ready, position_last;

    // ---------------------------------------------------------------- the end of a job
    // After an error nobody may be there to take what y_pack still holds.
    wire y_idle;
    reg  ending;                    // the engine is done, y_pack not yet
    wire over = engine_done || ending;
    reg  failed;                    // err is not 0
    wire done = over && (y_idle || failed);
    wire busy = engine_busy || (over && !done);

    always @(posedge clk) begin
        ending <= over && !done;
        failed <= err != 8'd0;
        if (rst) ending <= 1'b0;
    end

    axil_regs #(
        .LANE(LANE), .B(B), .KMAX(KMAX), .PIN(PIN), .POUT(POUT), .LINE_DEPTH(LINE_DEPTH),
        .PSUM_DEPTH(PSUM_DEPTH), .COUT_MAX(COUT_MAX), .FIFO_DEPTH(FIFO_DEPTH), .ACCW(ACCW)
    ) u_regs (
        .clk(clk), .rst(rst), .irq(irq), .s_axil_awaddr(s_axil_awaddr),
        .s_axil_awprot(s_axil_awprot), .s_axil_awvalid(s_axil_awvalid),
        .s_axil_awready(s_axil_awready), .s_axil_wdata(s_axil_wdata), .s_axil_wstrb(s_axil_wstrb),
        .s_axil_wvalid(s_axil_wvalid), .s_axil_wready(s_axil_wready), .s_axil_bresp(s_axil_bresp),
        .s_axil_bvalid(s_axil_bvalid), .s_axil_bready(s_axil_bready),
        .s_axil_araddr(s_axil_araddr), .s_axil_arprot(s_axil_arprot),
        .s_axil_arvalid(s_axil_arvalid), .s_axil_arready(s_axil_arready),
        .s_axil_rdata(s_axil_rdata), .s_axil_rresp(s_axil_rresp), .s_axil_rvalid(s_axil_rvalid),
        .s_axil_rready(s_axil_rready), .cfg_h(cfg_h), .cfg_w(cfg_w), .cfg_cin(cfg_cin),
        .cfg_cout(cfg_cout), .cfg_k(cfg_k), .cfg_stride(cfg_stride), .cfg_pad(cfg_pad),
        .cfg_pad_top(cfg_pad_top), .cfg_pad_bottom(cfg_pad_bottom), .cfg_images(cfg_images),
        .cfg_relu(cfg_relu), .cfg_res_in(cfg_res_in), .cfg_emit_code(cfg_emit_code),
        .cfg_emit_res(cfg_emit_res), .cfg_raw(cfg_raw), .cfg_proj_shift(cfg_proj_shift),
        .cfg_res_shift(cfg_res_shift), .cfg_res_out_shift(cfg_res_out_shift), .ch_we(ch_we),
        .ch_addr(ch_addr), .ch_data(ch_data), .start(start), .clear(clear), .busy(busy),
        .done(done), .err(err), .err_out_tile(err_out_tile), .err_in_tile(err_in_tile),
        .cnt_cycles(cnt_cycles), .cnt_busy(cnt_busy), .cnt_stall_w(cnt_stall_w),
        .cnt_stall_a(cnt_stall_a), .cnt_stall_r(cnt_stall_r), .cnt_stall_y(cnt_stall_y),
        .cnt_weights(cnt_weights), .cnt_beats_w(cnt_beats_w), .cnt_beats_a(cnt_beats_a),
        .cnt_beats_r(cnt_beats_r), .cnt_beats_y(cnt_beats_y), .cnt_beats_q(cnt_beats_q)
    );

    conv_engine #(
        .LANE(LANE), .B(B), .KMAX(KMAX), .PIN(PIN), .POUT(POUT), .LINE_DEPTH(LINE_DEPTH),
        .PSUM_DEPTH(PSUM_DEPTH), .COUT_MAX(COUT_MAX), .FIFO_DEPTH(FIFO_DEPTH),
        .PLUT_FILE(PLUT_FILE), .BUSES(BUSES), .TREE(TREE), .MAP(MAP)
    ) u_engine (
        .clk(clk), .rst(rst), .cfg_h(cfg_h), .cfg_w(cfg_w), .cfg_cin(cfg_cin),
        .cfg_cout(cfg_cout), .cfg_k(cfg_k), .cfg_stride(cfg_stride), .cfg_pad(cfg_pad),
        .cfg_pad_top(cfg_pad_top), .cfg_pad_bottom(cfg_pad_bottom), .cfg_images(cfg_images),
        .cfg_relu(cfg_relu), .cfg_res_in(cfg_res_in), .cfg_emit_code(cfg_emit_code),
        .cfg_emit_res(cfg_emit_res), .cfg_raw(cfg_raw), .cfg_proj_shift(cfg_proj_shift),
        .cfg_res_shift(cfg_res_shift), .cfg_res_out_shift(cfg_res_out_shift), .ch_we(ch_we),
        .ch_addr(ch_addr), .ch_data(ch_data), .start(start), .clear(clear), .err(err),
        .err_out_tile(err_out_tile), .err_in_tile(err_in_tile), .s_axis_w_tdata(s_axis_w_tdata),
        .s_axis_w_tvalid(s_axis_w_tvalid), .s_axis_w_tready(s_axis_w_tready),
        .s_axis_w_tlast(s_axis_w_tlast), .s_axis_a_tvalid(s_axis_a_tvalid),
        .s_axis_a_tready(s_axis_a_tready), .s_axis_a_tlast(s_axis_a_tlast),
        .s_axis_r_tdata(s_axis_r_tdata), .s_axis_r_tvalid(s_axis_r_tvalid),
        .s_axis_r_tready(s_axis_r_tready), .s_axis_r_tlast(s_axis_r_tlast),
        .m_axis_r_tdata(m_axis_r_tdata), .m_axis_r_tvalid(m_axis_r_tvalid),
        .m_axis_r_tready(m_axis_r_tready), .m_axis_r_tlast(m_axis_r_tlast),
        .cnt_cycles(cnt_cycles), .cnt_busy(cnt_busy), .cnt_stall_w(cnt_stall_w),
        .cnt_stall_a(cnt_stall_a), .cnt_stall_r(cnt_stall_r), .cnt_stall_y(cnt_stall_y),
        .cnt_weights(cnt_weights), .cnt_beats_w(cnt_beats_w), .cnt_beats_a(cnt_beats_a),
        .cnt_beats_r(cnt_beats_r), .cnt_beats_y(cnt_beats_y), .cnt_beats_q(cnt_beats_q),
        .busy(engine_busy), .done(engine_done), .s_axis_a_tdata(s_axis_a_tdata[4*PIN*AB-1:0]),
        .m_axis_y_tdata(position), .m_axis_y_tvalid(position_valid),
        .m_axis_y_tready(position_ready), .m_axis_y_tlast(position_last)
    );

    y_pack #(.POUT(POUT), .B(B), .ACCW(ACCW)) u_pack (
        .clk(clk), .rst(rst), .raw(cfg_raw), .idle(y_idle),
        .s_axis_tdata(position), .s_axis_tvalid(position_valid), .s_axis_tready(position_ready),
        .s_axis_tlast(position_last),
        .m_axis_tdata(m_axis_y_tdata), .m_axis_tvalid(m_axis_y_tvalid),
        .m_axis_tready(m_axis_y_tready), .m_axis_tlast(m_axis_y_tlast)
    );

    generate
        if (ABITS > 4 * PIN * AB) begin : g_padded
            wire unused = &{1'b0, s_axis_a_tdata[ABITS-1:4*PIN*AB]};
        end
    endgenerate
endmodule

`default_nettype wire
