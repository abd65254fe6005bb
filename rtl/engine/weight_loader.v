// SPDX-License-Identifier: Apache-2.0
//
// weight_loader: hands decoded weights to the shadow side of the lane bank, tile by tile.
//
// Weights come in steps of POUT codes, one for each lane, in the order of tap_walk.
// Steps are taken unless `hold`. `full` is high from the cycle after the step that completes a
// tile, or from when it has `settled` in the lane bank, until `claimed`, which comes a cycle after
// the pass began to use it; the loader then goes on with the next tile while the array computes. If
// the tile was `awaited` the pass begins as soon as it sees `full`, and the loader does not wait
// for the news: an array that waits for weights gets them without a pause. (A tile that is full in
// the very cycle in which its pass begins is claimed late: the next one comes a cycle later.)
// A stream whose last step is not the layer's last one, whichever comes first, pulses `bad_count`,
// two cycles after the step. While `flush` is high steps are accepted and dropped.
//
// Parameters
//   KMAX  window size, 3, 5 or 7
//   PIN   input channels of a slot, 1..64      POUT  output channels, power of two, 1..64
//   TAPW  width of the write address; KMAX*KMAX*PIN must fit
`default_nettype none

module weight_loader #(
    parameter KMAX = 3,
    parameter PIN  = 8,
    parameter POUT = 8,
    parameter TAPW = 7
) (
    input  wire            clk,
    input  wire            rst,
    input  wire            job_start,     // no step in the cycle after it
    input  wire            flush,
    input  wire            claimed,       // the tile that was full is in use
    input  wire            awaited,       // nothing but this tile was missing, a cycle ago
    input  wire            hold,          // no step now
    input  wire            settled,       // the lane bank has all that it takes time to write
    output wire            full,
    output reg             bad_count,     // pulse
    output reg             complete,      // every weight of the layer has been taken

    input  wire [11:0]     cin,
    input  wire [11:0]     cout,
    input  wire [11:0]     in_size,       // input channels of a tile
    input  wire [2:0]      k,

    // decoded steps (the codes themselves go straight to the lane bank)
    input  wire            valid,
    input  wire            last,
    output wire            ready,

    output wire            we,
    output wire [TAPW-1:0] we_tap,
    output reg  [31:0]     count          // weights of the layer taken in this job, a cycle late
);
    reg         full_q, early_q, restart, we_q, wrong_end;
    wire        tile_end, layer_end;
    wire [11:0] outs_q;

    // A full tile that was awaited is in use now: its claim has no news a cycle later.
    wire   early = full && awaited;
    wire   free  = early || (claimed && !early_q);
    wire   open  = (!full_q || free) && !hold;
    assign ready = flush || open;
    assign we    = valid && open && !flush;    // one LUT where nothing holds: much hangs on it
    assign full  = full_q && settled;

    tap_walk #(.KMAX(KMAX), .PIN(PIN), .POUT(POUT), .TAPW(TAPW)) u_walk (
        .clk(clk), .restart(restart), .step(we), .cin(cin), .cout(cout), .in_size(in_size), .k(k),
        .tap(we_tap), .tile_end(tile_end), .layer_end(layer_end), .outs_q(outs_q)
    );

    always @(posedge clk) begin
        restart   <= job_start || rst;
        early_q   <= early;
        we_q      <= we;
        wrong_end <= last != layer_end;
        bad_count <= we_q && wrong_end;
        full_q    <= (full_q && !free) || (we && tile_end);
        if (we_q) count <= count + {20'd0, outs_q};
        if (we && layer_end) complete <= 1'b1;
        if (restart) begin
            count     <= 32'd0;
            we_q      <= 1'b0;
            full_q    <= 1'b0;
            early_q   <= 1'b0;
            complete  <= 1'b0;
            bad_count <= 1'b0;
        end
    end
endmodule

`default_nettype wire
