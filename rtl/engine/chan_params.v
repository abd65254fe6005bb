// SPDX-License-Identifier: Apache-2.0
//
// chan_params: the per-channel numbers of layer arithmetic, one output tile at a time.
//
// Channel c is written through we/addr/data as {bias, term2, shift2, shift1} (docs/formats.md).
// The memory is POUT banks wide, so one read gives every channel of an output tile. `restart` goes
// to tile 0 (two cycles later it is there); `next` shows the next tile in the cycle after it. The
// tile behind is read ahead, so two `next` must be at least two cycles apart.
//
// Parameters
//   POUT      output channels a beat, power of two, 1..64
//   COUT_MAX  channels held, 1..2048       DATAW  bits of one channel's numbers
`default_nettype none

module chan_params #(
    parameter POUT     = 8,
    parameter COUT_MAX = 512,
    parameter DATAW    = 56
) (
    input  wire                  clk,
    input  wire                  we,
    input  wire [11:0]           addr,
    input  wire [DATAW-1:0]      data,
    input  wire                  restart,
    input  wire [11:0]           cout,
    input  wire                  next,
    output wire [POUT*DATAW-1:0] params,
    output reg  [POUT-1:0]       lane_on     // channels that exist in this output tile
);
    localparam TILES = (COUT_MAX + POUT - 1) / POUT;
    localparam TW    = (TILES > 1) ? $clog2(TILES) : 1;
    localparam LANEW = $clog2(POUT);    // 0 when POUT is 1
    localparam [11:0] POUT_12 = POUT[11:0];

    wire [11:0]   write_tile = addr >> LANEW;
    wire          unused = &{1'b0, write_tile[11:TW]};   // within COUT_MAX by check
    reg  [TW-1:0] ahead;         // tile that is read
    reg  [11:0]   cout_top;      // the last channel
    reg  [11:0]   tiles_left;    // after the present one
    reg  [1:0]    fill_q;        // tile 0 on its way
    wire          load = next || fill_q[1];

    always @(posedge clk) begin
        fill_q <= {fill_q[0], restart};
        if (load) ahead <= ahead + 1'b1;
        if (next) tiles_left <= tiles_left - 12'd1;
        cout_top <= cout - 12'd1;
        if (restart) begin
            ahead <= {TW{1'b0}};
            tiles_left <= cout_top >> LANEW;
        end
    end

    genvar o;
    generate
        for (o = 0; o < POUT; o = o + 1) begin : g_bank
            localparam [11:0] LANE = o[11:0], MASK = POUT_12 - 12'd1;
            reg [DATAW-1:0] mem [0:TILES-1];
            reg [DATAW-1:0] read_q, held_q;
            always @(posedge clk) begin
                if (we && (addr & MASK) == LANE) mem[write_tile[TW-1:0]] <= data;
                read_q <= mem[ahead];
                if (load) held_q <= read_q;
            end
            assign params[o*DATAW +: DATAW] = held_q;
            // Only the last tile may have fewer channels than lanes.
            wire [12:0] behind = {1'b0, cout_top & MASK} - {1'b0, LANE};
            wire        unused_behind = &{1'b0, behind[11:0]};
            reg         on_at_last;
            always @(posedge clk) begin
                on_at_last <= !behind[12];
                lane_on[o] <= on_at_last || (next ? tiles_left[11:1] != 11'd0
                                                  : tiles_left != 12'd0);
            end
        end
        if (POUT < 1 || POUT > 64 || (POUT & (POUT - 1)) != 0) begin : g_illegal_pout
            illegal_parameter_POUT_is_a_power_of_two_1_to_64 stop_elaboration ();
        end
        if (COUT_MAX < 1 || COUT_MAX > 2048) begin : g_illegal_cout
            illegal_parameter_COUT_MAX_is_1_to_2048 stop_elaboration ();
        end
    endgenerate
endmodule

`default_nettype wire
