// SPDX-License-Identifier: Apache-2.0
//
// scan_walk: the steps of a layer, one behind the other: what comes in, and what is complete.
//
// What comes in is a grid of elements, images x grid_h x grid_w a pass, one pass behind the other:
//   kernel > 1, stride 1   an element is a pixel, a quarter of a beat
//   kernel > 1, stride 2   an element is a 2x2 block of pixels, a beat
//   kernel 1               an element is the pixel of an output position, a beat
// In all three an output position (oy, ox) belongs to the element (oy, ox), its anchor. Two walks
// run over the same grid: the input walk says which element comes in, the anchor walk, `lead`
// elements behind it, says whose window is complete. No cycle is spent on padding, between rows,
// images or passes: a window may hold elements of the next row, image or pass, but taps that lie
// outside the map are masked by row_ok and col_ok. Only when the last element of the layer is in
// are the remaining anchors walked without input. Behind the last step come empty ones.
//
// A layer takes exactly max(P*G, (P-1)*G + A + lead + 1) steps with P passes, G elements a pass and
// A = ((images-1)*grid_h + OH-1)*grid_w + OW-1, the last anchor of a pass.
//
// Parameters
//   KMAX  window size, 3, 5 or 7. Smaller kernels lie at the window's bottom right.
//   POUT  output channels of a tile, 1..64
`default_nettype none

module scan_walk #(
    parameter KMAX = 3,
    parameter POUT = 8
) (
    input  wire            clk,
    input  wire            restart,       // before the first step of a layer
    input  wire            step,          // to the next one

    // layer: stable from two cycles before restart on; h, w, k, blocks and pads from three
    input  wire [8:0]      h,
    input  wire [8:0]      w,
    input  wire [11:0]     cin,
    input  wire [11:0]     cout,
    input  wire [11:0]     in_size,       // input channels of a tile
    input  wire [2:0]      k,
    input  wire            blocks,        // elements are blocks
    input  wire            whole,         // elements are whole beats
    input  wire [1:0]      pad,
    input  wire [1:0]      pad_top,
    input  wire [15:0]     images,
    input  wire [8:0]      grid_h,
    input  wire [8:0]      grid_w,
    input  wire [8:0]      oh,
    input  wire [8:0]      ow,
    input  wire [10:0]     lead,

    // the present step
    output wire            need_in,       // it takes an element
    output wire [1:0]      slot,          // ... which lies there in its beat
    output wire            beat_end,      // ... and is the last one that the beat gives
    output wire            in_tile_end,   // ... and an output tile's last
    output wire            produces,      // it completes an output position
    output wire            first,         // ... of an output tile's first, last pass
    output wire            last,
    output wire            pass_begin,    // ... which is its pass's first, last
    output wire            pass_end,
    output wire            anchors_end,   // the anchor is its pass's last place, output or not
    output wire            job_end,       // it is the layer's last
    output wire [KMAX-1:0] row_ok,        // window rows inside the map, for the anchor
    output wire [KMAX-1:0] col_ok
);
    // ---- constants of the layer, as registers ----
    localparam [3:0] KMAX_4 = KMAX[3:0];
    reg  [8:0]  grid_w_top, grid_h_top, ow_top, oh_top;
    reg  [15:0] images_top;
    reg  [3:0]  skip, off_y, off_x;
    wire [3:0]  outside = KMAX_4 - {1'b0, k};
    always @(posedge clk) begin
        grid_w_top <= grid_w - 9'd1;
        grid_h_top <= grid_h - 9'd1;
        ow_top     <= ow - 9'd1;
        oh_top     <= oh - 9'd1;
        images_top <= images - 16'd1;
        skip       <= outside;
        off_y      <= outside + {2'd0, pad_top};
        off_x      <= outside + {2'd0, pad};
    end

    // ---- input walk ----
    reg  [1:0]  at;             // slot of the beat
    reg         in_done;
    wire        unused_next, unused_next_anchor, unused_then, unused_then_anchor;
    wire [11:0] unused_left, unused_left_anchor, unused_outs, unused_outs_anchor;
    wire        in_row_end, in_col_end, in_last_image, in_last, in_final, unused_first;
    wire [8:0]  unused_x, unused_y;
    wire [15:0] unused_image;
    // Behind the last element the walk goes on to nowhere: a gate would stand before every
    // counter's enable.
    wire        in_pass_end = in_row_end && in_col_end && in_last_image;

    wrap_counter #(.WIDTH(9)) u_in_x (
        .clk(clk), .restart(restart), .step(step), .top(grid_w_top), .count(unused_x),
        .at_top(in_row_end)
    );
    wrap_counter #(.WIDTH(9)) u_in_y (
        .clk(clk), .restart(restart), .step(step && in_row_end), .top(grid_h_top),
        .count(unused_y), .at_top(in_col_end)
    );
    wrap_counter #(.WIDTH(16)) u_in_image (
        .clk(clk), .restart(restart), .step(step && in_row_end && in_col_end), .top(images_top),
        .count(unused_image), .at_top(in_last_image)
    );
    pass_walk #(.POUT(POUT)) u_in (
        .clk(clk), .restart(restart), .next(step && in_pass_end),
        .cin(cin), .cout(cout), .in_size(in_size), .first(unused_first), .last(in_last),
        .final_pass(in_final), .next_last(unused_next), .next_last_q(unused_then),
        .next_in_q(unused_left), .outs_q(unused_outs)
    );
    wire unused = &{1'b0, unused_first, unused_x, unused_y, unused_image, unused_next,
                    unused_next_anchor, unused_left, unused_left_anchor, unused_outs,
                    unused_outs_anchor, unused_then, unused_then_anchor, unused_anchor_image};

    assign need_in     = !in_done;
    assign slot        = at;
    assign beat_end    = need_in && (whole || in_pass_end || at == 2'd3);
    assign in_tile_end = in_pass_end && in_last;
    wire   in_all      = in_done || (in_pass_end && in_final);

    // ---- anchor walk ----
    reg  [10:0] lead_left;
    reg         live, out_done, first_image;
    wire [8:0]  x, y;
    wire [15:0] unused_anchor_image;
    wire        row_end, col_end, last_image, final_pass;
    wire        x_first, y_first, x_final, y_final, x_inside, y_inside;     // of the output rows
    wire        last_place = row_end && col_end && last_image;
    wire        active = live && !out_done;
    wire        anchor = step && live;      // and behind the last position to nowhere
    wire        next_image = anchor && row_end && col_end;

    mark_counter #(.WIDTH(9)) u_x (
        .clk(clk), .restart(restart), .step(anchor), .top(grid_w_top), .mark(ow_top), .count(x),
        .at_top(row_end), .at_zero(x_first), .at_mark(x_final), .up_to_mark(x_inside)
    );
    mark_counter #(.WIDTH(9)) u_y (
        .clk(clk), .restart(restart), .step(anchor && row_end), .top(grid_h_top), .mark(oh_top),
        .count(y), .at_top(col_end), .at_zero(y_first), .at_mark(y_final), .up_to_mark(y_inside)
    );
    wrap_counter #(.WIDTH(16)) u_image (
        .clk(clk), .restart(restart), .step(next_image), .top(images_top),
        .count(unused_anchor_image), .at_top(last_image)
    );
    pass_walk #(.POUT(POUT)) u_anchor (
        .clk(clk), .restart(restart), .next(anchor && last_place),
        .cin(cin), .cout(cout), .in_size(in_size), .first(first), .last(last),
        .final_pass(final_pass), .next_last(unused_next_anchor),
        .next_last_q(unused_then_anchor), .next_in_q(unused_left_anchor),
        .outs_q(unused_outs_anchor)
    );

    assign produces    = active && x_inside && y_inside;
    assign pass_begin  = active && x_first && y_first && first_image;
    assign pass_end    = active && x_final && y_final && last_image;
    assign anchors_end = active && last_place;
    wire   out_all     = out_done || (pass_end && final_pass);
    assign job_end     = in_all && out_all;

    // ---- taps inside the map ----
    // Window line t holds map line base + t - offset, offset = (KMAX - k) + padding, base = y, or
    // 2 * y with blocks. It is inside for from <= y < to, which a layer fixes.
    genvar t;
    generate
        for (t = 0; t < KMAX; t = t + 1) begin : g_line
            localparam [4:0]  T_5  = t[4:0];
            localparam [10:0] T_11 = t[10:0];
            // Offsets are at most KMAX - 1; a line that lies past them begins at 0.
            reg  [4:0]  over_y, over_x;
            reg  [10:0] past_y, past_x;
            reg  [3:0]  from_y, from_x;
            reg  [10:0] to_y, to_x;

            always @(posedge clk) begin
                over_y <= {1'b0, off_y} - T_5;
                over_x <= {1'b0, off_x} - T_5;
                past_y <= {2'd0, h} + {7'd0, off_y} - T_11;
                past_x <= {2'd0, w} + {7'd0, off_x} - T_11;
                from_y <= over_y[4] ? 4'd0 : blocks ? (over_y[3:0] + 4'd1) >> 1 : over_y[3:0];
                from_x <= over_x[4] ? 4'd0 : blocks ? (over_x[3:0] + 4'd1) >> 1 : over_x[3:0];
                to_y   <= past_y[10] ? 11'd0 : blocks ? (past_y + 11'd1) >> 1 : past_y;
                to_x   <= past_x[10] ? 11'd0 : blocks ? (past_x + 11'd1) >> 1 : past_x;
                if (T_5 < {1'b0, skip}) begin
                    to_y <= 11'd0;
                    to_x <= 11'd0;
                end
            end
            assign row_ok[t] = y >= {5'd0, from_y} && {2'd0, y} < to_y;
            assign col_ok[t] = x >= {5'd0, from_x} && {2'd0, x} < to_x;
        end
    endgenerate

    always @(posedge clk) begin
        if (step) begin
            at <= (whole || in_pass_end || at == 2'd3) ? 2'd0 : at + 2'd1;
            if (in_pass_end && in_final) in_done <= 1'b1;
        end
        if (step && !live) begin
            lead_left <= lead_left - 11'd1;
            live      <= lead_left == 11'd1;
        end
        if (next_image) first_image <= last_image;
        if (anchor && pass_end && final_pass) out_done <= 1'b1;
        if (restart) begin
            at          <= 2'd0;
            in_done     <= 1'b0;
            lead_left   <= lead;
            live        <= lead == 11'd0;
            first_image <= 1'b1;
            out_done    <= 1'b0;
        end
    end
endmodule

`default_nettype wire
