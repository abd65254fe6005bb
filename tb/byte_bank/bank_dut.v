// SPDX-License-Identifier: Apache-2.0
// The bank that bank_bench plays to: byte_bank.
`default_nettype none

module bank_dut #(
    parameter B     = 4,
    parameter PIN   = 8,
    parameter POUT  = 8,
    parameter LMAX  = 6,
    parameter WBITS = (POUT > 8) ? 4 * POUT : 32
) (
    input  wire              clk,
    input  wire              rst,
    input  wire [WBITS-1:0]  s_axis_w_tdata,
    input  wire              s_axis_w_tvalid,
    output wire              s_axis_w_tready,
    input  wire              s_axis_w_tlast,
    output wire [POUT*B-1:0] m_axis_tdata,
    output wire              m_axis_tvalid,
    input  wire              m_axis_tready,
    output wire              m_axis_tlast,
    output wire              done,
    output wire [7:0]        status,
    output wire              busy
);
    byte_bank #(.B(B), .PIN(PIN), .POUT(POUT)) u_bank (
        .clk(clk), .rst(rst),
        .s_axis_w_tdata(s_axis_w_tdata), .s_axis_w_tvalid(s_axis_w_tvalid),
        .s_axis_w_tready(s_axis_w_tready), .s_axis_w_tlast(s_axis_w_tlast),
        .m_axis_tdata(m_axis_tdata), .m_axis_tvalid(m_axis_tvalid),
        .m_axis_tready(m_axis_tready), .m_axis_tlast(m_axis_tlast),
        .done(done), .status(status), .busy(busy)
    );
endmodule

`default_nettype wire
