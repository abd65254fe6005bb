// SPDX-License-Identifier: Apache-2.0
//
// lane_shift32: lane S2, SHIFT with 8-bit activations on a data path of 32 bits, and in the plain
// style in which it is often written: the activation is extended to 32 bits, shifted by index - 1,
// negated where the weight is negative, and summed by 32-bit adders. The same function as
// lane_shift8. It stands here as the likely baseline of the paper and is to be labelled so, never
// as "SHIFT".
//
// Latency from w and a to sum: 1 + ceil(ceil(log2 N) / 2) cycles with adders of two operands, 1 +
// ceil(log3 N) with three, the same for every kind of lane. One vector a cycle.
//
// Parameters
//   B     bits of a weight code, 2..5
//   N     products, 1..512: the sum fits in 32 bits
//   TREE  operands of an adder, 2 or 3; MAP  how an adder of three is made: see adder_tree
`default_nettype none

module lane_shift32 #(
    parameter B    = 4,
    parameter N    = 72,
    parameter TREE = 2,
    parameter MAP  = "none"
) (
    input  wire               clk,
    input  wire [N*B-1:0]     w,
    input  wire [N*8-1:0]     a,
    output wire signed [31:0] sum
);

    localparam M = B - 1;   // index bits

    generate
        if (B < 2 || B > 5) begin : g_illegal_b
            illegal_parameter_lane_shift32_b stop_elaboration();
        end
        if (N < 1 || N > 512) begin : g_illegal_n
            illegal_parameter_lane_shift32_n stop_elaboration();
        end
    endgenerate

    // Joined pairwise, as in the other lanes; the block names must differ from adder_tree's.
    localparam LEVELS = $clog2(N);

    genvar l, i;
    generate
        for (l = 0; l <= LEVELS; l = l + 1) begin : g_join
            for (i = 0; i == 0 || (i << l) < N; i = i + 1) begin : g_span
                localparam COUNT = ((i + 1) << l) < N ? 1 << l : N - (i << l);

                wire [COUNT*32-1:0] terms;

                if (l == 0) begin : g_product
                    wire [M-1:0]       index   = w[i*B +: M];
                    wire signed [31:0] act     = {{24{a[i*8+7]}}, a[i*8 +: 8]};
                    wire [M-1:0]       places  = index - {{(M - 1){1'b0}}, 1'b1};
                    wire signed [31:0] shifted = index == {M{1'b0}} ? 32'sd0 : act <<< places;

                    assign terms = w[i*B+M] ? -shifted : shifted;
                end else if (2 * COUNT > (1 << l)) begin : g_pair
                    assign terms = {g_join[l-1].g_span[2*i+1].terms,
                                    g_join[l-1].g_span[2*i].terms};
                end else begin : g_alone
                    assign terms = g_join[l-1].g_span[2*i].terms;
                end
            end
        end
    endgenerate

    adder_tree #(
        .N     (N),
        .IW    (32),
        .TREE  (TREE),
        .MAP   (MAP),
        .LEAD  (1),
        .NEGATE(0),
        .WIDTH (32)
    ) tree (
        .clk(clk),
        .x  (g_join[LEVELS].g_span[0].terms),
        .neg({N{1'b0}}),
        .sum(sum)
    );

endmodule

`default_nettype wire
