// SPDX-License-Identifier: Apache-2.0
// Purpose: S-Huff decoder bank: one stream of words in, POUT weight codes {sign, index} a beat out,
//   a beat every cycle as long as words are there. Each lane decodes one symbol a step from bytes
//   of its own; all lanes go in step. Format, error numbers and their order: docs/formats.md; how
//   it is built and what it costs: docs/shuff_bank.md. One lane is shuff_decoder.
//
// Steps go out as they are decoded, TLAST with the last one; the verdict on the stream follows
//   behind them: `done` pulses once a stream, after its last step was taken, and `status` holds the
//   code (0 good) until the next one. A bad stream is read up to its TLAST and dropped; a step with
//   a bad symbol in any lane is not put out.
//
// Parameters
//   B      bits of a weight code, 2..5
//   PIN    input channels of a tile that the stream must be made for, 1..255
//   POUT   lanes, and output channels of a tile: 1..8, 16, 32 or 64
//   LMAX   longest code, max(2, B-1)..6
//   WBITS  derived, do not set: bits of a stream word

`default_nettype none

module shuff_bank #(
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

    output wire [POUT*B-1:0] m_axis_tdata,    // lane o in bits o*B and up
    output wire              m_axis_tvalid,
    input  wire              m_axis_tready,
    output wire              m_axis_tlast,

    output wire              done,
    output wire [7:0]        status,
    output wire              busy
);

    generate
        if (POUT < 1 || (POUT > 8 && POUT != 16 && POUT != 32 && POUT != 64)) begin : g_illegal_pout
            illegal_parameter_shuff_bank_pout stop_elaboration();
        end
        if (WBITS != ((POUT > 8) ? 4 * POUT : 32)) begin : g_illegal_wbits
            illegal_parameter_shuff_bank_wbits stop_elaboration();
        end
        if (POUT == 1) begin : g_one
            shuff_decoder #(.B(B), .PIN(PIN), .POUT(POUT), .LMAX(LMAX)) u_decoder (
                .clk(clk), .rst(rst),
                .s_axis_w_tdata(s_axis_w_tdata), .s_axis_w_tvalid(s_axis_w_tvalid),
                .s_axis_w_tready(s_axis_w_tready), .s_axis_w_tlast(s_axis_w_tlast),
                .m_axis_tdata(m_axis_tdata), .m_axis_tvalid(m_axis_tvalid),
                .m_axis_tready(m_axis_tready), .m_axis_tlast(m_axis_tlast),
                .done(done), .status(status), .busy(busy)
            );
        end else begin : g_lanes
            shuff_bank_lanes #(
                .B(B), .PIN(PIN), .POUT(POUT), .LMAX(LMAX), .WBITS(WBITS)
            ) u_lanes (
                .clk(clk), .rst(rst),
                .s_axis_w_tdata(s_axis_w_tdata), .s_axis_w_tvalid(s_axis_w_tvalid),
                .s_axis_w_tready(s_axis_w_tready), .s_axis_w_tlast(s_axis_w_tlast),
                .m_axis_tdata(m_axis_tdata), .m_axis_tvalid(m_axis_tvalid),
                .m_axis_tready(m_axis_tready), .m_axis_tlast(m_axis_tlast),
                .done(done), .status(status), .busy(busy)
            );
        end
    endgenerate

endmodule

`default_nettype wire
