// SPDX-License-Identifier: Apache-2.0
//
// pass_walk: counts the passes of a layer: for each output tile, for each input tile.
//
// `next` ends a pass. The engine has one walk for the pixels that come in and one for the positions
// that go to the lanes, because the second is some pixels behind the first.
//
// Parameters
//   POUT  output channels of a tile, 1..64
`default_nettype none

module pass_walk #(
    parameter POUT = 8
) (
    input  wire        clk,
    input  wire        restart,
    input  wire        next,
    input  wire [11:0] cin,
    input  wire [11:0] cout,
    input  wire [11:0] in_size,      // input channels of a tile
    output reg         first,        // of this pass: first, last input tile
    output wire        last,
    output wire        final_pass    // the layer's last pass
);
    localparam [11:0] POUT_12 = POUT[11:0];

    reg [11:0] in_left, out_left;    // channels from this pass on

    assign last       = in_left <= in_size;
    assign final_pass = last && out_left <= POUT_12;

    always @(posedge clk) begin
        if (next) begin
            first   <= last;
            in_left <= last ? cin : in_left - in_size;
            if (last) out_left <= out_left - POUT_12;
        end
        if (restart) begin
            first    <= 1'b1;
            in_left  <= cin;
            out_left <= cout;
        end
    end
endmodule

`default_nettype wire
