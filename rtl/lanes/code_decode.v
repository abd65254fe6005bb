// SPDX-License-Identifier: Apache-2.0
//
// code_decode: a signed power of two, in two's complement, from its sign and its code: 0 for code
// 0, else (-1)^sign * 2^(code-1). Two's complement costs nothing here: bit k of -(2^e) is simply k
// >= e, so the adders behind need neither an inversion nor a "plus one".
//
// The code is either one number (PAIR = 0), or still the two indices of a product {index_w,
// index_a} (PAIR = 1), whose sum less one it would be; zero if either is zero. Up to four code bits
// and the sign are five inputs, so that two bits of the result share a LUT: MAP = "xcup" spells
// these LUT6_2 out, because an open synthesiser would rather pull the logic in front into LUTs of
// six inputs.
//
// Combinational.
//
// Parameters
//   CW    bits of the code, 1..5; even if PAIR = 1
//   PAIR  0: code; 1: {index_w, index_a}
//   OW    bits of the result, 2..32
//   MAP   "none": left to the tool; "xcup": LUT6_2, for CW <= 4
`default_nettype none

module code_decode #(
    parameter CW   = 4,
    parameter PAIR = 0,
    parameter OW   = 14,
    parameter MAP  = "none"
) (
    input  wire          sign,
    input  wire [CW-1:0] code,
    output wire [OW-1:0] value
);

    generate
        if (CW < 1 || CW > 5 || (PAIR != 0 && CW % 2 != 0)) begin : g_illegal_cw
            illegal_parameter_code_decode_cw stop_elaboration();
        end
        if (PAIR < 0 || PAIR > 1) begin : g_illegal_pair
            illegal_parameter_code_decode_pair stop_elaboration();
        end
        if (OW < 2 || OW > 32) begin : g_illegal_ow
            illegal_parameter_code_decode_ow stop_elaboration();
        end
        if (MAP != "none" && MAP != "xcup") begin : g_illegal_map
            illegal_parameter_code_decode_map stop_elaboration();
        end
    endgenerate

    // Bit `place` of the result for all codes and both signs: entry {sign, code} of 2^(CW+1).
    function [63:0] table_of;
        input integer place;
        integer       entry;
        integer       number;
        integer       half;
        integer       negative;
        begin
            table_of = 64'd0;
            half     = 1 << (CW / 2);
            for (entry = 0; entry < (2 << CW); entry = entry + 1) begin
                negative = entry >> CW;
                number   = entry - (negative << CW);
                if (PAIR == 1) begin
                    number = number % half == 0 || number / half == 0 ? 0
                             : number % half + number / half - 1;
                end
                if (number != 0
                    && (negative == 1 ? place >= number - 1 : place == number - 1)) begin
                    table_of[entry] = 1'b1;
                end
            end
        end
    endfunction

    genvar k;
    generate
        if (MAP == "xcup" && CW <= 4) begin : g_xcup
            wire [4:0] pins;

            if (CW == 4) begin : g_full
                assign pins = {sign, code};
            end else begin : g_part
                assign pins = {{(4 - CW){1'b0}}, sign, code};
            end

            for (k = 0; k < OW; k = k + 2) begin : g_lut
                localparam [63:0] LOWER = table_of(k);
                localparam [63:0] UPPER = table_of(k + 1);
                wire              upper;

                LUT6_2 #(
                    .INIT({UPPER[31:0], LOWER[31:0]})
                ) two (
                    .I0(pins[0]),
                    .I1(pins[1]),
                    .I2(pins[2]),
                    .I3(pins[3]),
                    .I4(pins[4]),
                    .I5(1'b1),
                    .O5(value[k]),
                    .O6(upper)
                );

                if (k + 1 < OW) begin : g_both
                    assign value[k+1] = upper;
                end else begin : g_odd
                    wire unused_upper = upper;
                end
            end
        end else begin : g_plain
            for (k = 0; k < OW; k = k + 1) begin : g_bit
                localparam [63:0] ENTRIES = table_of(k);
                wire [5:0]        entry   = {{(5 - CW){1'b0}}, sign, code};
                assign value[k] = ENTRIES[entry];
            end
        end
    endgenerate

endmodule

`default_nettype wire
