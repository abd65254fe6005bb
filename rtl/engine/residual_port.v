// SPDX-License-Identifier: Apache-2.0
//
// residual_port: holds residual words until the layer arithmetic takes them.
//
// A position may be issued only when its word is here (`here`); `reserve` claims it then, `take`
// removes it some cycles later, in order. `here` is a flip-flop: a word is seen two cycles after it
// came in, and a claim of this cycle or the one before is allowed for. While `drop` is high what is
// left is thrown away. `bad_last` pulses, a cycle late, when the TLAST of a taken word differs from
// `take_end`.
//
// Parameters
//   WIDTH  bits of a word, at least 1      DEPTH  power of two, 32..1024
`default_nettype none

module residual_port #(
    parameter WIDTH = 64,
    parameter DEPTH = 64
) (
    input  wire             clk,
    input  wire             rst,
    output wire             here,
    input  wire             reserve,
    input  wire             take,
    input  wire             take_end,
    output wire [WIDTH-1:0] data,
    output reg              bad_last,
    input  wire             drop,

    input  wire [WIDTH-1:0] s_axis_tdata,
    input  wire             s_axis_tvalid,
    output wire             s_axis_tready,
    input  wire             s_axis_tlast
);
    localparam CW = $clog2(DEPTH) + 2;   // the FIFO may hold one word more than DEPTH

    wire         head_valid, head_last;
    wire         dropped = drop && head_valid;
    wire         pushed  = s_axis_tvalid && s_axis_tready;
    wire [CW-2:0] fifo_count;
    wire [CW-1:0] unclaimed;
    wire         unused = &{1'b0, fifo_count, unclaimed};

    claim_counter #(.WIDTH(CW), .START(0)) u_unclaimed (
        .clk(clk), .rst(rst), .gain(pushed), .lose(dropped), .claim(reserve), .here(here),
        .count(unclaimed)
    );

    axis_fifo #(.WIDTH(WIDTH + 1), .DEPTH(DEPTH)) u_fifo (
        .clk(clk), .rst(rst),
        .s_axis_tdata({s_axis_tlast, s_axis_tdata}), .s_axis_tvalid(s_axis_tvalid),
        .s_axis_tready(s_axis_tready),
        .m_axis_tdata({head_last, data}), .m_axis_tvalid(head_valid),
        .m_axis_tready(take || drop), .count(fifo_count)
    );

    always @(posedge clk) begin
        bad_last <= take && head_last != take_end;
        if (rst) bad_last <= 1'b0;
    end
endmodule

`default_nettype wire
