// SPDX-License-Identifier: Apache-2.0
// Purpose: one lane of the decoder bank: a symbol a step out of the lane's own bytes.
//
// Three bytes: the symbol begins in `head` and ends there or in `tail`; `third` waits. When a
// symbol
//   ends in another byte than it began in, the bytes move up and the lane asks for one more
//   (`crossed`), which comes with the next step (`pend`). So both bytes of the window are always
//   there, and nothing in the lane ever waits by itself.
//
// Parameters
//   B     bits of a weight code, 2..5
//   LMAX  longest code, max(2, B-1)..6

`default_nettype none

module shuff_bank_lane #(
    parameter B    = 4,
    parameter LMAX = 6
) (
    input  wire            clk,
    input  wire            clear,        // next bit is the first of a byte

    input  wire            table_write,
    input  wire [LMAX-1:0] table_at,
    input  wire [B+1:0]    table_entry,

    input  wire            en,
    input  wire            run,          // decode; else bytes are only filled in
    input  wire            fill_shift,   // filling in: move the bytes up
    input  wire            pend,         // in_byte is this lane's
    input  wire [8:0]      in_byte,      // {in the payload, byte}
    output wire            crossed,

    output wire            no_code,
    output wire            too_short,    // the symbol needs bits that are not in the payload
    output wire [B-1:0]    code
);

    (* ram_style = "distributed" *)
    reg [B+1:0] entries [0:(1<<LMAX)-1];

    reg [8:0] head, tail, third;
    reg [2:0] pointer;

    wire [15:0]  pair   = {head[7:0], tail[7:0]};
    wire [6:0]   window = pair[4'd15 - {1'b0, pointer} -: 7];
    wire [B-2:0] index;
    wire [2:0]   length;

    assign {index, length} = entries[window[6 -: LMAX]];

    wire [3:0] sum  = {1'b0, pointer} + {1'b0, length};
    // The sign is the last bit of a symbol. Index 0 has none, or none that counts (raw mode).
    wire       sign = window[3'd7 - length] && index != {(B-1){1'b0}};

    assign crossed     = run ? sum[3] : fill_shift;
    assign no_code   = length == 3'd0;
    assign too_short = !head[8] || (sum > 4'd8 && !tail[8]);
    assign code      = {sign, index};

    always @(posedge clk) begin
        if (table_write) begin
            entries[table_at] <= table_entry;
        end
        if (en && crossed) begin
            head <= tail;
            tail <= pend ? in_byte : third;
        end
        if (en && pend) begin
            third <= in_byte;
        end
        if (en && run) begin
            pointer <= sum[2:0];
        end
        if (clear) begin
            pointer <= 3'd0;
        end
    end

endmodule

`default_nettype wire
