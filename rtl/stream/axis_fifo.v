// SPDX-License-Identifier: Apache-2.0
//
// axis_fifo: small synchronous stream FIFO, first word falls through: a beat written into the empty
// FIFO is on m_axis in the next cycle. One beat in and one beat out every cycle. s_axis_tready and
// m_axis_tvalid depend on registers only, so no path runs from m_axis_tready to s_axis_tready; the
// price is that a full FIFO takes no beat in the cycle it is read, which costs nothing from DEPTH =
// 2 on. The store is read without a clock, which maps to LUTRAM. Use it for tens to a few hundred
// words.
//
// Parameters
//   WIDTH  payload bits, 1..65536. TLAST and the like are packed into the payload by the user.
//   DEPTH  words, a power of two, 2..65536
`default_nettype none

module axis_fifo #(
    parameter WIDTH = 8,
    parameter DEPTH = 16
) (
    input  wire                   clk,
    input  wire                   rst,

    // stream in
    input  wire [WIDTH-1:0]       s_axis_tdata,
    input  wire                   s_axis_tvalid,
    output wire                   s_axis_tready,

    // stream out
    output wire [WIDTH-1:0]       m_axis_tdata,
    output wire                   m_axis_tvalid,
    input  wire                   m_axis_tready,

    // words held, 0..DEPTH
    output wire [$clog2(DEPTH):0] count
);

    localparam AW = $clog2(DEPTH);

    generate
        if (WIDTH < 1 || WIDTH > 65536) begin : g_illegal_width
            illegal_parameter_axis_fifo_width stop_elaboration();
        end
        if (DEPTH < 2 || DEPTH > 65536 || (1 << AW) != DEPTH) begin : g_illegal_depth
            illegal_parameter_axis_fifo_depth stop_elaboration();
        end
    endgenerate

    reg [WIDTH-1:0] store [0:DEPTH-1];

    reg [AW-1:0] write_ptr;
    reg [AW-1:0] read_ptr;
    // Low in reset, so that a producer that ignores rst sees no beat taken and then lost.
    reg        open;

    // How many words there are, and what follows from that, in registers.
    localparam [AW:0] ONE = 1, ALL = DEPTH[AW:0], LAST = ALL - ONE;
    reg [AW:0] held;
    reg        some, full;

    wire push = s_axis_tvalid && s_axis_tready;
    wire pop  = m_axis_tvalid && m_axis_tready;

    assign s_axis_tready = open && !full;
    assign m_axis_tvalid = some;
    assign m_axis_tdata  = store[read_ptr[AW-1:0]];
    assign count         = held;

    always @(posedge clk) begin
        open <= 1'b1;
        some <= push || held > ONE || (some && !pop);
        full <= !pop && (full || (push && held == LAST));
        if (push != pop) held <= push ? held + ONE : held - ONE;
        if (push) begin
            store[write_ptr[AW-1:0]] <= s_axis_tdata;
            write_ptr                <= write_ptr + 1'b1;
        end
        if (pop) begin
            read_ptr <= read_ptr + 1'b1;
        end
        if (rst) begin
            open      <= 1'b0;
            some      <= 1'b0;
            full      <= 1'b0;
            held      <= {(AW + 1){1'b0}};
            write_ptr <= {AW{1'b0}};
            read_ptr  <= {AW{1'b0}};
        end
    end

endmodule

`default_nettype wire
