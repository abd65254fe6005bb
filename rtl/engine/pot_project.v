// SPDX-License-Identifier: Apache-2.0
//
// pot_project: project an exact integer t to the nearest code {sign, index}, where index 1 stands
// for 2^shift. The integer form of the rule (golden.codes.project_int), with u = 2 * |t|:
//   index 0      iff u <= 2^shift                  a tie at half the smallest level is zero
//   index k + 1  iff u >= 3 * 2^(shift + k - 1)    a tie at 1.5 * 2^j goes up, away from zero
// and index 1 in between; the largest index is kept above. Nothing is rounded before the
// comparison. Looked at are the K bits of u from 2^shift on, whether there is a one above them, and
// for the first rule whether there is one below. Zero is always {0,0}. Every value of shift is
// exact, also beyond TW - 1 (the result is zero there).
//
// 2 * t is shifted as it is; the magnitude is taken of the K bits that are left, where "plus one"
// is to be added exactly when all bits below them are zero. Five stages: shift by sixteens, by
// fours, by single places, magnitude, index. Latency 5. One value a cycle, each with its own shift.
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
    input  wire                 zero,       // beside t: take it for zero
    input  wire                 none,       // four cycles behind t: its code is to be zero
    input  wire signed [TW-1:0] t,
    input  wire [6:0]           shift,
    output reg  [B-1:0]         code
);

    localparam M = B - 1;        // index bits
    localparam K = (1 << M) - 1; // largest index
    localparam W = 15 + K;       // bits from the sixteens on that the single places can reach

    generate
        if (B < 2 || B > 5) begin : g_illegal_b
            illegal_parameter_pot_project_b stop_elaboration();
        end
        if (TW < K + 2 || TW > 128) begin : g_illegal_tw
            illegal_parameter_pot_project_tw stop_elaboration();
        end
    endgenerate

    // ---- stage 1: by sixteens ----
    wire [W-1:0] window;
    wire         above, below, nothing, sign_1;
    wire [3:0]   shift_1;
    reg          sign_2, sign_3, sign_4;
    reg  [1:0]   shift_2;

    block_shift #(.TW(TW), .W(W)) u_blocks (
        .clk(clk), .zero(zero), .t(t), .shift(shift), .window(window), .above(above),
        .below(below), .nothing(nothing), .sign(sign_1), .rest(shift_1)
    );

    // ---- stage 2: by fours ----
    // What is shifted out, and what stays above: four bits at a time.
    wire [W-1:0] moved = window >> {shift_1[3:2], 2'b00};
    wire [W-1:0] other = window ^ {W{sign_1}};
    wire [2:0]   low   = {|window[11:8], |window[7:4], |window[3:0]};
    wire [2:0]   high  = {|other[W-1:W-4], |other[W-5:W-8], |other[W-9:W-12]};
    reg  [K+2:0] near;
    reg          above_2, below_2;

    always @(posedge clk) begin
        near    <= moved[K+2:0];
        above_2 <= above || high[2] && shift_1[3:2] != 2'd3 || high[1] && !shift_1[3]
                   || high[0] && shift_1[3:2] == 2'd0;
        below_2 <= below || low[0] && shift_1[3:2] != 2'd0 || low[1] && shift_1[3]
                   || low[2] && shift_1[3:2] == 2'd3;
        sign_2  <= sign_1;
        shift_2 <= shift_1[1:0];
        if (nothing) begin      // what is below it does not matter
            near    <= {(K+3){1'b0}};
            above_2 <= 1'b0;
            sign_2  <= 1'b0;
        end
    end

    // ---- stage 3: by single places ----
    wire [K+2:0] placed = near >> shift_2;
    wire [2:0]   apart  = near[K+2:K] ^ {3{sign_2}};
    reg  [K-1:0] level;
    reg          above_3, below_3;

    always @(posedge clk) begin
        level   <= placed[K-1:0];
        above_3 <= above_2 || apart[2] && shift_2 != 2'd3 || apart[1] && !shift_2[1]
                   || apart[0] && shift_2 == 2'd0;
        below_3 <= below_2 || near[0] && shift_2 != 2'd0 || near[1] && shift_2[1]
                   || near[2] && shift_2 == 2'd3;
        sign_3  <= sign_2;
    end

    wire unused = &{1'b0, moved[W-1:K+3], other[W-13:0], placed[K+2:K]};

    // ---- stage 4: magnitude ----
    wire [K:0]   magnitude = {1'b0, level ^ {K{sign_3}}} + {{K{1'b0}}, sign_3 && !below_3};
    reg  [K:0]   bits;          // the highest one: a one above the K bits
    reg          below_4;

    always @(posedge clk) begin
        bits    <= {above_3 || magnitude[K], magnitude[K-1:0]};
        below_4 <= below_3;
        sign_4  <= sign_3;
    end

    // ---- stage 5: the index ----
    // reached[k]: the index is at least k + 1. A thermometer: each implies all below it.
    wire [K-1:0] reached;

    assign reached[0] = |bits[K:1] || (bits[0] && below_4);

    genvar k;
    generate
        for (k = 1; k < K; k = k + 1) begin : g_reached
            assign reached[k] = |bits[K:k+1] || (bits[k] && bits[k-1]);
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
        code <= {sign_4 && reached[0], index};
        if (none) code <= {B{1'b0}};
    end

endmodule

`default_nettype wire
