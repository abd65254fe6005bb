// SPDX-License-Identifier: Apache-2.0
// Purpose: deals the next bytes of the store to the lanes that want one, in the order of the lanes.
//   Combinational; shuff_bank_picks has the selects and says what they mean.
//
// The bytes go through levels of small selectors that halve or quarter the blocks of lanes. The
//   lanes of a block of Q want at most Q bytes in a row, so of the banks j, j + Q, j + 2Q, ... no
//   more than one holds a byte for the block, and that one goes to the block's place j. Down to one
//   lane that is a LUT a bit and level, where a selector of all BANKS bytes for each lane would
//   grow with the square.
//
// Parameters
//   POUT   lanes, 1..64
//   BANKS  a power of two, at least POUT and at least 4

`default_nettype none

module shuff_bank_deal #(
    parameter POUT   = 8,
    parameter BANKS  = 8,
    parameter BW     = $clog2(BANKS),    // derived, do not set
    parameter LEVELS = (BW + 1) / 2      // derived, do not set
) (
    input  wire [2*BANKS*LEVELS-1:0] picks,
    input  wire [9*BANKS-1:0]        heads,
    output wire [9*POUT-1:0]         bytes
);

    genvar k, a, j;
    generate
        for (k = 0; k < LEVELS; k = k + 1) begin : g_level
            localparam integer QW = 2 * (LEVELS - 1 - k);     // log2 of a block's lanes,
            localparam integer PW = (k == 0) ? BW : QW + 2;   // of what it is a part of
            localparam integer Q  = 1 << QW;
            wire [9*BANKS-1:0] above;
            wire [9*BANKS-1:0] places;                        // as in `picks`
            if (k == 0) begin : g_heads
                assign above = heads;
            end else begin : g_above
                assign above = g_level[k-1].places;
            end
            for (a = 0; a < BANKS; a = a + Q) begin : g_block
                localparam integer IN = a >> PW << PW;
                for (j = 0; j < Q; j = j + 1) begin : g_place
                    wire [1:0] pick = picks[2*(BANKS*k+a+j) +: 2];
                    wire [8:0] low  = pick[0] ? above[9*(IN+j+Q) +: 9] : above[9*(IN+j) +: 9];
                    if (a >= POUT) begin : g_no_lane
                        wire unused = &{1'b0, pick, low};
                        assign places[9*(a+j) +: 9] = 9'd0;
                    end else if (PW - QW == 1) begin : g_two
                        wire unused = pick[1];
                        assign places[9*(a+j) +: 9] = low;
                    end else begin : g_four
                        wire [8:0] high = pick[0] ? above[9*(IN+j+3*Q) +: 9]
                                                  : above[9*(IN+j+2*Q) +: 9];
                        assign places[9*(a+j) +: 9] = pick[1] ? high : low;
                    end
                end
            end
        end
    endgenerate

    assign bytes = g_level[LEVELS-1].places[9*POUT-1:0];

    wire unused_places = &{1'b0, g_level[LEVELS-1].places};

endmodule

`default_nettype wire
