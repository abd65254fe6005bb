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
    reg  [11:0]   left;          // channels from the present tile on
    reg  [1:0]    fill_q;        // tile 0 on its way
    wire          load = next || fill_q[1];

    always @(posedge clk) begin
        fill_q <= {fill_q[0], restart};
        if (load) ahead <= ahead + 1'b1;
        if (next) left  <= left - POUT_12;
        if (restart) begin
            ahead <= {TW{1'b0}};
            left  <= cout;
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
            always @(posedge clk) begin
                lane_on[o] <= next ? LANE + POUT_12 < left : LANE < left;
                if (restart) lane_on[o] <= LANE < cout;
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
