// SPDX-License-Identifier: Apache-2.0
//
// weight_loader: writes decoded weights into the shadow side of the lane bank, tile by tile.
//
// Weights come in the order of docs/formats.md: output tile, input tile, then (o, i, ky, kx)
// inside the tile, clipped at the layer's channels, so the stream holds no padding. `full` rises
// with the last weight of a tile and the loader waits for `swap`; it then goes on with the next
// tile while the array computes. A stream that ends before the layer's last weight, or goes on
// after it, pulses `bad_count`. While `flush` is high weights are accepted and dropped.
//
// Parameters
//   KMAX  window size, 1, 3, 5 or 7
//   PIN   input channels a beat, 1..64         POUT  output channels, power of two, 1..64
//   TAPW, OUTW  widths of the write address; KMAX*KMAX*PIN and POUT must fit
`default_nettype none

module weight_loader #(
    parameter KMAX = 3,
    parameter PIN  = 8,
    parameter POUT = 8,
    parameter TAPW = 7,
    parameter OUTW = 3
) (
    input  wire            clk,
    input  wire            rst,
    input  wire            job_start,
    input  wire            flush,
    input  wire            swap,
    output reg             full,
    output reg             bad_count,     // pulse
    output reg             complete,      // every weight of the layer has been taken

    input  wire [11:0]     cin,
    input  wire [11:0]     cout,
    input  wire [2:0]      k,

    // decoded weights (the code itself goes straight to the lane bank)
    input  wire            valid,
    input  wire            last,
    output wire            ready,

    output wire            we,
    output wire [OUTW-1:0] we_out,
    output wire [TAPW-1:0] we_tap,
    output reg  [31:0]     count          // weights taken in this job
);
    localparam [11:0] PIN_12 = PIN[11:0], POUT_12 = POUT[11:0];
    localparam [3:0]  KMAX_4 = KMAX[3:0];

    reg [11:0] out_base, in_base;     // the tile being loaded
    reg [6:0]  o, i;                  // inside the tile
    reg [2:0]  ky, kx;

    wire [11:0] outs_left = cout - out_base;
    wire [11:0] ins_left  = cin - in_base;
    wire        last_kx = kx == k - 3'd1;
    wire        last_ky = ky == k - 3'd1;
    wire        last_i  = {5'd0, i} == ((ins_left < PIN_12) ? ins_left : PIN_12) - 12'd1;
    wire        last_o  = {5'd0, o} == ((outs_left < POUT_12) ? outs_left : POUT_12) - 12'd1;
    wire        tile_end  = last_kx && last_ky && last_i && last_o;
    wire        last_in   = ins_left <= PIN_12;
    wire        last_out  = outs_left <= POUT_12;
    wire        layer_end = tile_end && last_in && last_out;

    // A weight that follows the layer's last one must be seen, so ready holds after `complete`.
    assign ready = flush || complete || !full;
    wire   take  = valid && ready && !flush;

    // Kernels smaller than the window lie at its bottom right.
    wire [3:0]  skip  = KMAX_4 - {1'b0, k};
    wire [3:0]  row   = skip + {1'b0, ky};
    wire [3:0]  col   = skip + {1'b0, kx};
    wire [31:0] tap   = ({28'd0, row} * KMAX + {28'd0, col}) * PIN + {25'd0, i};
    assign we     = take && !complete;
    assign we_out = o[OUTW-1:0];
    assign we_tap = tap[TAPW-1:0];
    wire   unused = &{1'b0, tap[31:TAPW], o[6:OUTW]};   // zero by the bounds above

    always @(posedge clk) begin
        bad_count <= 1'b0;
        if (swap) full <= 1'b0;
        if (take) begin
            count <= count + 32'd1;
            if (complete || last != layer_end) bad_count <= 1'b1;
            kx <= last_kx ? 3'd0 : kx + 3'd1;
            if (last_kx) ky <= last_ky ? 3'd0 : ky + 3'd1;
            if (last_kx && last_ky) i <= last_i ? 7'd0 : i + 7'd1;
            if (last_kx && last_ky && last_i) o <= last_o ? 7'd0 : o + 7'd1;
            if (tile_end && !complete) begin
                full    <= 1'b1;
                in_base <= last_in ? 12'd0 : in_base + PIN_12;
                if (last_in) out_base <= out_base + POUT_12;
                if (layer_end) complete <= 1'b1;
            end
        end
        if (job_start || rst) begin
            out_base <= 12'd0;
            in_base  <= 12'd0;
            o        <= 7'd0;
            i        <= 7'd0;
            ky       <= 3'd0;
            kx       <= 3'd0;
            count    <= 32'd0;
            full     <= 1'b0;
            complete <= 1'b0;
        end
        if (rst) bad_count <= 1'b0;
    end

    generate
        if (KMAX != 1 && KMAX != 3 && KMAX != 5 && KMAX != 7) begin : g_illegal_kmax
            illegal_parameter_KMAX_is_1_3_5_or_7 stop_elaboration ();
        end
        if (PIN < 1 || PIN > 64) begin : g_illegal_pin
            illegal_parameter_PIN_is_1_to_64 stop_elaboration ();
        end
        if (POUT < 1 || POUT > 64 || (POUT & (POUT - 1)) != 0) begin : g_illegal_pout
            illegal_parameter_POUT_is_a_power_of_two_1_to_64 stop_elaboration ();
        end
        if ((1 << TAPW) < KMAX * KMAX * PIN || (1 << OUTW) < POUT) begin : g_illegal_address
            illegal_parameter_TAPW_or_OUTW_too_small stop_elaboration ();
        end
    endgenerate
endmodule

`default_nettype wire
