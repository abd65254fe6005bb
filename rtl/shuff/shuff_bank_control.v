// SPDX-License-Identifier: Apache-2.0
// Purpose: order of events of a weight bank (shuff_bank, byte_bank): reads the header of a stream,
//   hands out its payload words, counts steps and words, keeps the CRC, and reports one verdict a
//   stream. What a word means is the business of the body around it. docs/formats.md has the error
//   numbers and their order.
//
// A word is taken on what registers say, whatever it holds, and looked at in the cycle after: the
//   header's checks, the CRC and the store of shuff_bank work on that register (`held`). A body
//   with room for but few words takes them as they are taken off the port (`word`).
//
// The body says when a step is begun (`step`: it is counted), when it is decided (`decided`, with
//   what is wrong with it), and whether a whole word was left untouched behind the last step
//   (`spare`). Words may go into the body from the end of the header on; `no_more` tells that none
//   will follow.
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
    output reg              clear,        // between streams: the body is to be empty
    output wire [WBITS-1:0] word,
    output wire             word_push,    // `word` goes into the body
    input  wire             space,        // there is room for the next word
    output reg  [WBITS-1:0] held,         // `word`, a cycle later; zeros behind the payload
    output reg              held_push,
    output reg              held_real,    // of the payload, not filling behind it
    output wire             no_more,      // all payload words there will be were taken

    // steps
    output wire             run,
    output wire             last_step,    // the next step is the last one
    input  wire             step,
    input  wire             decided,
    input  wire             decided_last,
    input  wire             bad,
    input  wire             bad_code,     // what is wrong: no code; else no bits in the payload
    input  wire             spare,        // after the last step: a word in the body was not touched
    input  wire             quiet,        // nothing waits at the output

    output reg              done,
    output reg  [7:0]       status,
    output wire             busy
);

    localparam [3:0] OK          = 4'd0;
    localparam [3:0] HEADER_CRC  = 4'd4;
    localparam [3:0] TABLE       = 4'd6;
    localparam [3:0] CODE        = 4'd7;
    localparam [3:0] SHORT       = 4'd8;
    localparam [3:0] LONG        = 4'd9;
    localparam [3:0] TLAST_EARLY = 4'd10;
    localparam [3:0] TLAST_LATE  = 4'd11;
    localparam [3:0] CRC         = 4'd12;

    // One bit a state.
    localparam S_HEADER = 0;   // header words
    localparam S_CHECK  = 1;   // header complete: its verdict
    localparam S_TABLE  = 2;   // the table fills
    localparam S_STEPS  = 3;   // steps
    localparam S_REST   = 4;   // what is declared beyond the last step
    localparam S_STORED = 5;   // the stored CRC goes behind the payload
    localparam S_CRC    = 6;   // and into the CRC
    localparam S_JUDGE  = 7;   // all steps are out, all words in: the verdict
    localparam S_DRAIN  = 8;   // drop words up to TLAST
    localparam S_DONE   = 9;   // wait for the last step to go, report
    localparam STATES   = 10;

    localparam PARTS = WBITS / 32;
    localparam PW    = (PARTS > 1) ? $clog2(PARTS) : 1;
    localparam integer LAST_PART_I = PARTS - 1;
    localparam [PW-1:0] LAST_PART  = LAST_PART_I[PW-1:0];

    reg [STATES-1:0] state;
    reg [STATES-1:0] next_state;
    reg [3:0]  verdict;     // meaningful from S_DRAIN on
    reg        begun;       // the first word of the stream was taken
    reg        ended;       // the word with TLAST was taken
    reg        dropped;     // a payload word was declared behind what the last step needs
    reg [31:0] payload_crc;
    reg        in_steps_q;
    reg        bad_code_q;

    wire in_header = state[S_HEADER];
    wire in_check  = state[S_CHECK];
    wire in_steps  = state[S_STEPS];
    wire in_rest   = state[S_REST];
    wire in_stored = state[S_STORED];
    wire in_done   = state[S_DONE];
    wire taking    = state[S_TABLE] || in_steps;
    wire finish    = in_done && quiet;

    // ---- words
    wire word_valid, word_last, word_take;

    axis_skid #(.WIDTH(WBITS + 1)) u_port (
        .clk(clk), .rst(rst),
        .s_axis_tdata({s_axis_w_tlast, s_axis_w_tdata}), .s_axis_tvalid(s_axis_w_tvalid),
        .s_axis_tready(s_axis_w_tready),
        .m_axis_tdata({word_last, word}), .m_axis_tvalid(word_valid), .m_axis_tready(word_take)
    );

    wire no_words;          // none of the declared payload words is due
    wire last_part, final_next, final_word;
    wire [3:0] fail_now, fail_end;

    reg  header_open;       // parts of the header are due
    reg  header_look;       // `part` is of the header, and has TLAST:
    reg  header_last;
    reg  paying;            // `taking`, or the cycle behind it or a bad header: all words are taken
    reg  crc_step;
    reg  crc_start;         // a cycle late: no word comes in the first cycle of a state
    reg  filling;           // words of zeros go behind the payload
    reg  [3:0] fault;       // what was wrong with the header part before

    wire header_next = header_open && !ended;
    wire header_part = header_next && word_valid;
    wire due         = !no_words && !ended;
    wire room        = (paying && space) || in_rest;    // for a payload word
    wire rest_take   = in_rest && due && word_valid;

    assign no_more   = !due;
    assign word_push = taking && due && space && word_valid;
    assign word_take = !ended && ((header_open && last_part) || (room && !no_words)
                                  || state[S_DRAIN]);
    wire   took      = word_take && word_valid;

    // ---- the word in the cycle after, or the stored CRC behind the payload
    wire [WBITS-1:0] ending;

    always @(posedge clk) begin
        held <= in_stored ? (ending | {{(WBITS-32){1'b0}}, payload_crc}) : word;
        if (filling) begin
            held <= {WBITS{1'b0}};
        end
        paying    <= in_check || taking;
        crc_start <= rst || in_done || in_check;
        filling   <= taking && no_more;
        held_push <= taking && space && (due ? word_valid : filling);
        held_real <= due;
        crc_step  <= (word_push || (header_part && last_part) || in_stored) && !rst;
    end

    // ---- header, 32 bits at a time
    generate
        if (PARTS > 1) begin : g_parts
            reg [PW-1:0] at;
            reg [31:0]   part_q;
            assign last_part = at == LAST_PART;
            assign part      = part_q;
            always @(posedge clk) begin
                part_q <= word[32*at +: 32];
                if (header_part) begin
                    at <= at + 1'b1;
                end
                if (rst || !in_header) begin
                    at <= {PW{1'b0}};
                end
            end
        end else begin : g_whole
            assign last_part = 1'b1;
            assign part      = held;
        end
    endgenerate

    wire at_count, at_words, at_lengths, at_crc, intact;

    shuff_header #(
        .B(B), .PIN(PIN), .POUT(POUT), .LMAX(LMAX), .LANES(POUT), .WBITS(WBITS)
    ) u_header (
        .clk(clk), .clear(rst || in_done),
        .word(part), .word_last(header_last), .check(header_look), .next(header_part),
        .crc_good(1'b1), .final_next(final_next),
        .final_word(final_word), .fail_now(fail_now), .fail_end(fail_end),
        .raw(raw), .at_count(at_count), .at_words(at_words), .at_lengths(at_lengths),
        .lengths_high(lengths_high), .at_crc(at_crc)
    );

    // The CRC comes first, and its comparison last.
    wire bad_header = !intact || fail_end != 4'd0;

    assign lengths_we  = at_lengths;
    assign table_start = in_check;

    always @(posedge clk) begin
        header_look  <= header_part && !rst;
        fault        <= (header_look && in_header) ? fail_now : 4'd0;
        header_last  <= word_last && last_part;
        header_open  <= rst || finish
                     || (header_open && fault == 4'd0 && !(header_part && final_next));
    end

    // ---- CRC: one register, for the header and then for the payload. Words that come behind the
    // last step need none: there are no such words in a good stream.
    shuff_bank_crc #(.WBITS(WBITS)) u_crc (
        .clk(clk), .start(crc_start), .step(crc_step), .data(held),
        .intact(intact), .ending(ending)
    );

    // ---- what is still to come, as the header has declared it
    // Loads while a word is awaited are made good by the last one, when it is there.
    wire no_steps, last_word;

    shuff_countdown u_steps (
        .clk(clk), .load(at_count), .value(part), .start(in_check), .step(step),
        .last(last_step), .none(no_steps)
    );

    shuff_countdown u_words (
        .clk(clk), .load(at_words), .value(part),
        .start(in_check), .step(room && due && word_valid), .last(last_word), .none(no_words)
    );

    wire unused = &{1'b0, last_word};

    assign run  = in_steps;
    assign busy = word_valid || begun;

    always @(posedge clk) begin
        if (at_crc) begin
            payload_crc <= part;
        end
    end

    always @* begin
        next_state = {STATES{1'b0}};
        next_state[S_CHECK]  = in_header && fault == 4'd0 && header_look && final_word;
        next_state[S_TABLE]  = (in_check && !bad_header)
                            || (state[S_TABLE] && !illegal && !filled);
        next_state[S_STEPS]  = (state[S_TABLE] && !illegal && filled && !no_steps)
                            || (in_steps && !(decided && (bad || decided_last)));
        next_state[S_REST]   = (state[S_TABLE] && !illegal && filled && no_steps)
                            || (in_steps && decided && !bad && decided_last)
                            || (in_rest && due);
        next_state[S_STORED] = in_rest && !due;
        next_state[S_CRC]    = in_stored;
        next_state[S_JUDGE]  = state[S_CRC];
        next_state[S_DRAIN]  = (in_header && fault != 4'd0) || (in_check && bad_header)
                            || (state[S_TABLE] && illegal)
                            || (in_steps && decided && bad)
                            || state[S_JUDGE] || (state[S_DRAIN] && !ended);
        next_state[S_DONE]   = (state[S_DRAIN] && ended) || (in_done && !quiet);
        next_state[S_HEADER] = finish
                            || (in_header && fault == 4'd0 && !(header_look && final_word));
    end

    always @(posedge clk) begin
        state <= next_state;

        // What it will be if the stream ends in this state.
        if (in_header) begin
            verdict <= fault;
        end else if (in_check) begin
            verdict <= intact ? fail_end : HEADER_CRC;
        end else if (state[S_TABLE]) begin
            verdict <= TABLE;
        end else if (in_steps) begin
            verdict <= no_words ? SHORT : TLAST_EARLY;
        end else if (in_steps_q && bad_code_q) begin
            verdict <= CODE;
        end else if (state[S_JUDGE]) begin
            verdict <= !no_words          ? TLAST_EARLY
                     : (dropped || spare) ? LONG
                     : !ended             ? TLAST_LATE
                     : !intact            ? CRC
                     :                      OK;
        end
        if (finish) begin
            status <= {4'd0, verdict};
        end

        in_steps_q <= in_steps;
        bad_code_q <= bad_code;

        done    <= finish;
        begun   <= (begun || header_part) && !finish;
        ended   <= (ended || (took && word_last)) && !finish;
        dropped <= !clear && (dropped || rest_take);
        clear   <= in_header;

        if (rst) begin
            state  <= {{(STATES-1){1'b0}}, 1'b1};
            done   <= 1'b0;
            status <= 8'd0;
            begun  <= 1'b0;
            ended  <= 1'b0;
        end
    end

endmodule

`default_nettype wire
