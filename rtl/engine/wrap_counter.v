// SPDX-License-Identifier: Apache-2.0
//
// wrap_counter: counts 0 .. top and starts again, and knows in a register when it stands at top.
//
// `at_top` would be a comparison behind the count, in front of the enables of all the counters that
// this one steps; here it is found out one step earlier.
//
// Parameters
//   WIDTH  bits of the count, at least 1
`default_nettype none

module wrap_counter #(
    parameter WIDTH = 9
) (
    input  wire             clk,
    input  wire             restart,   // to 0; top has been stable for a cycle
    input  wire             step,
    input  wire [WIDTH-1:0] top,       // stable from the cycle before restart on
    output reg  [WIDTH-1:0] count,
    output reg              at_top
);
    localparam [WIDTH-1:0] ONE = 1;

    reg [WIDTH-1:0] short_of;            // top - 1
    reg             still;             // top is 0: always there

    always @(posedge clk) begin
        short_of <= top - ONE;
        still  <= top == {WIDTH{1'b0}};
        if (step) begin
            count  <= at_top ? {WIDTH{1'b0}} : count + ONE;
            at_top <= at_top ? still : count == short_of;
        end
        if (restart) begin
            count  <= {WIDTH{1'b0}};
            at_top <= top == {WIDTH{1'b0}};
        end
    end

    generate
        if (WIDTH < 1) begin : g_illegal_width
            illegal_parameter_WIDTH_is_at_least_1 stop_elaboration ();
        end
    endgenerate
endmodule

`default_nettype wire
