// SPDX-License-Identifier: Apache-2.0
// Purpose: S-Huff decoder: one stream of 32-bit words in, weight codes {sign, index} out, one a
//   cycle as long as words are there, whatever the code lengths. Format, error numbers and their
//   order: docs/formats.md; how it is built and what it costs: docs/shuff_decoder.md.
//
// Symbols go out as they are decoded, TLAST with the last one; the verdict on the stream follows
//   behind them: `done` pulses once a stream, after its last symbol was taken, and `status` holds
//   the code (0 good) until the next one. A bad stream is read up to its TLAST and dropped. The
//   error is always the first one in the order of the bits, never a matter of timing: nothing is
//   decided before all that comes earlier in that order is known.
//
// Parameters
//   B     bits of a weight code, 2..5
//   PIN   input channels of a tile that the stream must be made for, 1..255
//   POUT  output channels of a tile, 1..255
//   LMAX  longest code, max(2, B-1)..6

`default_nettype none

module shuff_decoder #(
    parameter B    = 4,
    parameter PIN  = 8,
    parameter POUT = 8,
    parameter LMAX = 6
) (
    input  wire         clk,
    input  wire         rst,

    input  wire [31:0]  s_axis_w_tdata,
    input  wire         s_axis_w_tvalid,
    output wire         s_axis_w_tready,
    input  wire         s_axis_w_tlast,

    output reg  [B-1:0] m_axis_tdata,
    output reg          m_axis_tvalid,
    input  wire         m_axis_tready,
    output reg          m_axis_tlast,

    output reg          done,
    output reg  [7:0]   status,
    output wire         busy
);

    localparam [3:0] OK          = 4'd0;
    localparam [3:0] TABLE       = 4'd6;
    localparam [3:0] CODE        = 4'd7;
    localparam [3:0] SHORT       = 4'd8;
    localparam [3:0] LONG        = 4'd9;
    localparam [3:0] TLAST_EARLY = 4'd10;
    localparam [3:0] TLAST_LATE  = 4'd11;
    localparam [3:0] CRC         = 4'd12;

    localparam [2:0] S_HEADER = 3'd0;   // header words
    localparam [2:0] S_CHECK  = 3'd1;   // header complete: its verdict
    localparam [2:0] S_TABLE  = 3'd2;   // the table fills
    localparam [2:0] S_SYMBOL = 3'd3;   // symbols
    localparam [2:0] S_REST   = 3'd4;   // what is declared beyond the last symbol, then the verdict
    localparam [2:0] S_DRAIN  = 3'd5;   // drop words up to TLAST
    localparam [2:0] S_DONE   = 3'd6;   // wait for the last symbol to go, report

    reg [2:0]  state;
    reg [3:0]  verdict;     // meaningful from S_DRAIN on
    reg        begun;       // the first word of the stream was looked at
    reg        ended;       // the word with TLAST was taken off the input
    reg        long_seen;   // something was declared or left over behind the last symbol
    reg [31:0] payload_crc;

    wire in_header  = state == S_HEADER;
    wire in_check   = state == S_CHECK;
    wire in_symbol  = state == S_SYMBOL;
    wire in_rest    = state == S_REST;
    wire in_drain   = state == S_DRAIN;
    wire in_payload = in_symbol || in_rest;
    wire out_free   = !m_axis_tvalid || m_axis_tready;
    wire finish     = state == S_DONE && out_free;

    // ---- words and their bytes
    wire        waiting, loaded, loaded_last, word_valid, take;
    wire [1:0]  byte_at;
    wire [31:0] word;
    wire [7:0]  high_byte, low_byte;
    wire [3:0]  fail_now, fail_end;
    wire        no_words;   // none of the declared payload words is due

    wire header_word = in_header && word_valid;
    wire header_step = header_word && fail_now == 4'd0;
    wire word_done   = header_step && byte_at == 2'd3;
    wire no_more_due = no_words || ended;
    // A header word is not replaced in the cycle it is finished: the next one may be payload.
    wire load_en     = (in_header && !word_valid) || (in_payload && !no_more_due)
                    || (in_drain && !ended);

    shuff_word_feed u_feed (
        .clk(clk), .rst(rst),
        .s_axis_w_tdata(s_axis_w_tdata), .s_axis_w_tvalid(s_axis_w_tvalid),
        .s_axis_w_tready(s_axis_w_tready), .s_axis_w_tlast(s_axis_w_tlast),
        .load_en(load_en), .step(header_step || take), .drop(in_drain),
        .waiting(waiting), .loaded(loaded), .loaded_last(loaded_last),
        .word(word), .word_valid(word_valid), .byte_at(byte_at),
        .high_byte(high_byte), .low_byte(low_byte)
    );

    // ---- header
    wire unused_next;   // the next word is final: for the bank
    wire final_word, raw, at_count, at_words, at_lengths, lengths_high, at_crc, residue;

    shuff_header #(.B(B), .PIN(PIN), .POUT(POUT), .LMAX(LMAX)) u_header (
        .clk(clk), .clear(rst || finish),
        .word(word), .word_last(ended), .check(header_word), .next(word_done),
        .crc_good(residue),
        .final_word(final_word), .final_next(unused_next), .fail_now(fail_now), .fail_end(fail_end),
        .raw(raw), .at_count(at_count), .at_words(at_words), .at_lengths(at_lengths),
        .lengths_high(lengths_high), .at_crc(at_crc)
    );

    // ---- CRC: one register, for the header and then for the payload
    wire [31:0] crc;

    shuff_crc32 u_crc (
        .clk(clk), .start(rst || finish || in_check), .step(header_step || take),
        .data(low_byte), .crc(crc), .residue(residue)
    );

    // ---- bits
    wire [6:0] window;
    wire       full, empty, settled, too_short, emit, unread;
    wire [2:0] length;

    shuff_bit_buffer u_bits (
        .clk(clk), .clear(!in_payload),
        .in_byte(high_byte), .in_first(byte_at == 2'd0), .in_valid(in_payload && word_valid),
        .in_take(take),
        .window(window), .full(full), .empty(empty), .settled(settled),
        .length(length), .too_short(too_short), .advance(emit),
        .discard(in_rest), .unread(unread)
    );

    // ---- code table
    wire         filled, illegal;
    wire [B-2:0] index;

    shuff_code_table #(.B(B), .LMAX(LMAX)) u_table (
        .clk(clk), .rst(rst),
        .lengths_we(header_step && at_lengths), .lengths_high(lengths_high),
        .lengths_data(word), .raw(raw), .start(in_check),
        .filled(filled), .illegal(illegal),
        .bits(window[6 -: LMAX]), .index(index), .length(length)
    );

    // ---- symbols
    // A symbol is decided on when all its bits are there, or no bit can follow any more.
    wire         no_bytes_due = no_more_due && !word_valid;
    wire         decide       = in_symbol && (full || (no_bytes_due && settled));
    wire         no_code      = length == 3'd0;
    wire         bad_symbol   = decide && (no_code || too_short);
    assign       emit         = decide && !no_code && !too_short && out_free;
    // The sign is the last bit of a symbol. Index 0 has none, or none that counts (raw mode).
    wire         sign         = window[3'd7 - length] && index != {(B-1){1'b0}};

    // ---- what is still to come, as the header has declared it
    wire no_symbols, last_symbol, last_word;

    shuff_countdown u_symbols (
        .clk(clk), .load(header_step && at_count), .value(word), .start(in_check), .step(emit),
        .last(last_symbol), .none(no_symbols)
    );

    shuff_countdown u_words (
        .clk(clk), .load(header_step && at_words), .value(word),
        .start(in_check), .step(loaded && in_payload), .last(last_word), .none(no_words)
    );

    wire unused = &{1'b0, last_word};

    assign busy = waiting || begun;

    always @(posedge clk) begin
        if (out_free) begin
            m_axis_tvalid <= emit;
        end
        if (emit) begin
            m_axis_tdata <= {sign, index};
            m_axis_tlast <= last_symbol;
        end
        if (header_step && at_crc) begin
            payload_crc <= word;
        end
        if (rst) begin
            m_axis_tvalid <= 1'b0;
        end
    end

    always @(posedge clk) begin
        case (state)
            S_HEADER: begin
                verdict <= fail_now;
                if (header_word && fail_now != 4'd0) begin
                    state <= S_DRAIN;
                end else if (word_done && final_word) begin
                    state <= S_CHECK;
                end
            end
            S_CHECK: begin
                verdict <= fail_end;
                state   <= (fail_end != 4'd0) ? S_DRAIN : S_TABLE;
            end
            S_TABLE: begin
                verdict <= TABLE;
                if (illegal) begin
                    state <= S_DRAIN;
                end else if (filled) begin
                    state <= no_symbols ? S_REST : S_SYMBOL;
                end
            end
            S_SYMBOL: begin
                verdict <= no_code ? CODE : no_words ? SHORT : TLAST_EARLY;
                if (bad_symbol) begin
                    state <= S_DRAIN;
                end else if (emit && last_symbol) begin
                    state <= S_REST;
                end
            end
            S_REST: begin
                verdict <= !no_words           ? TLAST_EARLY
                         : long_seen           ? LONG
                         : !ended              ? TLAST_LATE
                         : crc != ~payload_crc ? CRC
                         :                       OK;
                if (empty && no_bytes_due) begin
                    state <= S_DRAIN;
                end
            end
            S_DRAIN: begin
                if (ended) begin
                    state <= S_DONE;
                end
            end
            default: begin
                if (finish) begin
                    state  <= S_HEADER;
                    status <= {4'd0, verdict};
                end
            end
        endcase

        done      <= finish;
        begun     <= (begun || loaded) && !finish;
        ended     <= (ended || (loaded && loaded_last)) && !finish;
        long_seen <= in_rest && (long_seen || unread);

        if (rst) begin
            state  <= S_HEADER;
            done   <= 1'b0;
            status <= 8'd0;
            begun  <= 1'b0;
            ended  <= 1'b0;
        end
    end

endmodule

`default_nettype wire
