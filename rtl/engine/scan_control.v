// SPDX-License-Identifier: Apache-2.0
//
// scan_control: walks all pixels of all passes of a layer without a gap.
//
// What comes in is a grid of elements, images x grid_h x grid_w a pass, one pass behind the other:
//   kernel > 1, stride 1   an element is a pixel
//   kernel > 1, stride 2   an element is a 2x2 block of pixels
//   kernel 1               an element is the pixel of an output position
// In all three an output position (oy, ox) belongs to the element (oy, ox), its anchor. Two walks
// run over the same grid: the input walk says which element comes in, the anchor walk, `lead`
// elements behind it, says whose window is complete. No cycle is spent on padding, between rows,
// images or passes: a window may hold elements of the next row, image or pass, but taps that lie
// outside the map are masked by row_ok and col_ok. Only when the last element of the layer is in
// are the remaining anchors walked without input.
//
// A layer takes exactly max(P*G, (P-1)*G + A + lead + 1) shifts with P passes, G elements a pass and
// A = ((images-1)*grid_h + OH-1)*grid_w + OW-1, the last anchor of a pass.
//
// Parameters
//   KMAX  window size, 3, 5 or 7. Smaller kernels lie at the window's bottom right.
//   POUT  output channels of a tile, 1..64
`default_nettype none

module scan_control #(
    parameter KMAX = 3,
    parameter POUT = 8
) (
    input  wire            clk,
    input  wire            restart,       // before the first shift of a layer
    input  wire            shift,         // the walks take one step

    input  wire [8:0]      h,
    input  wire [8:0]      w,
    input  wire [11:0]     cin,
    input  wire [11:0]     cout,
    input  wire [11:0]     in_size,       // input channels of a tile
    input  wire [2:0]      k,
    input  wire            blocks,        // elements are blocks
    input  wire [1:0]      pad,
    input  wire [1:0]      pad_top,
    input  wire [15:0]     images,
    input  wire [8:0]      grid_h,
    input  wire [8:0]      grid_w,
    input  wire [8:0]      oh,
    input  wire [8:0]      ow,
    input  wire [10:0]     lead,

    output wire            need_in,       // this step takes an element
    output wire            in_pass_end,   // ... which is a pass's last
    output wire            in_tile_end,   // ... and an output tile's last
    output wire            produces,      // this step completes an output position
    output wire            first,         // ... of an output tile's first, last pass
    output wire            last,
    output wire            pass_begin,    // ... which is its pass's first, last
    output wire            pass_end,
    output wire            job_end,       // this step is the layer's last
    output wire [KMAX-1:0] row_ok,        // window rows inside the map, for this step's anchor
    output wire [KMAX-1:0] col_ok,
    output wire [11:0]     in_tile,       // of this step's anchor
    output wire [11:0]     out_tile
);
    // ---- input walk ----
    reg [8:0]  in_x, in_y;
    reg [15:0] in_image;
    reg        in_done;
    wire       in_row_end = in_x == grid_w - 9'd1;
    wire       in_map_end = in_row_end && in_y == grid_h - 9'd1;
    wire       in_last, in_final, unused_first;
    wire [11:0] unused_in, unused_out;

    assign need_in     = !in_done;
    assign in_pass_end = need_in && in_map_end && in_image == images - 16'd1;
    assign in_tile_end = in_pass_end && in_last;
    wire   in_all      = in_done || (in_pass_end && in_final);

    pass_walk #(.POUT(POUT)) u_in (
        .clk(clk), .restart(restart), .next(shift && in_pass_end),
        .cin(cin), .cout(cout), .in_size(in_size), .first(unused_first), .last(in_last),
        .final_pass(in_final), .in_tile(unused_in), .out_tile(unused_out)
    );
    wire unused = &{1'b0, unused_first, unused_in, unused_out};

    // ---- anchor walk ----
    reg [8:0]  x, y;
    reg [15:0] image;
    reg [10:0] lead_left;
    reg        out_done;
    wire       live     = lead_left == 0 && !out_done;
    wire       row_end  = x == grid_w - 9'd1;
    wire       map_end  = row_end && y == grid_h - 9'd1;
    wire       last_map = image == images - 16'd1;
    wire       final_pass;

    assign produces   = live && x < ow && y < oh;
    assign pass_begin = produces && x == 9'd0 && y == 9'd0 && image == 16'd0;
    assign pass_end   = produces && x == ow - 9'd1 && y == oh - 9'd1 && last_map;
    wire   out_all    = out_done || (pass_end && final_pass);
    assign job_end    = in_all && out_all;

    pass_walk #(.POUT(POUT)) u_anchor (
        .clk(clk), .restart(restart), .next(shift && live && map_end && last_map),
        .cin(cin), .cout(cout), .in_size(in_size), .first(first), .last(last),
        .final_pass(final_pass), .in_tile(in_tile), .out_tile(out_tile)
    );

    // ---- taps inside the map ----
    // Window line t holds map line base + t - offset, offset = (KMAX - k) + padding.
    localparam [3:0] KMAX_4 = KMAX[3:0];
    wire [3:0]  skip = KMAX_4 - {1'b0, k};
    wire [3:0]  off_y = skip + {2'd0, pad_top}, off_x = skip + {2'd0, pad};
    wire [10:0] base_y = blocks ? {1'b0, y, 1'b0} : {2'b0, y};
    wire [10:0] base_x = blocks ? {1'b0, x, 1'b0} : {2'b0, x};
    genvar t;
    generate
        for (t = 0; t < KMAX; t = t + 1) begin : g_line
            localparam [3:0]  T_4  = t[3:0];
            localparam [10:0] T_11 = t[10:0];
            // Lines above or left of the map come out as very large numbers.
            wire [10:0] row = base_y + T_11 - {7'd0, off_y};
            wire [10:0] col = base_x + T_11 - {7'd0, off_x};
            assign row_ok[t] = T_4 >= skip && row < {2'd0, h};
            assign col_ok[t] = T_4 >= skip && col < {2'd0, w};
        end
    endgenerate

    always @(posedge clk) begin
        if (shift && need_in) begin
            in_x <= in_row_end ? 9'd0 : in_x + 9'd1;
            if (in_row_end) in_y <= in_map_end ? 9'd0 : in_y + 9'd1;
            if (in_map_end) in_image <= in_pass_end ? 16'd0 : in_image + 16'd1;
            if (in_pass_end && in_final) in_done <= 1'b1;
        end
        if (shift && lead_left != 0) lead_left <= lead_left - 11'd1;
        if (shift && live) begin
            x <= row_end ? 9'd0 : x + 9'd1;
            if (row_end) y <= map_end ? 9'd0 : y + 9'd1;
            if (map_end) image <= last_map ? 16'd0 : image + 16'd1;
            if (pass_end && final_pass) out_done <= 1'b1;
        end
        if (restart) begin
            in_x      <= 9'd0;
            in_y      <= 9'd0;
            in_image  <= 16'd0;
            in_done   <= 1'b0;
            x         <= 9'd0;
            y         <= 9'd0;
            image     <= 16'd0;
            lead_left <= lead;
            out_done  <= 1'b0;
        end
    end
endmodule

`default_nettype wire
