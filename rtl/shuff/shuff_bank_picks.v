// SPDX-License-Identifier: Apache-2.0
// Purpose: selects of shuff_bank_deal. Lane l's byte is in the bank first + (wanting lanes below l),
//   modulo BANKS; a block of Q lanes takes at most Q banks in a row, from its first lane's on, and so
//   at most one of the banks j, j + Q, j + 2Q, ...: which one that is, is the select of its place j.
//   Combinational.
//
// Carry chains would be slower than the adders here, which are written out: the banks of lanes 3,
//   9, 15, ... are bases, and a lane adds to one of them the lanes from there on. The bank of lane
//   3 is one LUT a bit, and so is each number of up to 6 lanes.
//
// Parameters
//   POUT   lanes, 1..64
//   BANKS  a power of two, at least POUT and at least 4

`default_nettype none

module shuff_bank_picks #(
    parameter POUT   = 8,
    parameter BANKS  = 8,
    parameter BW     = $clog2(BANKS),    // derived, do not set
    parameter LEVELS = (BW + 1) / 2      // derived, do not set
) (
    input  wire [BW-1:0]             first,
    input  wire [POUT-1:0]           want,
    // Level by level, of the largest blocks first; in a level the place j of the block at lane a is
    // number a + j.
    output wire [2*BANKS*LEVELS-1:0] picks,
    output wire [BW:0]               base     // first + wanting lanes before the last few, for
                                              // shuff_bank_moved
);

    localparam BASES = (POUT + 3) / 6 + 1;    // of lanes 0 to 2, 3 to 8, 9 to 14, ...

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

    // For each bank that a block may begin in, two bits each, which of the banks j, j + Q, ... is
    // the first one from there on. A table: a sum would become a carry chain.
    function [127:0] picks_of;
        input integer q;
        input integer j;
        integer       i;
        for (i = 0; i < 64; i = i + 1) begin
            picks_of[2*i]   = (i + q - 1 - j) / q % 2 == 1;
            picks_of[2*i+1] = (i + q - 1 - j) / q / 2 % 2 == 1;
        end
    endfunction

    wire [6+POUT:0]            wants = {7'd0, want};    // with bits to spare
    wire [(BW+1)*POUT-1:0]     from;                    // of each lane the bank
    wire                       unused = &{1'b0, wants, from};

    genvar g, l, k, a, j;
    generate
        for (g = 0; g < BASES; g = g + 1) begin : g_base
            wire [BW:0] from_here;
            if (g == 0) begin : g_none
                assign from_here = {1'b0, first};
            end else if (g == 1) begin : g_first
                assign from_here = sum({1'b0, first}, number({3'd0, wants[2:0]}));
            end else begin : g_next
                assign from_here = sum(g_base[g-1].from_here, number(wants[6*g-9 +: 6]));
            end
        end
        for (l = 0; l < POUT; l = l + 1) begin : g_from
            localparam integer BASE  = (l + 3) / 6;
            localparam integer START = (BASE == 0) ? 0 : 6 * BASE - 3;
            localparam [5:0]   BELOW = (6'd1 << (l - START)) - 6'd1;
            assign from[(BW+1)*l +: BW+1] = sum(g_base[BASE].from_here,
                                                number(wants[START +: 6] & BELOW));
        end
        for (k = 0; k < LEVELS; k = k + 1) begin : g_level
            localparam integer QW = 2 * (LEVELS - 1 - k);     // log2 of a block's lanes,
            localparam integer PW = (k == 0) ? BW : QW + 2;   // of what it is a part of
            for (a = 0; a < BANKS; a = a + (1 << QW)) begin : g_block
                for (j = 0; j < (1 << QW); j = j + 1) begin : g_place
                    localparam [127:0] PICKS = picks_of(1 << QW, j);
                    if (a < POUT) begin : g_lane
                        wire [PW-1:0] own = from[(BW+1)*a +: PW];
                        assign picks[2*(BANKS*k+a+j) +: 2] = PICKS[2*own +: 2];
                    end else begin : g_no_lane
                        assign picks[2*(BANKS*k+a+j) +: 2] = 2'd0;
                    end
                end
            end
        end
    endgenerate

    assign base = g_base[BASES-1].from_here;

endmodule

`default_nettype wire
