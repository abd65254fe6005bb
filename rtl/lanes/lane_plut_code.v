// SPDX-License-Identifier: Apache-2.0
//
// lane_plut_code: lane P2, the P-LUT factored: its table gives a product code, the place of the one
// bit that a product of two powers of two has, and a late decoder makes the product of it in two's
// complement, signed, so that the adders add and nothing else. The code and the sign are
// registered, not the product: five bits instead of fourteen at B = 4. With B <= 3 the two indices
// are already as short as a code, so they are decoded directly and the product is registered.
//
// The product is the P-LUT's with the power-of-two codebook; an index 0 (also as {1,0}) makes it 0.
//
// Latency from w and a to sum: 1 + ceil(ceil(log2 N) / 2) cycles with adders of two operands, 1 +
// ceil(log3 N) with three, the same for every kind of lane. One vector a cycle.
//
// Parameters
//   B     bits of a code, 2..5
//   N     products, 1..2048
//   TREE  operands of an adder, 2 or 3; MAP  "none" or "xcup": how adders of three and decoders are
//         made, see adder_tree and code_decode
//   SUMW  bits of the sum: derived, do not set
`default_nettype none

module lane_plut_code #(
    parameter B    = 4,
    parameter N    = 72,
    parameter TREE = 3,
    parameter MAP  = "none",
    parameter SUMW = (1 << B) - 2 + $clog2(N)
) (
    input  wire                   clk,
    input  wire [N*B-1:0]         w,
    input  wire [N*B-1:0]         a,
    output wire signed [SUMW-1:0] sum
);

    localparam M     = B - 1;                  // index bits
    localparam PW    = 2 * ((1 << M) - 2) + 2; // bits of a product, two's complement
    localparam TOP   = 32'd1 << (PW - 2);          // largest magnitude of a product
    localparam CODED = B > 3;                  // whether a code pays
    localparam CW    = CODED ? B : 2 * M;      // bits that are decoded, beside the sign

    generate
        if (B < 2 || B > 5) begin : g_illegal_b
            illegal_parameter_lane_plut_code_b stop_elaboration();
        end
        if (N < 1 || N > 2048) begin : g_illegal_n
            illegal_parameter_lane_plut_code_n stop_elaboration();
        end
        if (SUMW != (1 << B) - 2 + $clog2(N)) begin : g_illegal_sumw
            illegal_parameter_lane_plut_code_sumw stop_elaboration();
        end
    endgenerate

    // Joined pairwise, as in the other lanes; the block names must differ from adder_tree's.
    localparam LEVELS = $clog2(N);

    genvar l, i;
    generate
        for (l = 0; l <= LEVELS; l = l + 1) begin : g_join
            for (i = 0; i == 0 || (i << l) < N; i = i + 1) begin : g_span
                localparam COUNT = ((i + 1) << l) < N ? 1 << l : N - (i << l);

                wire [COUNT*PW-1:0] terms;

                if (l == 0) begin : g_product
                    wire [M-1:0] index_w = w[i*B +: M];
                    wire [M-1:0] index_a = a[i*B +: M];
                    wire         sign    = w[i*B+M] ^ a[i*B+M];

                    if (CODED) begin : g_coded
                        wire [B-1:0] code;
                        reg  [B-1:0] code_reg;
                        reg          sign_reg;

                        product_code #(.B(B), .MAP(MAP)) coder (
                            .index_w(index_w),
                            .index_a(index_a),
                            .code   (code)
                        );

                        always @(posedge clk) begin
                            code_reg <= code;
                            sign_reg <= sign;
                        end

                        code_decode #(
                            .CW (CW),
                            .OW (PW),
                            .MAP(MAP)
                        ) decode (
                            .sign (sign_reg),
                            .code (code_reg),
                            .value(terms)
                        );
                    end else begin : g_direct
                        code_decode #(
                            .CW  (CW),
                            .PAIR(1),
                            .OW  (PW),
                            .MAP (MAP)
                        ) decode (
                            .sign (sign),
                            .code ({index_w, index_a}),
                            .value(terms)
                        );
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

    adder_tree #(
        .N     (N),
        .IW    (PW),
        .TREE  (TREE),
        .MAP   (MAP),
        .LEAD  (CODED ? 0 : 1),
        .NEGATE(0),
        .PEAK  (TOP)
    ) tree (
        .clk(clk),
        .x  (g_join[LEVELS].g_span[0].terms),
        .neg({N{1'b0}}),
        .sum(sum)
    );

endmodule

`default_nettype wire
