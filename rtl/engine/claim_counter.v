// SPDX-License-Identifier: Apache-2.0
//
// claim_counter: counts places or words that a step of the engine claims before it uses them.
//
// `here` says that there is one to claim, out of a flip-flop: it is seen two cycles after it came,
// and a claim of this cycle or the one before is allowed for. Once high, `here` stays so until the
// next claim.
//
// Parameters
//   WIDTH  bits of the count, 2 or more      START  the count after reset
`default_nettype none

module claim_counter #(
    parameter WIDTH = 7,
    parameter START = 0
) (
    input  wire             clk,
    input  wire             rst,
    input  wire             gain,       // one more
    input  wire             lose,       // one less, at once and without a claim
    input  wire             claim,      // only when here
    output reg              here,
    output reg  [WIDTH-1:0] count       // without the claim of the cycle before
);
    localparam [WIDTH-1:0] ONE = 1, TWO = 2, FIRST = START[WIDTH-1:0];

    reg claim_q;

    always @(posedge clk) begin
        claim_q <= claim;
        here    <= count > TWO || (count == TWO && !(claim && claim_q))
                   || (count == ONE && !claim && !claim_q);
        count   <= count + {{(WIDTH-1){1'b0}}, gain} - {{(WIDTH-1){1'b0}}, claim_q || lose};
        if (rst) begin
            claim_q <= 1'b0;
            here    <= 1'b0;
            count   <= FIRST;
        end
    end

    generate
        if (WIDTH < 2) begin : g_illegal_width
            illegal_parameter_WIDTH_is_2_or_more stop_elaboration ();
        end
        if (START < 0 || START >= (1 << WIDTH)) begin : g_illegal_start
            illegal_parameter_START_fits_WIDTH stop_elaboration ();
        end
    endgenerate
endmodule

`default_nettype wire
