// SPDX-License-Identifier: Apache-2.0
// Random stalls for player and recorder: a draw of 8 bits below `threshold` means stall and is kept
// for `length` + 1 cycles, so short hiccups and long droughts come from the same two numbers.
// Threshold 0 never stalls. The generator is xorshift32; same seed and salt, same pattern on every
// simulator.
//
// SALT  any number; gives each stream its own sequence under one seed
`default_nettype none

module stall_draw #(
    parameter [31:0] SALT = 32'd1
) (
    input  wire        clk,
    input  wire        load,
    input  wire [31:0] seed,
    input  wire [7:0]  threshold,
    input  wire [7:0]  length,
    output reg         stall,
    output wire [31:0] noise
);
    reg  [31:0] state;
    reg  [7:0]  held;
    wire [31:0] x1 = state ^ (state << 13);
    wire [31:0] x2 = x1 ^ (x1 >> 17);
    wire [31:0] x3 = x2 ^ (x2 << 5);

    // Zero is the one state xorshift never leaves; the odd constant keeps seed 0 usable.
    wire [31:0] start = (seed * 32'h9E3779B1) ^ (SALT * 32'h85EBCA77);

    assign noise = state;

    initial begin
        state = 32'h1;
        held  = 8'd0;
        stall = 1'b0;
    end

    always @(posedge clk) begin
        state <= load ? ((start == 32'd0) ? 32'h6D2B79F5 : start) : x3;
        if (load) begin
            held  <= 8'd0;
            stall <= 1'b0;
        end else if (held != 8'd0) begin
            held  <= held - 8'd1;
        end else begin
            held  <= length;
            stall <= (state[31:24] < threshold);
        end
    end
endmodule

`default_nettype wire
