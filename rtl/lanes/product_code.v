// SPDX-License-Identifier: Apache-2.0
//
// product_code: the code of a product of two powers of two, without its sign: the place of its one
// bit plus 1, which is index_w + index_a - 1, or 0 if either index is 0. code_decode makes the
// product of it.
//
// Combinational.
//
// Parameters
//   B    bits of a code {sign, index}, 3..5: B - 1 bits of an index, B bits of the result
//   MAP  "none": left to the tool; "xcup": at B = 4 a LUT a bit, spelled out
`default_nettype none

module product_code #(
    parameter B   = 4,
    parameter MAP = "none"
) (
    input  wire [B-2:0] index_w,
    input  wire [B-2:0] index_a,
    output wire [B-1:0] code
);

    localparam M = B - 1;

    generate
        if (B < 3 || B > 5) begin : g_illegal_b
            illegal_parameter_product_code_b stop_elaboration();
        end
        if (MAP != "none" && MAP != "xcup") begin : g_illegal_map
            illegal_parameter_product_code_map stop_elaboration();
        end
    endgenerate

    // The table at B = 4, six inputs: bit k of the code for all {index_w, index_a}. As a table,
    // because a synthesiser would take an adder's carry chain for a sum of three bits.
    function [63:0] codes_of;
        input integer bit_of;
        integer       index;
        integer       place;
        begin
            codes_of = 64'd0;
            for (index = 0; index < 64; index = index + 1) begin
                place = index / 8 + index % 8 - 1;
                if (index / 8 != 0 && index % 8 != 0 && (place >> bit_of) % 2 == 1) begin
                    codes_of[index] = 1'b1;
                end
            end
        end
    endfunction

    genvar k;
    generate
        if (B == 4) begin : g_table
            for (k = 0; k < B; k = k + 1) begin : g_bit
                localparam [63:0] ENTRIES = codes_of(k);

                if (MAP == "xcup") begin : g_xcup
                    // Left to itself a tool shares "index is zero" among many, in front of the LUT.
                    wire unused_lower;

                    LUT6_2 #(
                        .INIT(ENTRIES)
                    ) table_bit (
                        .I0(index_a[0]),
                        .I1(index_a[1]),
                        .I2(index_a[2]),
                        .I3(index_w[0]),
                        .I4(index_w[1]),
                        .I5(index_w[2]),
                        .O5(unused_lower),
                        .O6(code[k])
                    );
                end else begin : g_plain
                    assign code[k] = ENTRIES[{index_w, index_a}];
                end
            end
        end else begin : g_sum
            wire zero = index_w == {M{1'b0}} || index_a == {M{1'b0}};
            assign code = zero ? {B{1'b0}}
                          : {1'b0, index_w} + {1'b0, index_a} - {{M{1'b0}}, 1'b1};
        end
    endgenerate

endmodule

`default_nettype wire
