// SPDX-License-Identifier: Apache-2.0
// Core of the decoder bank, for comparison: code table, byte store and lanes of rtl/shuff, with
// words in and codes out, but no header, no CRC and no end of stream. Words are those of a bank's
// payload. Same ports as speculate_core.
//
// Parameters: B 2..5, POUT 2..64, LMAX 2..6 as in shuff_bank
`default_nettype none

module bank_core #(
    parameter B     = 4,
    parameter POUT  = 8,
    parameter LMAX  = 6,
    parameter WBITS = (POUT > 8) ? 4 * POUT : 32
) (
    input  wire              clk,
    input  wire              rst,

    input  wire              lengths_we,
    input  wire              lengths_high,
    input  wire [31:0]       lengths_data,
    input  wire              raw,
    input  wire              start,
    output wire              filled,

    input  wire [WBITS-1:0]  s_axis_w_tdata,
    input  wire              s_axis_w_tvalid,
    output wire              s_axis_w_tready,

    output reg  [POUT*B-1:0] m_axis_tdata,
    output reg               m_axis_tvalid,
    input  wire              m_axis_tready
);
    wire              illegal, table_write, space, enough, spare, word_valid;
    wire [WBITS-1:0]  word;
    wire [LMAX-1:0]   table_at;
    wire [B+1:0]      table_entry;
    wire [POUT-1:0]   pend, no_code, too_short;
    wire [POUT*B-1:0] codes;
    wire [9*POUT-1:0] bytes;
    reg  [WBITS-1:0]  held;
    reg               held_push, run, round, ready, give, step, second;
    reg  [POUT*B-1:0] behind;
    reg               behind_valid, out_ready;

    // As in shuff_bank_lanes: bytes are given twice before the first step, both out of registers.
    wire ready_next = ready || (give && round);
    wire out_free   = !m_axis_tvalid || m_axis_tready;
    wire beat_in    = second && out_ready;
    wire open       = out_free || !(behind_valid || beat_in);

    axis_skid #(.WIDTH(WBITS)) u_port (
        .clk(clk), .rst(rst),
        .s_axis_tdata(s_axis_w_tdata), .s_axis_tvalid(s_axis_w_tvalid),
        .s_axis_tready(s_axis_w_tready),
        .m_axis_tdata(word), .m_axis_tvalid(word_valid), .m_axis_tready(space)
    );

    shuff_table_fill #(.B(B), .LMAX(LMAX)) u_fill (
        .clk(clk), .rst(rst), .lengths_we(lengths_we), .lengths_high(lengths_high),
        .lengths_data(lengths_data), .raw(raw), .start(start), .filled(filled), .illegal(illegal),
        .write(table_write), .at(table_at), .entry(table_entry)
    );

    shuff_bank_store #(.POUT(POUT), .WBITS(WBITS)) u_store (
        .clk(clk), .clear(rst), .word(held), .push(held_push), .real_word(1'b1),
        .space(space), .enough(enough), .want(pend), .take(give), .bytes(bytes), .spare(spare)
    );

    genvar l;
    generate
        for (l = 0; l < POUT; l = l + 1) begin : g_lane
            shuff_bank_lane #(.B(B), .LMAX(LMAX)) u_lane (
                .clk(clk), .clear(rst), .table_write(table_write), .table_at(table_at),
                .table_entry(table_entry), .step(step), .give(give),
                .in_byte(bytes[9*l +: 9]), .pend(pend[l]), .no_code(no_code[l]),
                .too_short(too_short[l]), .code(codes[B*l +: B])
            );
        end
    endgenerate

    wire unused = &{1'b0, illegal, spare, no_code, too_short};

    always @(posedge clk) begin
        held      <= word;
        held_push <= word_valid && space;
        run       <= run || filled;
        give      <= run && enough && (open || !ready_next);
        step      <= run && enough && open && ready_next;
        ready     <= ready_next;
        second    <= step || (second && !out_ready);
        if (give) round <= 1'b1;
        if (out_free) begin
            m_axis_tdata  <= behind_valid ? behind : codes;
            m_axis_tvalid <= behind_valid || beat_in;
        end
        if (out_ready) behind <= codes;
        behind_valid <= !open;
        out_ready    <= open;
        if (rst) begin
            held_push     <= 1'b0;
            run           <= 1'b0;
            round         <= 1'b0;
            ready         <= 1'b0;
            give          <= 1'b0;
            step          <= 1'b0;
            second        <= 1'b0;
            behind_valid  <= 1'b0;
            out_ready     <= 1'b0;
            m_axis_tvalid <= 1'b0;
        end
    end
endmodule

`default_nettype wire
