// SPDX-License-Identifier: Apache-2.0
//
// scan_control: hands out the steps of a layer (scan_walk), each ready in registers.
//
// Whether a step can be taken is decided on what it needs, so the head of this queue has that in
// flip-flops, and the walk itself goes on one cycle behind each step that is taken: no path leads
// from the decision (`shift`) into the walk's counters. Two steps wait behind the head to make up
// for that cycle.
//
// After `restart` the head is twice an empty step (`real_step` low), which needs nothing and is to
// be taken like any other; with these the queue fills.
//
// Parameters
//   KMAX  window size, 3, 5 or 7
//   POUT  output channels of a tile, 1..64
`default_nettype none

module scan_control #(
    parameter KMAX = 3,
    parameter POUT = 8
) (
    input  wire            clk,
    input  wire            restart,       // before the first step of a layer
    input  wire            shift,         // the head is taken

    // layer, see scan_walk
    input  wire [8:0]      h,
    input  wire [8:0]      w,
    input  wire [11:0]     cin,
    input  wire [11:0]     cout,
    input  wire [11:0]     in_size,
    input  wire [2:0]      k,
    input  wire            blocks,
    input  wire            whole,
    input  wire [1:0]      pad,
    input  wire [1:0]      pad_top,
    input  wire [15:0]     images,
    input  wire [8:0]      grid_h,
    input  wire [8:0]      grid_w,
    input  wire [8:0]      oh,
    input  wire [8:0]      ow,
    input  wire [10:0]     lead,
    input  wire            emit_y,
    input  wire            emit_q,
    input  wire            res_in,

    // the head, see scan_walk
    output wire            real_step,
    output wire            need_in,
    output wire [1:0]      slot,
    output wire            beat_end,
    output wire            in_tile_end,
    output wire            produces,
    output wire            first,
    output wire            last,
    output wire            pass_begin,
    output wire            pass_end,
    output wire            job_end,
    output reg             tiny,          // the layer's passes are tiny
    output wire            holds_up,      // after it the next pass's first step has to wait
    output wire            puts_y,        // it needs a place for its codes, for its words
    output wire            puts_q,
    output wire            takes_r,       // it needs a residual word
    output wire [KMAX-1:0] row_ok,
    output wire [KMAX-1:0] col_ok,
    output reg  [11:0]     in_tile,       // of its anchor, told a cycle late
    output reg  [11:0]     out_tile
);
    localparam STEPW = 17 + 2 * KMAX;

    wire [STEPW-1:0] walked;
    reg  [STEPW-1:0] head, next, spare;
    reg              shift_q;             // the walk follows; its step is new
    reg              is_spare;            // the opposite, for the queue alone
    reg              tile_end, tile_was_last;
    wire             w_need_in, w_beat_end, w_in_tile_end, w_produces, w_first, w_last;
    wire             w_pass_begin, w_pass_end, w_anchors_end, w_job_end;
    wire [1:0]       w_slot;
    wire [KMAX-1:0]  w_row_ok, w_col_ok;
    wire             puts_out = w_produces && w_last;

    scan_walk #(.KMAX(KMAX), .POUT(POUT)) u_walk (
        .clk(clk), .restart(restart), .step(shift_q), .h(h), .w(w), .cin(cin), .cout(cout),
        .in_size(in_size), .k(k), .blocks(blocks), .whole(whole), .pad(pad), .pad_top(pad_top),
        .images(images), .grid_h(grid_h), .grid_w(grid_w), .oh(oh), .ow(ow), .lead(lead),
        .need_in(w_need_in), .slot(w_slot), .beat_end(w_beat_end), .in_tile_end(w_in_tile_end),
        .produces(w_produces), .first(w_first), .last(w_last), .pass_begin(w_pass_begin),
        .pass_end(w_pass_end), .anchors_end(w_anchors_end), .job_end(w_job_end),
        .row_ok(w_row_ok), .col_ok(w_col_ok)
    );
    assign walked = {
        w_col_ok, w_row_ok, w_anchors_end, 1'b1, w_need_in, w_slot, w_beat_end, w_in_tile_end,
        w_produces, w_first, w_last, w_pass_begin, w_pass_end, w_job_end,
        w_pass_begin || (tiny && w_produces), puts_out && emit_y, puts_out && emit_q,
        puts_out && res_in
    };
    wire anchors_end;
    assign {
        col_ok, row_ok, anchors_end, real_step, need_in, slot, beat_end, in_tile_end,
        produces, first, last, pass_begin, pass_end, job_end, holds_up, puts_y, puts_q, takes_r
    } = head;

    always @(posedge clk) begin
        tiny    <= oh <= 9'd2 && ow <= 9'd2 && images <= 16'd2;
        shift_q  <= shift;
        is_spare <= !shift;
        if (!is_spare) spare <= walked;
        if (shift) begin
            next <= is_spare ? spare : walked;
            head <= next;
        end
        tile_end <= shift && anchors_end;
        tile_was_last <= last;
        if (tile_end) begin
            in_tile <= tile_was_last ? 12'd0 : in_tile + 12'd1;
            if (tile_was_last) out_tile <= out_tile + 12'd1;
        end
        if (restart) begin
            shift_q  <= 1'b1;
            is_spare <= 1'b0;
            next     <= {STEPW{1'b0}};
            head     <= {STEPW{1'b0}};
            tile_end <= 1'b0;
            in_tile  <= 12'd0;
            out_tile <= 12'd0;
        end
    end
endmodule

`default_nettype wire
