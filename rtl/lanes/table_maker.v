// SPDX-License-Identifier: Apache-2.0
//
// table_maker: one of the ways by which the tables of lane P3 are written when weights load. It
// takes the weight codes of a tap, one for each of POUT dot products, and puts out their product
// with every activation code in turn, 2^B cycles, all POUT at once; the tables of that tap take
// them.
//
// restart begins with weight 0 instead, for all tables of the way: what the next tile does not
// write then reads as 0. A tap is taken with take, which may come in any cycle of ready: every 2^B
// cycles without a gap. Entries follow the counter by a cycle; when idle it repeats its last entry,
// which does no harm, so nothing downstream needs an enable. idle: the last entry has been put out.
//
// Parameters
//   B     bits of a code, 2..5
//   POUT  dot products, 1..64
//   MAP   how the products are made, see pot_product
//   EW    bits of an entry: derived, do not set
`default_nettype none

module table_maker #(
    parameter B    = 4,
    parameter POUT = 8,
    parameter MAP  = "none",
    parameter EW   = (1 << B) - 2
) (
    input  wire               clk,
    input  wire               restart,
    input  wire               take,
    input  wire [POUT*B-1:0]  codes,
    output reg                ready,
    output reg                idle,

    input  wire               context_w,      // the context that is written
    output reg  [B:0]         address,        // {context, activation code}
    output reg  [POUT*EW-1:0] entries
);

    generate
        if (B < 2 || B > 5) begin : g_illegal_b
            illegal_parameter_table_maker_b stop_elaboration();
        end
        if (POUT < 1 || POUT > 64) begin : g_illegal_pout
            illegal_parameter_table_maker_pout stop_elaboration();
        end
        if (EW != (1 << B) - 2) begin : g_illegal_ew
            illegal_parameter_table_maker_ew stop_elaboration();
        end
    endgenerate

    localparam [B-1:0] NEXT_LAST = (1 << B) - 2;

    reg  [B-1:0]       act;     // activation code whose products are made; stays at the last one
    reg  [POUT*B-1:0]  held;
    wire [POUT*EW-1:0] products;
    wire [B-1:0]       act_next;

    always @(posedge clk) begin
        ready <= ready || act == NEXT_LAST;      // with the last entry
        idle  <= ready;                          // behind it
        if (!ready) act <= act_next;
        if (take) held <= codes;
        if (restart) held <= {(POUT * B){1'b0}};
        if (take || restart) begin
            act   <= {B{1'b0}};
            ready <= 1'b0;
            idle  <= 1'b0;
        end
        address <= {context_w, act};
        entries <= products;
    end

    genvar k, o;
    generate
        // act + 1: five bits are not worth a carry chain, and behind one the products came late.
        for (k = 0; k < B; k = k + 1) begin : g_count
            localparam [B-1:0] ABOVE = {B{1'b1}} << k;
            assign act_next[k] = act[k] ^ &(act | ABOVE);
        end
        for (o = 0; o < POUT; o = o + 1) begin : g_out
            pot_product #(.B(B), .MAP(MAP)) multiply (
                .w      (held[o*B +: B]),
                .a      (act),
                .product(products[o*EW +: EW])
            );
        end
    endgenerate

endmodule

`default_nettype wire
