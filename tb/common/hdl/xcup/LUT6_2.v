// SPDX-License-Identifier: Apache-2.0
//
// LUT6_2: the UltraScale+ cell as far as the lanes use it, for simulation only: what it does,
// without timing. A synthesiser knows the cell by itself and reads an empty file.
//
// Two outputs of one table: O6 of all six inputs, O5 of the lower five, from the lower half.
//
// Parameters
//   INIT  the table, 64 bits
`ifndef SYNTHESIS
`default_nettype none

module LUT6_2 #(
    parameter [63:0] INIT = 64'h0
) (
    input  wire I0,
    input  wire I1,
    input  wire I2,
    input  wire I3,
    input  wire I4,
    input  wire I5,
    output wire O5,
    output wire O6
);

    localparam [31:0] LOWER = INIT[31:0];

    assign O5 = LOWER[{I4, I3, I2, I1, I0}];
    assign O6 = INIT[{I5, I4, I3, I2, I1, I0}];

endmodule

`default_nettype wire
`endif
