// SPDX-License-Identifier: Apache-2.0
//
// lane_plut_ram: lane P3, the P-LUT in memory that is written when the weights load: each table
// holds the finished signed product w * a for every activation code a, or w0 * a0 + w1 * a1 for
// every pair of codes, so that product, sign and the first adders cost one small memory. No weight
// is stored as such, and nothing here knows what a code means: PoT, APoT, integers, k-means, NF4
// run on the same build, for weights and activations alike, as long as |w * a| of a product stays
// within PEAK.
//
// Tables are written one entry a cycle over one shared bus. A token walks along the tables to say
// whose turn it is, which takes a register per table and no decoder: with load and step the token
// moves on one table, and it enters at table 0 with load, step and first. With load, (context,
// address, entry) are registered; one cycle later they are written into the table that has the
// token, and again, harmlessly, in idle cycles. So a load is, for each table in turn, TABLE beats,
// the first with step, the very first with first; after the last, one beat with step and without
// first takes the token out. Entries of a pair stand at {a1, a0}; if N leaves the last pair without
// a1, it reads code 0, and w1 = 0 makes nothing of it. TABLES * TABLE + 1 cycles;
// golden.product_ram makes the beats.
//
// With two contexts one is written while the other is in use: select takes effect on the
// activations of its own cycle. With one, sums are meaningless while tables are written.
//
// Latency from a to sum as in the other lanes, for TABLES terms: 1 + ceil(ceil(log2 TABLES) / 2)
// cycles with adders of two operands, 1 + ceil(log3 TABLES) with three.
//
// Parameters
//   B         bits of a code, 2..5
//   N         products, 1..2048
//   GROUP     products of a table, 1 or 2, GROUP * B <= 6; default 2 for B <= 3
//   CONTEXTS  tables that each memory holds, 1 or 2; default 2 where that is free
//   PEAK      largest magnitude of a product, the adders count on it: default that of PoT codes
//   TREE      operands of an adder, 2 or 3; MAP  how an adder of three is made: see adder_tree
//   TABLES, AW, EW, SUMW  tables, address bits of a context, bits of an entry and of the sum:
//             derived, do not set
`default_nettype none

module lane_plut_ram #(
    parameter B        = 4,
    parameter N        = 72,
    parameter GROUP    = B <= 3 ? 2 : 1,
    parameter CONTEXTS = GROUP * B <= 4 ? 2 : 1,
    parameter PEAK     = 1 << ((1 << B) - 4),
    parameter TREE     = 3,
    parameter MAP      = "none",
    parameter TABLES   = (N + GROUP - 1) / GROUP,
    parameter AW       = GROUP * B,
    parameter EW       = $clog2(GROUP * PEAK + 1) + 1,
    parameter SUMW     = $clog2(PEAK + 1) + 1 + $clog2(N)
) (
    input  wire                   clk,

    // tables
    input  wire                   load,
    input  wire                   first,
    input  wire                   step,
    input  wire                   context_w,
    input  wire [AW-1:0]          address,
    input  wire [EW-1:0]          entry,

    // activations
    input  wire                   select,
    input  wire [N*B-1:0]         a,
    output wire signed [SUMW-1:0] sum
);

    generate
        if (B < 2 || B > 5) begin : g_illegal_b
            illegal_parameter_lane_plut_ram_b stop_elaboration();
        end
        if (N < 1 || N > 2048) begin : g_illegal_n
            illegal_parameter_lane_plut_ram_n stop_elaboration();
        end
        if (GROUP < 1 || GROUP > 2 || GROUP * B > 6) begin : g_illegal_group
            illegal_parameter_lane_plut_ram_group stop_elaboration();
        end
        if (CONTEXTS < 1 || CONTEXTS > 2) begin : g_illegal_contexts
            illegal_parameter_lane_plut_ram_contexts stop_elaboration();
        end
        if (PEAK < 1 || PEAK > (1 << 29)) begin : g_illegal_peak
            illegal_parameter_lane_plut_ram_peak stop_elaboration();
        end
        if (TABLES != (N + GROUP - 1) / GROUP || AW != GROUP * B
            || EW != $clog2(GROUP * PEAK + 1) + 1 || SUMW != $clog2(PEAK + 1) + 1 + $clog2(N))
        begin : g_illegal_derived
            illegal_parameter_lane_plut_ram_derived stop_elaboration();
        end
    endgenerate

    localparam DEPTHW = AW + CONTEXTS - 1;

    reg [TABLES-1:0] token;
    reg [DEPTHW-1:0] address_reg;
    reg [EW-1:0]     entry_reg;

    wire [DEPTHW-1:0] address_next;
    wire [TABLES:0]   token_next = {token, first};

    always @(posedge clk) begin
        if (load) begin
            address_reg <= address_next;
            entry_reg   <= entry;
        end
        if (load && step) begin
            token <= token_next[TABLES-1:0];
        end
    end

    generate
        if (CONTEXTS == 2) begin : g_two_contexts
            assign address_next = {context_w, address};
        end else begin : g_one_context
            assign address_next = address;
            wire unused_context = context_w;
        end
    endgenerate

    wire unused_token = token_next[TABLES];

    // Activations of the last table filled up with zeros.
    wire [TABLES*AW-1:0] codes;

    generate
        if (TABLES * AW > N * B) begin : g_filled
            assign codes = {{(TABLES * AW - N * B){1'b0}}, a};
        end else begin : g_even
            assign codes = a;
        end
    endgenerate

    wire [EW+$clog2(TABLES)-1:0] total;

    product_tables #(
        .TABLES(TABLES), .AW(AW), .CONTEXTS(CONTEXTS), .EW(EW), .PEAK(GROUP * PEAK), .TREE(TREE),
        .MAP(MAP)
    ) tables (
        .clk    (clk),
        .we     (token),
        .address(address_reg),
        .entry  (entry_reg),
        .select (select),
        .codes  (codes),
        .sums   (total)
    );

    // A pair's sum may have a bit more than one product needs, or one less than the tree's.
    generate
        if (SUMW > EW + $clog2(TABLES)) begin : g_longer
            assign sum = {{(SUMW - EW - $clog2(TABLES)){total[EW+$clog2(TABLES)-1]}}, total};
        end else begin : g_shorter
            assign sum = total[SUMW-1:0];
            if (SUMW < EW + $clog2(TABLES)) begin : g_rest
                wire unused_total = &{1'b0, total};
            end
        end
    endgenerate

endmodule

`default_nettype wire
