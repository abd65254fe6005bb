// SPDX-License-Identifier: Apache-2.0
// Purpose: CRC-32 (IEEE 802.3, as in zlib) of a weight bank, a stream word a cycle.
//
// The register holds everything that came, but the shift over the last 32 bits is still to be done:
//   it is done with the next word, whose last 32 bits are the only input that is not behind it. So
//   a step of 32 bits is 16 or so bits of the register and one of the word.
//
// A block is intact when the last 32 bits that were put through are its stored CRC, because then
//   all bits of this register are one. That is so at the end of a header. Behind a payload the
//   stored CRC is put through as the lowest part of one more word, with `ending` above it.
//
// Parameters
//   WBITS  bits of a stream word, 32, 64, 128 or 256

`default_nettype none

module shuff_bank_crc #(
    parameter WBITS = 32
) (
    input  wire             clk,
    input  wire             start,     // begin a new block; wins over step
    input  wire             step,
    input  wire [WBITS-1:0] data,      // lowest byte first
    output wire             intact,
    output wire [WBITS-1:0] ending     // constant; its lowest 32 bits are 0
);

    localparam PARTS = WBITS / 32;

    generate
        if (WBITS != 32 && WBITS != 64 && WBITS != 128 && WBITS != 256) begin : g_illegal_wbits
            illegal_parameter_shuff_bank_crc_wbits stop_elaboration();
        end
    endgenerate

    // The reflected register shifts right; the polynomial 0x04C11DB7 is reversed accordingly.
    localparam [31:0] POLY = 32'hEDB88320;

    // Bits of a state whose sum is the sum of the bits `row` of the state 32 zeros later.
    function [31:0] earlier;
        input [31:0] row;
        integer      i;
        begin
            earlier = row;
            for (i = 0; i < 32; i = i + 1) begin
                earlier = {earlier[30:0], ^(earlier & POLY)};
            end
        end
    endfunction

    // Bits of {word, state} whose sum is bit `number` of the next state.
    function [WBITS+31:0] sum_of;
        input integer number;
        integer       n;
        reg   [31:0]  row;
        begin
            row    = 32'd1 << number;
            sum_of = {(WBITS+32){1'b0}};
            for (n = PARTS; n > 0; n = n - 1) begin
                sum_of[32*n +: 32] = row;
                row = earlier(row);
            end
            sum_of[31:0] = row;
        end
    endfunction

    // What becomes all ones over 32 zeros: the state before the first word.
    function [31:0] before_ones;
        input   unused;
        integer i;
        begin
            before_ones = {32{1'b1}};
            for (i = 0; i < 32; i = i + 1) begin
                before_ones = before_ones[31] ? {before_ones[30:0] ^ POLY[30:0], 1'b1}
                                              : {before_ones[30:0], 1'b0};
            end
        end
    endfunction

    // The last part of a word that begins with a good CRC, so that all bits are one behind it.
    function [31:0] to_ones;
        input   unused;
        integer i;
        begin
            to_ones = {32{1'b1}};
            for (i = 32; i < WBITS; i = i + 1) begin
                to_ones = {1'b0, to_ones[31:1]} ^ (to_ones[0] ? POLY : 32'd0);
            end
            to_ones = ~to_ones;
        end
    endfunction

    localparam [31:0] EMPTY   = before_ones(1'b0);
    localparam [31:0] TO_ONES = to_ones(1'b0);

    reg  [31:0] state;
    wire [31:0] next;

    assign intact = &state;

    genvar b;
    generate
        if (PARTS > 1) begin : g_ending
            assign ending = {TO_ONES, {(WBITS-32){1'b0}}};
        end else begin : g_no_ending
            wire [31:0] unused = TO_ONES;
            assign ending = {WBITS{1'b0}};
        end
        // Each sum by itself: written as a shift, the mapper shares terms at the price of depth.
        for (b = 0; b < 32; b = b + 1) begin : g_bit
            localparam [WBITS+31:0] TERMS = sum_of(b);
            assign next[b] = ^({data, state} & TERMS);
        end
    endgenerate

    always @(posedge clk) begin
        if (start) begin
            state <= EMPTY;
        end else if (step) begin
            state <= next;
        end
    end

endmodule

`default_nettype wire
