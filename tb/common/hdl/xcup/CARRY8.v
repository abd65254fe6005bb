// SPDX-License-Identifier: Apache-2.0
//
// CARRY8: the UltraScale+ cell as far as the lanes use it, for simulation only: what it does,
// without timing. A synthesiser knows the cell by itself and reads an empty file.
//
// Eight bits of a carry chain: a bit passes the carry on where S is 1 and takes DI where it is 0.
//
// Parameters
//   CARRY_TYPE  "SINGLE_CY8" one chain of eight, "DUAL_CY4" two of four, the upper one from CI_TOP
`ifndef SYNTHESIS
`default_nettype none

module CARRY8 #(
    parameter CARRY_TYPE = "SINGLE_CY8"
) (
    input  wire       CI,
    input  wire       CI_TOP,
    input  wire [7:0] DI,
    input  wire [7:0] S,
    output wire [7:0] O,
    output wire [7:0] CO
);

    // Bit by bit in one expression each, so that no simulator sees a loop through a vector.
    wire c0 = S[0] ? CI : DI[0];
    wire c1 = S[1] ? c0 : DI[1];
    wire c2 = S[2] ? c1 : DI[2];
    wire c3 = S[3] ? c2 : DI[3];
    wire mid = CARRY_TYPE == "DUAL_CY4" ? CI_TOP : c3;
    wire c4 = S[4] ? mid : DI[4];
    wire c5 = S[5] ? c4 : DI[5];
    wire c6 = S[6] ? c5 : DI[6];
    wire c7 = S[7] ? c6 : DI[7];

    assign CO = {c7, c6, c5, c4, c3, c2, c1, c0};
    assign O  = S ^ {c6, c5, c4, mid, c2, c1, c0, CI};

endmodule

`default_nettype wire
`endif
