// SPDX-License-Identifier: Apache-2.0
//
// pass_walk: counts the passes of a layer: for each output tile, for each input tile.
//
// `next` ends a pass. The engine has a walk for the pixels that come in, one for the positions that
// go to the lanes, some pixels behind, and one for the weights. What `next` leads to is found out a
// pass earlier, so every answer is a flip-flop or two of them.
//
// Parameters
//   POUT  output channels of a tile, a power of two, 1..64
`default_nettype none

module pass_walk #(
    parameter POUT = 8
) (
    input  wire        clk,
    input  wire        restart,      // the layer has been stable for a cycle
    input  wire        next,
    input  wire [11:0] cin,
    input  wire [11:0] cout,
    input  wire [11:0] in_size,      // input channels of a tile
    output reg         first,        // of this pass: first, last input tile
    output reg         last,
    output wire        final_pass,   // the layer's last pass
    output reg         next_last,    // of the pass after it: last input tile
    output wire [11:0] next_in,      // input channels from its tile on
    output wire [11:0] outs          // output channels of this pass
);
    localparam LANEW = $clog2(POUT);
    localparam [11:0] POUT_12 = POUT[11:0];

    reg  [11:0] beyond;              // of the layer: channels behind the first tile
    reg         one_tile, two_tiles; // one, at most two input tiles
    reg  [11:0] in_left;             // input channels from the pass after this one on
    reg  [11:0] out_top, cout_top;   // output channels behind the first of this pass, of all
    reg         last_out;
    wire [11:0] two_sizes = {in_size[10:0], 1'b0};

    assign final_pass = last && last_out;
    assign outs       = last_out ? out_top + 12'd1 : POUT_12;
    assign next_in    = one_tile ? cin : in_left;

    always @(posedge clk) begin
        cout_top  <= cout - 12'd1;
        beyond    <= cin - in_size;
        one_tile  <= cin <= in_size;
        two_tiles <= cin <= two_sizes;
        if (next) begin
            first     <= last;
            last      <= next_last;
            in_left   <= next_last ? cin : in_left - in_size;
            next_last <= next_last ? one_tile : in_left <= two_sizes;
            if (last) begin
                out_top  <= out_top - POUT_12;
                last_out <= out_top >> (LANEW + 1) == 12'd0;
            end
        end
        if (restart) begin
            first     <= 1'b1;
            last      <= one_tile;
            in_left   <= beyond;
            next_last <= two_tiles;
            out_top   <= cout_top;
            last_out  <= cout_top >> LANEW == 12'd0;
        end
    end
endmodule

`default_nettype wire
