// SPDX-License-Identifier: Apache-2.0
// Purpose: bit buffer of the S-Huff decoder. Shows the next 7 bits of the payload and moves on by
// up
//   to 7 bits a cycle.
//
// Two bytes and a bit pointer into the first of them. A symbol takes at most 7 bits, so one byte a
//   cycle keeps up for ever, and nothing wider than an 8:1 selector is needed: no barrel shifter.
//   While both bytes are there at least 9 bits are visible, enough for any symbol.
//
// Parameters: none.

`default_nettype none

module shuff_bit_buffer (
    input  wire       clk,
    input  wire       clear,      // empty, pointer at bit 0

    // bytes in, most significant bit first; zero behind the last one, and before the first one for
    // at least two cycles of `clear`
    input  wire [7:0] in_byte,
    input  wire       in_first,   // first byte of a word
    input  wire       in_valid,
    output wire       in_take,

    // bits out
    output wire [6:0] window,     // next bit at the top; zeros behind the last byte
    output wire       full,       // any symbol is complete in the window
    output wire       empty,
    output wire       settled,    // no byte is on its way from the second place to the first
    input  wire [2:0] length,     // of the symbol at the top of the window
    output wire       too_short,  // fewer than `length` bits are left
    input  wire       advance,    // move on by `length` bits
    input  wire       discard,    // move on to the next byte
    output wire       unread      // what is left holds a one, or begins another word
);

    reg [7:0] head, tail;
    reg       head_valid, tail_valid;
    reg       head_first, tail_first;
    reg [2:0] pointer;

    wire [15:0] pair  = {head, tail};
    wire        unused_pair = &{1'b0, pair};   // its lowest bits do not matter
    wire [9:0]  near  = pointer[2] ? pair[11:2] : pair[15:6];
    // pointer + length, written out: a carry chain would be slower.
    wire [2:0]  one   = pointer ^ length;
    wire        two   = pointer[0] & length[0];
    wire        four  = (pointer[1] & length[1]) | (one[1] & two);
    wire        eight = (pointer[2] & length[2]) | (one[2] & four);
    wire [3:0]  sum   = {eight, one ^ {four, two, 1'b0}};
    wire        shift = !head_valid || discard || (advance && sum[3]);

    assign window    = pointer[1] ? (pointer[0] ? near[6:0] : near[7:1])
                                  : (pointer[0] ? near[8:2] : near[9:3]);
    assign full      = head_valid && tail_valid;
    assign empty     = !head_valid && !tail_valid;
    assign settled   = head_valid || !tail_valid;
    assign too_short = !full && (!head_valid || sum > 4'd8);
    assign in_take   = in_valid && (shift || !tail_valid);

    // All that is left of the first byte: 7 bits from the pointer on, and the byte's last bit. Bits
    // of the second byte may show as well, but those are unread too.
    assign unread = head_valid && (window != 7'd0 || head[0] || (head_first && pointer == 3'd0));

    always @(posedge clk) begin
        if (shift) begin
            head       <= tail;
            head_first <= tail_first;
            head_valid <= tail_valid;
        end
        if (shift || !tail_valid) begin
            tail       <= in_byte;
            tail_first <= in_first;
            tail_valid <= in_valid;
        end
        if (advance) begin
            pointer <= sum[2:0];
        end else if (discard) begin
            pointer <= 3'd0;
        end
        // The bytes themselves need no clearing: an empty buffer shifts in what is at its input,
        // and between header and payload that is zeros.
        if (clear) begin
            head_valid <= 1'b0;
            tail_valid <= 1'b0;
            pointer    <= 3'd0;
        end
    end

endmodule

`default_nettype wire
