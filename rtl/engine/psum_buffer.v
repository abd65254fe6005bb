// SPDX-License-Identifier: Apache-2.0
//
// psum_buffer: adds a pass's dot products to the partial sums of the passes before it.
//
// A pass delivers its output positions always in the same order, so both addresses are counters.
// On the first input tile the old word is ignored, on the last one the finished sum leaves on
// acc and nothing is written. `first`, `last` and `sum_end` belong to the sum beside them. Latency
// 2 from sum to acc. A position of the next pass may come three cycles after the same one of this
// pass, not earlier.
// Accumulation is exact: ACCW is wide enough for the largest layer, nothing wraps.
//
// Parameters
//   POUT        output channels, 1..64
//   SUMW        bits of one dot product       ACCW  bits of an accumulator, >= SUMW
//   PSUM_DEPTH  output positions, 2..65536
`default_nettype none

module psum_buffer #(
    parameter POUT       = 8,
    parameter SUMW       = 21,
    parameter ACCW       = 30,
    parameter PSUM_DEPTH = 4096
) (
    input  wire                 clk,
    input  wire                 rst,
    input  wire                 restart,
    input  wire                 sum_valid,
    input  wire                 first,        // input tile of the layer
    input  wire                 last,
    input  wire                 sum_end,      // the pass's last position
    input  wire [POUT*SUMW-1:0] sum,
    output reg                  stored,       // a position ended here: written, not put out
    output reg                  acc_valid,
    output reg                  acc_end,
    output reg                  acc_tile_end, // an output that ends its pass
    output wire [POUT*ACCW-1:0] acc
);
    localparam AW = $clog2(PSUM_DEPTH);

    reg [POUT*ACCW-1:0] mem [0:PSUM_DEPTH-1];
    reg [POUT*ACCW-1:0] old_q;
    reg [POUT*SUMW-1:0] sum_q;
    reg                 valid_q, end_q, first_q, last_q;
    reg [AW-1:0]        read_at, at_q, write_at;

    wire [POUT*ACCW-1:0] total;
    reg  [POUT*ACCW-1:0] total_q;
    reg                  total_valid_q;

    genvar o;
    generate
        for (o = 0; o < POUT; o = o + 1) begin : g_out
            wire signed [SUMW-1:0] s = sum_q[o*SUMW +: SUMW];
            wire [ACCW-1:0] wide = {{(ACCW-SUMW){s[SUMW-1]}}, s};
            wire [ACCW-1:0] base = first_q ? {ACCW{1'b0}} : old_q[o*ACCW +: ACCW];
            assign total[o*ACCW +: ACCW] = base + wide;
        end
    endgenerate

    assign acc = total_q;

    always @(posedge clk) begin
        if (sum_valid) begin
            old_q   <= mem[read_at];
            sum_q   <= sum;
            at_q    <= read_at;
            read_at <= sum_end ? {AW{1'b0}} : read_at + 1'b1;
        end
        if (valid_q) begin
            total_q  <= total;
            write_at <= at_q;
        end
        if (total_valid_q) mem[write_at] <= total_q;
        end_q         <= sum_end;
        first_q       <= first;
        last_q        <= last;
        acc_end       <= end_q;
        valid_q       <= sum_valid;
        total_valid_q <= valid_q && !last_q;
        stored        <= valid_q && !last_q;
        acc_valid     <= valid_q && last_q;
        acc_tile_end  <= valid_q && last_q && end_q;
        if (restart) read_at <= {AW{1'b0}};
        if (rst) begin
            first_q       <= 1'b0;    // needs none, but a shift register would then have its loads
            valid_q       <= 1'b0;
            total_valid_q <= 1'b0;
            stored        <= 1'b0;
            acc_valid     <= 1'b0;
            acc_tile_end  <= 1'b0;
        end
    end

    generate
        if (PSUM_DEPTH < 2 || PSUM_DEPTH > 65536) begin : g_illegal_depth
            illegal_parameter_PSUM_DEPTH_is_2_to_65536 stop_elaboration ();
        end
        if (ACCW <= SUMW) begin : g_illegal_width
            illegal_parameter_ACCW_is_wider_than_SUMW stop_elaboration ();
        end
    endgenerate
endmodule

`default_nettype wire
