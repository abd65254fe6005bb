// SPDX-License-Identifier: Apache-2.0
//
// lane_apot: lane A1, APoT weights with 8-bit activations: two shifts and an add where the code has
// two terms. A code is {sign, first, second}; each term picks zero or a power of two
// (golden.codebooks .apot_terms), the magnitude is the sum of both:
//
//   B = 2   first (1 bit)   0 1
//   B = 3   first (2 bits)  0 1 2 4              the same levels as the power-of-two code
//   B = 4   first (2 bits)  0 1 4 8     second (1 bit)   0 2
//   B = 5   first (2 bits)  0 2 8 32    second (2 bits)  0 1 4 16
//
// The weight's sign negates in the tree; a magnitude of zero makes the product 0 with either sign.
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

module lane_apot #(
    parameter B    = 4,
    parameter N    = 72,
    parameter TREE = 2,
    parameter MAP  = "none",
    parameter SUMW = (B == 2 ? 9 : B == 3 ? 11 : B == 4 ? 12 : 14) + $clog2(N)
) (
    input  wire                   clk,
    input  wire [N*B-1:0]         w,
    input  wire [N*8-1:0]         a,
    output wire signed [SUMW-1:0] sum
);

    // Largest magnitude of a weight, and bits of a product, two's complement, of either sign.
    localparam TOP = B == 2 ? 1 : B == 3 ? 4 : B == 4 ? 10 : 48;
    localparam PW  = B == 2 ? 9 : B == 3 ? 11 : B == 4 ? 12 : 14;

    generate
        if (B < 2 || B > 5) begin : g_illegal_b
            illegal_parameter_lane_apot_b stop_elaboration();
        end
        if (N < 1 || N > 2048) begin : g_illegal_n
            illegal_parameter_lane_apot_n stop_elaboration();
        end
        if (SUMW != (B == 2 ? 9 : B == 3 ? 11 : B == 4 ? 12 : 14) + $clog2(N))
        begin : g_illegal_sumw
            illegal_parameter_lane_apot_sumw stop_elaboration();
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
                wire [COUNT-1:0]    negs;

                if (l == 0) begin : g_product
                    wire [PW-1:0] act = {{(PW - 8){a[i*8+7]}}, a[i*8 +: 8]};

                    if (B == 2) begin : g_one
                        assign terms = w[i*B] ? act : {PW{1'b0}};
                    end else if (B == 3) begin : g_two
                        assign terms = w[i*B+1] ? (w[i*B] ? act << 2 : act << 1)
                                                : (w[i*B] ? act : {PW{1'b0}});
                    end else if (B == 4) begin : g_three
                        wire [PW-1:0] first = w[i*B+2] ? (w[i*B+1] ? act << 3 : act << 2)
                                                       : (w[i*B+1] ? act : {PW{1'b0}});
                        assign terms = first + (w[i*B] ? act << 1 : {PW{1'b0}});
                    end else begin : g_four
                        wire [PW-1:0] first  = w[i*B+3] ? (w[i*B+2] ? act << 5 : act << 3)
                                                        : (w[i*B+2] ? act << 1 : {PW{1'b0}});
                        wire [PW-1:0] second = w[i*B+1] ? (w[i*B] ? act << 4 : act << 2)
                                                        : (w[i*B] ? act : {PW{1'b0}});
                        assign terms = first + second;
                    end
                    assign negs = w[i*B+B-1];
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
        .IW    (PW),
        .TREE  (TREE),
        .MAP   (MAP),
        .LEAD  (1),
        .NEGATE(1),
        .PEAK  (TOP * 128)
    ) tree (
        .clk(clk),
        .x  (g_join[LEVELS].g_span[0].terms),
        .neg(g_join[LEVELS].g_span[0].negs),
        .sum(sum)
    );

endmodule

`default_nettype wire
