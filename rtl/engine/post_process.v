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
// field values (shifts up to 15, res_shift up to ACCW + 8), so nothing can wrap. Nine stages, no
// stall: whoever issues a position has reserved room for its outputs. Four make t (channel_scale,
// which takes the residual word in the first), five both forms of the output (pot_project,
// word_round). Raw sums need none of that and come out after one. params and lane_on belong to the
// sum beside them and may change with every sum; all else stands still during a layer.
//
// y is a raw sum in raw mode, else a code in its lowest bits; y and word are zero whenever
// out_valid is low (registers reset, which costs no LUT), so whoever stores them need not mask
// them.
//
// Parameters
//   B     code bits, 2..5
//   POUT  output channels, 1..64
//   ACCW  accumulator bits           TW = ACCW + 18, BIASW = ACCW + 16
//   MAP   "none" or "xcup": see ternary_adder
`default_nettype none

module post_process #(
    parameter B     = 4,
    parameter POUT  = 8,
    parameter ACCW  = 30,
    parameter MAP   = "none",
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

    input  wire                        raw_mode,     // put out raw sums, else code and word
    input  wire                        relu,
    input  wire                        res_in,
    input  wire [6:0]                  proj_shift,
    input  wire [6:0]                  res_shift,
    input  wire [6:0]                  res_out_shift,

    output wire                        res_take,
    output wire                        res_take_end,
    input  wire [POUT*8-1:0]           res,

    output reg                         out_valid,
    output reg                         out_end,
    output wire [POUT*ACCW-1:0]        y,            // raw sums, or codes in the low POUT*B bits
    output wire [POUT*8-1:0]           word
);
    localparam STAGES = 9;
    localparam BYTES  = (BIASW + 7) / 8;

    reg [STAGES-2:0]     valid_q, end_q;
    reg                  not_raw;        // the mode stands still; this one has few loads
    reg [POUT*ACCW-1:0]  raw_q;
    wire [POUT*B-1:0]    code;

    assign res_take     = acc_valid && res_in;
    assign res_take_end = acc_end;
    // Only one of the two is not zero.
    assign y            = {raw_q[POUT*ACCW-1:POUT*B], raw_q[POUT*B-1:0] | code};

    always @(posedge clk) begin
        not_raw   <= !raw_mode;
        end_q     <= {end_q[STAGES-3:0], acc_end};
        valid_q   <= rst ? {(STAGES-1){1'b0}} : {valid_q[STAGES-3:0], acc_valid};
        out_valid <= !rst && (not_raw ? valid_q[STAGES-2] : acc_valid);
        out_end   <= not_raw ? end_q[STAGES-2] : acc_end;
    end

    // The outputs' registers are zero in the next cycle.
    wire no_raw  = !acc_valid || not_raw;
    wire no_word = !valid_q[STAGES-2] || !not_raw;

    // What of the residual lies in each byte of a sum, the same for all channels (channel_scale).
    reg [2*BYTES-1:0] res_place;
    integer           n;

    always @(posedge clk) begin
        for (n = 0; n < BYTES; n = n + 1) begin
            res_place[2*n +: 2] <= {1'b0, res_shift[6:3]} == n[4:0]        ? 2'b01
                                   : {1'b0, res_shift[6:3]} + 5'd1 == n[4:0] ? 2'b10
                                   : {1'b0, res_shift[6:3]} + 5'd1 < n[4:0]  ? 2'b11 : 2'b00;
        end
    end

    genvar o;
    generate
        for (o = 0; o < POUT; o = o + 1) begin : g_out
            wire [TW-1:0] t;
            wire          cut = relu && t[TW-1];

            // A channel that does not exist puts out zero.
            always @(posedge clk) begin
                raw_q[o*ACCW +: ACCW] <= acc[o*ACCW +: ACCW];
                if (!lane_on[o] || no_raw) raw_q[o*ACCW +: ACCW] <= {ACCW{1'b0}};
            end

            channel_scale #(.ACCW(ACCW), .MAP(MAP), .TW(TW), .BIASW(BIASW)) u_scale (
                .clk(clk), .on(lane_on[o]), .acc(acc[o*ACCW +: ACCW]),
                .params(params[o*(BIASW+10) +: BIASW+10]), .res_on(res_in),
                .res(res[o*8 +: 8]), .res_lift(res_shift[2:0]), .res_place(res_place), .t(t)
            );
            pot_project #(.B(B), .TW(TW)) u_project (
                .clk(clk), .zero(cut), .t(t), .shift(proj_shift), .none(no_word),
                .code(code[o*B +: B])
            );
            word_round #(.TW(TW)) u_word (
                .clk(clk), .zero(cut), .t(t), .shift(res_out_shift), .none(no_word),
                .word(word[o*8 +: 8])
            );
        end
        if (B < 2 || B > 5) begin : g_illegal_b
            illegal_parameter_B_is_2_to_5 stop_elaboration ();
        end
        if (TW != ACCW + 18 || BIASW != ACCW + 16) begin : g_illegal_width
            illegal_parameter_TW_or_BIASW_do_not_follow_ACCW stop_elaboration ();
        end
    endgenerate
endmodule

`default_nettype wire
