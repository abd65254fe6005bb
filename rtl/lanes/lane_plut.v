// SPDX-License-Identifier: Apache-2.0
//
// lane_plut: lane P1, the P-LUT as in the paper: dot product of N pairs of codes {sign, index}. The
// magnitude of a product is looked up in one flat table addressed by both indices, {index_w,
// index_a}; its sign is the XOR of the signs. The table's contents come from a file made by the
// golden model, so any codebook with these widths can be loaded. Index 0 must read as 0 in the
// table; then {1,0} counts as zero as well, because the tree negates 0 to 0.
//
// Latency from w and a to sum: 1 + ceil(ceil(log2 N) / 2) cycles with adders of two operands, 1 +
// ceil(log3 N) with three, the same for every kind of lane. One vector a cycle.
//
// Parameters
//   B          bits of a code, 2..5
//   N          products, 1..2048
//   PLUT_FILE  $readmemh file, 2^(2B-2) words of 2^B - 3 bits (golden.plut.write_hex)
//   PEAK       largest magnitude in the table if the adders may count on it (see adder_tree), or 0
//   TREE, MAP  adders of two or three operands, and how those are made: see adder_tree
//   SUMW       bits of the sum: derived, do not set
`default_nettype none

module lane_plut #(
    parameter B         = 4,
    parameter N         = 72,
    parameter PLUT_FILE = "plut_b4.hex",
    parameter PEAK      = 0,
    parameter TREE      = 2,
    parameter MAP       = "none",
    parameter SUMW      = (1 << B) - 2 + $clog2(N)
) (
    input  wire                   clk,
    input  wire [N*B-1:0]         w,
    input  wire [N*B-1:0]         a,
    output wire signed [SUMW-1:0] sum
);

    localparam M  = B - 1;                  // index bits
    localparam PW = 2 * ((1 << M) - 2) + 1; // magnitude bits of a product

    generate
        if (B < 2 || B > 5) begin : g_illegal_b
            illegal_parameter_lane_plut_b stop_elaboration();
        end
        if (N < 1 || N > 2048) begin : g_illegal_n
            illegal_parameter_lane_plut_n stop_elaboration();
        end
        if (SUMW != (1 << B) - 2 + $clog2(N)) begin : g_illegal_sumw
            illegal_parameter_lane_plut_sumw stop_elaboration();
        end
    endgenerate

    // Read N times a cycle: a ROM per product in hardware, one shared array in a simulator. Yosys
    // is told to make logic of it, because it fails in the search for a memory with that many
    // ports.
    (* logic_block *)
    reg [PW-1:0] table_rom [0:(1<<(2*M))-1];

    initial $readmemh(PLUT_FILE, table_rom);

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
                    assign terms = {1'b0, table_rom[{w[i*B +: M], a[i*B +: M]}]};
                    assign negs  = w[i*B+M] ^ a[i*B+M];
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
        .PEAK  (PEAK)
    ) tree (
        .clk(clk),
        .x  (g_join[LEVELS].g_span[0].terms),
        .neg(g_join[LEVELS].g_span[0].negs),
        .sum(sum)
    );

endmodule

`default_nettype wire
