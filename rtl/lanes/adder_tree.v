// SPDX-License-Identifier: Apache-2.0
//
// adder_tree: exact sum of N signed terms, each taken as it is or negated: sum = sum over i of
// (neg[i] ? -x[i] : x[i]). A binary tree with a register after every second level and after the
// last one; each level is one bit wider than the level below, so nothing can wrap and no bit is
// spent that a sum cannot need.
//
// A negation is ~x plus one. The inversion is an XOR that shares the LUT of the first adder, and
// the "plus one" rides on a carry-in: N-1 adders have N-1 free carry-ins. Each adder takes the flag
// of the leftmost leaf of its right branch, which no adder below has used; what is left over at the
// top is leaf 0, added there. So a signed term costs no adder of its own.
//
// Latency ceil(ceil(log2 N) / 2) cycles, 0 for N = 1. One vector a cycle. No enable and no reset:
// data only.
//
// Parameters
//   N   terms, 1..2048
//   IW  bits of a signed term, 2..64; x[i] = -2^(IW-1) must not come with neg[i]: the negation does
//       not fit
//   OW  bits of the sum: derived, do not set
`default_nettype none

module adder_tree #(
    parameter N  = 72,
    parameter IW = 14,
    parameter OW = IW + $clog2(N)
) (
    input  wire                 clk,
    input  wire [N*IW-1:0]      x,
    input  wire [N-1:0]         neg,
    output wire signed [OW-1:0] sum
);

    localparam LEVELS = $clog2(N);

    generate
        if (N < 1 || N > 2048) begin : g_illegal_n
            illegal_parameter_adder_tree_n stop_elaboration();
        end
        if (IW < 2 || IW > 64) begin : g_illegal_iw
            illegal_parameter_adder_tree_iw stop_elaboration();
        end
        if (OW != IW + $clog2(N)) begin : g_illegal_ow
            illegal_parameter_adder_tree_ow stop_elaboration();
        end
    endgenerate

    // Level 0 are the leaves; level l has ceil(N / 2^l) nodes of IW + l bits. Each node is a scalar
    // of its own, because simulators handle thousands of small registers well and one huge vector
    // badly.
    genvar l, j;
    generate
        for (l = 0; l <= LEVELS; l = l + 1) begin : g_level
            localparam W       = IW + l;
            localparam NODES   = (N + (1 << l) - 1) >> l;
            localparam BELOW   = (2 * N + (1 << l) - 1) >> l;
            localparam CLOCKED = l != 0 && (l % 2 == 0 || l == LEVELS);

            for (j = 0; j == 0 || j < NODES; j = j + 1) begin : g_node
                wire signed [W-1:0] total;
                // The "plus one" of the leftmost leaf under this node: not in total yet.
                wire                owed;

                if (l == 0) begin : g_leaf
                    assign total = x[j*IW +: IW] ^ {IW{neg[j]}};
                    assign owed  = neg[j];
                end else begin : g_sum
                    wire signed [W-2:0] left      = g_level[l-1].g_node[2*j].total;
                    wire                left_owed = g_level[l-1].g_node[2*j].owed;
                    wire signed [W-1:0] total_next;
                    wire                owed_next;
                    if (2 * j + 1 < BELOW) begin : g_pair
                        wire signed [W-2:0] right = g_level[l-1].g_node[2*j+1].total;
                        wire                carry = g_level[l-1].g_node[2*j+1].owed;
                        wire signed [W-1:0] pair  = {left[W-2], left} + {right[W-2], right}
                                                    + {{(W - 1){1'b0}}, carry};
                        if (l == LEVELS) begin : g_top
                            // No adder is left above to take the flag of leaf 0.
                            assign total_next = pair + {{(W - 1){1'b0}}, left_owed};
                            assign owed_next  = 1'b0;
                        end else begin : g_inner
                            assign total_next = pair;
                            assign owed_next  = left_owed;
                        end
                    end else begin : g_odd
                        assign total_next = {left[W-2], left};
                        assign owed_next  = left_owed;
                    end
                    if (CLOCKED) begin : g_clocked
                        reg signed [W-1:0] total_reg;
                        reg                owed_reg;
                        always @(posedge clk) begin
                            total_reg <= total_next;
                            owed_reg  <= owed_next;
                        end
                        assign total = total_reg;
                        assign owed  = owed_reg;
                    end else begin : g_plain
                        assign total = total_next;
                        assign owed  = owed_next;
                    end
                end
            end
        end
    endgenerate

    generate
        if (LEVELS == 0) begin : g_no_register
            wire unused_clk = clk;
        end
    endgenerate

    // The flag is left over for a single term only; a tree has added it at the top.
    assign sum = g_level[LEVELS].g_node[0].total
                 + {{(OW - 1){1'b0}}, g_level[LEVELS].g_node[0].owed};

endmodule

`default_nettype wire
