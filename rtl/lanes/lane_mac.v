// SPDX-License-Identifier: Apache-2.0
//
// lane_mac: lanes M3, M4, M8, the integer baselines: dot product of N signed weights with N signed
// activations of 3, 4 or 8 bits, both in two's complement and in their full range. The layers that
// are not power-of-two (the first convolution, the fully connected layer) run on M8 too. The
// multipliers are to be made of LUTs, so that the comparison with the other lanes is in one
// currency.
//
// Latency from w and a to sum: 1 + ceil(ceil(log2 N) / 2) cycles with adders of two operands, 1 +
// ceil(log3 N) with three, the same for every kind of lane; one more where a weight and an
// activation have more than 8 bits together: there a product is made in two steps, first those with
// the lower and the upper half of the activation, then their sum. One vector a cycle.
//
// Parameters
//   N     products, 1..2048
//   WB    bits of a weight, 2..16
//   AB    bits of an activation, 2..14
//   TREE  operands of an adder, 2 or 3; MAP  how an adder of three is made: see adder_tree
//   SUMW  bits of the sum: derived, do not set
`default_nettype none

module lane_mac #(
    parameter N    = 72,
    parameter WB   = 8,
    parameter AB   = 8,
    parameter TREE = 2,
    parameter MAP  = "none",
    parameter SUMW = WB + AB + $clog2(N)
) (
    input  wire                   clk,
    input  wire [N*WB-1:0]        w,
    input  wire [N*AB-1:0]        a,
    output wire signed [SUMW-1:0] sum
);

    // Smallest times smallest, 2^(PW-2), is the one product that needs all bits.
    localparam PW = WB + AB;

    generate
        if (N < 1 || N > 2048) begin : g_illegal_n
            illegal_parameter_lane_mac_n stop_elaboration();
        end
        if (WB < 2 || WB > 16) begin : g_illegal_wb
            illegal_parameter_lane_mac_wb stop_elaboration();
        end
        if (AB < 2 || AB > 14) begin : g_illegal_ab
            illegal_parameter_lane_mac_ab stop_elaboration();
        end
        if (SUMW != PW + $clog2(N)) begin : g_illegal_sumw
            illegal_parameter_lane_mac_sumw stop_elaboration();
        end
    endgenerate

    // Level 0 makes the products, the levels above join them pairwise into one vector for the tree.
    // A vector assigned in N pieces says the same, but costs Icarus time that grows with N * N.
    // The block names must differ from adder_tree's: Verilator mixes them up otherwise. Span 0 is
    // there even for the illegal N = 0, so that the check above is what stops elaboration.
    localparam LEVELS = $clog2(N);
    localparam HALF   = AB / 2;

    genvar l, i;
    generate
        for (l = 0; l <= LEVELS; l = l + 1) begin : g_join
            for (i = 0; i == 0 || (i << l) < N; i = i + 1) begin : g_span
                localparam COUNT = ((i + 1) << l) < N ? 1 << l : N - (i << l);

                wire [COUNT*PW-1:0] terms;

                if (l == 0) begin : g_product
                    wire signed [WB-1:0] weight = w[i*WB +: WB];
                    wire signed [AB-1:0] act    = a[i*AB +: AB];

                    if (PW > 8) begin : g_halves
                        wire signed [HALF:0]      below = {1'b0, act[HALF-1:0]};
                        wire signed [AB-HALF-1:0] above = act[AB-1:HALF];

                        (* use_dsp = "no" *)
                        reg signed [WB+HALF-1:0] low;
                        (* use_dsp = "no" *)
                        reg signed [PW-HALF-1:0] high;

                        always @(posedge clk) begin
                            low  <= weight * below;
                            high <= weight * above;
                        end
                        assign terms = {high, {HALF{1'b0}}}
                                       + {{(PW-WB-HALF){low[WB+HALF-1]}}, low};
                    end else begin : g_whole
                        (* use_dsp = "no" *)
                        wire signed [PW-1:0] product;

                        assign product = weight * act;
                        assign terms   = product;
                    end
                end else if (2 * COUNT > (1 << l)) begin : g_pair
                    assign terms = {g_join[l-1].g_span[2*i+1].terms,
                                    g_join[l-1].g_span[2*i].terms};
                end else begin : g_alone
                    assign terms = g_join[l-1].g_span[2*i].terms;
                end
            end
        end
    endgenerate

    // The products carry their signs, so the tree has nothing to negate.
    adder_tree #(
        .N     (N),
        .IW    (PW),
        .TREE  (TREE),
        .MAP   (MAP),
        .LEAD  (1),
        .NEGATE(0),
        .PEAK  (1 << (PW - 2))
    ) tree (
        .clk(clk),
        .x  (g_join[LEVELS].g_span[0].terms),
        .neg({N{1'b0}}),
        .sum(sum)
    );

endmodule

`default_nettype wire
