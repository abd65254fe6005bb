// SPDX-License-Identifier: Apache-2.0
//
// chan_params: the per-channel numbers of layer arithmetic, read one output tile at a time.
//
// Channel c is written through we/addr/data as {bias, term2, shift2, shift1} (docs/formats.md).
// The memory is POUT banks wide, so one read gives every channel of output tile `tile`. `load`
// moves the tile that was selected one cycle earlier into `params`, which then holds for a pass.
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
    input  wire [11:0]           tile,
    input  wire                  load,
    output wire [POUT*DATAW-1:0] params
);
    localparam TILES = (COUT_MAX + POUT - 1) / POUT;
    localparam TW    = (TILES > 1) ? $clog2(TILES) : 1;
    localparam LANEW = $clog2(POUT);    // 0 when POUT is 1

    wire [11:0] write_tile = addr >> LANEW;
    wire        unused = &{1'b0, tile[11:TW], write_tile[11:TW]};   // within COUT_MAX by check

    genvar o;
    generate
        for (o = 0; o < POUT; o = o + 1) begin : g_bank
            localparam [11:0] LANE = o[11:0], MASK = POUT[11:0] - 12'd1;
            reg [DATAW-1:0] mem [0:TILES-1];
            reg [DATAW-1:0] read_q, held_q;
            always @(posedge clk) begin
                if (we && (addr & MASK) == LANE) mem[write_tile[TW-1:0]] <= data;
                read_q <= mem[tile[TW-1:0]];
                if (load) held_q <= read_q;
            end
            assign params[o*DATAW +: DATAW] = held_q;
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
