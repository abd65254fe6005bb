// SPDX-License-Identifier: Apache-2.0
//
// pot_project: project an exact integer t to the nearest code {sign, index}, where index 1 stands
// for 2^shift. The integer form of the rule (golden.codes.project_int), with u = 2 * |t|:
//   index 0      iff u <= 2^shift                  a tie at half the smallest level is zero
//   index k + 1  iff u >= 3 * 2^(shift + k - 1)    a tie at 1.5 * 2^j goes up, away from zero
// and index 1 in between; the largest index is kept above. Nothing is rounded before the
// comparison. Only the first rule looks below 2^shift, and only where u has its leading one exactly
// there: then u = 2^shift means that |t| has a single one, which can be seen without shifting. So
// one barrel shifter is enough. Zero is always {0,0}. Every value of shift is exact, also beyond TW
// - 1 (the result is zero there). Latency 1. One value a cycle.
//
// Parameters
//   B   bits of a code, 2..5
//   TW  bits of t, two's complement, 2^(B-1) + 1 .. 128
`default_nettype none

module pot_project #(
    parameter B  = 4,
    parameter TW = 48
) (
    input  wire                 clk,
    input  wire signed [TW-1:0] t,
    input  wire [6:0]           shift,
    output reg  [B-1:0]         code
);

    localparam M = B - 1;        // index bits
    localparam K = (1 << M) - 1; // largest index

    generate
        if (B < 2 || B > 5) begin : g_illegal_b
            illegal_parameter_pot_project_b stop_elaboration();
        end
        if (TW < K + 2 || TW > 128) begin : g_illegal_tw
            illegal_parameter_pot_project_tw stop_elaboration();
        end
    endgenerate

    wire          sign     = t[TW-1];
    wire [TW-1:0] negated  = -t;
    wire [TW-1:0] absolute = sign ? negated : t;
    wire [TW-1:0] opposite = sign ? t : negated;
    // x & -x is the lowest one of x: equal to x if there is no other (or none at all).
    wire          single   = (absolute & ~opposite) == {TW{1'b0}};

    wire [TW:0]   level    = {absolute, 1'b0} >> shift;

    // reached[k]: the index is at least k + 1. A thermometer: each implies all below it.
    wire [K-1:0]  reached;

    assign reached[0] = level[TW:1] != {TW{1'b0}} || (level[0] && !single);

    genvar k;
    generate
        for (k = 1; k < K; k = k + 1) begin : g_reached
            assign reached[k] = level[TW:k+1] != {(TW - k){1'b0}} || (level[k] && level[k-1]);
        end
    endgenerate

    reg [M-1:0] index;
    integer     j;

    always @* begin
        index = {M{1'b0}};
        for (j = 0; j < K; j = j + 1) begin
            if (reached[j]) begin
                index = j[M-1:0] + 1'b1;
            end
        end
    end

    always @(posedge clk) begin
        code <= {sign && reached[0], index};
    end

endmodule

`default_nettype wire
