// SPDX-License-Identifier: Apache-2.0
// Purpose: deals the next bytes of the store to the lanes that want one, in the order of the lanes:
//   lane l gets the byte in bank first + (wanting lanes below l), modulo BANKS. Combinational.
//
// The sums over the lanes below are a parallel prefix tree (Sklansky): log2 POUT adders deep.
//
// Parameters
//   POUT   lanes, 1..64
//   BANKS  a power of two, at least POUT and at least 4

`default_nettype none

module shuff_bank_deal #(
    parameter POUT  = 8,
    parameter BANKS = 8,
    parameter BW    = $clog2(BANKS)   // derived, do not set
) (
    input  wire [BW-1:0]      first,
    input  wire [POUT-1:0]    want,
    input  wire [9*BANKS-1:0] heads,
    output wire [9*POUT-1:0]  bytes,
    output wire [BW:0]        taken
);

    localparam LEVELS = (POUT > 1) ? $clog2(POUT) : 1;

    // sums[level][lane]: wanting lanes from the lane's block of 2^level up to the lane itself
    wire [(LEVELS+1)*POUT*(BW+1)-1:0] sums;

    // No lane needs the top bit of the count of those below it.
    wire unused = &{1'b0, sums};

    genvar v, l;
    generate
        for (l = 0; l < POUT; l = l + 1) begin : g_leaf
            assign sums[l*(BW+1) +: BW+1] = {{BW{1'b0}}, want[l]};
        end
        for (v = 0; v < LEVELS; v = v + 1) begin : g_level
            for (l = 0; l < POUT; l = l + 1) begin : g_node
                localparam integer OWN  = (v * POUT + l) * (BW + 1);
                localparam integer OUT  = ((v + 1) * POUT + l) * (BW + 1);
                // last lane of the lower half of this lane's block
                localparam integer HALF = (l >> (v + 1) << (v + 1)) + (1 << v) - 1;
                if (((l >> v) & 1) == 1) begin : g_add
                    assign sums[OUT +: BW+1] = sums[OWN +: BW+1]
                                             + sums[(v * POUT + HALF) * (BW + 1) +: BW+1];
                end else begin : g_keep
                    assign sums[OUT +: BW+1] = sums[OWN +: BW+1];
                end
            end
        end
        for (l = 0; l < POUT; l = l + 1) begin : g_lane
            localparam integer BELOW = (LEVELS * POUT + l - 1) * (BW + 1);
            wire [BW-1:0] from;
            if (l == 0) begin : g_first
                assign from = first;
            end else begin : g_next
                assign from = first + sums[BELOW +: BW];
            end
            assign bytes[9*l +: 9] = heads[9*from +: 9];
        end
    endgenerate

    assign taken = sums[(LEVELS * POUT + POUT - 1) * (BW + 1) +: BW+1];

endmodule

`default_nettype wire
