// SPDX-License-Identifier: Apache-2.0
//
// channel_scale: one channel's t = (acc << shift1) + term2 * (acc << shift2) + bias
//                                  + (residual << res_shift),   term2 in {-1, 0, +1}
//
// Every term is exact and nothing wraps. Four stages: what is off or not there is made zero; shifts
// by single places; shifts by fours, beside them bias + residual; the sum of three. Latency 4.
//
// The residual's shift stands still during a layer and comes decoded: res_lift are its single
// places, res_place says for each byte of the sum what of the residual lies there (2'b00 nothing,
// 2'b01 the lower byte of the lifted residual, 2'b10 the higher one, 2'b11 its sign). Two bits, so
// that the choice and the bit of the adder behind it are one LUT of six inputs.
//
// Parameters
//   ACCW  bits of a sum, 2..100      TW = ACCW + 18, BIASW = ACCW + 16, BYTES: derived
//   MAP   "none" or "xcup": how the adder of three is made, see ternary_adder
`default_nettype none

module channel_scale #(
    parameter ACCW  = 30,
    parameter MAP   = "none",
    parameter TW    = ACCW + 18,
    parameter BIASW = ACCW + 16,
    parameter BYTES = (BIASW + 7) / 8
) (
    input  wire               clk,
    input  wire               on,         // the channel exists; else t is zero
    input  wire [ACCW-1:0]    acc,
    input  wire [BIASW+9:0]   params,     // {bias, term2, shift2, shift1}
    input  wire               res_on,     // there is a residual
    input  wire [7:0]         res,        // two's complement
    input  wire [2:0]         res_lift,
    input  wire [2*BYTES-1:0] res_place,
    output reg  [TW-1:0]      t
);
    localparam FINEW = ACCW + 3, TERMW = ACCW + 15, BASEW = ACCW + 17;

    // ---- stage 1: zero what is off; the residual by 0 to 3 places ----
    reg [ACCW-1:0]  acc_q;
    reg [BIASW+9:0] p_q;
    reg [10:0]      res_q;
    always @(posedge clk) begin
        acc_q <= acc;
        p_q   <= params;
        res_q <= {{3{res[7]}}, res} << res_lift[1:0];
        if (!on) begin
            acc_q <= {ACCW{1'b0}};
            p_q   <= {(BIASW+10){1'b0}};
        end
        if (!on || !res_on) res_q <= 11'd0;
    end
    wire [FINEW-1:0] wide = {{3{acc_q[ACCW-1]}}, acc_q};

    // ---- stage 2: single places; the residual by another four ----
    reg [FINEW-1:0] fine_a, fine_b;
    reg [1:0]       coarse_a, coarse_b;
    reg             none_b, minus_b;        // term2 is 0, is -1
    reg [BIASW-1:0] bias_q;
    reg [15:0]      lifted;
    always @(posedge clk) begin
        fine_a   <= wide << p_q[1:0];
        coarse_a <= p_q[3:2];
        fine_b   <= wide << p_q[5:4];
        coarse_b <= p_q[7:6];
        none_b   <= p_q[9:8] == 2'b00;
        minus_b  <= p_q[9:8] == 2'b11;
        bias_q   <= p_q[BIASW+9:10];
        lifted   <= res_lift[2] ? {res_q[10], res_q, 4'd0} : {{5{res_q[10]}}, res_q};
    end

    // ---- stage 3: fours; bias + residual ----
    reg  [TERMW-1:0]   term_a, term_b;
    reg                minus;
    reg  [BASEW-1:0]   base;
    wire [TERMW-1:0]   wide_a = {{(TERMW-FINEW){fine_a[FINEW-1]}}, fine_a};
    wire [TERMW-1:0]   wide_b = {{(TERMW-FINEW){fine_b[FINEW-1]}}, fine_b};
    wire [8*BYTES-1:0] absent;              // ~placed: what the residual has not at a place
    // bias + placed = bias - ~placed - 1, the one by a borrow from below. Written so because a
    // tool that takes the first operand past the LUT of the carry bit, and sees to the other one
    // in it, has no choice then of which is which.
    wire [BASEW:0]     based = {bias_q[BIASW-1], bias_q, 1'b0}
                               - {absent[BIASW-1], absent[BIASW-1:0], 1'b1};
    always @(posedge clk) begin
        term_a <= wide_a << {coarse_a, 2'b00};
        term_b <= wide_b << {coarse_b, 2'b00};
        if (none_b) term_b <= {TERMW{1'b0}};
        minus  <= minus_b;
        base   <= based[BASEW:1];
    end

    // ---- stage 4: a term with minus is inverted, and one added at the lowest place ----
    wire [TW-1:0] sum;
    ternary_adder #(.W(TW), .INC(1), .FLIP(1), .MAP(MAP)) u_sum (
        .a({{(TW-BASEW){base[BASEW-1]}}, base}), .b({{(TW-TERMW){term_a[TERMW-1]}}, term_a}),
        .c({{(TW-TERMW){term_b[TERMW-1]}}, term_b}), .flip(minus), .inc0(minus), .inc1(1'b0),
        .sum(sum)
    );
    always @(posedge clk) t <= sum;

    wire unused_borrow = based[0];

    genvar m;
    generate
        for (m = 0; m < BYTES; m = m + 1) begin : g_byte
            wire [1:0] from = res_place[2*m +: 2];
            assign absent[8*m +: 8] = ~(from[1] ? (from[0] ? {8{lifted[15]}} : lifted[15:8])
                                                : lifted[7:0] & {8{from[0]}});
        end
        if (8 * BYTES > BIASW) begin : g_unused
            wire unused_top = &{1'b0, absent[8*BYTES-1:BIASW]};
        end
        if (ACCW < 2 || ACCW > 100) begin : g_illegal_accw
            illegal_parameter_ACCW_is_2_to_100 stop_elaboration ();
        end
        if (TW != ACCW + 18 || BIASW != ACCW + 16 || BYTES != (BIASW + 7) / 8)
        begin : g_illegal_width
            illegal_parameter_TW_or_BIASW_or_BYTES_do_not_follow_ACCW stop_elaboration ();
        end
    endgenerate
endmodule

`default_nettype wire
