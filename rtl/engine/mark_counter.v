// SPDX-License-Identifier: Apache-2.0
//
// mark_counter: a wrap_counter that also knows in registers where it stands to a mark on its way.
//
// As with `at_top`, each comparison is made a step early.
//
// Parameters
//   WIDTH  bits of the count, at least 1; top is below 2^WIDTH - 1
`default_nettype none

module mark_counter #(
    parameter WIDTH = 9
) (
    input  wire             clk,
    input  wire             restart,
    input  wire             step,
    input  wire [WIDTH-1:0] top,       // stable from the cycle before restart on
    input  wire [WIDTH-1:0] mark,      // so too; at most top
    output wire [WIDTH-1:0] count,
    output wire             at_top,
    output reg              at_zero,
    output reg              at_mark,
    output reg              up_to_mark
);
    localparam [WIDTH-1:0] ONE = 1;

    reg [WIDTH-1:0] short_of;          // mark - 1
    reg             still;             // mark is 0

    wrap_counter #(.WIDTH(WIDTH)) u_count (
        .clk(clk), .restart(restart), .step(step), .top(top), .count(count), .at_top(at_top)
    );

    always @(posedge clk) begin
        short_of <= mark - ONE;
        still    <= mark == {WIDTH{1'b0}};
        if (step) begin
            at_zero    <= at_top;
            at_mark    <= at_top ? still : count == short_of;
            up_to_mark <= at_top || (up_to_mark && !at_mark);
        end
        if (restart) begin
            at_zero    <= 1'b1;
            at_mark    <= mark == {WIDTH{1'b0}};
            up_to_mark <= 1'b1;
        end
    end
endmodule

`default_nettype wire
