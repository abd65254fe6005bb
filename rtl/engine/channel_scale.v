// SPDX-License-Identifier: Apache-2.0
//
// channel_scale: one channel's t = (acc << shift1) + term2 * (acc << shift2) + bias
//                                  + (residual << res_shift),   term2 in {-1, 0, +1}
//
// Every term is exact and nothing wraps. Five stages, one sum a cycle: what is off or not there is
// made zero; shifts by single places; shifts by fours (residual: by eights); the terms' sum beside
// bias and residual; t. Latency 5.
//
// Parameters
//   ACCW  bits of a sum, 2..100      TW = ACCW + 18, BIASW = ACCW + 16: derived
`default_nettype none

module channel_scale #(
    parameter ACCW  = 30,
    parameter TW    = ACCW + 18,
    parameter BIASW = ACCW + 16
) (
    input  wire             clk,
    input  wire             on,         // the channel exists; else t is zero
    input  wire [ACCW-1:0]  acc,
    input  wire [BIASW+9:0] params,     // {bias, term2, shift2, shift1}
    input  wire             res_on,     // there is a residual
    input  wire [7:0]       res,        // two's complement
    input  wire [6:0]       res_shift,  // 0 .. ACCW + 8
    output reg  [TW-1:0]    t
);
    localparam FINEW = ACCW + 3, TERMW = ACCW + 15, SCALEDW = ACCW + 16, BASEW = ACCW + 17;
    localparam BYTES = (BIASW + 7) / 8;

    // ---- stage 1: zero what is off ----
    reg [ACCW-1:0]  acc_q;
    reg [BIASW+9:0] p_q;
    reg [7:0]       res_q;
    reg [6:0]       res_shift_q;
    always @(posedge clk) begin
        acc_q <= acc;
        p_q   <= params;
        res_q <= res;
        res_shift_q <= res_shift;
        if (!on) begin
            acc_q <= {ACCW{1'b0}};
            p_q   <= {(BIASW+10){1'b0}};
        end
        if (!on || !res_on) res_q <= 8'd0;
    end
    wire [FINEW-1:0] wide = {{3{acc_q[ACCW-1]}}, acc_q};

    // ---- stage 2: single places ----
    reg [FINEW-1:0] fine_a, fine_b;
    reg [1:0]       coarse_a, coarse_b, term2;
    reg [BIASW-1:0] bias_q, bias_q2;
    reg [14:0]      res_fine;
    reg [BYTES-1:0] is_low, is_high, is_sign;       // what a byte of the shifted residual is
    integer         n;
    always @(posedge clk) begin
        fine_a   <= wide << p_q[1:0];
        coarse_a <= p_q[3:2];
        fine_b   <= wide << p_q[5:4];
        coarse_b <= p_q[7:6];
        term2    <= p_q[9:8];
        bias_q   <= p_q[BIASW+9:10];
        res_fine <= {{7{res_q[7]}}, res_q} << res_shift_q[2:0];
        for (n = 0; n < BYTES; n = n + 1) begin
            is_low[n]  <= {1'b0, res_shift_q[6:3]} == n[4:0];
            is_high[n] <= {1'b0, res_shift_q[6:3]} + 5'd1 == n[4:0];
            is_sign[n] <= {1'b0, res_shift_q[6:3]} + 5'd1 < n[4:0];
        end
    end

    // ---- stage 3: fours; the residual's bytes ----
    reg  [TERMW-1:0]   term_a, term_b;
    reg                minus;
    reg  [8*BYTES-1:0] placed;
    wire [TERMW-1:0]   wide_a = {{(TERMW-FINEW){fine_a[FINEW-1]}}, fine_a};
    wire [TERMW-1:0]   wide_b = {{(TERMW-FINEW){fine_b[FINEW-1]}}, fine_b};
    integer            m;
    always @(posedge clk) begin
        term_a  <= wide_a << {coarse_a, 2'b00};
        term_b  <= wide_b << {coarse_b, 2'b00};
        if (term2 == 2'b00) term_b <= {TERMW{1'b0}};
        minus   <= term2 == 2'b11;
        bias_q2 <= bias_q;
        for (m = 0; m < BYTES; m = m + 1) begin
            placed[8*m +: 8] <= ({8{is_low[m]}} & res_fine[7:0])
                                | ({8{is_high[m]}} & {res_fine[14], res_fine[14:8]})
                                | {8{is_sign[m] && res_fine[14]}};
        end
    end

    // ---- stage 4: minus is an inversion and a carry in at the lowest place ----
    reg  [SCALEDW-1:0] scaled;
    reg  [BASEW-1:0]   base;
    wire [SCALEDW-1:0] flipped = {term_b[TERMW-1], term_b} ^ {SCALEDW{minus}};
    wire [SCALEDW:0]   added   = {term_a[TERMW-1], term_a, 1'b1} + {flipped, minus};
    wire [BIASW-1:0]   addend  = placed[BIASW-1:0];
    always @(posedge clk) begin
        scaled <= added[SCALEDW:1];
        base   <= {bias_q2[BIASW-1], bias_q2} + {addend[BIASW-1], addend};
    end

    // ---- stage 5 ----
    always @(posedge clk)
        t <= {{(TW-SCALEDW){scaled[SCALEDW-1]}}, scaled} + {{(TW-BASEW){base[BASEW-1]}}, base};

    wire unused = &{1'b0, added[0], placed[8*BYTES-1:BIASW-1]};

    generate
        if (ACCW < 2 || ACCW > 100) begin : g_illegal_accw
            illegal_parameter_ACCW_is_2_to_100 stop_elaboration ();
        end
        if (TW != ACCW + 18 || BIASW != ACCW + 16) begin : g_illegal_width
            illegal_parameter_TW_or_BIASW_do_not_follow_ACCW stop_elaboration ();
        end
    endgenerate
endmodule

`default_nettype wire
