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

    output wire [POUT*B-1:0] m_axis_tdata,
    output wire              m_axis_tvalid,
    input  wire              m_axis_tready
);
    wire              illegal, table_write, space, enough, spare, word_valid;
    wire [WBITS-1:0]  word;
    wire [LMAX-1:0]   table_at;
    wire [B+1:0]      table_entry;
    wire [POUT-1:0]   pend, no_code, bad;
    wire [POUT*B-1:0] codes;
    wire [9*POUT-1:0] bytes;
    reg  [WBITS-1:0]  held;
    reg               held_push, run, round, ready, may_give, may_step, second;

    // As in shuff_bank_lanes: bytes are given twice before the first step.
    wire out_ready;
    wire free       = !second || out_ready;
    wire give       = may_give && free;
    wire step       = may_step && free;
    wire ready_next = ready || (give && round);

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

    axis_skid #(.WIDTH(POUT*B)) u_out (
        .clk(clk), .rst(rst),
        .s_axis_tdata(codes), .s_axis_tvalid(second), .s_axis_tready(out_ready),
        .m_axis_tdata(m_axis_tdata), .m_axis_tvalid(m_axis_tvalid), .m_axis_tready(m_axis_tready)
    );

    genvar l;
    generate
        for (l = 0; l < POUT; l = l + 1) begin : g_lane
            shuff_bank_lane #(.B(B), .LMAX(LMAX)) u_lane (
                .clk(clk), .clear(rst), .table_write(table_write), .table_at(table_at),
                .table_entry(table_entry), .step(step), .give(give),
                .in_byte(bytes[9*l +: 9]), .pend(pend[l]), .no_code(no_code[l]),
                .bad(bad[l]), .code(codes[B*l +: B])
            );
        end
    endgenerate

    wire unused = &{1'b0, illegal, spare, no_code, bad};

    always @(posedge clk) begin
        held      <= word;
        held_push <= word_valid && space;
        run       <= run || filled;
        may_give  <= run && enough;
        may_step  <= run && enough && ready_next;
        ready     <= ready_next;
        second    <= step || (second && !out_ready);
        if (give) round <= 1'b1;
        if (rst) begin
            held_push <= 1'b0;
            run       <= 1'b0;
            round     <= 1'b0;
            ready     <= 1'b0;
            may_give  <= 1'b0;
            may_step  <= 1'b0;
            second    <= 1'b0;
        end
    end
endmodule

`default_nettype wire
