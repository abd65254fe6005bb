// SPDX-License-Identifier: Apache-2.0
//
// lane_bank: POUT lanes that share their activations, with a double buffered weight store. While
// the active weights are in use, the next tile is written into the shadow, one tap of every lane a
// cycle; w_swap makes the shadow active and clears it, so that taps the next tile does not write
// (smaller kernels, missing channels) count as zero. A write takes the cycle after w_we, from
// registers: beside a w_swap in that cycle it goes into the new shadow. Tap (ty, tx) of the KMAX x
// KMAX window and input channel i share the flat index
// (ty * KMAX + tx) * PIN + i, in w_tap and in a alike.
//
// LANE "P3" has tables instead of weights (table_bank): a tap takes cycles to write, so a writer
// stops at most two writes after w_ready has fallen (counted where they come to the shadow), and
// the next tile is whole when w_settled is high. With the other lanes both are 1.
//
// Weights are active in the cycle after w_swap: an activation vector meets the weights that are
// active in its own cycle, so w_swap may come in the same cycle as the last vector of a tile. rst
// clears shadow and active weights. Sums follow a by 1 + ceil(ceil(log2 N) / 2) cycles with adders
// of two operands, 1 + ceil(log3 N) with three, N = KMAX * KMAX * PIN.
//
// Parameters
//   LANE       "P1" P-LUT, "P2" P-LUT of product codes, "P3" P-LUT in memory, "S0" SHIFT on the
//              same codes, "S1" SHIFT on 8-bit activations, "M8" 8-bit integer multiply
//   B          bits of a weight code, 2..5; also of an activation, except for "S1"; not for "M8"
//   KMAX       side of the window, 3, 5 or 7
//   PIN        input channels a beat, 1 and up, KMAX * KMAX * PIN <= 2048
//   POUT       lanes, 1..64
//   PLUT_FILE  table of "P1", see lane_plut
//   BUSES      ways to write the tables of "P3", see table_bank
//   TREE       operands of an adder, 2 or 3; MAP  how an adder of three is made: see adder_tree
//   AB, WB, TAPW, SUMW  bits of an activation, a weight, w_tap, a sum: derived, do not set
`default_nettype none

module lane_bank #(
    parameter LANE      = "P1",
    parameter B         = 4,
    parameter KMAX      = 3,
    parameter PIN       = 8,
    parameter POUT      = 8,
    parameter PLUT_FILE = "plut_b4.hex",
    parameter BUSES     = 4,
    parameter TREE      = 2,
    parameter MAP       = "none",
    parameter AB        = LANE == "S1" || LANE == "M8" ? 8 : B,
    parameter WB        = LANE == "M8" ? 8 : B,
    parameter TAPW      = KMAX * KMAX * PIN > 1 ? $clog2(KMAX * KMAX * PIN) : 1,
    parameter SUMW      = (LANE == "M8" ? 16 : LANE == "S1" ? (1 << (B - 1)) + 7 : (1 << B) - 2)
                          + $clog2(KMAX * KMAX * PIN)
) (
    input  wire                        clk,
    input  wire                        rst,

    // weights of the next tile
    input  wire                        w_we,
    input  wire [TAPW-1:0]             w_tap,
    input  wire [POUT*WB-1:0]          w_codes,
    input  wire                        w_swap,
    output wire                        w_ready,
    output wire                        w_settled,

    // window in, one sum for each lane out
    input  wire [KMAX*KMAX*PIN*AB-1:0] a,
    output wire [POUT*SUMW-1:0]        sums
);

    localparam TAPS = KMAX * KMAX * PIN;

    generate
        if (LANE != "P1" && LANE != "P2" && LANE != "P3" && LANE != "S0" && LANE != "S1"
            && LANE != "M8") begin : g_illegal_lane
            illegal_parameter_lane_bank_lane stop_elaboration();
        end
        if (BUSES != 1 && BUSES != 2 && BUSES != 4 && BUSES != 8) begin : g_illegal_buses
            illegal_parameter_lane_bank_buses stop_elaboration();
        end
        if (TREE != 2 && TREE != 3) begin : g_illegal_tree
            illegal_parameter_lane_bank_tree stop_elaboration();
        end
        if (MAP != "none" && MAP != "xcup") begin : g_illegal_map
            illegal_parameter_lane_bank_map stop_elaboration();
        end
        if (B < 2 || B > 5) begin : g_illegal_b
            illegal_parameter_lane_bank_b stop_elaboration();
        end
        if (KMAX != 3 && KMAX != 5 && KMAX != 7) begin : g_illegal_kmax
            illegal_parameter_lane_bank_kmax stop_elaboration();
        end
        if (PIN < 1 || TAPS > 2048) begin : g_illegal_pin
            illegal_parameter_lane_bank_pin stop_elaboration();
        end
        if (POUT < 1 || POUT > 64) begin : g_illegal_pout
            illegal_parameter_lane_bank_pout stop_elaboration();
        end
        if (AB != (LANE == "S1" || LANE == "M8" ? 8 : B) || WB != (LANE == "M8" ? 8 : B)
            || TAPW != (TAPS > 1 ? $clog2(TAPS) : 1)
            || SUMW != (LANE == "M8" ? 16 : LANE == "S1" ? (1 << (B - 1)) + 7 : (1 << B) - 2)
                       + $clog2(TAPS))
        begin : g_illegal_derived
            illegal_parameter_lane_bank_derived stop_elaboration();
        end
    endgenerate

    reg [POUT*WB-1:0] codes;      // of the write that comes to the shadow in this cycle

    always @(posedge clk) codes <= w_codes;

    genvar o;
    generate
        if (LANE == "P3") begin : g_tables
            reg            we;
            reg [TAPW-1:0] tap;

            always @(posedge clk) begin
                we  <= w_we;
                tap <= w_tap;
            end

            table_bank #(
                .B(B), .KMAX(KMAX), .PIN(PIN), .POUT(POUT), .BUSES(BUSES), .TREE(TREE), .MAP(MAP)
            ) bank (
                .clk(clk), .rst(rst), .w_we(we), .w_tap(tap), .w_codes(codes),
                .w_swap(w_swap), .w_ready(w_ready), .w_settled(w_settled), .a(a), .sums(sums)
            );
        end else begin : g_weights
            // A write enable for each tap stands in a register, so that no decoder is in front of
            // the enables of POUT weights.
            reg [TAPS-1:0] we;
            integer        n;

            assign w_ready   = 1'b1;
            assign w_settled = 1'b1;

            always @(posedge clk) begin
                for (n = 0; n < TAPS; n = n + 1) we[n] <= w_we && w_tap == n[TAPW-1:0];
            end

            for (o = 0; o < POUT; o = o + 1) begin : g_out
                reg [TAPS*WB-1:0] shadow;
                reg [TAPS*WB-1:0] active;
                integer           t;

                // Written so that a weight's bits need no logic: clearing is a reset of the tap's
                // registers, not data.
                always @(posedge clk) begin
                    for (t = 0; t < TAPS; t = t + 1) begin
                        if (we[t]) shadow[t*WB +: WB] <= codes[o*WB +: WB];
                        if (rst || (w_swap && !we[t])) shadow[t*WB +: WB] <= {WB{1'b0}};
                    end
                    if (w_swap) active <= shadow;
                    if (rst) active <= {(TAPS * WB){1'b0}};
                end

                // What does not fit is stopped by the lane as well: it derives its widths itself.
                if (LANE == "P1") begin : g_plut
                    lane_plut #(
                        .B(B), .N(TAPS), .PLUT_FILE(PLUT_FILE), .TREE(TREE), .MAP(MAP)
                    ) lane (.clk(clk), .w(active), .a(a), .sum(sums[o*SUMW +: SUMW]));
                end else if (LANE == "P2") begin : g_code
                    lane_plut_code #(.B(B), .N(TAPS), .TREE(TREE), .MAP(MAP)) lane (
                        .clk(clk), .w(active), .a(a), .sum(sums[o*SUMW +: SUMW])
                    );
                end else if (LANE == "S0") begin : g_shift
                    lane_shift #(.B(B), .N(TAPS), .TREE(TREE), .MAP(MAP)) lane (
                        .clk(clk), .w(active), .a(a), .sum(sums[o*SUMW +: SUMW])
                    );
                end else if (LANE == "M8") begin : g_mac
                    lane_mac #(.N(TAPS), .TREE(TREE), .MAP(MAP)) lane (
                        .clk(clk), .w(active), .a(a), .sum(sums[o*SUMW +: SUMW])
                    );
                end else begin : g_shift8
                    lane_shift8 #(.B(B), .N(TAPS), .TREE(TREE), .MAP(MAP)) lane (
                        .clk(clk), .w(active), .a(a), .sum(sums[o*SUMW +: SUMW])
                    );
                end
            end
        end
    endgenerate

endmodule

`default_nettype wire
