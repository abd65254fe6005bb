// SPDX-License-Identifier: Apache-2.0
//
// For Yosys' techmap: one bit selected out of a constant table ($shiftx of constants) becomes a
// tree of multiplexers, the lowest bit of the selection at the leaves, without those whose entries
// are all equal. Yosys' own map shifts the whole table and leaves it to later passes to take away
// all but one bit: nearly half the time of P2 at five bits.
`default_nettype none

(* techmap_celltype = "$shiftx" *)
module constant_table (A, B, Y);
    parameter A_SIGNED = 0;
    parameter B_SIGNED = 0;
    parameter A_WIDTH  = 1;
    parameter B_WIDTH  = 1;
    parameter Y_WIDTH  = 1;
    parameter _TECHMAP_CONSTMSK_A_ = 0;
    parameter _TECHMAP_CONSTVAL_A_ = 0;

    input  [A_WIDTH-1:0] A;
    input  [B_WIDTH-1:0] B;
    output [Y_WIDTH-1:0] Y;

    // Everything else is left to Yosys' map.
    wire _TECHMAP_FAIL_ = Y_WIDTH != 1 || B_SIGNED != 0 || A_WIDTH != (1 << B_WIDTH)
                          || ~&_TECHMAP_CONSTMSK_A_;

    genvar level, place;
    generate
        for (level = 0; level <= B_WIDTH; level = level + 1) begin : g_level
            wire [(A_WIDTH >> level)-1:0] left;

            if (level == 0) begin : g_leaves
                assign left = A;
            end else begin : g_choice
                for (place = 0; place < (A_WIDTH >> level); place = place + 1) begin : g_place
                    localparam [(1<<level)-1:0] ENTRIES =
                        _TECHMAP_CONSTVAL_A_ >> (place << level);

                    if (&ENTRIES || ~|ENTRIES) begin : g_equal
                        assign left[place] = ENTRIES[0];
                    end else begin : g_two
                        assign left[place] = B[level-1] ? g_level[level-1].left[2*place+1]
                                                        : g_level[level-1].left[2*place];
                    end
                end
            end
        end
    endgenerate

    assign Y = g_level[B_WIDTH].left;
endmodule

`default_nettype wire
