// SPDX-License-Identifier: Apache-2.0
// Purpose: weight bank for 8-bit weights: the ports, header and checks of shuff_bank, but the
//   payload is the weights as they are, signed bytes, POUT a beat. WBITS bits a cycle come in, so a
//   beat of more bytes than that takes two cycles. Format: docs/formats.md.
//
// Parameters
//   PIN    input channels of a tile that the stream must be made for, 1..255
//   POUT   lanes, and output channels of a tile: 1..8, 16, 32 or 64
//   B      bits of a weight, 8
//   WBITS  derived, do not set: bits of a stream word

`default_nettype none

module byte_bank #(
    parameter PIN   = 8,
    parameter POUT  = 8,
    parameter B     = 8,
    parameter WBITS = (POUT > 8) ? 4 * POUT : 32
) (
    input  wire              clk,
    input  wire              rst,

    input  wire [WBITS-1:0]  s_axis_w_tdata,
    input  wire              s_axis_w_tvalid,
    output wire              s_axis_w_tready,
    input  wire              s_axis_w_tlast,

    output reg  [POUT*B-1:0] m_axis_tdata,    // lane o in bits o*8 and up
    output reg               m_axis_tvalid,
    input  wire              m_axis_tready,
    output reg               m_axis_tlast,

    output wire              done,
    output wire [7:0]        status,
    output wire              busy
);

    localparam SLOT = 8 << $clog2(POUT);      // bits that a step takes in the payload
    localparam PER  = WBITS / SLOT;           // steps to a word; 0: a step is two words

    generate
        if (B != 8) begin : g_illegal_b
            illegal_parameter_byte_bank_b stop_elaboration();
        end
        if (POUT < 1 || (POUT > 8 && POUT != 16 && POUT != 32 && POUT != 64)) begin : g_illegal_pout
            illegal_parameter_byte_bank_pout stop_elaboration();
        end
        if (WBITS != ((POUT > 8) ? 4 * POUT : 32)) begin : g_illegal_wbits
            illegal_parameter_byte_bank_wbits stop_elaboration();
        end
    endgenerate

    wire             clear, word_push, space, no_more, run, last_step, spare;
    wire [WBITS-1:0] word;
    wire [SLOT-1:0]  next;                    // the next step, if it is all there
    wire             next_valid;

    wire out_free = !m_axis_tvalid || m_axis_tready;
    wire good     = run && next_valid && out_free;
    wire short    = run && !next_valid && no_more;

    // No code table, no store for the held word; a step is begun and decided in the same cycle.
    wire        lengths_we, lengths_high, raw, table_start;
    wire [31:0] part;
    wire [WBITS-1:0] held;
    wire        held_push, held_real;
    wire        unused = &{1'b0, lengths_we, lengths_high, raw, table_start, part, next,
                           held, held_push, held_real};

    shuff_bank_control #(
        .B(B), .PIN(PIN), .POUT(POUT), .LMAX(B), .WBITS(WBITS)
    ) u_control (
        .clk(clk), .rst(rst),
        .s_axis_w_tdata(s_axis_w_tdata), .s_axis_w_tvalid(s_axis_w_tvalid),
        .s_axis_w_tready(s_axis_w_tready), .s_axis_w_tlast(s_axis_w_tlast),
        .lengths_we(lengths_we), .lengths_high(lengths_high), .part(part), .raw(raw),
        .table_start(table_start), .filled(1'b1), .illegal(1'b0),
        .clear(clear), .word(word), .word_push(word_push), .space(space),
        .held(held), .held_push(held_push), .held_real(held_real), .no_more(no_more),
        .run(run), .last_step(last_step), .step(good || short),
        .decided(good || short), .decided_last(last_step), .bad(short),
        .bad_code(1'b0), .spare(spare), .quiet(out_free),
        .done(done), .status(status), .busy(busy)
    );

    generate
        if (PER == 0) begin : g_two_words
            reg [WBITS-1:0] low, high;
            reg             has_low, full;    // full: both words of a step are there

            assign next       = {high, low};
            assign next_valid = full;
            assign space      = !full || good;
            assign spare      = has_low || full;

            always @(posedge clk) begin
                if (word_push && !has_low) begin
                    low <= word;
                end
                if (word_push && has_low) begin
                    high <= word;
                end
                if (word_push) begin
                    has_low <= !has_low;
                end
                full <= (word_push && has_low) || (full && !good);
                if (clear) begin
                    has_low <= 1'b0;
                    full    <= 1'b0;
                end
            end
        end else begin : g_one_word
            localparam SW = (PER > 1) ? $clog2(PER) : 1;
            localparam integer LAST_I = PER - 1;
            localparam [SW-1:0] LAST  = LAST_I[SW-1:0];

            reg [WBITS-1:0] kept;
            reg             kept_valid;
            reg [SW-1:0]    at;               // steps of this word that are out

            assign next       = kept[SLOT-1:0];
            assign next_valid = kept_valid;
            assign space      = !kept_valid || (good && at == LAST);
            assign spare      = kept_valid && at == {SW{1'b0}};

            always @(posedge clk) begin
                if (word_push) begin
                    kept <= word;
                end else if (good) begin
                    kept <= kept >> SLOT;
                end
                if (good) begin
                    at <= (at == LAST) ? {SW{1'b0}} : at + 1'b1;
                end
                kept_valid <= word_push || (kept_valid && !(good && at == LAST));
                if (clear) begin
                    kept_valid <= 1'b0;
                    at         <= {SW{1'b0}};
                end
            end
        end
    endgenerate

    always @(posedge clk) begin
        if (out_free) begin
            m_axis_tvalid <= good;
        end
        if (good) begin
            m_axis_tdata <= next[8*POUT-1:0];
            m_axis_tlast <= last_step;
        end
        if (rst) begin
            m_axis_tvalid <= 1'b0;
        end
    end

endmodule

`default_nettype wire
