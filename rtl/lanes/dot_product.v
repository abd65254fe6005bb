// SPDX-License-Identifier: Apache-2.0
//
// dot_product: the unit that is measured: a lane of any kind between registers that are the same for
// all of them, so that a difference in size, clock or energy is the lane's own. Activations are
// registered, weights stand in a bank that w_we loads, the sum is registered; no reset, no enable on
// data. w_we = 1 in every cycle measures changing weights, w_we = 0 held ones, on the same netlist.
//
// Weights that are loaded in a cycle meet the activations of that cycle. The sum follows a by
// LATENCY cycles: 2 for the registers at the boundary and those of the lane.
//
// Parameters
//   LANE       "P1" P-LUT, "S0" SHIFT on the same codes, "S1" SHIFT on 8-bit activations,
//              "M8" 8-bit integer multiply
//   B          bits of a weight code, 2..5; also of an activation, except for "S1"; not for "M8"
//   N          products of a sum, 1..2048
//   TREE       operands of an adder: 2 (3 to come)
//   PLUT_FILE  table of "P1", see lane_plut
//   OUTS, PIX  weight sets and activation sets that share the lane's multipliers, 1 each for these
//              lanes: the unit makes OUTS * PIX dot products, N * OUTS * PIX products a cycle.
//              Derived, do not set, like WB, AB (bits of a weight, an activation), WBITS (bits of w)
//              and SUMW (bits of one sum)
`default_nettype none

module dot_product #(
    parameter LANE      = "P1",
    parameter B         = 4,
    parameter N         = 9,
    parameter TREE      = 2,
    parameter PLUT_FILE = "plut_b4.hex",
    parameter OUTS      = 1,
    parameter PIX       = 1,
    parameter WB        = LANE == "M8" ? 8 : B,
    parameter AB        = LANE == "S1" || LANE == "M8" ? 8 : B,
    parameter WBITS     = OUTS * N * WB,
    parameter SUMW      = (LANE == "M8" ? 16 : LANE == "S1" ? (1 << (B - 1)) + 7 : (1 << B) - 2)
                          + $clog2(N)
) (
    input  wire                     clk,
    input  wire                     w_we,
    input  wire [WBITS-1:0]         w,
    input  wire [PIX*N*AB-1:0]      a,
    output wire [OUTS*PIX*SUMW-1:0] sum
);

    generate
        if (LANE != "P1" && LANE != "S0" && LANE != "S1" && LANE != "M8") begin : g_illegal_lane
            illegal_parameter_dot_product_lane stop_elaboration();
        end
        if (B < 2 || B > 5) begin : g_illegal_b
            illegal_parameter_dot_product_b stop_elaboration();
        end
        if (N < 1 || N > 2048) begin : g_illegal_n
            illegal_parameter_dot_product_n stop_elaboration();
        end
        if (TREE != 2) begin : g_illegal_tree
            illegal_parameter_dot_product_tree stop_elaboration();
        end
        if (OUTS != 1 || PIX != 1 || WB != (LANE == "M8" ? 8 : B)
            || AB != (LANE == "S1" || LANE == "M8" ? 8 : B) || WBITS != OUTS * N * WB
            || SUMW != (LANE == "M8" ? 16 : LANE == "S1" ? (1 << (B - 1)) + 7 : (1 << B) - 2)
                       + $clog2(N))
        begin : g_illegal_derived
            illegal_parameter_dot_product_derived stop_elaboration();
        end
    endgenerate

    reg [WBITS-1:0]    w_held;
    reg [PIX*N*AB-1:0] a_reg;

    always @(posedge clk) begin
        a_reg <= a;
        if (w_we) begin
            w_held <= w;
        end
    end

    wire [OUTS*PIX*SUMW-1:0] sum_next;

    generate
        if (LANE == "P1") begin : g_plut
            lane_plut #(
                .B        (B),
                .N        (N),
                .PLUT_FILE(PLUT_FILE)
            ) lane (
                .clk(clk),
                .w  (w_held),
                .a  (a_reg),
                .sum(sum_next)
            );
        end else if (LANE == "S0") begin : g_shift
            lane_shift #(
                .B(B),
                .N(N)
            ) lane (
                .clk(clk),
                .w  (w_held),
                .a  (a_reg),
                .sum(sum_next)
            );
        end else if (LANE == "S1") begin : g_shift8
            lane_shift8 #(
                .B(B),
                .N(N)
            ) lane (
                .clk(clk),
                .w  (w_held),
                .a  (a_reg),
                .sum(sum_next)
            );
        end else begin : g_mac
            lane_mac #(
                .N(N)
            ) lane (
                .clk(clk),
                .w  (w_held),
                .a  (a_reg),
                .sum(sum_next)
            );
        end
    endgenerate

    reg [OUTS*PIX*SUMW-1:0] sum_reg;

    always @(posedge clk) begin
        sum_reg <= sum_next;
    end

    assign sum = sum_reg;

endmodule

`default_nettype wire
