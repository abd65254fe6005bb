// SPDX-License-Identifier: Apache-2.0
// Purpose: order of events of a weight bank (shuff_bank, byte_bank): reads the header of a stream,
//   hands out its payload words, counts steps and words, keeps the CRC, and reports one verdict a
//   stream. What a word means is the business of the body around it. docs/formats.md has the error
//   numbers and their order.
//
// The body says when a step is decided (`step`, with what is wrong with it) and whether a whole
// word
//   was left untouched behind the last step (`spare`). Words may go into the body from the end of
//   the header on; `no_more` tells that none will follow.
//
// Parameters
//   B      bits of a weight code, 2..5, or 8: a byte stream, which has no code table
//   PIN    input channels of a tile, 1..255
//   POUT   lanes, and output channels of a tile, 1..64
//   LMAX   longest code, 1..15
//   WBITS  bits of a stream word, 32, 64, 128 or 256

`default_nettype none

module shuff_bank_control #(
    parameter B     = 4,
    parameter PIN   = 8,
    parameter POUT  = 8,
    parameter LMAX  = 6,
    parameter WBITS = 32
) (
    input  wire             clk,
    input  wire             rst,

    input  wire [WBITS-1:0] s_axis_w_tdata,
    input  wire             s_axis_w_tvalid,
    output wire             s_axis_w_tready,
    input  wire             s_axis_w_tlast,

    // code table
    output wire             lengths_we,
    output wire             lengths_high,
    output wire [31:0]      part,         // 32 bits of a header word
    output wire             raw,
    output wire             table_start,
    input  wire             filled,       // tied high where there is no table
    input  wire             illegal,

    // payload
    output wire             in_payload,   // low between streams: the body is to be empty then
    output wire [WBITS-1:0] word,
    output wire             word_push,
    input  wire             space,
    output wire             no_more,      // all payload words there will be are in the body

    // steps
    output wire             run,
    output wire             last_step,
    input  wire             step,         // this step is decided
    input  wire             bad_code,
    input  wire             bad_short,    // the payload has no bits for it
    input  wire             spare,        // after the last step: a word in the body was not touched
    input  wire             quiet,        // nothing waits at the output

    output reg              done,
    output reg  [7:0]       status,
    output wire             busy
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
    localparam [2:0] S_STEPS  = 3'd3;   // steps
    localparam [2:0] S_REST   = 3'd4;   // what is declared beyond the last step, then the verdict
    localparam [2:0] S_DRAIN  = 3'd5;   // drop words up to TLAST
    localparam [2:0] S_DONE   = 3'd6;   // wait for the last step to go, report

    localparam PARTS = WBITS / 32;
    localparam PW    = (PARTS > 1) ? $clog2(PARTS) : 1;
    localparam integer LAST_PART_I = PARTS - 1;
    localparam [PW-1:0] LAST_PART  = LAST_PART_I[PW-1:0];

    reg [2:0]  state;
    reg [3:0]  verdict;     // meaningful from S_DRAIN on
    reg        begun;       // the first word of the stream was looked at
    reg        ended;       // the word with TLAST was taken
    reg        dropped;     // a payload word was declared behind what the last step needs
    reg [31:0] payload_crc;

    wire in_header = state == S_HEADER;
    wire in_check  = state == S_CHECK;
    wire in_rest   = state == S_REST;
    wire finish    = state == S_DONE && quiet;

    // ---- words
    wire word_valid, word_last, word_take;

    axis_skid #(.WIDTH(WBITS + 1)) u_port (
        .clk(clk), .rst(rst),
        .s_axis_tdata({s_axis_w_tlast, s_axis_w_tdata}), .s_axis_tvalid(s_axis_w_tvalid),
        .s_axis_tready(s_axis_w_tready),
        .m_axis_tdata({word_last, word}), .m_axis_tvalid(word_valid), .m_axis_tready(word_take)
    );

    wire no_words;          // none of the declared payload words is due
    wire last_part;
    wire final_word;
    wire [3:0] fail_now, fail_end;

    wire header_part = in_header && word_valid;
    wire header_step = header_part && fail_now == 4'd0;
    wire payload_due = word_push || (in_rest && word_valid && !no_more);
    wire draining    = state == S_DRAIN && !ended;

    assign in_payload = state == S_TABLE || state == S_STEPS || in_rest;
    assign no_more    = no_words || ended;
    assign word_push  = in_payload && !in_rest && word_valid && !no_more && space;
    assign word_take  = (header_step && last_part) || payload_due || (draining && word_valid);

    // ---- header, 32 bits at a time
    generate
        if (PARTS > 1) begin : g_parts
            reg [PW-1:0] at;
            assign last_part = at == LAST_PART;
            assign part      = word[32*at +: 32];
            always @(posedge clk) begin
                if (header_step) begin
                    at <= at + 1'b1;
                end
                if (rst || !in_header) begin
                    at <= {PW{1'b0}};
                end
            end
        end else begin : g_whole
            assign last_part = 1'b1;
            assign part      = word;
        end
    endgenerate

    wire at_count, at_words, at_lengths, at_crc, residue;

    shuff_header #(
        .B(B), .PIN(PIN), .POUT(POUT), .LMAX(LMAX), .LANES(POUT), .WBITS(WBITS)
    ) u_header (
        .clk(clk), .clear(rst || finish),
        .word(part), .word_last(word_last && last_part), .check(header_part), .next(header_step),
        .crc_good(residue),
        .final_word(final_word), .fail_now(fail_now), .fail_end(fail_end),
        .raw(raw), .at_count(at_count), .at_words(at_words), .at_lengths(at_lengths),
        .lengths_high(lengths_high), .at_crc(at_crc)
    );

    assign lengths_we  = header_step && at_lengths;
    assign table_start = in_check;

    // ---- CRC: one register, for the header and then for the payload. Words that come behind the
    // last step need none: there are no such words in a good stream.
    wire [31:0]      crc;
    wire [WBITS-1:0] crc_data;

    generate
        if (PARTS > 1) begin : g_crc_wide
            assign crc_data = {word[WBITS-1:32], in_header ? part : word[31:0]};
        end else begin : g_crc_part
            assign crc_data = word;
        end
    endgenerate

    shuff_crc32 #(.BYTES(WBITS / 8)) u_crc (
        .clk(clk), .start(rst || finish || in_check), .step(header_step || word_push),
        .four(PARTS > 1 && in_header), .data(crc_data), .crc(crc), .residue(residue)
    );

    // ---- what is still to come, as the header has declared it
    wire no_steps, last_word;

    shuff_countdown u_steps (
        .clk(clk), .load(header_step && at_count), .value(part), .step(step || in_check),
        .last(last_step), .none(no_steps)
    );

    shuff_countdown u_words (
        .clk(clk), .load(header_step && at_words), .value(part),
        .step(payload_due || in_check), .last(last_word), .none(no_words)
    );

    wire unused = &{1'b0, last_word};

    assign run  = state == S_STEPS;
    assign busy = word_valid || begun;

    always @(posedge clk) begin
        if (header_step && at_crc) begin
            payload_crc <= part;
        end
    end

    always @(posedge clk) begin
        case (state)
            S_HEADER: begin
                verdict <= fail_now;
                if (header_part && fail_now != 4'd0) begin
                    state <= S_DRAIN;
                end else if (header_step && final_word) begin
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
                    state <= no_steps ? S_REST : S_STEPS;
                end
            end
            S_STEPS: begin
                verdict <= bad_code ? CODE : no_words ? SHORT : TLAST_EARLY;
                if (step && (bad_code || bad_short)) begin
                    state <= S_DRAIN;
                end else if (step && last_step) begin
                    state <= S_REST;
                end
            end
            S_REST: begin
                verdict <= !no_words           ? TLAST_EARLY
                         : (dropped || spare)  ? LONG
                         : !ended              ? TLAST_LATE
                         : crc != ~payload_crc ? CRC
                         :                       OK;
                if (no_more) begin
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

        done    <= finish;
        begun   <= (begun || header_part) && !finish;
        ended   <= (ended || (word_take && word_last)) && !finish;
        dropped <= in_rest && (dropped || payload_due);

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
