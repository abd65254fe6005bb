// SPDX-License-Identifier: Apache-2.0
//
// plut_conv: convolution accelerator whose products come from a look-up table (P-LUT, the paper).
//
// accelerator with a lane of the P-LUT. P1: every product magnitude is read from the table
// PLUT_FILE, so any codebook runs on the same circuit. P2: the table gives the place of the
// product's one bit, power-of-two codes only. P3: w * a of every a stands in memory, written when
// weights load (power-of-two codes; only table_maker knows that). docs/lanes.md says what each
// costs. Registers: docs/registers.md; streams and error codes: docs/formats.md.
//
// Parameters: LANE "P1", "P2" or "P3"; the others as accelerator. B 3..5 (2 works too), KMAX 3, 5,
// 7, PIN 1..64, POUT power of two 1..64, LINE_DEPTH 1..256, PSUM_DEPTH 2..65536, COUT_MAX 1..2048,
// FIFO_DEPTH power of two 32..1024, PLUT_FILE written by golden.plut for B (P1), BUSES 1, 2, 4, 8
// (P3), TREE 2 or 3, MAP "none" or "xcup".
`default_nettype none

module plut_conv #(
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
    parameter AB         = B,
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
    accelerator #(
        .LANE(LANE), .B(B), .KMAX(KMAX), .PIN(PIN), .POUT(POUT), .LINE_DEPTH(LINE_DEPTH),
        .PSUM_DEPTH(PSUM_DEPTH), .COUT_MAX(COUT_MAX), .FIFO_DEPTH(FIFO_DEPTH),
        .PLUT_FILE(PLUT_FILE), .BUSES(BUSES), .TREE(TREE), .MAP(MAP)
    ) u_accelerator (
        .clk(clk), .rst(rst), .irq(irq), .s_axil_awaddr(s_axil_awaddr),
        .s_axil_awprot(s_axil_awprot), .s_axil_awvalid(s_axil_awvalid),
        .s_axil_awready(s_axil_awready), .s_axil_wdata(s_axil_wdata), .s_axil_wstrb(s_axil_wstrb),
        .s_axil_wvalid(s_axil_wvalid), .s_axil_wready(s_axil_wready), .s_axil_bresp(s_axil_bresp),
        .s_axil_bvalid(s_axil_bvalid), .s_axil_bready(s_axil_bready),
        .s_axil_araddr(s_axil_araddr), .s_axil_arprot(s_axil_arprot),
        .s_axil_arvalid(s_axil_arvalid), .s_axil_arready(s_axil_arready),
        .s_axil_rdata(s_axil_rdata), .s_axil_rresp(s_axil_rresp), .s_axil_rvalid(s_axil_rvalid),
        .s_axil_rready(s_axil_rready), .s_axis_w_tdata(s_axis_w_tdata),
        .s_axis_w_tvalid(s_axis_w_tvalid), .s_axis_w_tready(s_axis_w_tready),
        .s_axis_w_tlast(s_axis_w_tlast), .s_axis_a_tdata(s_axis_a_tdata),
        .s_axis_a_tvalid(s_axis_a_tvalid), .s_axis_a_tready(s_axis_a_tready),
        .s_axis_a_tlast(s_axis_a_tlast), .s_axis_r_tdata(s_axis_r_tdata),
        .s_axis_r_tvalid(s_axis_r_tvalid), .s_axis_r_tready(s_axis_r_tready),
        .s_axis_r_tlast(s_axis_r_tlast), .m_axis_y_tdata(m_axis_y_tdata),
        .m_axis_y_tvalid(m_axis_y_tvalid), .m_axis_y_tready(m_axis_y_tready),
        .m_axis_y_tlast(m_axis_y_tlast), .m_axis_r_tdata(m_axis_r_tdata),
        .m_axis_r_tvalid(m_axis_r_tvalid), .m_axis_r_tready(m_axis_r_tready),
        .m_axis_r_tlast(m_axis_r_tlast)
    );

    generate
        if (LANE != "P1" && LANE != "P2" && LANE != "P3") begin : g_illegal_lane
            illegal_parameter_LANE_is_P1_P2_or_P3 stop_elaboration();
        end
    endgenerate
endmodule

`default_nettype wire
