// SPDX-License-Identifier: Apache-2.0
//
// lane_dsp: lanes D4, D8, integers packed in DSP48E2, as a practitioner would: a multiplier of 27 x
// 18 bits makes several small products at once when its operands carry several small numbers.
//
//   BITS = 8   (w1 * 2^18 + w0) * a            2 products: 2 outputs that share the activation
//   BITS = 4   (w1 * 2^22 + w0) * (a1 * 2^11 + a0)   4 products: 2 outputs of 2 pixels
//
// A chain of DSP slices adds products in the same packed form, over the dedicated cascade; a field
// overflows if the chain is too long, so CHAIN products is the most. Then the fields are taken
// apart: a field borrows from the one above when it is negative, which adding its sign bit undoes.
// The chains' fields are added by LUTs. Slice k of a chain works one cycle after slice k - 1, so
// its operands come k cycles later: registers, two of which a slice has itself.
//
// sum is {output 1, output 0}, each {pixel 1, pixel 0} where there are two pixels; w is {weights of
// output 1, of output 0}, a is {pixel 1, pixel 0}. Latency from w and a to sum: 1 + min(N, CHAIN)
// cycles for the slices, then ceil(ceil(log2 CHAINS) / 2), or ceil(log3 CHAINS) with adders of
// three.
//
// Parameters
//   BITS  of a weight and of an activation, 4 or 8, two's complement, full range
//   N     products of a sum, 1..2048
//   TREE  operands of an adder, 2 or 3; MAP  how an adder of three is made: see adder_tree
//   PIX, SUMW  pixels, bits of a sum: derived, do not set
`default_nettype none

module lane_dsp #(
    parameter BITS = 8,
    parameter N    = 72,
    parameter TREE = 3,
    parameter MAP  = "none",
    parameter PIX  = BITS == 4 ? 2 : 1,
    parameter SUMW = 2 * BITS + $clog2(N)
) (
    input  wire                  clk,
    input  wire [2*N*BITS-1:0]   w,
    input  wire [PIX*N*BITS-1:0] a,
    output wire [2*PIX*SUMW-1:0] sum
);

    generate
        if (BITS != 4 && BITS != 8) begin : g_illegal_bits
            illegal_parameter_lane_dsp_bits stop_elaboration();
        end
        if (N < 1 || N > 2048) begin : g_illegal_n
            illegal_parameter_lane_dsp_n stop_elaboration();
        end
        if (PIX != (BITS == 4 ? 2 : 1) || SUMW != 2 * BITS + $clog2(N)) begin : g_illegal_derived
            illegal_parameter_lane_dsp_derived stop_elaboration();
        end
    endgenerate

    // Bits of a field and distance of the outputs: 15 * 64 < 2^10, 7 * 2^14 < 2^17.
    localparam FIELD  = BITS == 4 ? 11 : 18;
    localparam UP     = BITS == 4 ? 22 : 18;
    localparam CHAIN  = BITS == 4 ? 15 : 7;
    localparam CHAINS = (N + CHAIN - 1) / CHAIN;
    localparam DEEP   = N < CHAIN ? N : CHAIN;     // slices of the longest chain
    localparam SUMS   = 2 * PIX;

    wire [SUMS*CHAINS*FIELD-1:0] fields;

    genvar c, k, s;
    generate
        for (c = 0; c < CHAINS; c = c + 1) begin : g_chain
            localparam SLICES = N - c * CHAIN < CHAIN ? N - c * CHAIN : CHAIN;

            for (k = 0; k < SLICES; k = k + 1) begin : g_slice
                localparam AT   = c * CHAIN + k;
                localparam WAIT = DEEP - SLICES + k;   // shorter chains start later

                wire [2*BITS-1:0]   w_now = {w[(N+AT)*BITS +: BITS], w[AT*BITS +: BITS]};
                wire [PIX*BITS-1:0] a_now;
                wire [2*BITS-1:0]   w_late;
                wire [PIX*BITS-1:0] a_late;

                if (PIX == 2) begin : g_pixels
                    assign a_now = {a[(N+AT)*BITS +: BITS], a[AT*BITS +: BITS]};
                end else begin : g_pixel
                    assign a_now = a[AT*BITS +: BITS];
                end

                if (WAIT == 0) begin : g_at_once
                    assign w_late = w_now;
                    assign a_late = a_now;
                end else begin : g_wait
                    reg [WAIT*2*BITS-1:0]   w_line;
                    reg [WAIT*PIX*BITS-1:0] a_line;

                    if (WAIT == 1) begin : g_one
                        always @(posedge clk) begin
                            w_line <= w_now;
                            a_line <= a_now;
                        end
                    end else begin : g_more
                        always @(posedge clk) begin
                            w_line <= {w_line[0 +: (WAIT-1)*2*BITS], w_now};
                            a_line <= {a_line[0 +: (WAIT-1)*PIX*BITS], a_now};
                        end
                    end
                    assign w_late = w_line[(WAIT-1)*2*BITS +: 2*BITS];
                    assign a_late = a_line[(WAIT-1)*PIX*BITS +: PIX*BITS];
                end

                wire signed [26:0] low_w  = {{(27 - BITS){w_late[BITS-1]}}, w_late[0 +: BITS]};
                wire signed [26:0] high_w = {{(27 - UP - BITS){w_late[2*BITS-1]}},
                                             w_late[BITS +: BITS], {UP{1'b0}}};
                wire signed [17:0] low_a  = {{(18 - BITS){a_late[BITS-1]}}, a_late[0 +: BITS]};
                wire signed [17:0] high_a;

                if (PIX == 2) begin : g_high
                    assign high_a = {{(18 - FIELD - BITS){a_late[2*BITS-1]}},
                                     a_late[BITS +: BITS], {FIELD{1'b0}}};
                end else begin : g_no_high
                    assign high_a = 18'sd0;
                end

                wire signed [47:0] below;
                (* use_dsp = "yes" *)
                reg signed  [44:0] product;
                (* use_dsp = "yes" *)
                reg signed  [47:0] packed_sum;

                if (k == 0) begin : g_first
                    assign below = 48'sd0;
                end else begin : g_cascade
                    assign below = g_slice[k-1].packed_sum;
                end

                wire signed [26:0] both_w = high_w + low_w;
                wire signed [17:0] both_a = high_a + low_a;

                always @(posedge clk) begin
                    product    <= both_w * both_a;
                    packed_sum <= below + {{3{product[44]}}, product};
                end
            end

            // Field s without what the fields below borrowed from it.
            for (s = 0; s < SUMS; s = s + 1) begin : g_field
                wire [FIELD-1:0] raw = g_slice[SLICES-1].packed_sum[s*FIELD +: FIELD];
                wire             borrowed;

                if (s == 0) begin : g_lowest
                    assign borrowed = 1'b0;
                end else begin : g_above
                    assign borrowed = g_slice[SLICES-1].packed_sum[s*FIELD-1];
                end
                assign fields[(s*CHAINS+c)*FIELD +: FIELD] = raw + {{(FIELD - 1){1'b0}}, borrowed};
            end

            wire [47:SUMS*FIELD-1] unused_top = g_slice[SLICES-1].packed_sum[47:SUMS*FIELD-1];
        end

        for (s = 0; s < SUMS; s = s + 1) begin : g_sum
            wire signed [FIELD+$clog2(CHAINS)-1:0] total;

            adder_tree #(
                .N     (CHAINS),
                .IW    (FIELD),
                .TREE  (TREE),
                .MAP   (MAP),
                .LEAD  (0),
                .NEGATE(0)
            ) tree (
                .clk(clk),
                .x  (fields[s*CHAINS*FIELD +: CHAINS*FIELD]),
                .neg({CHAINS{1'b0}}),
                .sum(total)
            );

            if (SUMW > FIELD + $clog2(CHAINS)) begin : g_longer
                assign sum[s*SUMW +: SUMW] = {{(SUMW - FIELD - $clog2(CHAINS)){
                                               total[FIELD+$clog2(CHAINS)-1]}}, total};
            end else begin : g_shorter
                assign sum[s*SUMW +: SUMW] = total[SUMW-1:0];
                if (SUMW < FIELD + $clog2(CHAINS)) begin : g_rest
                    wire unused_total = &{1'b0, total};
                end
            end
        end
    endgenerate

endmodule

`default_nettype wire
