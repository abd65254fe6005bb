// SPDX-License-Identifier: Apache-2.0
// Purpose: CRC-32 (IEEE 802.3, as in zlib), BYTES bytes a cycle. `crc` is the register before the
//   final inversion: a block is intact when its stored CRC is ~crc, or, if the stored CRC was put
//   through as well (little endian), when `residue` is set.
//
// A byte a cycle is enough for one decoder: it needs at most 7 bits of payload a cycle. A bank
// takes
//   a word a cycle, and its header in pieces of four bytes.
//
// Parameters
//   BYTES  bytes of a step, 1..64

`default_nettype none

module shuff_crc32 #(
    parameter BYTES = 1
) (
    input  wire        clk,
    input  wire        start,      // begin a new block; wins over step
    input  wire        step,
    input  wire        four,       // this step has only the lowest four bytes; 0 where BYTES <= 4
    input  wire [8*BYTES-1:0] data, // lowest byte first
    output reg  [31:0] crc,
    output wire        residue     // the block so far ends in its own CRC
);

    generate
        if (BYTES < 1 || BYTES > 64) begin : g_illegal_bytes
            illegal_parameter_shuff_crc32_bytes stop_elaboration();
        end
    endgenerate

    reg [31:0] next;
    integer    n;

    assign residue = crc == 32'hDEBB20E3;

    // The reflected register shifts right; the polynomial 0x04C11DB7 is reversed accordingly.
    function [31:0] next_crc;
        input [31:0] now;
        input [7:0]  byte_in;
        integer      i;
        begin
            next_crc = now ^ {24'd0, byte_in};
            for (i = 0; i < 8; i = i + 1) begin
                next_crc = {1'b0, next_crc[31:1]} ^ (next_crc[0] ? 32'hEDB88320 : 32'd0);
            end
        end
    endfunction

    always @* begin
        next = crc;
        for (n = 0; n < BYTES; n = n + 1) begin
            if (n < 4 || !four) begin
                next = next_crc(next, data[8*n +: 8]);
            end
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
