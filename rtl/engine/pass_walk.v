// SPDX-License-Identifier: Apache-2.0
//
// pass_walk: counts the passes of a layer: for each output tile, for each input tile.
//
// `next` ends a pass. The engine has a walk for the pixels that come in, one for the positions that
// go to the lanes, some pixels behind, and one for the weights.
//
// `next` comes late, out of gates in which everything that can hold a step up takes part, so it
// goes to one flip-flop and the counters follow a cycle behind it. In that cycle (`pending`) the
// answers are those of the pass after the one that is counted, which was found out a pass earlier:
// each is one LUT behind flip-flops, and `next` may come in every cycle.
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
    output wire        first,        // of this pass: first, last input tile
    output wire        last,
    output wire        final_pass,   // the layer's last pass
    output wire        next_last,    // of the pass after it: last input tile
    output wire        next_last_q,  // a cycle late: the same,
    output wire [11:0] next_in_q,    // ... input channels from that pass's tile on,
    output wire [11:0] outs_q        // ... output channels of this pass
);
    localparam LANEW = $clog2(POUT);
    localparam [11:0] POUT_12 = POUT[11:0];

    reg  [11:0] beyond;              // of the layer: channels behind the first tile
    reg         one_tile, two_tiles; // one, at most two input tiles
    reg         pending;             // `next` came a cycle ago
    reg         first_q, last_q, then_last;
    reg  [11:0] in_left;             // input channels from the pass after this one on
    reg  [11:0] out_top, cout_top;   // output channels behind the first of this pass, of all
    reg         last_out, then_last_out;
    wire [11:0] two_sizes = {in_size[10:0], 1'b0};
    wire        later_last = then_last ? one_tile : in_left <= two_sizes;
    wire [11:0] tiles = out_top >> LANEW, all_tiles = cout_top >> LANEW;    // behind this one

    assign first      = pending ? last_q : first_q;
    assign last       = pending ? then_last : last_q;
    assign next_last  = pending ? later_last : then_last;
    // A pass that ends an output tile is the only one that changes what is left of these.
    assign final_pass = pending ? then_last && (last_q ? then_last_out : last_out)
                                : last_q && last_out;

    assign next_last_q = then_last;
    assign next_in_q   = one_tile ? cin : in_left;
    assign outs_q      = last_out ? out_top + 12'd1 : POUT_12;

    always @(posedge clk) begin
        cout_top  <= cout - 12'd1;
        beyond    <= cin - in_size;
        one_tile  <= cin <= in_size;
        two_tiles <= cin <= two_sizes;
        pending   <= next;
        if (pending) begin
            first_q   <= last_q;
            last_q    <= then_last;
            in_left   <= then_last ? cin : in_left - in_size;
            then_last <= later_last;
            if (last_q) begin
                out_top       <= out_top - POUT_12;
                last_out      <= then_last_out;
                then_last_out <= tiles <= 12'd2;
            end
        end
        if (restart) begin
            pending       <= 1'b0;
            first_q       <= 1'b1;
            last_q        <= one_tile;
            in_left       <= beyond;
            then_last     <= two_tiles;
            out_top       <= cout_top;
            last_out      <= all_tiles == 12'd0;
            then_last_out <= all_tiles <= 12'd1;
        end
    end

    generate
        if (POUT < 1 || POUT > 64 || (1 << LANEW) != POUT) begin : g_illegal_pout
            illegal_parameter_POUT_is_a_power_of_two_1_to_64 stop_elaboration ();
        end
    endgenerate
endmodule

`default_nettype wire
