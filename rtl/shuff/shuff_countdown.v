// SPDX-License-Identifier: Apache-2.0
// Purpose: counts a number of steps down to none. Kept as its negative and counted up, because then
//   load and step share one LUT a bit and the carry out says that this step is the last.
//
// After `load` one `step` is due that counts nothing: it turns the loaded complement into the
//   negative. `last` and `none` are right from then on.
//
// Parameters: none.

`default_nettype none

module shuff_countdown (
    input  wire        clk,
    input  wire        load,
    input  wire [31:0] value,
    input  wire        step,      // not together with load
    output wire        last,      // one step is left
    output reg         none       // no step is left
);

    reg  [31:0] negative;
    wire [32:0] next = {1'b0, load ? ~value : negative} + {32'd0, step};

    assign last = next[32];

    always @(posedge clk) begin
        if (load || step) begin
            negative <= next[31:0];
            none     <= next[32];
        end
    end

endmodule

`default_nettype wire
