// SPDX-License-Identifier: Apache-2.0
//
// post_process: layer arithmetic of design.md section 2, from finished sums to output words.
//
//   scaled = (acc << shift1) + term2 * (acc << shift2)            term2 in {-1, 0, +1}
//   t      = scaled + bias + (residual << res_shift)              residual: signed 8-bit words
//   t      = max(t, 0) if relu
//   code   = t projected to a b-bit code, smallest level 2^proj_shift
//   word   = saturate((t + half) >> res_out_shift, 8 bits),       half = 2^(res_out_shift-1) or 0
//
// Only shifts and adders; every term is exact. TW = ACCW + 18 and BIASW = ACCW + 16 hold any
// field values (shifts up to 15, res_shift up to ACCW + 8), so nothing can wrap. Four stages, no
// stall: whoever issues a position has reserved room for its outputs. The residual word is taken
// (`res_take`) in the second stage. Raw sums travel along. params and lane_on belong to the sum
// beside them and may change with every sum.
//
// Parameters
//   B     code bits, 2..5
//   POUT  output channels, 1..64
//   ACCW  accumulator bits           TW = ACCW + 18, BIASW = ACCW + 16
`default_nettype none

module post_process #(
    parameter B     = 4,
    parameter POUT  = 8,
    parameter ACCW  = 30,
    parameter TW    = ACCW + 18,
    parameter BIASW = ACCW + 16
) (
    input  wire                        clk,
    input  wire                        rst,
    input  wire                        acc_valid,
    input  wire                        acc_end,
    input  wire [POUT*ACCW-1:0]        acc,
    input  wire [POUT*(BIASW+10)-1:0]  params,
    input  wire [POUT-1:0]             lane_on,      // channels that exist in this output tile

    input  wire                        relu,
    input  wire                        res_in,
    input  wire [6:0]                  proj_shift,
    input  wire [6:0]                  res_shift,
    input  wire [6:0]                  res_out_shift,

    output wire                        res_take,
    output wire                        res_take_end,
    input  wire [POUT*8-1:0]           res,

    output wire                        out_valid,
    output wire                        out_end,
    output wire [POUT*B-1:0]           code,
    output wire [POUT*8-1:0]           word,
    output wire [POUT*ACCW-1:0]        raw
);
    reg [3:0] valid_q, end_q;
    reg [POUT*ACCW-1:0] raw_q0, raw_q1, raw_q2, raw_q3;
    wire [POUT*ACCW-1:0] acc_on;

    assign res_take     = valid_q[0] && res_in;
    assign res_take_end = end_q[0];
    assign out_valid    = valid_q[3];
    assign out_end      = end_q[3];
    assign raw          = raw_q3;

    always @(posedge clk) begin
        raw_q0  <= acc_on;
        raw_q1  <= raw_q0;
        raw_q2  <= raw_q1;
        raw_q3  <= raw_q2;
        end_q   <= {end_q[2:0], acc_end};
        valid_q <= rst ? 4'd0 : {valid_q[2:0], acc_valid};
    end

    wire [TW-1:0] half = (res_out_shift == 0) ? {TW{1'b0}}
                                              : {{(TW-1){1'b0}}, 1'b1} << (res_out_shift - 7'd1);

    genvar o;
    generate
        for (o = 0; o < POUT; o = o + 1) begin : g_out
            // A channel that does not exist has all-zero numbers, so it puts out zero.
            wire [BIASW+9:0] p = params[o*(BIASW+10) +: BIASW+10] & {(BIASW+10){lane_on[o]}};
            wire [3:0]       shift1 = p[3:0], shift2 = p[7:4];
            wire [1:0]       term2  = p[9:8];
            wire [BIASW-1:0] bias   = p[BIASW+9:10];
            wire [ACCW-1:0]  a      = acc[o*ACCW +: ACCW] & {ACCW{lane_on[o]}};
            wire [TW-1:0]    wide   = {{(TW-ACCW){a[ACCW-1]}}, a};
            assign acc_on[o*ACCW +: ACCW] = a;

            // Stage 1: both terms. Stage 2: scaled, and what is added to it. Stage 3: t.
            reg [TW-1:0]    term_a, term_b, scaled, base, t;
            reg [BIASW-1:0] bias_q;   // bias and residual join in stage 2
            reg             on_q;
            wire [7:0]    r        = res[o*8 +: 8] & {8{on_q}};
            wire [TW-1:0] res_wide = {{(TW-8){r[7]}}, r};
            wire [TW-1:0] sum      = scaled + base;
            always @(posedge clk) begin
                term_a <= wide << shift1;
                term_b <= (term2 == 2'b01) ? wide << shift2 :
                          (term2 == 2'b11) ? ~(wide << shift2) + 1'b1 : {TW{1'b0}};
                bias_q <= bias;
                on_q   <= lane_on[o];
                scaled <= term_a + term_b;
                base   <= {{(TW-BIASW){bias_q[BIASW-1]}}, bias_q}
                          + (res_in ? res_wide << res_shift : {TW{1'b0}});
                t      <= (relu && sum[TW-1]) ? {TW{1'b0}} : sum;
            end

            // Stage 4: both forms of the output.
            pot_project #(.B(B), .TW(TW)) u_project (
                .clk(clk), .t(t), .shift(proj_shift), .code(code[o*B +: B])
            );
            wire signed [TW-1:0] rounded = t + half;
            wire [TW-1:0] down  = rounded >>> res_out_shift;
            wire          fits  = &down[TW-1:7] || ~|down[TW-1:7];
            reg  [7:0]    word_q;
            always @(posedge clk) word_q <= fits ? down[7:0] : {down[TW-1], {7{~down[TW-1]}}};
            assign word[o*8 +: 8] = word_q;
        end
        if (B < 2 || B > 5) begin : g_illegal_b
            illegal_parameter_B_is_2_to_5 stop_elaboration ();
        end
        if (TW < ACCW + 18 || BIASW != ACCW + 16) begin : g_illegal_width
            illegal_parameter_TW_or_BIASW_do_not_follow_ACCW stop_elaboration ();
        end
    endgenerate
endmodule

`default_nettype wire
