// SPDX-License-Identifier: Apache-2.0
// Purpose: payload bytes on their way to the lanes: words in, and in each step the next bytes of
// the
//   stream for those lanes that want one, in the order of the lanes.
//
// The bytes lie in BANKS small memories by their number modulo BANKS, so the next BANKS bytes can
//   all be read at once. A lane's byte is in the bank that is the first unread one plus the lanes
//   before it that want a byte too.
//
// `enough` and `space` are on the safe side: what is pushed and taken in a cycle counts in the next
//   one. So `enough` supposes that who takes, takes a byte for every lane, and `space` that words
//   are on their way.
//
// Parameters
//   POUT   lanes, 1..64
//   WBITS  bits of a word, 32 or more; a power of two
//   ROWS   bytes of each bank, a power of two of at least 8
//   LATE   1: a lane gets the byte that it wants in one `take` with the next one. All that are
//          wanted must be in the store all the same, so that the end of the stream is the same

`default_nettype none

module shuff_bank_store #(
    parameter POUT  = 8,
    parameter WBITS = 32,
    parameter ROWS  = 16,
    parameter LATE  = 0
) (
    input  wire               clk,
    input  wire               clear,

    input  wire [WBITS-1:0]   word,
    input  wire               push,
    input  wire               real_word,  // of the payload, not filling behind it
    output reg                space,      // for a word pushed in the next cycle

    output wire               enough,     // a byte for every lane will be there in the next cycle
    input  wire [POUT-1:0]    want,
    input  wire               take,       // only the cycle after `enough`
    output wire [9*POUT-1:0]  bytes,      // {of the payload, byte} for each lane that wants one
    output reg                spare       // two cycles late: a word or more was not taken
);

    localparam BYTES = WBITS / 8;
    localparam LANES = 1 << $clog2(POUT);
    localparam BANKS = (LANES > BYTES) ? LANES : BYTES;
    localparam BW    = $clog2(BANKS);
    localparam RW    = $clog2(ROWS);
    localparam GROUPS = BANKS / BYTES;    // words to a row: 1 or 2
    localparam CW    = BW + RW;
    localparam LW    = $clog2(LANES);
    localparam YW    = $clog2(BYTES);
    localparam [RW:0] AT_STEP  = {{(RW-1){1'b0}}, GROUPS == 1, GROUPS == 2};
    localparam SPARE = BW + ((GROUPS == 1) ? 2 : 1);  // bits of the room for three words
    localparam [BW-1:0] WORD = BYTES[BW-1:0];

    generate
        if (POUT < 1 || POUT > 64) begin : g_illegal_pout
            illegal_parameter_shuff_bank_store_pout stop_elaboration();
        end
        if (WBITS < 32 || (WBITS & (WBITS - 1)) != 0 || GROUPS > 2) begin : g_illegal_wbits
            illegal_parameter_shuff_bank_store_wbits stop_elaboration();
        end
        if (ROWS < 8 || (ROWS & (ROWS - 1)) != 0) begin : g_illegal_rows
            illegal_parameter_shuff_bank_store_rows stop_elaboration();
        end
    endgenerate

    reg  [BW-1:0]    first;       // bank of the first byte not yet taken
    reg  [RW-1:0]    row;         // its row, and the one behind
    reg  [RW-1:0]    row_behind;
    reg  [RW-1:0]    row_after;
    reg  [BANKS-1:0] passed;      // banks below the first unread byte go on in the row behind
    reg  [RW:0]      at;          // where the next word goes: {row, group}

    wire [9*BANKS-1:0] heads;     // of each bank
    wire [BW:0]        base;
    wire               wrap, wraps;
    wire [BW-1:0]      moved;
    wire [BANKS-1:0]   passed_next;
    wire [CW-1:0]      count = {at, {(BW-1){1'b0}}} - {row, first};

    wire               unused = &{1'b0, count, passed, wraps};    // not all bits, not for all LATE

    wire one  = |count[CW-1:LW];      // bytes for every lane; twice as many; three times
    wire two  = |count[CW-1:LW+1];
    wire more = |count[CW-1:LW+2] || &count[LW+1:LW];

    assign enough = LATE ? (two && !take) || more : (one && !take) || two;

    // ---- banks
    genvar b;
    generate
        for (b = 0; b < BANKS; b = b + 1) begin : g_bank
            localparam integer IN_WORD = b % BYTES;
            localparam integer GROUP   = b / BYTES;
            // Bytes leave the top of each 32 bits first.
            localparam integer FROM    = 32 * (IN_WORD / 4) + 8 * (3 - IN_WORD % 4);

            wire          mine = GROUPS == 1 || at[0] == GROUP[0];
            wire [RW-1:0] from;

            if (LATE) begin : g_late
                // Its own row, so that a step begins with the memories.
                reg [RW-1:0] own;
                assign from = own;
                always @(posedge clk) begin
                    if (take) begin
                        own <= passed_next[b] ? (wraps ? row_after : row_behind)
                                              : (wraps ? row_behind : row);
                    end
                    if (clear) begin
                        own <= {RW{1'b0}};
                    end
                end
            end else begin : g_now
                assign from = passed[b] ? row_behind : row;
            end

            shuff_bank_column #(.ROWS(ROWS)) u_column (
                .clk(clk), .write(push && mine), .write_row(at[RW:1]),
                .write_byte({real_word, word[FROM +: 8]}), .row(from), .head(heads[9*b +: 9])
            );
        end
    endgenerate

    // ---- lanes
    wire [2*BANKS*((BW+1)/2)-1:0] picks;

    shuff_bank_picks #(.POUT(POUT), .BANKS(BANKS), .LATE(LATE)) u_picks (
        .clk(clk), .clear(clear), .take(take),
        .first(first), .want(want), .picks(picks), .base(base)
    );

    shuff_bank_moved #(.POUT(POUT), .BANKS(BANKS), .LATE(LATE)) u_moved (
        .first(first), .base(base), .want(want), .take(take),
        .wrap(wrap), .wraps(wraps), .moved(moved), .passed(passed_next)
    );

    shuff_bank_deal #(.POUT(POUT), .BANKS(BANKS)) u_deal (
        .picks(picks), .heads(heads), .bytes(bytes)
    );

    // ---- bookkeeping
    wire [BW-1:0] last_of_word = first + WORD - 1'b1;

    always @(posedge clk) begin
        if (push) begin
            at <= at + AT_STEP;
        end
        if (take) begin
            first  <= moved;
            passed <= passed_next;
        end
        if (wrap) begin
            row        <= row_behind;
            row_behind <= row_after;
            row_after  <= row_after + 1'b1;
        end
        space  <= !(&count[CW-1:SPARE]);
        spare  <= |count[CW-1:YW] && heads[9*last_of_word + 8];
        if (clear) begin
            at         <= {(RW+1){1'b0}};
            first      <= {BW{1'b0}};
            passed     <= {BANKS{1'b0}};
            row        <= {RW{1'b0}};
            row_behind <= {{(RW-1){1'b0}}, 1'b1};
            row_after  <= {{(RW-2){1'b0}}, 2'd2};
        end
    end

endmodule

`default_nettype wire
