// SPDX-License-Identifier: Apache-2.0
//
// tap_walk: where the weights of a layer go, one step after the other, in the order of
// docs/formats.md: output tile, input tile, then (i, ky, kx) inside the tile, clipped at the
// layer's input channels. A step has a weight for each output channel of the tile.
//
// Every answer is a flip-flop, or a LUT behind some: what a step ends was found out a step or a
// tile earlier, so nothing is compared in front of the enables.
//
// Kernels smaller than the window lie at its bottom right; a 1x1 kernel has the first four taps for
// four groups of channels, so there the channel alone is the address.
//
// Parameters
//   KMAX  window size, 3, 5 or 7
//   PIN   input channels of a slot, 1..64      POUT  output channels, power of two, 1..64
//   TAPW  width of the address; KMAX*KMAX*PIN must fit
`default_nettype none

module tap_walk #(
    parameter KMAX = 3,
    parameter PIN  = 8,
    parameter POUT = 8,
    parameter TAPW = 7
) (
    input  wire            clk,
    input  wire            restart,       // to the first step; the layer is stable for two cycles
    input  wire            step,

    input  wire [11:0]     cin,
    input  wire [11:0]     cout,
    input  wire [11:0]     in_size,       // input channels of a tile
    input  wire [2:0]      k,

    output reg  [TAPW-1:0] tap,
    output wire            tile_end,      // the step is the last one of its tile, of the layer
    output wire            layer_end,
    output wire [11:0]     outs_q         // a cycle late: output channels of the tile
);
    localparam [TAPW-1:0] PIN_T = PIN[TAPW-1:0], ONE = 1;

    // ---------------------------------------------------------------- of the layer
    localparam [3:0] KMAX_4 = KMAX[3:0];
    wire [3:0]  skip  = KMAX_4 - {1'b0, k};
    wire [31:0] jumps = ({28'd0, skip} + 32'd1) * PIN;
    wire [31:0] skips = (k == 3'd1) ? 32'd0 : {28'd0, skip} * (KMAX + 1) * PIN;

    reg [TAPW-1:0] corner, jump;          // first tap; from the end of a row to the next one
    reg [11:0]     size_less_2;
    reg            size_is_1;

    always @(posedge clk) begin
        corner      <= skips[TAPW-1:0];
        jump        <= jumps[TAPW-1:0];
        size_less_2 <= in_size - 12'd2;
        size_is_1   <= in_size == 12'd1;
    end

    // ---------------------------------------------------------------- inside a channel
    // Rows and all taps are counted apart, so that one flip-flop says that a channel ends.
    reg  [5:0] taps_top;
    wire       last_kx, channel_end;
    wire [2:0] unused_kx;
    wire [5:0] unused_taps;

    always @(posedge clk) begin
        taps_top <= k == 3'd1 ? 6'd0 : k == 3'd3 ? 6'd8 : k == 3'd5 ? 6'd24 : 6'd48;
    end

    wrap_counter #(.WIDTH(3)) u_kx (
        .clk(clk), .restart(restart), .step(step), .top(k - 3'd1), .count(unused_kx),
        .at_top(last_kx)
    );
    wrap_counter #(.WIDTH(6)) u_taps (
        .clk(clk), .restart(restart), .step(step), .top(taps_top), .count(unused_taps),
        .at_top(channel_end)
    );

    // ---------------------------------------------------------------- tiles
    wire        last_in, next_last_in, next_last_q, final_tile, unused_first;
    wire [11:0] next_in_q;
    wire        tile_step = step && tile_end;

    pass_walk #(.POUT(POUT)) u_tiles (
        .clk(clk), .restart(restart), .next(tile_step), .cin(cin), .cout(cout), .in_size(in_size),
        .first(unused_first), .last(last_in), .final_pass(final_tile), .next_last(next_last_in),
        .next_last_q(next_last_q), .next_in_q(next_in_q), .outs_q(outs_q)
    );

    // ---------------------------------------------------------------- channels of a tile
    reg [11:0]     i;
    reg            last_i;
    reg [11:0]     rest_less_2;           // channels of a last tile
    reg            rest_is_1;
    reg [TAPW-1:0] next_corner;           // of channel i + 1

    assign tile_end  = channel_end && last_i;
    assign layer_end = tile_end && final_tile;

    always @(posedge clk) begin
        // A tile before the last one has four steps or more: what follows is known in time.
        if (next_last_q) begin
            rest_less_2 <= next_in_q - 12'd2;
            rest_is_1   <= next_in_q == 12'd1;
        end
        if (step) tap <= !channel_end ? tap + (last_kx ? jump : PIN_T)
                         : last_i ? corner : next_corner;
        if (step && channel_end) begin
            i           <= last_i ? 12'd0 : i + 12'd1;
            last_i      <= last_i ? (next_last_in ? rest_is_1 : size_is_1)
                           : i == (last_in ? rest_less_2 : size_less_2);
            next_corner <= (last_i ? corner : next_corner) + ONE;
        end
        if (restart) begin
            tap         <= corner;
            next_corner <= corner + ONE;
            i           <= 12'd0;
            last_i      <= size_is_1 || cin == 12'd1;
        end
    end

    // The bounds above make the upper bits zero.
    wire unused = &{1'b0, jumps[31:TAPW], skips[31:TAPW], unused_first, unused_kx, unused_taps};

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
