// SPDX-License-Identifier: Apache-2.0
//
// step_gate: decides whether the step at the head of the scan can be taken, and starts it.
//
// A step is taken when all that it needs is there: its element, room for its outputs, its residual
// word, and for a pass's first position the weights. All of these come in flip-flops, so the
// decision is two LUTs deep and may drive many enables. What it starts comes out registered:
// `move_*` shift the window, one cycle later, with the element that was chosen in this one.
//
// A pass's first position also waits for `gap`: its weights are swapped in two cycles after it is
// taken, and until then weights_full speaks of the old ones; a pass of at most 2 x 2 positions and
// 2 images is over so soon that its sums are not stored yet, so it waits three cycles
// (psum_buffer).
//
// Each cycle of a running job that takes no step has one cause: no room in y or q, else no residual
// word, else no weights, else no element. Waiting for `gap` has none.
//
// Parameters: none.
`default_nettype none

module step_gate (
    input  wire       clk,
    input  wire       rst,
    input  wire       stopped,        // the job does not run
    input  wire       leave,          // the way out of an error: the next tile is dropped

    // what the step needs
    input  wire       real_step,
    input  wire       need_in,
    input  wire       produces,
    input  wire       pass_begin,
    input  wire       job_end,
    input  wire       holds_up,
    input  wire       puts_y,
    input  wire       puts_q,
    input  wire       takes_r,
    input  wire       tiny,
    input  wire       blocks,
    input  wire       single,

    // what is there
    input  wire       element_here,
    input  wire       y_room,
    input  wire       q_room,
    input  wire       residual_here,
    input  wire       weights_full,

    output wire       shift,          // the step is taken
    output reg        move,           // a step was taken: its element is at the window's input,
    output reg        move_pixel,     // ... a pixel,
    output reg        move_block,     // ... a block
    output reg        issued,         // ... which completes a position
    output reg        ended,          // ... the layer's last one: nothing comes behind it
    output wire       claimed,        // ... the first of its pass,
    output reg        awaited,        // a cycle ago nothing but weights was missing
    output reg        swap,           // ... that one in the cycle before: it is in the window
    input  wire       stored,         // a position ended as a stored sum, as an output
    input  wire       put_out,
    output reg        pipe_empty,     // no position is on its way
    output reg  [4:0] events          // {stall_y, stall_r, stall_a, stall_w, issue}, a cycle late
);
    reg  gap, begins_q, issued_q;
    wire running = !stopped;
    reg  [7:0] in_flight;
    wire out_ok = (!puts_y || y_room) && (!puts_q || q_room);
    wire res_ok = !takes_r || residual_here;
    wire gap_ok = !pass_begin || gap;
    wire w_ok   = !pass_begin || weights_full;
    wire in_ok  = !need_in || element_here;

    assign shift = running && out_ok && res_ok && gap_ok && w_ok && in_ok;
    assign claimed = begins_q;

    always @(posedge clk) begin
        move       <= shift && real_step;
        move_pixel <= shift && real_step && !blocks && !single;
        move_block <= shift && real_step && blocks;
        issued     <= shift && produces;
        issued_q   <= issued;
        ended      <= shift && job_end;
        begins_q   <= shift && pass_begin;
        swap       <= begins_q || leave;
        // One pass may put a position out while the next one stores its first.
        in_flight  <= in_flight + {7'd0, issued} - {7'd0, stored} - {7'd0, put_out};
        pipe_empty <= in_flight == 8'd0 && !issued && !(shift && produces);
        gap        <= !(shift && holds_up) && !begins_q && !(tiny && (issued || issued_q));
        awaited    <= running && out_ok && res_ok && gap_ok && in_ok && !w_ok;
        events     <= {running && !out_ok, running && out_ok && !res_ok,
                       running && out_ok && res_ok && gap_ok && w_ok && !in_ok,
                       running && out_ok && res_ok && gap_ok && !w_ok, shift && produces};
        if (rst) begin
            move       <= 1'b0;
            move_pixel <= 1'b0;
            move_block <= 1'b0;
            issued     <= 1'b0;
            issued_q   <= 1'b0;
            ended      <= 1'b0;
            awaited    <= 1'b0;
            begins_q   <= 1'b0;
            swap       <= 1'b0;
            in_flight  <= 8'd0;
            pipe_empty <= 1'b1;
            gap        <= 1'b1;
            events     <= 5'd0;
        end
    end
endmodule

`default_nettype wire
