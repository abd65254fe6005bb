// SPDX-License-Identifier: Apache-2.0
// Purpose: fills canonical Huffman tables of 2^LMAX entries from the code lengths of a header. The
//   tables themselves lie where they are read (shuff_code_table, shuff_bank_lane), all written at
//   once.
//
// Canonical codes by (length, symbol) fill the table from entry 0 upwards without a gap, each
//   2^(LMAX - length) entries and aligned to that size. So one pointer is the whole construction: a
//   code is finished when the pointer's low bits are all ones, and Kraft's sum exceeds 1 exactly
//   when another entry is wanted at the pointer 2^LMAX. Entries behind the last code get length 0:
//   no code. One entry or one (length, symbol) pair a cycle: at most 2^LMAX + LMAX * 2^(B-1) + 1.
//
// Two stages: the length of a symbol is looked up and compared, and a cycle later its entries are
//   written. The look-up is one pair ahead and waits while a code has more than one entry.
//
// Parameters
//   B     bits of a weight code, 2..5
//   LMAX  longest code, max(2, B-1)..6

`default_nettype none

module shuff_table_fill #(
    parameter B    = 4,
    parameter LMAX = 6
) (
    input  wire            clk,
    input  wire            rst,

    // code lengths as they come: four bits each, eight to a header word, symbol 0 lowest
    input  wire            lengths_we,
    input  wire            lengths_high,   // second word of them
    input  wire [31:0]     lengths_data,

    input  wire            raw,        // lengths must all be B-1, and index 0 has a sign as well
    input  wire            start,
    output wire            filled,     // pulse: the table is ready
    output wire            illegal,    // pulse: the lengths make no code; filling stops

    output wire            write,      // entry `at` of the tables becomes `entry`
    output wire [LMAX-1:0] at,
    output wire [B+1:0]    entry       // {index, length of code and sign; 0: no code}
);

    localparam M       = B - 1;
    localparam SYMBOLS = 1 << M;
    localparam TBITS   = 4 * SYMBOLS;
    localparam [M-1:0] LAST_SYMBOL = {M{1'b1}};

    generate
        if (B < 2 || B > 5) begin : g_illegal_b
            illegal_parameter_shuff_table_fill_b stop_elaboration();
        end
        if (LMAX < 2 || LMAX < M || LMAX > 6) begin : g_illegal_lmax
            illegal_parameter_shuff_table_fill_lmax stop_elaboration();
        end
    endgenerate

    reg [TBITS-1:0] lengths;
    reg             busy;

    // looked up: the pair after the one that is written
    reg             ahead_end;  // all codes are looked up
    reg [2:0]       ahead_level;
    reg [M-1:0]     ahead;

    wire [3:0]      own_length = lengths[{ahead, 2'b00} +: 4];
    wire            own_bad    = own_length > LMAX[3:0] || (raw && own_length != M[3:0]);

    // written
    reg             filling;    // this stage holds a pair
    reg             clearing;   // all codes are in: entries behind them
    reg             match;      // the symbol's code has this length
    reg             bad_length;
    reg [M-1:0]     symbol;
    reg [2:0]       total;      // length with sign
    reg [LMAX-1:1]  code_part;  // ones in the bits that are the code itself, but the lowest
    reg             code_done;  // this is the last entry of the code: ones in all bits below it
    reg [LMAX:0]    pointer;

    wire            over       = pointer[LMAX];
    wire            next       = busy && (!filling || !match || code_done);
    wire            signed_sym = raw || ahead != {M{1'b0}};

    assign illegal = filling && !clearing && (bad_length || (match && over));
    assign filled  = filling && clearing && over;
    assign write   = filling && (match || clearing) && !over;
    assign at      = pointer[LMAX-1:0];
    assign entry   = {symbol, total};

    generate
        if (TBITS > 32) begin : g_two_words
            always @(posedge clk) begin
                if (lengths_we && !lengths_high) begin
                    lengths[31:0] <= lengths_data;
                end
                if (lengths_we && lengths_high) begin
                    lengths[TBITS-1:32] <= lengths_data[TBITS-33:0];
                end
            end
        end else begin : g_one_word
            wire unused = &{1'b0, lengths_high, lengths_data};
            always @(posedge clk) begin
                if (lengths_we) begin
                    lengths <= lengths_data[TBITS-1:0];
                end
            end
        end
    endgenerate

    always @(posedge clk) begin
        if (write) begin
            pointer <= pointer + 1'b1;
        end
        // An entry ahead: a code begins with zeros below it, and after this entry there is one more
        // when only the lowest of those bits is none.
        code_done <= next ? ahead_level == LMAX[2:0] : &(pointer[LMAX-1:1] | code_part);
        if (next) begin
            filling    <= 1'b1;
            clearing   <= ahead_end;
            match      <= own_length == {1'b0, ahead_level} && !ahead_end;
            bad_length <= own_bad;
            symbol     <= ahead;
            total      <= ahead_end ? 3'd0 : ahead_level + {2'b00, signed_sym};
            code_part  <= ~({(LMAX-1){1'b1}} >> ahead_level);
            ahead      <= ahead + 1'b1;
            if (ahead == LAST_SYMBOL) begin
                ahead_level <= ahead_level + 1'b1;
                if (ahead_level == LMAX[2:0]) begin
                    ahead_end <= 1'b1;
                end
            end
        end
        if (start) begin
            ahead_end   <= 1'b0;
            ahead_level <= 3'd1;
            ahead       <= {M{1'b0}};
            pointer     <= {(LMAX+1){1'b0}};
        end
        busy <= start || (busy && !filled && !illegal);
        if (rst || start || filled || illegal) begin
            filling <= 1'b0;
        end
        if (rst) begin
            busy <= 1'b0;
        end
    end

endmodule

`default_nettype wire
