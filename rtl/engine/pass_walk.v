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
    output wire        first,        // of this pass: first, last input tile
    output wire        last,
    output wire        final_pass,   // the layer's last pass
    output reg  [11:0] in_tile,
    output reg  [11:0] out_tile
);
    localparam [11:0] POUT_12 = POUT[11:0];

    reg [11:0] in_left, out_left;    // channels from this pass on

    assign first      = in_tile == 0;
    assign last       = in_left <= in_size;
    assign final_pass = last && out_left <= POUT_12;

    always @(posedge clk) begin
        if (next) begin
            in_tile <= in_tile + 12'd1;
            in_left <= in_left - in_size;
            if (last) begin
                in_tile  <= 12'd0;
                in_left  <= cin;
                out_tile <= out_tile + 12'd1;
                out_left <= out_left - POUT_12;
            end
        end
        if (restart) begin
            in_tile  <= 12'd0;
            out_tile <= 12'd0;
            in_left  <= cin;
            out_left <= cout;
        end
    end
endmodule

`default_nettype wire
