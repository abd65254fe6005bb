// SPDX-License-Identifier: Apache-2.0
// Purpose: selects of shuff_bank_deal. Lane l's byte is in the bank first + (wanting lanes below
//   l), modulo BANKS; a block of Q lanes takes at most Q banks in a row, from its first lane's on,
//   and so at most one of the banks j, j + Q, j + 2Q, ...: which one that is, is the select of its
//   place j.
//
// Carry chains would be slower than the adders here, which are written out: the banks of lanes 3,
//   9, 15, ... are bases, and a lane adds to one of them the lanes from there on. The bank of lane
//   3 is one LUT a bit, and so is each number of up to 6 lanes.
//
// LATE: what is wanted in one `take` is dealt in the next one. The lanes' banks stand in registers
//   then, and so does the number of lanes, which shuff_bank_store has not yet added to `first`.
//
// Parameters
//   POUT   lanes, 1..64
//   BANKS  a power of two, at least POUT and at least 4
//   LATE   0: combinational; 1: a step behind

`default_nettype none

module shuff_bank_picks #(
    parameter POUT   = 8,
    parameter BANKS  = 8,
    parameter LATE   = 0,
    parameter BW     = $clog2(BANKS),    // derived, do not set
    parameter LEVELS = (BW + 1) / 2      // derived, do not set
) (
    input  wire                      clk,
    input  wire                      clear,
    input  wire                      take,
    input  wire [BW-1:0]             first,
    input  wire [POUT-1:0]           want,
    // Level by level, of the largest blocks first; in a level the place j of the block at lane a is
    // number a + j.
    output wire [2*BANKS*LEVELS-1:0] picks,
    // For shuff_bank_moved: first + wanting lanes but the last few; LATE: lanes that are dealt to.
    output wire [BW:0]               base
);

    localparam SHIFT = LATE ? 0 : 3;
    localparam BASES = (POUT + SHIFT) / 6 + 1;    // of lanes 0 to 2, 3 to 8, 9 to 14, ...

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

    function [BW-1:0] plus;
        input [BW-1:0] a;
        input [BW-1:0] b;
        reg            carry;
        integer        i;
        begin
            carry = 1'b0;
            for (i = 0; i < BW; i = i + 1) begin
                plus[i] = a[i] ^ b[i] ^ carry;
                carry   = (a[i] & b[i]) | (carry & (a[i] | b[i]));
            end
        end
    endfunction

    function greater;              // written out, as the sums are
        input [3:0]   value;
        input integer than;
        integer       i;
        begin
            greater = 1'b0;
            for (i = 0; i < 16; i = i + 1) begin
                greater = greater || (i > than && value == i[3:0]);
            end
        end
    endfunction

    wire [6+POUT:0]            wants = {7'd0, want};    // with bits to spare
    wire [(BW+1)*(POUT+1)-1:0] from;     // of each lane the bank; LATE: counted from `after` on
    wire [BW*POUT-1:0]         bank;
    wire [BW-1:0]              after;                   // the first bank that no lane has yet
    wire                       unused = &{1'b0, wants, from, bank};

    genvar g, l, k, a, j;
    generate
        for (g = 0; g < BASES; g = g + 1) begin : g_base
            wire [BW:0] from_here;
            if (g == 0) begin : g_none
                assign from_here = LATE ? {(BW+1){1'b0}} : {1'b0, first};
            end else if (6 * g - 6 < SHIFT) begin : g_first
                assign from_here = sum(g_base[0].from_here, number({3'd0, wants[2:0]}));
            end else begin : g_next
                assign from_here = sum(g_base[g-1].from_here, number(wants[6*g-6-SHIFT +: 6]));
            end
        end
        for (l = 0; l <= POUT; l = l + 1) begin : g_from
            localparam integer BASE  = (l + SHIFT) / 6;
            localparam integer START = (BASE == 0) ? 0 : 6 * BASE - SHIFT;
            localparam [5:0]   BELOW = (6'd1 << (l - START)) - 6'd1;
            assign from[(BW+1)*l +: BW+1] = sum(g_base[BASE].from_here,
                                                number(wants[START +: 6] & BELOW));
        end
        for (l = 0; l < POUT; l = l + 1) begin : g_bank
            if (LATE) begin : g_late
                reg [BW-1:0] bank_q;
                assign bank[BW*l +: BW] = bank_q;
                always @(posedge clk) begin
                    if (take) begin
                        bank_q <= plus(after, from[(BW+1)*l +: BW]);
                    end
                end
            end else begin : g_now
                assign bank[BW*l +: BW] = from[(BW+1)*l +: BW];
            end
        end
        if (LATE) begin : g_late
            reg [BW:0] number_q;
            always @(posedge clk) begin
                if (take) begin
                    number_q <= from[(BW+1)*POUT +: BW+1];
                end
                if (clear) begin
                    number_q <= {(BW+1){1'b0}};
                end
            end
            assign after = plus(first, number_q[BW-1:0]);
            assign base  = number_q;
        end else begin : g_now
            wire unused_late = &{1'b0, clk, clear, take, after};
            assign after = first;
            assign base  = g_base[BASES-1].from_here;
        end
        for (k = 0; k < LEVELS; k = k + 1) begin : g_level
            localparam integer QW = 2 * (LEVELS - 1 - k);     // log2 of a block's lanes,
            localparam integer PW = (k == 0) ? BW : QW + 2;   // of what it is a part of
            localparam integer LOW = (1 << QW) - 1;
            for (a = 0; a < BANKS; a = a + (1 << QW)) begin : g_block
                for (j = 0; j < (1 << QW); j = j + 1) begin : g_place
                    if (a < POUT) begin : g_lane
                        // Which of the banks j, j + Q, ... is the first one from its own on.
                        wire [6:0] own  = {1'b0, {(6-PW){1'b0}}, bank[BW*a +: PW]};
                        wire       over = greater(own[3:0] & LOW[3:0], j);
                        assign picks[2*(BANKS*k+a+j) +: 2] = {own[QW+1] ^ (own[QW] & over),
                                                              own[QW] ^ over};
                    end else begin : g_no_lane
                        assign picks[2*(BANKS*k+a+j) +: 2] = 2'd0;
                    end
                end
            end
        end
    endgenerate

endmodule

`default_nettype wire
