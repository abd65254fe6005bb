// SPDX-License-Identifier: Apache-2.0
// Purpose: sum of two numbers of three bits. A module of its own, so that a mapper that takes it by
//   itself (sim/tables/shuff.toml, `separate`) makes one LUT of each bit; inside the lane, behind a
//   memory whose delay it does not count, it would share gates and make two in a row.
//
// Parameters: none.

`default_nettype none

module shuff_bank_sum (
    input  wire [2:0] a,
    input  wire [2:0] b,
    output wire [3:0] sum
);

    // Written out: a carry chain would be slower.
    wire two   = a[0] & b[0];
    wire four  = (a[1] & b[1]) | ((a[1] | b[1]) & two);
    wire eight = (a[2] & b[2]) | ((a[2] | b[2]) & four);

    assign sum = {eight, a ^ b ^ {four, two, 1'b0}};

endmodule

`default_nettype wire
