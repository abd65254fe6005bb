// SPDX-License-Identifier: Apache-2.0
//
// line_buffer: turns a raster stream of elements into a SIDE x SIDE window.
//
// An element is a pixel or a block of pixels. Every `shift` moves the window one element on; the
// newest is the bottom right one. The SIDE-1 lines above it come from one memory, SIDE-1 elements
// wide and `width` words deep in use, addressed round and round: the word read at a column is the
// column as it was one row ago. There is no reset on data: places that
// hold no element of the current map must be masked by the user (window_select).
//
// Flat window: place (ty, tx) at bits [(ty*SIDE + tx)*ELEMENT +: ELEMENT], oldest first.
//
// Parameters
//   SIDE        window size, 2..7
//   ELEMENT     bits of one element, at least 1
//   LINE_DEPTH  most elements in a row, 1..256
`default_nettype none

module line_buffer #(
    parameter SIDE       = 3,
    parameter ELEMENT    = 32,
    parameter LINE_DEPTH = 256
) (
    input  wire                         clk,
    input  wire                         restart,      // back to column 0; width stable since
                                                      // the cycle before
    input  wire                         shift,
    input  wire [8:0]                   width,        // of the map, 1..LINE_DEPTH
    input  wire [ELEMENT-1:0]           element,
    output wire [SIDE*SIDE*ELEMENT-1:0] window
);
    localparam LINES = (SIDE - 1) * ELEMENT;
    localparam AW    = (LINE_DEPTH > 1) ? $clog2(LINE_DEPTH) : 1;
    localparam [AW-1:0] ONE = 1;

    reg  [LINES-1:0] mem [0:LINE_DEPTH-1];
    reg  [LINES-1:0] read_q;
    reg  [LINES-1:0] same_q;     // the word just written: a one-pixel map reads it back
    // The column that is written and the one behind it, which is read, each in a register.
    reg  [AW-1:0]    at, ahead;
    reg  [AW-1:0]    top;        // the last column
    reg              narrow;     // a map of one column
    wire [LINES-1:0] above = narrow ? same_q : read_q;

    wire [8:0]       last  = width - 9'd1;
    wire             unused = &{1'b0, last[8:AW]};

    // Bottom (newest) row on top of the vector.
    wire [SIDE*ELEMENT-1:0] column = {element, above};

    always @(posedge clk) begin
        if (shift) begin
            mem[at] <= column[SIDE*ELEMENT-1:ELEMENT];   // every line moves up by one
            read_q  <= mem[ahead];
            same_q  <= column[SIDE*ELEMENT-1:ELEMENT];
            at      <= ahead;
            ahead   <= (ahead == top) ? {AW{1'b0}} : ahead + ONE;
        end
        narrow <= width == 9'd1;
        top    <= last[AW-1:0];
        if (restart) begin
            at    <= {AW{1'b0}};
            ahead <= narrow ? {AW{1'b0}} : ONE;
        end
    end

    genvar r;
    generate
        for (r = 0; r < SIDE; r = r + 1) begin : g_row
            reg [SIDE*ELEMENT-1:0] taps;
            always @(posedge clk)
                if (shift) taps <= {column[r*ELEMENT +: ELEMENT], taps[SIDE*ELEMENT-1:ELEMENT]};
            assign window[r*SIDE*ELEMENT +: SIDE*ELEMENT] = taps;
        end
        if (SIDE < 2 || SIDE > 7) begin : g_illegal_side
            illegal_parameter_SIDE_is_2_to_7 stop_elaboration ();
        end
        if (ELEMENT < 1) begin : g_illegal_element
            illegal_parameter_ELEMENT_is_at_least_1 stop_elaboration ();
        end
        if (LINE_DEPTH < 1 || LINE_DEPTH > 256) begin : g_illegal_depth
            illegal_parameter_LINE_DEPTH_is_1_to_256 stop_elaboration ();
        end
    endgenerate
endmodule

`default_nettype wire
