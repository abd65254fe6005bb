// SPDX-License-Identifier: Apache-2.0
// Purpose: one lane of the decoder bank: a symbol a step out of the lane's own bytes.
//
// Three bytes: the symbol begins in `head` and ends there or in `tail`; `third` waits. When it ends
//   in another byte than it began in, the lane asks for one more (`pend`). It comes with the next
//   step, and only then the bytes move up: the symbol of that step begins in `tail`. So no byte
//   moves on what was decoded in the same cycle, and both bytes of the window are always there:
//   nothing in the lane ever waits by itself. A stream begins with two bytes given without a step,
//   and the first step asks for the third. LATE: the byte comes with the step after the next one.
//   Then it is `third` if the lane has moved up meanwhile, else it waits in `fourth`.
//
// The loop is pointer -> window -> table -> add -> pointer. What a step means comes a cycle later,
//   out of registers: the sign, and what is wrong.
//
// Parameters
//   B     bits of a weight code, 2..5
//   LMAX  longest code, max(2, B-1)..6
//   LATE  1: a byte that is asked for comes a step later still; a fourth byte waits meanwhile

`default_nettype none

module shuff_bank_lane #(
    parameter B    = 4,
    parameter LMAX = 6,
    parameter LATE = 0
) (
    input  wire            clk,
    input  wire            clear,        // next bit is the first of a byte

    input  wire            table_write,
    input  wire [LMAX-1:0] table_at,
    input  wire [B+1:0]    table_entry,

    input  wire            step,         // decode
    input  wire            give,         // lanes with `pend` get their byte; with each step, too
    input  wire [8:0]      in_byte,      // {in the payload, byte}
    output reg             pend,         // in_byte is this lane's

    // the step before, until the next one
    output wire            no_code,
    output wire            bad,          // no code, or it needs bits that are not in the payload
    output wire [B-1:0]    code
);

    (* ram_style = "distributed" *)
    reg [B+1:0] entries [0:(1<<LMAX)-1];

    reg [8:0] head, tail, third;
    reg [2:0] pointer;

    // ---- window: {pend, pointer} bits into three bytes, by fours and then by ones
    wire [21:0] bits = {head[7:0], tail[7:0], third[7:2]};
    // Four to one and four to one: a LUT a bit each, if the mapper leaves the border where it is
    // and finds nothing in one selector that another one could share: so the sum of both select
    // bits chooses which pair, and one of them chooses in the pair.
    (* keep = "true" *)
    wire [9:0]  near;
    assign near = (pend ^ pointer[2]) ? (pend ? bits[13:4] : bits[17:8])
                                      : (pend ? bits[9:0]  : bits[21:12]);
    wire [6:0] window = (pointer[1] ^ pointer[0]) ? (pointer[0] ? near[8:2] : near[7:1])
                                                  : (pointer[0] ? near[6:0] : near[9:3]);

    wire [B-2:0] index;
    wire [2:0]   length;

    assign {index, length} = entries[window[6 -: LMAX]];

    wire [3:0] sum;

    shuff_bank_sum u_sum (.a(pointer), .b(length), .sum(sum));

    wire [8:0] behind;     // what follows `third`

    generate
        if (LATE) begin : g_late
            reg [8:0] fourth;
            reg       due;         // in_byte is of the step before the last one; `fourth` is empty.
                                   // What it is in a stream's first round is moved out again.

            assign behind = due ? in_byte : fourth;

            always @(posedge clk) begin
                if (give && due) begin
                    fourth <= in_byte;
                end
                if (give) begin
                    due <= pend;
                end
            end
        end else begin : g_at_once
            assign behind = in_byte;
        end
    endgenerate

    always @(posedge clk) begin
        if (table_write) begin
            entries[table_at] <= table_entry;
        end
        if (give && pend) begin
            head  <= tail;
            tail  <= third;
            third <= behind;
        end
        if (step) begin
            pend     <= sum[3];
            pointer  <= sum[2:0];
        end
        if (clear) begin
            pend     <= 1'b1;
            pointer  <= 3'd0;
        end
    end

    // ---- a cycle later
    reg [6:0]   window_q;
    reg [2:0]   length_q;
    reg [B-2:0] index_q;
    reg         bad_start, second_real;

    // The sign is the last bit of a symbol. Index 0 has none, or none that counts (raw mode).
    wire sign = window_q[3'd7 - length_q] && index_q != {(B-1){1'b0}};

    // Until the next step the pointer is the end of this one.
    assign bad  = bad_start || (pend && pointer != 3'd0 && !second_real);
    assign no_code = length_q == 3'd0;
    assign code = {sign, index_q};

    always @(posedge clk) begin
        if (step) begin
            window_q    <= window;
            length_q    <= length;
            index_q     <= index;
            bad_start   <= length == 3'd0 || (pend ? !tail[8] : !head[8]);
            second_real <= pend ? third[8] : tail[8];
        end
    end

endmodule

`default_nettype wire
