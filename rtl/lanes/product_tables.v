// SPDX-License-Identifier: Apache-2.0
//
// product_tables: the memories of lane P3 and the adders behind them, for OUTS dot products of the
// same activations. Each table holds a finished signed term for every activation code (or pair of
// codes) and is read at the code that is there; so product, sign and, with pairs, the first adders
// cost one small memory. The tables of a tap are one memory for all OUTS, because they are read and
// written at the same places: entries need not fill a memory's width, those of several do.
//
// Writing: buses bring (context, address) and OUTS entries, a cycle each; we says for each tap's
// tables whether they take what is on their bus. Table t of tap position t / PIN and channel t %
// PIN hangs on bus (t / PIN + t % PIN) % BUSES, so that neighbouring taps and neighbouring channels
// are on different buses. Reading: select is the context; sum follows codes by 1 + ceil(ceil(log2
// TABLES) / 2) cycles with adders of two operands, 1 + ceil(log3 TABLES) with three.
//
// Parameters
//   TABLES    terms, 1..2048;  OUTS  dot products, 1..64
//   AW        address bits of a context, 2..6
//   CONTEXTS  tables that each memory holds, 1 or 2; with 1 select is ignored
//   EW        bits of an entry, two's complement, 2..32
//   PEAK      largest magnitude of an entry: 2^(EW-2)..2^(EW-1)-1
//   BUSES     ways to write, 1, 2, 4 or 8;  PIN  see above, 1..64
//   TREE, MAP as in adder_tree
//   DEPTHW, SUMW  bits of (context, address) and of the sum: derived, do not set
`default_nettype none

module product_tables #(
    parameter TABLES   = 72,
    parameter OUTS     = 1,
    parameter AW       = 4,
    parameter CONTEXTS = 2,
    parameter EW       = 14,
    parameter PEAK     = 4096,
    parameter BUSES    = 1,
    parameter PIN      = 1,
    parameter TREE     = 3,
    parameter MAP      = "none",
    parameter DEPTHW   = AW + CONTEXTS - 1,
    parameter SUMW     = EW + $clog2(TABLES)
) (
    input  wire                     clk,

    input  wire [TABLES-1:0]        we,
    input  wire [BUSES*DEPTHW-1:0]  address,
    input  wire [BUSES*OUTS*EW-1:0] entry,

    input  wire                     select,
    input  wire [TABLES*AW-1:0]     codes,
    output wire [OUTS*SUMW-1:0]     sums
);

    generate
        if (OUTS < 1 || OUTS > 64) begin : g_illegal_outs
            illegal_parameter_product_tables_outs stop_elaboration();
        end
        if (AW < 2 || AW > 6) begin : g_illegal_aw
            illegal_parameter_product_tables_aw stop_elaboration();
        end
        if (CONTEXTS < 1 || CONTEXTS > 2) begin : g_illegal_contexts
            illegal_parameter_product_tables_contexts stop_elaboration();
        end
        if (EW < 2 || EW > 32) begin : g_illegal_ew
            illegal_parameter_product_tables_ew stop_elaboration();
        end
        if (BUSES != 1 && BUSES != 2 && BUSES != 4 && BUSES != 8) begin : g_illegal_buses
            illegal_parameter_product_tables_buses stop_elaboration();
        end
        if (PIN < 1 || PIN > 64) begin : g_illegal_pin
            illegal_parameter_product_tables_pin stop_elaboration();
        end
        if (DEPTHW != AW + CONTEXTS - 1 || SUMW != EW + $clog2(TABLES)) begin : g_illegal_derived
            illegal_parameter_product_tables_derived stop_elaboration();
        end
        if (CONTEXTS == 1) begin : g_one_context
            wire unused_select = select;
        end
    endgenerate

    localparam WORD   = OUTS * EW;
    localparam LEVELS = $clog2(TABLES);

    genvar o, l, i;
    generate
        for (i = 0; i < TABLES; i = i + 1) begin : g_table
            localparam BUS = (i / PIN + i % PIN) % BUSES;

            wire [DEPTHW-1:0] read;
            wire [WORD-1:0]   word;

            if (CONTEXTS == 2) begin : g_selected
                assign read = {select, codes[i*AW +: AW]};
            end else begin : g_only
                assign read = codes[i*AW +: AW];
            end

            (* ram_style = "distributed" *)
            reg [WORD-1:0] products [0:(1<<DEPTHW)-1];

            always @(posedge clk) begin
                if (we[i]) begin
                    products[address[BUS*DEPTHW +: DEPTHW]] <= entry[BUS*WORD +: WORD];
                end
            end

            assign word = products[read];
        end

        for (o = 0; o < OUTS; o = o + 1) begin : g_out
            // Joined pairwise, as in the other lanes; the block names must differ from
            // adder_tree's.
            for (l = 0; l <= LEVELS; l = l + 1) begin : g_join
                for (i = 0; i == 0 || (i << l) < TABLES; i = i + 1) begin : g_span
                    // No name for how many there are: there are thousands of these, see adder_tree.
                    wire [(((i + 1) << l) < TABLES ? 1 << l : TABLES - (i << l))*EW-1:0] terms;

                    if (l == 0) begin : g_entry
                        assign terms = g_table[i].word[o*EW +: EW];
                    end else if (((2 * i + 1) << (l - 1)) < TABLES) begin : g_pair
                        assign terms = {g_join[l-1].g_span[2*i+1].terms,
                                        g_join[l-1].g_span[2*i].terms};
                    end else begin : g_alone
                        assign terms = g_join[l-1].g_span[2*i].terms;
                    end
                end
            end

            adder_tree #(
                .N     (TABLES),
                .IW    (EW),
                .TREE  (TREE),
                .MAP   (MAP),
                .LEAD  (1),
                .NEGATE(0),
                .PEAK  (PEAK)
            ) tree (
                .clk(clk),
                .x  (g_join[LEVELS].g_span[0].terms),
                .neg({TABLES{1'b0}}),
                .sum(sums[o*SUMW +: SUMW])
            );
        end
    endgenerate

endmodule

`default_nettype wire
