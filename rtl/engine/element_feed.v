// SPDX-License-Identifier: Apache-2.0
//
// element_feed: gives the scan its elements out of beats of four slots ("quads").
//
// An element is one slot (kernel > 1, stride 1: four pixels a beat) or the whole beat (2x2 blocks,
// or four groups of channels of one pixel). At the end of a pass the rest of the beat is dropped,
// so every pass begins with a new beat. A beat leaves when its last element is taken.
//
// Parameters
//   SLOT  bits of a slot, at least 1
`default_nettype none

module element_feed #(
    parameter SLOT = 32
) (
    input  wire              clk,
    input  wire              restart,
    input  wire              whole,      // elements are whole beats
    input  wire              take,       // an element is taken
    input  wire              take_end,   // ... which is its pass's last
    input  wire [4*SLOT-1:0] beat,
    output wire [SLOT-1:0]   pixel,      // the present slot
    output wire              beat_done   // the beat's last element is taken
);
    reg [1:0] slot;

    assign pixel     = beat[slot*SLOT +: SLOT];
    assign beat_done = take && (whole || take_end || slot == 2'd3);

    always @(posedge clk) begin
        if (take) slot <= slot + 2'd1;
        if (restart || beat_done) slot <= 2'd0;
    end
endmodule

`default_nettype wire
