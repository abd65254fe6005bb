// SPDX-License-Identifier: Apache-2.0
//
// lane_family: the three kinds of lane side by side at eight sizes, on the same weight codes. A
// lane of N terms takes the first N. P1 and S0 read the activation codes `a`, S1 reads `a8`. Sum
// number kind * 8 + size (P1, S0, S1; sizes in order) is sign extended to 40 bits.
//
// Parameters
//   B  bits of a code, 2..5; P1 reads plut_b<B>.hex
`default_nettype none

module lane_family #(
    parameter B = 4
) (
    input  wire              clk,
    input  wire [72*B-1:0]   w,
    input  wire [72*B-1:0]   a,
    input  wire [72*8-1:0]   a8,
    output wire [3*8*40-1:0] sums
);

    localparam PLUT_FILE = B == 2 ? "plut_b2.hex" : B == 3 ? "plut_b3.hex"
                           : B == 4 ? "plut_b4.hex" : "plut_b5.hex";

    genvar i;
    generate
        for (i = 0; i < 8; i = i + 1) begin : g_size
            localparam N = i == 0 ? 1 : i == 1 ? 2 : i == 2 ? 9 : i == 3 ? 16 : i == 4 ? 25
                         : i == 5 ? 49 : i == 6 ? 64 : 72;
            localparam SUMW  = (1 << B) - 2 + $clog2(N);
            localparam SUMW8 = (1 << (B - 1)) + 7 + $clog2(N);

            wire signed [SUMW-1:0]  sum_plut;
            wire signed [SUMW-1:0]  sum_shift;
            wire signed [SUMW8-1:0] sum_shift8;

            lane_plut #(.B(B), .N(N), .PLUT_FILE(PLUT_FILE)) plut (
                .clk(clk), .w(w[N*B-1:0]), .a(a[N*B-1:0]), .sum(sum_plut)
            );
            lane_shift #(.B(B), .N(N)) shift (
                .clk(clk), .w(w[N*B-1:0]), .a(a[N*B-1:0]), .sum(sum_shift)
            );
            lane_shift8 #(.B(B), .N(N)) shift8 (
                .clk(clk), .w(w[N*B-1:0]), .a(a8[N*8-1:0]), .sum(sum_shift8)
            );

            assign sums[i*40 +: 40]        = {{(40 - SUMW){sum_plut[SUMW-1]}}, sum_plut};
            assign sums[(8 + i)*40 +: 40]  = {{(40 - SUMW){sum_shift[SUMW-1]}}, sum_shift};
            assign sums[(16 + i)*40 +: 40] = {{(40 - SUMW8){sum_shift8[SUMW8-1]}}, sum_shift8};
        end
    endgenerate

endmodule

`default_nettype wire
