// SPDX-License-Identifier: Apache-2.0
// Purpose: counts a number of steps down to none. Kept as its negative and counted up, because then
//   load and step share one LUT a bit.
//
// `step` comes late and the counter is wide, so a step is counted a cycle after it was made; `last`
//   takes the one on its way into account.
//
// Parameters: none.

`default_nettype none

module shuff_countdown (
    input  wire        clk,
    input  wire        load,
    input  wire [31:0] value,
    input  wire        start,     // once, a cycle or more after the last load, before any step
    input  wire        step,
    output wire        last,      // one step is left; right from the cycle after `start` on
    output reg         none       // no step is left; the same, and low from `load` to `start`
);

    reg  [31:0] negative;
    reg         few;         // one or two, step_q aside: all ones above the lowest bit
    reg         step_q;
    wire [32:0] next = {1'b0, load ? ~value : negative} + {32'd0, start || step_q};

    assign last = few && (negative[0] ^ step_q);

    always @(posedge clk) begin
        step_q   <= step;
        // The loaded complement becomes the negative with `start`.
        negative <= next[31:0];
        // Of the next `negative`, but not through its carry chain. With `start` it may be wrong for
        // a cycle, where the lowest bit makes `last` right.
        few      <= &negative[31:2] && (negative[1] ^ (negative[0] && step_q));
        if (load) begin
            none <= 1'b0;
        end else if (start) begin
            none <= next[32];
        end else if (step) begin
            none <= last;
        end
    end

endmodule

`default_nettype wire
