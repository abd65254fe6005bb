// SPDX-License-Identifier: Apache-2.0
//
// block_shift: the first stage of a shift to the right by any number of places: by sixteens.
//
// v = 2 * t is cut into blocks of sixteen bits. Out come the W bits from block shift[6:4] on, and
// whether any bit above those differs from the sign (`above`) and any below them is one (`below`).
// Both are found out for each block by itself and chosen behind the registers, so that a wide t is
// no long chain of gates. `nothing` tells the next stage to go on with zero: t is to be taken for
// zero, or the shift goes beyond the last block. Latency 1. One value a cycle, each with its own
// shift.
//
// Parameters
//   TW  bits of t, two's complement, 2..128
//   W   bits kept, 16..32
`default_nettype none

module block_shift #(
    parameter TW = 48,
    parameter W  = 22
) (
    input  wire          clk,
    input  wire          zero,        // beside t: take it for zero
    input  wire [TW-1:0] t,
    input  wire [6:0]    shift,
    output reg  [W-1:0]  window,
    output wire          above,
    output wire          below,
    output reg           nothing,
    output reg           sign,
    output reg  [3:0]    rest         // of the shift
);
    localparam BLOCKS = (TW + 16) / 16;
    localparam VW     = 16 * BLOCKS + W;

    wire [VW-1:0]     v = {{(VW-TW-1){t[TW-1]}}, t, 1'b0};
    wire [8*W-1:0]    window_at;
    wire              beyond = {29'd0, shift[6:4]} >= BLOCKS;
    reg  [BLOCKS-1:0] foreign;        // of the sixteen bits above the window from here
    reg  [BLOCKS-1:0] ones;           // in this block
    reg  [BLOCKS-1:0] passed;         // the window begins above this block

    assign above = |(foreign & ~passed);
    assign below = |(ones & passed);

    genvar c;
    generate
        for (c = 0; c < 8; c = c + 1) begin : g_place
            localparam FROM = c < BLOCKS ? c : c % 4 < BLOCKS ? c % 4 : BLOCKS - 1;
            assign window_at[W*c +: W] = v[16*FROM +: W];
        end
        for (c = 0; c < BLOCKS; c = c + 1) begin : g_block
            localparam [3:0] HERE = c[3:0];
            localparam       LOW  = 16 * c + W;
            localparam       HIGH = LOW + 15;
            always @(posedge clk) begin
                foreign[c] <= |(v[HIGH:LOW] ^ {(HIGH-LOW+1){t[TW-1]}});
                ones[c]    <= |v[16*c +: 16];
                passed[c]  <= {1'b0, shift[6:4]} > HERE;
            end
        end
        if (TW < 2 || TW > 128) begin : g_illegal_tw
            illegal_parameter_TW_is_2_to_128 stop_elaboration ();
        end
        if (W < 16 || W > 32) begin : g_illegal_w
            illegal_parameter_W_is_16_to_32 stop_elaboration ();
        end
    endgenerate

    always @(posedge clk) begin
        window  <= window_at[W*shift[6:4] +: W];
        nothing <= zero || beyond;
        sign    <= t[TW-1];
        rest    <= shift[3:0];
    end
endmodule

`default_nettype wire
