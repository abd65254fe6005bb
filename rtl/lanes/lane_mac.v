// SPDX-License-Identifier: Apache-2.0
//
// lane_mac: lane M8, the integer baseline: dot product of N signed 8-bit weights with N signed
// 8-bit activations, both in two's complement and in their full range. The layers that are not
// power-of-two (the first convolution, the fully connected layer) run on it too. The multipliers
// are to be made of LUTs, so that the comparison with the other lanes is in one currency.
//
// Latency 1 + ceil(ceil(log2 N) / 2) cycles from w and a to sum, the same for every kind of lane.
// One vector a cycle.
//
// Parameters
//   N     products, 1..2048
//   SUMW  bits of the sum: derived, do not set
`default_nettype none

module lane_mac #(
    parameter N    = 72,
    parameter SUMW = 16 + $clog2(N)
) (
    input  wire                   clk,
    input  wire [N*8-1:0]         w,
    input  wire [N*8-1:0]         a,
    output wire signed [SUMW-1:0] sum
);

    // -128 times -128 is 2^14, which needs the 16th bit.
    localparam PW = 16;

    generate
        if (N < 1 || N > 2048) begin : g_illegal_n
            illegal_parameter_lane_mac_n stop_elaboration();
        end
        if (SUMW != 16 + $clog2(N)) begin : g_illegal_sumw
            illegal_parameter_lane_mac_sumw stop_elaboration();
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

                wire [COUNT*PW-1:0] terms;

                if (l == 0) begin : g_product
                    wire signed [7:0] weight = w[i*8 +: 8];
                    wire signed [7:0] act    = a[i*8 +: 8];

                    (* use_dsp = "no" *)
                    reg signed [PW-1:0] product;

                    always @(posedge clk) begin
                        product <= weight * act;
                    end

                    assign terms = product;
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
        .N (N),
        .IW(PW)
    ) tree (
        .clk(clk),
        .x  (g_join[LEVELS].g_span[0].terms),
        .neg({N{1'b0}}),
        .sum(sum)
    );

endmodule

`default_nettype wire
