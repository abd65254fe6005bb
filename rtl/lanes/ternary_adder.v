// SPDX-License-Identifier: Apache-2.0
//
// ternary_adder: sum of three operands and up to two single ones, modulo 2^W, without a register.
// The fabric of UltraScale+ does it in one LUT a bit: the two outputs of a LUT6_2 are the sum and
// the carry of a full adder; the carry goes through the fabric into the next bit, where the carry
// chain adds it. No open tool infers that from a + b + c (Yosys spends two sites a bit), so MAP =
// "xcup" spells it out. Operands are to come extended to W bits.
//
// With FLIP the third operand is inverted when `flip` is high, in the same LUTs (inc0 then makes a
// subtraction of it). The free slot of bit 0 takes inc0. inc1 needs a carry-in, which shares a pin
// with that slot; it gets a bit of the chain, and so a LUT site, of its own.
//
// Parameters
//   W     bits of operands and sum, 1..128
//   INC   how many single ones are in use, 0..2: the inputs beyond are ignored
//   FLIP  1: c is inverted when flip is high; 0: flip is ignored
//   MAP   "none": left to the tool; "xcup": LUT6_2 and CARRY8
`default_nettype none

module ternary_adder #(
    parameter W    = 15,
    parameter INC  = 2,
    parameter FLIP = 0,
    parameter MAP  = "none"
) (
    input  wire [W-1:0] a,
    input  wire [W-1:0] b,
    input  wire [W-1:0] c,
    input  wire         flip,
    input  wire         inc0,
    input  wire         inc1,
    output wire [W-1:0] sum
);

    generate
        if (W < 1 || W > 128) begin : g_illegal_w
            illegal_parameter_ternary_adder_w stop_elaboration();
        end
        if (INC < 0 || INC > 2) begin : g_illegal_inc
            illegal_parameter_ternary_adder_inc stop_elaboration();
        end
        if (FLIP < 0 || FLIP > 1) begin : g_illegal_flip
            illegal_parameter_ternary_adder_flip stop_elaboration();
        end
        if (MAP != "none" && MAP != "xcup") begin : g_illegal_map
            illegal_parameter_ternary_adder_map stop_elaboration();
        end
    endgenerate

    wire first  = INC > 0 ? inc0 : 1'b0;
    wire second = INC > 1 ? inc1 : 1'b0;
    wire turned = FLIP == 1 ? flip : 1'b0;

    genvar i;
    generate
        if (MAP == "xcup") begin : g_xcup
            localparam LEAD  = INC > 1 ? 1 : 0;  // a chain bit for inc1
            localparam CELLS = (W + LEAD + 7) / 8;

            wire [W:0]         saved;    // carries of the full adders
            wire [8*CELLS-1:0] propagate;
            wire [8*CELLS-1:0] generated;
            wire [8*CELLS-1:0] total;
            wire [8*CELLS-1:0] carry;

            assign saved[0] = first;

            if (LEAD == 1) begin : g_carry_in
                LUT6_2 #(
                    .INIT(64'h00000000_AAAAAAAA)
                ) flag (
                    .I0(second),
                    .I1(1'b0),
                    .I2(1'b0),
                    .I3(1'b0),
                    .I4(1'b0),
                    .I5(1'b1),
                    .O5(generated[0]),
                    .O6(propagate[0])
                );
            end

            for (i = 0; i < W; i = i + 1) begin : g_bit
                // O5: majority of three; O6: parity of the three and of the carry from below;
                // both with c as it is or inverted.
                LUT6_2 #(
                    .INIT(64'h96696996_8E8EE8E8)
                ) add (
                    .I0(a[i]),
                    .I1(b[i]),
                    .I2(c[i]),
                    .I3(saved[i]),
                    .I4(turned),
                    .I5(1'b1),
                    .O5(saved[i+1]),
                    .O6(propagate[i+LEAD])
                );
                assign generated[i+LEAD] = saved[i];
            end

            if (8 * CELLS > W + LEAD) begin : g_rest
                assign propagate[8*CELLS-1:W+LEAD] = {(8 * CELLS - W - LEAD){1'b0}};
                assign generated[8*CELLS-1:W+LEAD] = {(8 * CELLS - W - LEAD){1'b0}};
            end

            for (i = 0; i < CELLS; i = i + 1) begin : g_chain
                wire below;

                if (i == 0) begin : g_lowest
                    assign below = 1'b0;
                end else begin : g_next
                    assign below = carry[8*i-1];
                end

                CARRY8 chain (
                    .CI    (below),
                    .CI_TOP(1'b0),
                    .DI    (generated[8*i +: 8]),
                    .S     (propagate[8*i +: 8]),
                    .O     (total[8*i +: 8]),
                    .CO    (carry[8*i +: 8])
                );
            end

            assign sum = total[W+LEAD-1:LEAD];

            wire unused_carries = &{1'b0, saved[W], total, carry};
        end else begin : g_plain
            assign sum = a + b + (c ^ {W{turned}})
                         + {{(W - 1){1'b0}}, first} + {{(W - 1){1'b0}}, second};
        end
        if (INC < 2) begin : g_unused
            wire unused_inc = &{1'b0, inc0, inc1, second};
        end
        if (FLIP == 0) begin : g_unused_flip
            wire unused_flip = flip;
        end
    endgenerate

endmodule

`default_nettype wire
