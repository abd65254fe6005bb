// SPDX-License-Identifier: Apache-2.0
// Purpose: payload bytes on their way to the lanes: words in, and in each step the next bytes of
// the
//   stream for those lanes that want one, in the order of the lanes.
//
// The bytes lie in BANKS small memories by their number modulo BANKS, so the next BANKS bytes can
//   all be read at once. A lane's byte is in the bank that is the first unread one plus the lanes
//   before it that want a byte too.
//
// Parameters
//   POUT   lanes, 1..64
//   WBITS  bits of a word, 32 or more; a power of two
//   ROWS   bytes of each bank, a power of two of at least 4

`default_nettype none

module shuff_bank_store #(
    parameter POUT  = 8,
    parameter WBITS = 32,
    parameter ROWS  = 16
) (
    input  wire               clk,
    input  wire               clear,

    input  wire [WBITS-1:0]   word,
    input  wire               push,       // only with space
    input  wire               real_word,  // of the payload, not filling behind it
    output wire               space,

    output wire               enough,     // a byte for every lane is there
    input  wire [POUT-1:0]    want,
    input  wire               take,
    output wire [9*POUT-1:0]  bytes,      // {of the payload, byte} for each lane that wants one
    output wire               spare       // at least a word of the payload was not taken
);

    localparam BYTES = WBITS / 8;
    localparam LANES = 1 << $clog2(POUT);
    localparam BANKS = (LANES > BYTES) ? LANES : BYTES;
    localparam BW    = $clog2(BANKS);
    localparam RW    = $clog2(ROWS);
    localparam GROUPS = BANKS / BYTES;    // words to a row: 1 or 2
    localparam CW    = BW + RW + 1;
    localparam [RW:0] AT_STEP  = {{(RW-1){1'b0}}, GROUPS == 1, GROUPS == 2};
    localparam integer FULL_I  = BANKS * ROWS - BYTES;
    localparam [CW-1:0] FULL   = FULL_I[CW-1:0];
    localparam [CW-1:0] WORD   = BYTES[CW-1:0];
    localparam [CW-1:0] NEED   = LANES[CW-1:0];

    generate
        if (POUT < 1 || POUT > 64) begin : g_illegal_pout
            illegal_parameter_shuff_bank_store_pout stop_elaboration();
        end
        if (WBITS < 32 || (WBITS & (WBITS - 1)) != 0 || GROUPS > 2) begin : g_illegal_wbits
            illegal_parameter_shuff_bank_store_wbits stop_elaboration();
        end
        if (ROWS < 4 || (ROWS & (ROWS - 1)) != 0) begin : g_illegal_rows
            illegal_parameter_shuff_bank_store_rows stop_elaboration();
        end
    endgenerate

    reg  [CW-1:0]    count;       // bytes stored
    reg  [RW+BW-1:0] next;        // number of the first byte not yet taken: {row, bank}
    reg  [RW:0]      at;          // where the next word goes: {row, group}

    wire [9*BANKS-1:0] heads;     // of each bank
    wire [BW:0]        taken;

    // Banks below the first unread byte go on in their next row.
    wire [BANKS-1:0] passed = ~({BANKS{1'b1}} << next[BW-1:0]);

    assign space  = count <= FULL;
    assign enough = count >= NEED;

    // ---- banks
    genvar b;
    generate
        for (b = 0; b < BANKS; b = b + 1) begin : g_bank
            localparam integer IN_WORD = b % BYTES;
            localparam integer GROUP   = b / BYTES;
            // Bytes leave the top of each 32 bits first.
            localparam integer FROM    = 32 * (IN_WORD / 4) + 8 * (3 - IN_WORD % 4);

            (* ram_style = "distributed" *)
            reg [8:0] mem [0:ROWS-1];

            wire          mine = GROUPS == 1 || at[0] == GROUP[0];
            wire [RW-1:0] row  = next[BW +: RW] + {{(RW-1){1'b0}}, passed[b]};

            assign heads[9*b +: 9] = mem[row];

            always @(posedge clk) begin
                if (push && mine) begin
                    mem[at[RW:1]] <= {real_word, word[FROM +: 8]};
                end
            end
        end
    endgenerate

    // ---- lanes
    shuff_bank_deal #(.POUT(POUT), .BANKS(BANKS)) u_deal (
        .first(next[BW-1:0]), .want(want), .heads(heads), .bytes(bytes), .taken(taken)
    );

    // ---- bookkeeping
    wire [BW-1:0] last_of_word = next[BW-1:0] + WORD[BW-1:0] - 1'b1;

    assign spare = count >= WORD && heads[9*last_of_word + 8];

    always @(posedge clk) begin
        if (push) begin
            at <= at + AT_STEP;
        end
        if (take) begin
            next <= next + {{(RW-1){1'b0}}, taken};
        end
        count <= count + (push ? WORD : {CW{1'b0}}) - (take ? {{RW{1'b0}}, taken} : {CW{1'b0}});
        if (clear) begin
            at    <= {(RW+1){1'b0}};
            next  <= {(RW+BW){1'b0}};
            count <= {CW{1'b0}};
        end
    end

endmodule

`default_nettype wire
