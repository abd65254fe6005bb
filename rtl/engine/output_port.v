// SPDX-License-Identifier: Apache-2.0
//
// output_port: an output FIFO whose room is reserved before a word starts on its way.
//
// The pipeline behind the window cannot stall, so `reserve` takes one place when a position is
// issued and `room` says whether there is one. The place comes back when the word is taken from
// m_axis (claim_counter), which is behind a register of its own. A transfer that an error cuts
// short is closed, once `close` is high and nothing more can arrive, by one beat of zeros with
// TLAST; push_data is to be zero then (a multiplexer here would cost a LUT for every other bit).
// `idle`, a cycle late: no word inside, no transfer open; whoever asks knows that no word is on its
// way here.
//
// Parameters
//   WIDTH  bits of a word, at least 1      DEPTH  power of two, 32..1024
`default_nettype none

module output_port #(
    parameter WIDTH = 64,
    parameter DEPTH = 64
) (
    input  wire             clk,
    input  wire             rst,
    output wire             room,
    input  wire             reserve,
    input  wire             push,
    input  wire             push_last,
    input  wire [WIDTH-1:0] push_data,    // zero unless push is high
    input  wire             close,
    output reg              idle,
    output reg              taken,        // a word left in the cycle before

    output wire [WIDTH-1:0] m_axis_tdata,
    output wire             m_axis_tvalid,
    input  wire             m_axis_tready,
    output wire             m_axis_tlast
);
    localparam CW = $clog2(DEPTH) + 1;
    localparam [CW-1:0] ALL = DEPTH[CW-1:0];

    wire [CW-1:0]  free;      // without the reservation of the cycle before
    reg            is_open;   // the last word pushed did not end its transfer
    reg            closing;   // pulse: the beat of zeros
    wire           leaves = m_axis_tvalid && m_axis_tready;
    wire           fifo_ready, head_valid;
    wire [WIDTH:0] head;
    reg  [WIDTH:0] out;
    reg            out_valid;
    wire           head_take = !out_valid || m_axis_tready;
    wire [CW-1:0]  fifo_count;
    wire           unused = &{1'b0, fifo_ready, fifo_count};   // room was reserved: always ready

    claim_counter #(.WIDTH(CW), .START(DEPTH)) u_free (
        .clk(clk), .rst(rst), .gain(leaves), .lose(closing), .claim(reserve), .here(room),
        .count(free)
    );
    axis_fifo #(.WIDTH(WIDTH + 1), .DEPTH(DEPTH)) u_fifo (
        .clk(clk), .rst(rst),
        .s_axis_tdata({push_last || closing, push_data}),
        .s_axis_tvalid(push || closing), .s_axis_tready(fifo_ready),
        .m_axis_tdata(head), .m_axis_tvalid(head_valid), .m_axis_tready(head_take),
        .count(fifo_count)
    );

    // The word at the port is in flip-flops: a memory's output has few loads to give away.
    assign m_axis_tvalid = out_valid;
    assign {m_axis_tlast, m_axis_tdata} = out;

    always @(posedge clk) begin
        if (head_take) begin
            out       <= head;
            out_valid <= head_valid;
        end
        closing <= close && is_open && room && !closing;
        idle    <= free == ALL && !is_open;
        taken   <= leaves;
        if (push || closing) is_open <= !(push_last || closing);
        if (rst) begin
            out_valid <= 1'b0;
            idle      <= 1'b0;
            taken     <= 1'b0;
            is_open   <= 1'b0;
            closing   <= 1'b0;
        end
    end

    generate
        if (DEPTH < 32 || DEPTH > 1024) begin : g_illegal_depth
            illegal_parameter_DEPTH_is_32_to_1024 stop_elaboration ();
        end
    endgenerate
endmodule

`default_nettype wire
