// SPDX-License-Identifier: Apache-2.0
//
// line_buffer: turns a raster stream of pixels into a KMAX x KMAX window.
//
// One pixel is a beat of PIN codes. Every `shift` moves the window one pixel on; the newest pixel
// is the bottom right tap. The KMAX-1 lines above it come from one memory, KMAX-1 pixels wide and
// `width` words deep in use, addressed round and round: the word read at a column is the column
// as it was one map row ago. There is no reset on data: taps that hold no pixel of the current
// map must be masked by the user (scan_control's row_ok and col_ok).
//
// Flat window: tap (ty, tx), channel i at bits [((ty*KMAX + tx)*PIN + i)*AB +: AB], oldest first.
//
// Parameters
//   KMAX        window size, 1, 3, 5 or 7
//   PIXEL       bits of one pixel (PIN * AB), at least 1
//   LINE_DEPTH  widest map, 1..256
`default_nettype none

module line_buffer #(
    parameter KMAX       = 3,
    parameter PIXEL      = 32,
    parameter LINE_DEPTH = 256
) (
    input  wire                         clk,
    input  wire                         pass_start,   // back to column 0
    input  wire                         shift,
    input  wire [8:0]                   width,        // of the map, 1..LINE_DEPTH
    input  wire [PIXEL-1:0]             pixel,
    output wire [KMAX*KMAX*PIXEL-1:0]   window
);
    wire [KMAX*PIXEL-1:0] column;   // bottom (newest) row on top of the vector

    generate
        if (KMAX == 1) begin : g_no_lines
            assign column = pixel;
            // A 1 x 1 window needs neither the width nor a column counter.
            wire unused = &{1'b0, pass_start, width};
        end else begin : g_lines
            localparam LINES = (KMAX - 1) * PIXEL;
            localparam AW    = (LINE_DEPTH > 1) ? $clog2(LINE_DEPTH) : 1;

            reg  [LINES-1:0] mem [0:LINE_DEPTH-1];
            reg  [LINES-1:0] read_q;
            reg  [LINES-1:0] same_q;     // the word just written: a one-pixel map reads it back
            reg  [AW-1:0]    at;
            wire [8:0]       at_9    = {{(9-AW){1'b0}}, at};
            wire             wrap    = at_9 == width - 9'd1;
            wire [AW-1:0]    at_next = wrap ? {AW{1'b0}} : at + 1'b1;
            wire [LINES-1:0] above   = (width == 9'd1) ? same_q : read_q;

            assign column = {pixel, above};

            always @(posedge clk) begin
                if (shift) begin
                    mem[at] <= column[KMAX*PIXEL-1:PIXEL];   // every line moves up by one
                    read_q  <= mem[at_next];
                    same_q  <= column[KMAX*PIXEL-1:PIXEL];
                    at      <= at_next;
                end
                if (pass_start) at <= {AW{1'b0}};
            end
        end
    endgenerate

    genvar r;
    generate
        for (r = 0; r < KMAX; r = r + 1) begin : g_row
            if (KMAX == 1) begin : g_one
                reg [PIXEL-1:0] taps;
                always @(posedge clk) if (shift) taps <= column;
                assign window = taps;
            end else begin : g_many
                reg [KMAX*PIXEL-1:0] taps;
                always @(posedge clk)
                    if (shift) taps <= {column[r*PIXEL +: PIXEL], taps[KMAX*PIXEL-1:PIXEL]};
                assign window[r*KMAX*PIXEL +: KMAX*PIXEL] = taps;
            end
        end
        if (KMAX != 1 && KMAX != 3 && KMAX != 5 && KMAX != 7) begin : g_illegal_kmax
            illegal_parameter_KMAX_is_1_3_5_or_7 stop_elaboration ();
        end
        if (PIXEL < 1) begin : g_illegal_pixel
            illegal_parameter_PIXEL_is_at_least_1 stop_elaboration ();
        end
        if (LINE_DEPTH < 1 || LINE_DEPTH > 256) begin : g_illegal_depth
            illegal_parameter_LINE_DEPTH_is_1_to_256 stop_elaboration ();
        end
    endgenerate
endmodule

`default_nettype wire
