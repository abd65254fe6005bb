// SPDX-License-Identifier: Apache-2.0
// Purpose: where the first unread byte of shuff_bank_store goes with a step: what shuff_bank_picks
//   has added up, plus the last lanes that want a byte; LATE: plus the number that it has.
//   Combinational, and beside the picks, not behind.
//
// Parameters
//   POUT   lanes, 1..64
//   BANKS  a power of two, at least POUT and at least 4
//   LATE   as in shuff_bank_picks

`default_nettype none

module shuff_bank_moved #(
    parameter POUT  = 8,
    parameter BANKS = 8,
    parameter LATE  = 0,
    parameter BW    = $clog2(BANKS)    // derived, do not set
) (
    input  wire [BW-1:0]    first,
    input  wire [BW:0]      base,      // of shuff_bank_picks
    input  wire [POUT-1:0]  want,
    input  wire             take,
    output wire             wrap,      // with `take`: the next unread byte is in the row behind
    output wire             wraps,     // if it is taken
    output wire [BW-1:0]    moved,     // its bank
    output wire [BANKS-1:0] passed     // banks below it
);

    localparam BASE  = (POUT + 3) / 6;
    localparam START = (BASE == 0) ? 0 : 6 * BASE - 3;    // first lane that `base` has not

    wire [6+POUT:0] wants  = {7'd0, want};
    wire            unused = &{1'b0, wants, first};

    wire [BW:0] most = LATE ? {1'b0, first} : base;
    wire [BW:0] rest = LATE ? base : {{(BW-2){1'b0}}, number};
    reg  [BW:0] sum;
    reg  [2:0]  number;
    reg         carry;
    integer     i;

    // Written out: carry chains would be slower.
    always @* begin
        number = 3'd0;
        for (i = START; i < START + 6; i = i + 1) begin
            number = {number[2] ^ (number[1] & number[0] & wants[i]),
                      number[1] ^ (number[0] & wants[i]), number[0] ^ wants[i]};
        end
    end

    always @* begin
        carry = 1'b0;
        for (i = 0; i <= BW; i = i + 1) begin
            sum[i] = most[i] ^ rest[i] ^ carry;
            carry  = (most[i] & rest[i]) | (carry & (most[i] | rest[i]));
        end
    end

    assign wrap   = take && sum[BW];
    assign wraps  = sum[BW];
    assign moved  = sum[BW-1:0];
    assign passed = ~({BANKS{1'b1}} << sum[BW-1:0]);

endmodule

`default_nettype wire
