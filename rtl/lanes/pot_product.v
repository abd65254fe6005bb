// SPDX-License-Identifier: Apache-2.0
//
// pot_product: the product of two power-of-two codes {sign, index} in two's complement; an index 0
// (also as {1,0}) makes it 0. By way of the product's code, see product_code; with B <= 3 the two
// indices are already as short as a code.
//
// Combinational.
//
// Parameters
//   B    bits of a code, 2..5
//   MAP  how the LUTs are made, see product_code and code_decode
//   PW   bits of the product: derived, do not set
`default_nettype none

module pot_product #(
    parameter B   = 4,
    parameter MAP = "none",
    parameter PW  = (1 << B) - 2
) (
    input  wire [B-1:0]  w,
    input  wire [B-1:0]  a,
    output wire [PW-1:0] product
);

    localparam M    = B - 1;                 // index bits
    localparam PAIR = B <= 3 ? 1 : 0;
    localparam CW   = PAIR == 1 ? 2 * M : B;

    generate
        if (B < 2 || B > 5) begin : g_illegal_b
            illegal_parameter_pot_product_b stop_elaboration();
        end
        if (PW != (1 << B) - 2) begin : g_illegal_pw
            illegal_parameter_pot_product_pw stop_elaboration();
        end
    endgenerate

    wire [CW-1:0] code;

    generate
        if (PAIR == 1) begin : g_direct
            assign code = {w[M-1:0], a[M-1:0]};
        end else begin : g_coded
            product_code #(.B(B), .MAP(MAP)) coder (
                .index_w(w[M-1:0]),
                .index_a(a[M-1:0]),
                .code   (code)
            );
        end
    endgenerate

    code_decode #(
        .CW  (CW),
        .PAIR(PAIR),
        .OW  (PW),
        .MAP (MAP)
    ) decode (
        .sign (w[M] ^ a[M]),
        .code (code),
        .value(product)
    );

endmodule

`default_nettype wire
