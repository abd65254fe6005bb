// SPDX-License-Identifier: Apache-2.0
// Purpose: CRC-32 (IEEE 802.3, as in zlib), a byte a cycle. `crc` is the register before the final
//   inversion: a block is intact when its stored CRC is ~crc, or, if the stored CRC was put through
//   as well (little endian), when `residue` is set.
//
// A byte a cycle is enough for one decoder: it needs at most 7 bits of payload a cycle. A bank,
//   which takes a word a cycle, has shuff_bank_crc.
//
// Parameters: none.

`default_nettype none

module shuff_crc32 (
    input  wire        clk,
    input  wire        start,      // begin a new block; wins over step
    input  wire        step,
    input  wire [7:0]  data,
    output reg  [31:0] crc,
    output wire        residue     // the block so far ends in its own CRC
);

    reg [31:0] next;
    integer    i;

    assign residue = crc == 32'hDEBB20E3;

    // The reflected register shifts right; the polynomial 0x04C11DB7 is reversed accordingly.
    always @* begin
        next = crc ^ {24'd0, data};
        for (i = 0; i < 8; i = i + 1) begin
            next = {1'b0, next[31:1]} ^ (next[0] ? 32'hEDB88320 : 32'd0);
        end
    end

    always @(posedge clk) begin
        if (start) begin
            crc <= 32'hFFFFFFFF;
        end else if (step) begin
            crc <= next;
        end
    end

endmodule

`default_nettype wire
