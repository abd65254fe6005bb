// SPDX-License-Identifier: Apache-2.0
//
// window_select: keeps the elements of a scan and makes the KMAX x KMAX taps of its positions.
//
// Three sources for the same taps, by the kind of layer:
//   kernel > 1, stride 1  a line buffer of pixels, KMAX wide and high
//   kernel > 1, stride 2  a line buffer of 2x2 blocks, (KMAX+1)/2 wide and high; the window lies at
//                         its bottom right or one pixel before that, as odd and even padding ask
//   kernel 1              the beat itself: taps 0..3 are four groups of PIN channels of one pixel
// Taps outside the map, and taps that a 1x1 layer does not have, are zero. Flat order: tap (ty, tx)
// at bits [(ty*KMAX + tx)*SLOT +: SLOT].
//
// Timing: `shift` moves an element in; the taps of that step come out one cycle later.
//
// Parameters
//   KMAX        window size, 3, 5 or 7
//   SLOT        bits of a pixel, at least 1
//   LINE_DEPTH  widest map, 1..256
`default_nettype none

module window_select #(
    parameter KMAX       = 3,
    parameter SLOT       = 32,
    parameter LINE_DEPTH = 256
) (
    input  wire                      clk,
    input  wire                      restart,
    input  wire                      shift,        // an element comes in
    input  wire                      shift_pixel,  // ... to the line buffer of pixels
    input  wire                      shift_block,  // ... of blocks
    input  wire                      blocks,     // stride 2
    input  wire                      single,     // kernel 1
    input  wire                      odd_top,    // padding is odd
    input  wire                      odd_left,
    input  wire [8:0]                grid_w,
    input  wire [SLOT-1:0]           pixel,
    input  wire [4*SLOT-1:0]         beat,
    input  wire [KMAX-1:0]           row_ok,
    input  wire [KMAX-1:0]           col_ok,
    output wire [KMAX*KMAX*SLOT-1:0] taps
);
    localparam SIDE = (KMAX + 1) / 2;                   // of the window of blocks
    localparam BLOCK_DEPTH = (LINE_DEPTH + 1) / 2;

    wire [KMAX*KMAX*SLOT-1:0]   near;
    wire [SIDE*SIDE*4*SLOT-1:0] far;
    reg  [4*SLOT-1:0]           beat_q;
    reg  [KMAX-1:0]             row_q, col_q;

    line_buffer #(.SIDE(KMAX), .ELEMENT(SLOT), .LINE_DEPTH(LINE_DEPTH)) u_pixels (
        .clk(clk), .restart(restart), .shift(shift_pixel), .width(grid_w),
        .element(pixel), .window(near)
    );
    line_buffer #(.SIDE(SIDE), .ELEMENT(4 * SLOT), .LINE_DEPTH(BLOCK_DEPTH)) u_blocks (
        .clk(clk), .restart(restart), .shift(shift_block), .width(grid_w),
        .element(beat), .window(far)
    );

    always @(posedge clk) if (shift) begin
        if (single) beat_q <= beat;
        row_q <= row_ok;
        col_q <= col_ok;
    end

    genvar ty, tx;
    generate
        for (ty = 0; ty < KMAX; ty = ty + 1) begin : g_ty
            for (tx = 0; tx < KMAX; tx = tx + 1) begin : g_tx
                localparam TAP = ty * KMAX + tx;
                // Pixel (py, px) of the window of blocks, for even and odd padding.
                localparam EE = ((ty / 2 * SIDE + tx / 2) * 4 + ty % 2 * 2 + tx % 2) * SLOT;
                localparam EO = ((ty / 2 * SIDE + (tx + 1) / 2) * 4 + ty % 2 * 2 + (tx + 1) % 2)
                                * SLOT;
                localparam OE = (((ty + 1) / 2 * SIDE + tx / 2) * 4 + (ty + 1) % 2 * 2 + tx % 2)
                                * SLOT;
                localparam OO = (((ty + 1) / 2 * SIDE + (tx + 1) / 2) * 4 + (ty + 1) % 2 * 2
                                 + (tx + 1) % 2) * SLOT;
                wire [SLOT-1:0] spread = odd_top ? (odd_left ? far[OO +: SLOT] : far[OE +: SLOT])
                                                 : (odd_left ? far[EO +: SLOT] : far[EE +: SLOT]);
                wire [SLOT-1:0] mapped = (blocks ? spread : near[TAP*SLOT +: SLOT])
                                         & {SLOT{row_q[ty] && col_q[tx]}};
                if (TAP < 4) begin : g_group
                    assign taps[TAP*SLOT +: SLOT] = single ? beat_q[TAP*SLOT +: SLOT] : mapped;
                end else begin : g_map
                    assign taps[TAP*SLOT +: SLOT] = mapped & {SLOT{!single}};
                end
            end
        end
        if (KMAX != 3 && KMAX != 5 && KMAX != 7) begin : g_illegal_kmax
            illegal_parameter_KMAX_is_3_5_or_7 stop_elaboration ();
        end
    endgenerate
endmodule

`default_nettype wire
