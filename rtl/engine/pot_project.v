// SPDX-License-Identifier: Apache-2.0
//
// pot_project: project an exact integer t to the nearest code {sign, index}, where index 1 stands
// for 2^shift. The integer form of the rule (golden.codes.project_int), with u = 2 * |t|:
//   index 0      iff u <= 2^shift                  a tie at half the smallest level is zero
//   index k + 1  iff u >= 3 * 2^(shift + k - 1)    a tie at 1.5 * 2^j goes up, away from zero
// and index 1 in between; the largest index is kept above. Nothing is rounded before the
// comparison. Looked at are the K bits of u from 2^shift on, whether there is a one above them, and
// for the first rule whether there is one below. Zero is always {0,0}. Every value of shift is
// exact, also beyond TW - 1 (the result is zero there). Five stages: |t|, shift by sixteens, by
// fours, by single places, index. Latency 5. One value a cycle, each with its own shift.
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

    // ---- stage 1: |t| ----
    reg  [TW-1:0] absolute;
    reg           sign_1, sign_2, sign_3, sign_4;
    reg  [6:0]    shift_1;
    reg  [3:0]    shift_2;
    reg  [1:0]    shift_3;
    wire          minus = t[TW-1];

    always @(posedge clk) begin
        absolute <= {{(TW-1){1'b0}}, minus} + (t ^ {TW{minus}});
        if (zero) absolute <= {TW{1'b0}};
        sign_1  <= minus;
        sign_2  <= sign_1;
        sign_3  <= sign_2;
        sign_4  <= sign_3;
        shift_1 <= shift;
        shift_2 <= shift_1[3:0];
        shift_3 <= shift_2[1:0];
    end

    // ---- stage 2: by sixteens ----
    // u in blocks of sixteen; from block c on the next W bits, and what lies above and below them.
    localparam BLOCKS = (TW + 16) / 16;
    localparam UW     = 16 * (BLOCKS + 2);

    wire [UW-1:0] u = {{(UW-TW-1){1'b0}}, absolute, 1'b0};
    wire [7:0]    above_at, below_at;
    wire [8*W-1:0] window_at;
    reg  [W-1:0]  window;
    reg           above, below;

    genvar c;
    generate
        for (c = 0; c < 8; c = c + 1) begin : g_block
            if (c < BLOCKS) begin : g_in
                assign window_at[W*c +: W] = u[16*c +: W];
                assign above_at[c] = |u[UW-1:16*c+W];
                if (c == 0) begin : g_first
                    assign below_at[c] = 1'b0;
                end else begin : g_later
                    assign below_at[c] = |u[16*c-1:0];
                end
            end else begin : g_out
                assign window_at[W*c +: W] = {W{1'b0}};
                assign above_at[c] = 1'b0;
                assign below_at[c] = 1'b1;
            end
        end
    endgenerate

    always @(posedge clk) begin
        window <= window_at[W*shift_1[6:4] +: W];
        above  <= above_at[shift_1[6:4]];
        below  <= below_at[shift_1[6:4]];
    end

    // ---- stage 3: by fours ----
    wire [W-1:0]  moved = window >> {shift_2[3:2], 2'b00};
    wire [11:0]   under = 12'hfff >> (4'd12 - {shift_2[3:2], 2'b00});    // the places shifted out
    reg  [K+2:0]  near;
    reg           above_3, below_3;

    always @(posedge clk) begin
        near    <= moved[K+2:0];
        above_3 <= above || |moved[W-1:K+3];
        below_3 <= below || |(window[11:0] & under);
    end

    // ---- stage 4: by single places ----
    wire [K+2:0]  placed = near >> shift_3;
    reg  [K-1:0]  level;
    reg           above_4, below_4;

    always @(posedge clk) begin
        level   <= placed[K-1:0];
        above_4 <= above_3 || |placed[K+2:K];
        below_4 <= below_3 || (shift_3 != 2'd0 && near[0]) || (shift_3[1] && near[1])
                   || (shift_3 == 2'd3 && near[2]);
    end

    // ---- stage 5: the index ----
    // reached[k]: the index is at least k + 1. A thermometer: each implies all below it.
    wire [K-1:0]  reached;
    wire [K:0]    bits = {above_4, level};

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
    end

endmodule

`default_nettype wire
