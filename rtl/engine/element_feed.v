// SPDX-License-Identifier: Apache-2.0
//
// element_feed: takes beats of four slots ("quads") and gives the scan its elements out of them.
//
// An element is one slot (kernel > 1, stride 1: four pixels a beat) or the whole beat (2x2 blocks,
// or four groups of channels of one pixel). scan_walk knows which slot of the beat a step takes and
// when the beat is used up; at the end of a pass the rest of the beat is dropped. Two beats are
// kept, in turns, so that one can come in every cycle although ready is a flip-flop.
//
// A beat carries TLAST exactly when it is the last one of an output tile's round; else `bad_last`.
//
// Parameters
//   SLOT  bits of a slot, at least 1
`default_nettype none

module element_feed #(
    parameter SLOT = 32
) (
    input  wire              clk,
    input  wire              rst,
    input  wire              drop,        // throw away what comes

    // the step at the scan's head
    input  wire              shift,
    input  wire [1:0]        slot,
    input  wire              beat_end,    // the beat's last element
    input  wire              tile_end,    // ... and an output tile's
    output reg               here,        // there is an element

    // one cycle after the step is taken
    output reg  [SLOT-1:0]   pixel,
    output reg  [4*SLOT-1:0] beat,
    output reg               beat_done,   // pulse: a beat was used up
    output reg               bad_last,    // pulse: it had a TLAST too many or too few

    input  wire [4*SLOT-1:0] s_axis_tdata,
    input  wire              s_axis_tvalid,
    output reg               s_axis_tready,
    input  wire              s_axis_tlast
);
    reg  [4*SLOT:0] even, odd;            // {last, data}
    reg             two, write_odd, read_odd;
    wire            push = s_axis_tvalid && s_axis_tready;
    wire            used = shift && beat_end;
    wire            pop  = used || (drop && here);
    wire [4*SLOT:0] head = read_odd ? odd : even;

    always @(posedge clk) begin
        if (push && !write_odd) even <= {s_axis_tlast, s_axis_tdata};
        if (push && write_odd)  odd  <= {s_axis_tlast, s_axis_tdata};
        write_odd     <= write_odd ^ push;
        read_odd      <= read_odd ^ pop;
        here          <= push || two || (here && !pop);
        two           <= !pop && (two || (here && push));
        s_axis_tready <= pop || !(two || (here && push));
        beat          <= head[4*SLOT-1:0];
        pixel         <= head[slot*SLOT +: SLOT];
        beat_done     <= used;
        bad_last      <= used && head[4*SLOT] != tile_end;
        if (rst) begin
            write_odd     <= 1'b0;
            read_odd      <= 1'b0;
            here          <= 1'b0;
            two           <= 1'b0;
            s_axis_tready <= 1'b0;
            beat_done     <= 1'b0;
            bad_last      <= 1'b0;
        end
    end
endmodule

`default_nettype wire
