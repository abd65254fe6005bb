// SPDX-License-Identifier: Apache-2.0
//
// dot_product: the unit that is measured: a lane of any kind between registers that are the same
// for all of them, so that a difference in size, clock or energy is the lane's own. Activations are
// registered, weights stand in a bank that w_we loads, the sum is registered; no reset, no enable
// on data. w_we = 1 in every cycle measures changing weights, w_we = 0 held ones, on the same
// netlist. Weights that are loaded in a cycle meet the activations of that cycle. The sum follows a
// by two cycles more than the lane takes.
//
//   LANE          weights                    activations         what it is
//   "P1"          B-bit codes                B-bit codes         P-LUT, flat table
//   "P2"          B-bit codes                B-bit codes         P-LUT giving a product code
//   "P3"          tables, any codebook       B-bit codes         P-LUT in memory written at load
//   "S0"          B-bit codes                B-bit codes         SHIFT on the same codes
//   "S1"          B-bit codes                8-bit integers      SHIFT, widths as needed
//   "S2"          B-bit codes                8-bit integers      SHIFT, 32-bit data path
//   "A1"          B-bit APoT codes           8-bit integers      two shifts and an add
//   "M3" "M4" "M8"   integers of 3, 4, 8 bits, both              multipliers in LUTs
//   "D4" "D8"        integers of 4, 8 bits, both                 packed in DSP48E2
//
// "D4" and "D8" make OUTS * PIX dot products at once, because that is what packing is about: N *
// OUTS * PIX products a cycle, and a figure per product is to be divided by that. w is {weights of
// output 1, of output 0}, a is {pixel 1, pixel 0}, sum is {output 1, output 0}, each {pixel 1,
// pixel 0}.
//
// "P3" has no weights to hold: w is a beat of its tables' load bus, {select, context, first, step,
// address, entry} (see lane_plut_ram), taken with w_we; the lane's own registers are the boundary
// there. ceil(N / GROUP) * 2^(GROUP * B) + 1 beats load new weights (GROUP = 2 for B <= 3, else 1);
// two contexts at B = 4 and B = 2, so that the other one stays in use meanwhile.
//
// Parameters
//   LANE       see above
//   B          bits of a code, 2..5; nothing to "M" and "D" lanes
//   N          products of a sum, 1..2048 ("S2": 512)
//   TREE       operands of an adder, 2 or 3
//   MAP        "none": adders of three and decoders of "P2" left to the tool; "xcup": spelled out
//              in UltraScale+ cells
//   PLUT_FILE  table of "P1", see lane_plut; power-of-two codes
//   OUTS, PIX, WB, AB, PW, GROUP, WBITS, SUMW  outputs and pixels; bits of a weight, an activation,
//                                              a
//              product; products of a table; bits of w, of a sum: derived, do not set
`default_nettype none

module dot_product #(
    parameter LANE      = "P1",
    parameter B         = 4,
    parameter N         = 9,
    parameter TREE      = 2,
    parameter MAP       = "none",
    parameter PLUT_FILE = "plut_b4.hex",
    parameter OUTS      = LANE == "D4" || LANE == "D8" ? 2 : 1,
    parameter PIX       = LANE == "D4" ? 2 : 1,
    parameter WB        = LANE == "M3" ? 3 : LANE == "M4" || LANE == "D4" ? 4
                          : LANE == "M8" || LANE == "D8" ? 8 : B,
    parameter AB        = LANE == "S1" || LANE == "S2" || LANE == "A1" ? 8 : WB,
    parameter PW        = LANE == "A1" ? (B == 2 ? 9 : B == 3 ? 11 : B == 4 ? 12 : 14)
                          : LANE == "S1" ? (1 << (B - 1)) + 7
                          : LANE == "P1" || LANE == "P2" || LANE == "P3" || LANE == "S0"
                          ? (1 << B) - 2
                          : WB + AB,
    parameter GROUP     = LANE == "P3" && B <= 3 ? 2 : 1,
    parameter WBITS     = LANE == "P3" ? 4 + GROUP * B + PW + GROUP - 1 : OUTS * N * WB,
    parameter SUMW      = LANE == "S2" ? 32 : PW + $clog2(N)
) (
    input  wire                     clk,
    input  wire                     w_we,
    input  wire [WBITS-1:0]         w,
    input  wire [PIX*N*AB-1:0]      a,
    output wire [OUTS*PIX*SUMW-1:0] sum
);

    localparam CODES = LANE == "P1" || LANE == "P2" || LANE == "P3" || LANE == "S0" || LANE == "S1"
                       || LANE == "S2" || LANE == "A1";
    localparam MACS  = LANE == "M3" || LANE == "M4" || LANE == "M8";
    localparam DSPS  = LANE == "D4" || LANE == "D8";

    generate
        if (!CODES && !MACS && !DSPS) begin : g_illegal_lane
            illegal_parameter_dot_product_lane stop_elaboration();
        end
        if (B < 2 || B > 5) begin : g_illegal_b
            illegal_parameter_dot_product_b stop_elaboration();
        end
        if (N < 1 || N > (LANE == "S2" ? 512 : 2048)) begin : g_illegal_n
            illegal_parameter_dot_product_n stop_elaboration();
        end
        if (TREE != 2 && TREE != 3) begin : g_illegal_tree
            illegal_parameter_dot_product_tree stop_elaboration();
        end
        if (MAP != "none" && MAP != "xcup") begin : g_illegal_map
            illegal_parameter_dot_product_map stop_elaboration();
        end
        if (OUTS != (DSPS ? 2 : 1) || PIX != (LANE == "D4" ? 2 : 1)
            || GROUP != (LANE == "P3" && B <= 3 ? 2 : 1)
            || WBITS != (LANE == "P3" ? 4 + GROUP * B + PW + GROUP - 1 : OUTS * N * WB)
            || SUMW != (LANE == "S2" ? 32 : PW + $clog2(N)))
        begin : g_illegal_derived
            illegal_parameter_dot_product_derived stop_elaboration();
        end
    endgenerate

    reg [PIX*N*AB-1:0]       a_reg;
    reg [OUTS*PIX*SUMW-1:0]  sum_reg;
    wire [OUTS*PIX*SUMW-1:0] sum_next;

    always @(posedge clk) begin
        a_reg   <= a;
        sum_reg <= sum_next;
    end

    assign sum = sum_reg;

    // Parameters that do not fit are stopped by the lane as well: it derives its widths itself.
    generate
        if (LANE == "P3") begin : g_ram
            localparam AW = GROUP * B;
            localparam EW = PW + GROUP - 1;

            reg select_held;

            always @(posedge clk) begin
                if (w_we) begin
                    select_held <= w[WBITS-1];
                end
            end

            lane_plut_ram #(.B(B), .N(N), .TREE(TREE), .MAP(MAP)) lane (
                .clk      (clk),
                .load     (w_we),
                .context_w(w[WBITS-2]),
                .first    (w[WBITS-3]),
                .step     (w[WBITS-4]),
                .address  (w[EW +: AW]),
                .entry    (w[EW-1:0]),
                .select   (select_held),
                .a        (a_reg),
                .sum      (sum_next)
            );
        end else begin : g_held
            reg [WBITS-1:0] w_held;

            always @(posedge clk) begin
                if (w_we) begin
                    w_held <= w;
                end
            end

            if (LANE == "P1") begin : g_plut
                lane_plut #(
                    .B(B), .N(N), .PLUT_FILE(PLUT_FILE), .PEAK(1 << (PW - 2)), .TREE(TREE),
                    .MAP(MAP)
                ) lane (.clk(clk), .w(w_held), .a(a_reg), .sum(sum_next));
            end else if (LANE == "P2") begin : g_code
                lane_plut_code #(.B(B), .N(N), .TREE(TREE), .MAP(MAP)) lane (
                    .clk(clk), .w(w_held), .a(a_reg), .sum(sum_next)
                );
            end else if (LANE == "S0") begin : g_shift
                lane_shift #(.B(B), .N(N), .TREE(TREE), .MAP(MAP)) lane (
                    .clk(clk), .w(w_held), .a(a_reg), .sum(sum_next)
                );
            end else if (LANE == "S1") begin : g_shift8
                lane_shift8 #(.B(B), .N(N), .TREE(TREE), .MAP(MAP)) lane (
                    .clk(clk), .w(w_held), .a(a_reg), .sum(sum_next)
                );
            end else if (LANE == "S2") begin : g_shift32
                lane_shift32 #(.B(B), .N(N), .TREE(TREE), .MAP(MAP)) lane (
                    .clk(clk), .w(w_held), .a(a_reg), .sum(sum_next)
                );
            end else if (LANE == "A1") begin : g_apot
                lane_apot #(.B(B), .N(N), .TREE(TREE), .MAP(MAP)) lane (
                    .clk(clk), .w(w_held), .a(a_reg), .sum(sum_next)
                );
            end else if (DSPS) begin : g_dsp
                lane_dsp #(.BITS(WB), .N(N), .TREE(TREE), .MAP(MAP)) lane (
                    .clk(clk), .w(w_held), .a(a_reg), .sum(sum_next)
                );
            end else begin : g_mac
                lane_mac #(.N(N), .WB(WB), .AB(AB), .TREE(TREE), .MAP(MAP)) lane (
                    .clk(clk), .w(w_held), .a(a_reg), .sum(sum_next)
                );
            end
        end
    endgenerate

endmodule

`default_nettype wire
