// SPDX-License-Identifier: Apache-2.0
//
// scan_control: walks one pass (all pixels of all images for one weight tile).
//
// Pixels arrive in raster order without a gap between rows or images, and no cycle is spent on
// padding. Two walks run over the same H x W x images grid: the input walk says which pixel comes
// in, and the anchor walk, `lead` beats behind it, says which window position is complete. The
// anchor is the pixel (oy*stride, ox*stride): tap (dy, dx) of output (oy, ox) lies at
// anchor + (dy - pad, dx - pad), and taps that fall outside the map are masked by row_ok and
// col_ok. That the window holds pixels of the next row or image there does no harm.
//   lead = (K-1-pad) * (W+1)
// A pass takes exactly max(images*H*W, last_anchor + lead + 1) shifts, where last_anchor is
// (images-1)*H*W + (OH-1)*stride*W + (OW-1)*stride: when all pixels are in, the remaining
// anchors are flushed without input.
//
// Parameters
//   KMAX  window size, 1, 3, 5 or 7. Smaller kernels lie at the window's bottom right.
`default_nettype none

module scan_control #(
    parameter KMAX = 3
) (
    input  wire            clk,
    input  wire            rst,
    input  wire            pass_start,
    input  wire            shift,         // the walks take one step

    input  wire [8:0]      h,
    input  wire [8:0]      w,
    input  wire [2:0]      k,
    input  wire            stride2,
    input  wire [1:0]      pad,
    input  wire [15:0]     images,
    input  wire [8:0]      oh,
    input  wire [8:0]      ow,
    input  wire [10:0]     lead,

    output wire            need_in,       // this step takes a pixel
    output wire            in_last,       // ... which is the pass's last
    output wire            produces,      // this step completes an output position
    output wire            produces_last, // ... which is the pass's last
    output wire            pass_end,      // this step is the pass's last
    output wire [KMAX-1:0] row_ok,        // window rows inside the map, for this step's anchor
    output wire [KMAX-1:0] col_ok
);
    // ---- input walk ----
    reg [8:0]  in_x, in_y;
    reg [15:0] in_image;
    reg        in_done;

    assign need_in = !in_done;
    assign in_last = need_in && in_x == w - 9'd1 && in_y == h - 9'd1 && in_image == images - 16'd1;

    // ---- anchor walk ----
    reg [8:0]  x, y;
    reg [15:0] image;
    reg [10:0] lead_left;
    reg        out_done;

    wire       live   = lead_left == 0 && !out_done;
    wire [8:0] out_x  = stride2 ? {1'b0, x[8:1]} : x;
    wire [8:0] out_y  = stride2 ? {1'b0, y[8:1]} : y;
    wire       hit_x  = !(stride2 && x[0]) && out_x < ow;
    wire       hit_y  = !(stride2 && y[0]) && out_y < oh;

    assign produces      = live && hit_x && hit_y;
    assign produces_last = produces && out_x == ow - 9'd1 && out_y == oh - 9'd1
                           && image == images - 16'd1;
    assign pass_end      = (in_done || in_last) && (out_done || produces_last);

    // ---- taps inside the map ----
    // Window line t holds map line anchor + t - offset, offset = (KMAX - k) + pad.
    localparam [3:0] KMAX_4 = KMAX[3:0];
    wire [3:0] skip   = KMAX_4 - {1'b0, k};
    wire [3:0] offset = skip + {2'd0, pad};
    genvar t;
    generate
        for (t = 0; t < KMAX; t = t + 1) begin : g_line
            localparam [3:0]  T_4  = t[3:0];
            localparam [10:0] T_11 = t[10:0];
            wire [10:0] row = {2'd0, y} + T_11 - {7'd0, offset};   // negative: bit 10 set
            wire [10:0] col = {2'd0, x} + T_11 - {7'd0, offset};
            assign row_ok[t] = T_4 >= skip && !row[10] && row < {2'd0, h};
            assign col_ok[t] = T_4 >= skip && !col[10] && col < {2'd0, w};
        end
    endgenerate

    always @(posedge clk) begin
        if (shift && need_in) begin
            in_x <= in_x + 9'd1;
            if (in_x == w - 9'd1) begin
                in_x <= 9'd0;
                in_y <= in_y + 9'd1;
                if (in_y == h - 9'd1) begin
                    in_y     <= 9'd0;
                    in_image <= in_image + 16'd1;
                end
            end
            if (in_last) in_done <= 1'b1;
        end
        if (shift && lead_left != 0) lead_left <= lead_left - 11'd1;
        if (shift && live) begin
            x <= x + 9'd1;
            if (x == w - 9'd1) begin
                x <= 9'd0;
                y <= y + 9'd1;
                if (y == h - 9'd1) begin
                    y     <= 9'd0;
                    image <= image + 16'd1;
                end
            end
            if (produces_last) out_done <= 1'b1;
        end
        if (pass_start || rst) begin
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
