// SPDX-License-Identifier: Apache-2.0
//
// weight_loader: writes decoded weights into the shadow side of the lane bank, tile by tile.
//
// Weights come in steps of POUT codes, one for each lane, in the order of docs/formats.md: output
// tile, input tile, then (i, ky, kx) inside the tile, clipped at the layer's input channels.
// Steps are taken unless `hold`. `full` is high from the cycle after the step that completes a
// tile, or from when it has `settled` in the lane bank, until `claimed`, which comes a cycle after
// the pass began to use it; the loader then goes on with the next tile while the array computes. If
// the tile was `awaited` the pass begins as soon as it sees `full`, and the loader does not wait
// for the news: an array that waits for weights gets them without a pause. (A tile that is full in
// the very cycle in which its pass begins is claimed late: the next one comes a cycle later.)
// A stream whose last step is not the layer's last one, whichever comes first, pulses `bad_count`.
// While `flush` is high steps are accepted and dropped.
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
    input  wire            job_start,
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
    output reg  [31:0]     count          // weights of the layer taken in this job
);
    localparam [11:0] POUT_12 = POUT[11:0];
    localparam [3:0]  KMAX_4 = KMAX[3:0];

    reg [11:0] outs_left, ins_left;   // channels from the tile being loaded on
    reg [8:0]  i;                     // channel inside the tile
    reg [2:0]  ky, kx;
    reg        full_q, early_q;

    wire        last_kx   = kx == k - 3'd1;
    wire        last_ky   = ky == k - 3'd1;
    wire        last_in   = ins_left <= in_size;
    wire        last_out  = outs_left <= POUT_12;
    wire        last_i    = {3'd0, i} == (last_in ? ins_left : in_size) - 12'd1;
    wire        tile_end  = last_kx && last_ky && last_i;
    wire        layer_end = tile_end && last_in && last_out;

    // A full tile that was awaited is in use now: its claim has no news a cycle later.
    wire   early = full && awaited;
    wire   free  = early || (claimed && !early_q);
    assign ready = flush || ((!full_q || free) && !hold);
    assign we    = valid && ready && !flush;
    assign full  = full_q && settled;

    // Kernels smaller than the window lie at its bottom right; a 1x1 kernel has the first four taps
    // for four groups of channels, so there the channel alone is the address.
    wire [3:0]  skip = KMAX_4 - {1'b0, k};
    wire [3:0]  row  = skip + {1'b0, ky};
    wire [3:0]  col  = skip + {1'b0, kx};
    wire [31:0] base = (k == 3'd1) ? 32'd0 : ({28'd0, row} * KMAX + {28'd0, col}) * PIN;
    wire [31:0] tap  = base + {23'd0, i};
    assign we_tap = tap[TAPW-1:0];
    wire   unused = &{1'b0, tap[31:TAPW]};   // zero by the bounds above

    always @(posedge clk) begin
        early_q   <= early;
        bad_count <= we && last != layer_end;
        full_q    <= (full_q && !free) || (we && tile_end);
        if (we) begin
            count <= count + {20'd0, last_out ? outs_left : POUT_12};
            kx <= last_kx ? 3'd0 : kx + 3'd1;
            if (last_kx) ky <= last_ky ? 3'd0 : ky + 3'd1;
            if (last_kx && last_ky) i <= last_i ? 9'd0 : i + 9'd1;
            if (tile_end) begin
                ins_left <= last_in ? cin : ins_left - in_size;
                if (last_in) outs_left <= outs_left - POUT_12;
            end
            if (layer_end) complete <= 1'b1;
        end
        if (job_start || rst) begin
            outs_left <= cout;
            ins_left  <= cin;
            i         <= 9'd0;
            ky        <= 3'd0;
            kx        <= 3'd0;
            count     <= 32'd0;
            full_q    <= 1'b0;
            early_q   <= 1'b0;
            complete  <= 1'b0;
            bad_count <= 1'b0;
        end
    end

    generate
        if (KMAX != 3 && KMAX != 5 && KMAX != 7) begin : g_illegal_kmax
            illegal_parameter_KMAX_is_3_5_or_7 stop_elaboration ();
        end
        if (PIN < 1 || PIN > 64) begin : g_illegal_pin
            illegal_parameter_PIN_is_1_to_64 stop_elaboration ();
        end
        if (POUT < 1 || POUT > 64 || (POUT & (POUT - 1)) != 0) begin : g_illegal_pout
            illegal_parameter_POUT_is_a_power_of_two_1_to_64 stop_elaboration ();
        end
        if ((1 << TAPW) < KMAX * KMAX * PIN) begin : g_illegal_address
            illegal_parameter_TAPW_too_small stop_elaboration ();
        end
    endgenerate
endmodule

`default_nettype wire
