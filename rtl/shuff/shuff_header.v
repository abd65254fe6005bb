// SPDX-License-Identifier: Apache-2.0
// Purpose: header parser of the S-Huff decoder: which word is this, what does it say, what is wrong
//   with it. Layout and error numbers: docs/formats.md.
//
// Some faults end the stream at once (`fail_now`, with the word that shows them): magic, version,
//   b, TLAST inside the header. All others wait for the header CRC (`fail_end`), because a damaged
//   header must say so and not complain about the field that the damage hit.
//
// `next` may come with a word's last look, or, a word a cycle, in the cycle before its only one:
//   which word it is stands in registers of its own, a cycle behind the count.
//
// Parameters
//   B      bits of a weight code, 2..5, or 8: a byte stream, which has no code lengths
//   PIN    input channels of a tile that the stream must be made for, 1..255
//   POUT   output channels of a tile, 1..255
//   LMAX   longest code, 1..15
//   LANES  decoder lanes that the stream must be made for, 1..255
//   WBITS  bits of a stream word, 32, 64, 128 or 256; the header is whole stream words

`default_nettype none

module shuff_header #(
    parameter B    = 4,
    parameter PIN  = 8,
    parameter POUT = 8,
    parameter LMAX = 6,
    parameter LANES = 1,
    parameter WBITS = 32
) (
    input  wire        clk,
    input  wire        clear,        // the next word is word 0 of a stream

    input  wire [31:0] word,
    input  wire        word_last,    // it has TLAST
    input  wire        check,        // a word is there; looking at it more than once is harmless
    input  wire        next,         // done with this word, or it comes with the next cycle
    input  wire        crc_good,     // header CRC, once all words are through

    output wire        final_next,   // what `next` is for now is the last word of the header
    output reg         final_word,   // this is the last word of the header
    output wire [3:0]  fail_now,     // what is wrong with this word; error number, 0 nothing
    output wire [3:0]  fail_end,     // what is wrong with the header; error number, 0 nothing

    output reg         raw,          // every symbol has a sign
    output reg         at_count,     // which word this is
    output reg         at_words,
    output reg         at_lengths,
    output reg         lengths_high, // second word of the code lengths
    output reg         at_crc
);

    localparam [3:0] MAGIC       = 4'd1;
    localparam [3:0] VERSION     = 4'd2;
    localparam [3:0] HEADER      = 4'd3;
    localparam [3:0] HEADER_CRC  = 4'd4;
    localparam [3:0] TARGET      = 4'd5;
    localparam [3:0] TLAST_EARLY = 4'd10;

    // Lanes that get their bytes late have a payload in another order.
    localparam [7:0] OWN_VERSION = (B != 8 && LANES > 8) ? 8'd2 : 8'd1;

    localparam TABLE_BITS  = (B == 8) ? 0 : 4 << (B - 1);
    localparam TABLE_WORDS = (TABLE_BITS + 31) / 32;
    localparam PARTS       = WBITS / 32;
    localparam LAST        = (7 + TABLE_WORDS + PARTS - 1) / PARTS * PARTS - 1;
    localparam FILLING     = LAST - 6 - TABLE_WORDS;   // zero words before the two CRCs
    localparam [3:0] WORD_FINAL = LAST[3:0];
    localparam [3:0] WORD_CRC   = WORD_FINAL - 4'd1;

    generate
        if ((B < 2 || B > 5) && B != 8) begin : g_illegal_b
            illegal_parameter_shuff_header_b stop_elaboration();
        end
        if (PIN < 1 || PIN > 255) begin : g_illegal_pin
            illegal_parameter_shuff_header_pin stop_elaboration();
        end
        if (POUT < 1 || POUT > 255) begin : g_illegal_pout
            illegal_parameter_shuff_header_pout stop_elaboration();
        end
        if (LMAX < 1 || LMAX > 15) begin : g_illegal_lmax
            illegal_parameter_shuff_header_lmax stop_elaboration();
        end
        if (LANES < 1 || LANES > 255) begin : g_illegal_lanes
            illegal_parameter_shuff_header_lanes stop_elaboration();
        end
        if (WBITS != 32 && WBITS != 64 && WBITS != 128 && WBITS != 256) begin : g_illegal_wbits
            illegal_parameter_shuff_header_wbits stop_elaboration();
        end
    endgenerate

    reg [3:0] position;
    reg       bad_header, bad_target;

    reg at_magic, at_kind, at_tile, at_fill;

    assign final_next = position == WORD_FINAL;

    always @(posedge clk) begin
        at_magic     <= position == 4'd0;
        at_kind      <= position == 4'd1;
        at_tile      <= position == 4'd2;
        at_count     <= position == 4'd3;
        at_words     <= position == 4'd4;
        at_lengths   <= position > 4'd4 && position <= 4'd4 + TABLE_WORDS[3:0];
        lengths_high <= TABLE_WORDS == 2 && position == 4'd6;
        at_fill      <= position > 4'd4 + TABLE_WORDS[3:0] && position < WORD_CRC;
        at_crc       <= position == WORD_CRC;
        final_word   <= position == WORD_FINAL;
    end

    assign fail_now = (at_magic && word != 32'h46554853) ? MAGIC
                    : (at_kind && word[7:0] != OWN_VERSION) ? VERSION
                    : (at_kind && word[15:8] != B[7:0]) ? TARGET
                    : (word_last && !final_word)         ? TLAST_EARLY
                    :                                      4'd0;

    assign fail_end = !crc_good  ? HEADER_CRC
                    : bad_header ? HEADER
                    : bad_target ? TARGET
                    :              4'd0;

    wire bad_mode = (B == 8) ? word[19:16] != 4'd3 : word[19:16] > 4'd2;
    wire bad_kind = bad_mode || word[23:20] != 4'd0;
    wire bad_tile = word != {LMAX[7:0], WBITS[7:0], POUT[7:0], PIN[7:0]};
    wire bad_fill;
    wire bad_rest;

    generate
        if (FILLING > 0) begin : g_filling
            assign bad_fill = at_fill && word != 32'd0;
        end else begin : g_no_filling
            wire unused_fill = at_fill;
            assign bad_fill = 1'b0;
        end
        if (TABLE_BITS > 0 && TABLE_BITS < 32) begin : g_rest
            assign bad_rest = word[31:TABLE_BITS] != {(32 - TABLE_BITS){1'b0}};
        end else begin : g_no_rest
            assign bad_rest = 1'b0;
        end
    endgenerate

    always @(posedge clk) begin
        if (check) begin
            if (at_kind) begin
                raw <= word[19:16] == 4'd2;
            end
            if ((at_kind && bad_kind) || (at_lengths && bad_rest) || bad_fill) begin
                bad_header <= 1'b1;
            end
            if ((at_kind && word[31:24] != LANES[7:0]) || (at_tile && bad_tile)) begin
                bad_target <= 1'b1;
            end
        end
        if (next) begin
            position <= position + 4'd1;
        end
        if (clear) begin
            position   <= 4'd0;
            bad_header <= 1'b0;
            bad_target <= 1'b0;
        end
    end

endmodule

`default_nettype wire
