// SPDX-License-Identifier: Apache-2.0
//
// lane_shift8: lane S1, SHIFT with 8-bit activations and exact widths, as prior PoT work does it:
// dot product of N weight codes {sign, index} with N two's complement activations. The activation
// moves up by index - 1 places. Shifting by the index itself and leaving the lowest place off does
// it without a subtractor. A weight index 0 (also as {1,0}) makes the product 0. The weight's sign
// negates in the tree.
//
// Latency from w and a to sum: 1 + ceil(ceil(log2 N) / 2) cycles with adders of two operands, 1 +
// ceil(log3 N) with three, the same for every kind of lane. One vector a cycle.
//
// Parameters
//   B     bits of a weight code, 2..5
//   N     products, 1..2048
//   TREE  operands of an adder, 2 or 3; MAP  how an adder of three is made: see adder_tree
//   SUMW  bits of the sum: derived, do not set
`default_nettype none

module lane_shift8 #(
    parameter B    = 4,
    parameter N    = 72,
    parameter TREE = 2,
    parameter MAP  = "none",
    parameter SUMW = (1 << (B - 1)) + 7 + $clog2(N)
) (
    input  wire                   clk,
    input  wire [N*B-1:0]         w,
    input  wire [N*8-1:0]         a,
    output wire signed [SUMW-1:0] sum
);

    localparam M  = B - 1;          // index bits
    localparam PW = (1 << M) + 6;   // bits of the shifted activation, two's complement

    generate
        if (B < 2 || B > 5) begin : g_illegal_b
            illegal_parameter_lane_shift8_b stop_elaboration();
        end
        if (N < 1 || N > 2048) begin : g_illegal_n
            illegal_parameter_lane_shift8_n stop_elaboration();
        end
        if (SUMW != (1 << (B - 1)) + 7 + $clog2(N)) begin : g_illegal_sumw
            illegal_parameter_lane_shift8_sumw stop_elaboration();
        end
    endgenerate

    // Level 0 makes the products, the levels above join them pairwise into one vector for the tree.
    // A vector assigned in N pieces says the same, but costs Icarus time that grows with N * N.
    // The block names must differ from adder_tree's: Verilator mixes them up otherwise. Span 0 is
    // there even for the illegal N = 0, so that the check above is what stops elaboration.
    localparam LEVELS = $clog2(N);

    genvar l, i;
    generate
        for (l = 0; l <= LEVELS; l = l + 1) begin : g_join
            for (i = 0; i == 0 || (i << l) < N; i = i + 1) begin : g_span
                localparam COUNT = ((i + 1) << l) < N ? 1 << l : N - (i << l);

                wire [COUNT*(PW+1)-1:0] terms;
                wire [COUNT-1:0]        negs;

                if (l == 0) begin : g_product
                    wire [M-1:0]  index = w[i*B +: M];
                    wire [7:0]    act   = a[i*8 +: 8];
                    wire [PW-1:0] shifted;
                    wire          unused_place;

                    assign {shifted, unused_place} = {{(PW - 7){act[7]}}, act} << index;

                    wire [PW-1:0] product = index != {M{1'b0}} ? shifted : {PW{1'b0}};

                    // One bit more than the product: -128 times a negative weight is the one
                    // value that needs it.
                    assign terms = {product[PW-1], product};
                    assign negs  = w[i*B+M];
                end else if (2 * COUNT > (1 << l)) begin : g_pair
                    assign terms = {g_join[l-1].g_span[2*i+1].terms,
                                    g_join[l-1].g_span[2*i].terms};
                    assign negs  = {g_join[l-1].g_span[2*i+1].negs,
                                    g_join[l-1].g_span[2*i].negs};
                end else begin : g_alone
                    assign terms = g_join[l-1].g_span[2*i].terms;
                    assign negs  = g_join[l-1].g_span[2*i].negs;
                end
            end
        end
    endgenerate

    adder_tree #(
        .N     (N),
        .IW    (PW + 1),
        .TREE  (TREE),
        .MAP   (MAP),
        .LEAD  (1),
        .NEGATE(1),
        .PEAK  (1 << (PW - 1))
    ) tree (
        .clk(clk),
        .x  (g_join[LEVELS].g_span[0].terms),
        .neg(g_join[LEVELS].g_span[0].negs),
        .sum(sum)
    );

endmodule

`default_nettype wire
