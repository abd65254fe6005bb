// SPDX-License-Identifier: Apache-2.0
// Purpose: deals the next bytes of the store to the lanes that want one, in the order of the lanes:
//   lane l gets the byte in bank first + (wanting lanes below l), modulo BANKS. Combinational.
//
// A lane adds the wanting lanes below it in three parts: a base for groups of 6 lanes, the lanes of
//   its own group, and lane 0, which no base has: so no base is the place of any lane, and none has
//   the loads of a selector of bytes beside its own. A number of up to 6 lanes is one LUT a bit,
//   and so is a sum with up to 6 bits. Carry chains would be slower, so the adders are written out.
//
// Parameters
//   POUT   lanes, 1..64
//   BANKS  a power of two, at least POUT and at least 4

`default_nettype none

module shuff_bank_deal #(
    parameter POUT  = 8,
    parameter BANKS = 8,
    parameter BW    = $clog2(BANKS)    // derived, do not set
) (
    input  wire [BW-1:0]      first,
    input  wire [BW-1:0]      first_not,  // its complement, from registers of its own: for lane 0
    input  wire [POUT-1:0]    want,
    input  wire [9*BANKS-1:0] heads,
    output wire [9*POUT-1:0]  bytes,
    output wire [BW:0]        moved    // first + number of wanting lanes
);

    localparam GROUPS = (POUT + 2) / 6 + 1;    // lanes 0 to 3, 4 to 9, 10 to 15, ...

    function [2:0] number;         // of ones
        input [5:0] ones;
        integer     i;
        begin
            number = 3'd0;
            for (i = 0; i < 6; i = i + 1) begin
                number = {number[2] ^ (number[1] & number[0] & ones[i]),
                          number[1] ^ (number[0] & ones[i]), number[0] ^ ones[i]};
            end
        end
    endfunction

    function [BW:0] sum;
        input [BW:0] a;
        input [2:0]  b;
        reg          carry;
        integer      i;
        begin
            carry = 1'b0;
            for (i = 0; i <= BW; i = i + 1) begin
                sum[i] = a[i] ^ carry ^ (i < 3 && b[i % 3]);
                carry  = (a[i] & carry) | (i < 3 && b[i % 3] && (a[i] | carry));
            end
        end
    endfunction

    wire [5+POUT:0] wants = {6'd0, want};
    wire            unused_wants = &{1'b0, wants};    // it has bits to spare at both ends

    genvar g, l;
    generate
        for (g = 0; g < GROUPS; g = g + 1) begin : g_group
            wire [BW:0] base;
            if (g == 0) begin : g_none
                assign base = {1'b0, first};
            end else if (g == 1) begin : g_first
                assign base = sum(g_group[0].base, number({3'd0, wants[3:1]}));
            end else begin : g_next
                assign base = sum(g_group[g-1].base, number(wants[6*g-8 +: 6]));
            end
        end
        for (l = 0; l <= POUT; l = l + 1) begin : g_lane
            localparam integer GROUP = (l + 2) / 6;
            localparam integer START = (GROUP == 0) ? 0 : 6 * GROUP - 2;
            localparam [5:0]   BELOW = (6'd1 << (l - START)) - 6'd1;
            wire [5:0]  below = wants[START +: 6] & BELOW;
            wire [BW:0] from  = sum(g_group[GROUP].base,
                                    number((GROUP == 0) ? below : {below[4:0], wants[0]}));
            if (l < POUT) begin : g_bytes
                wire unused = &{1'b0, from};
                wire [BW-1:0] bank = (l == 0) ? ~first_not : from[BW-1:0];
                assign bytes[9*l +: 9] = heads[9*bank +: 9];
            end else begin : g_all
                assign moved = from;
            end
        end
    endgenerate

endmodule

`default_nettype wire
