// SPDX-License-Identifier: Apache-2.0
// Purpose: shuff_bank for more than one lane: control, code table, byte store and lanes.
//
// Everything moves with `en`: a step, or one of the three rounds that fill the lanes before the
//   first one. It waits only for bytes (one for every lane must be in the store) and for the
//   output. Behind the end of the payload the store is filled with bytes that say so.
//
// Parameters
//   B      bits of a weight code, 2..5
//   PIN    input channels of a tile, 1..255
//   POUT   lanes, 2..64
//   LMAX   longest code, max(2, B-1)..6
//   WBITS  bits of a stream word, 32 or 4 * POUT

`default_nettype none

module shuff_bank_lanes #(
    parameter B     = 4,
    parameter PIN   = 8,
    parameter POUT  = 8,
    parameter LMAX  = 6,
    parameter WBITS = 32
) (
    input  wire              clk,
    input  wire              rst,

    input  wire [WBITS-1:0]  s_axis_w_tdata,
    input  wire              s_axis_w_tvalid,
    output wire              s_axis_w_tready,
    input  wire              s_axis_w_tlast,

    output reg  [POUT*B-1:0] m_axis_tdata,
    output reg               m_axis_tvalid,
    input  wire              m_axis_tready,
    output reg               m_axis_tlast,

    output wire              done,
    output wire [7:0]        status,
    output wire              busy
);

    generate
        if (POUT < 2) begin : g_illegal_pout
            illegal_parameter_shuff_bank_lanes_pout stop_elaboration();
        end
    endgenerate

    localparam [1:0] ROUNDS = 2'd3;      // bytes of each lane before the first step

    wire             lengths_we, lengths_high, raw, table_start, filled, illegal;
    wire [31:0]      part;
    wire             in_payload, word_push, space, no_more, run, last_step, spare;
    wire [WBITS-1:0] word;

    wire [POUT-1:0]     crossed, no_code, too_short;
    wire [POUT*B-1:0]   codes;
    wire [9*POUT-1:0]   bytes;
    wire                enough;
    wire                table_write;
    wire [LMAX-1:0]     table_at;
    wire [B+1:0]        table_entry;

    reg  [1:0]          round;           // rounds done
    reg  [POUT-1:0]     pend;            // lanes that asked for a byte in the step before

    wire ready    = round == ROUNDS;
    wire out_free = !m_axis_tvalid || m_axis_tready;
    wire en       = run && enough && (!ready || out_free);
    wire step     = en && ready;
    wire bad_code  = |no_code;
    wire bad_short = |too_short;

    shuff_bank_control #(
        .B(B), .PIN(PIN), .POUT(POUT), .LMAX(LMAX), .WBITS(WBITS)
    ) u_control (
        .clk(clk), .rst(rst),
        .s_axis_w_tdata(s_axis_w_tdata), .s_axis_w_tvalid(s_axis_w_tvalid),
        .s_axis_w_tready(s_axis_w_tready), .s_axis_w_tlast(s_axis_w_tlast),
        .lengths_we(lengths_we), .lengths_high(lengths_high), .part(part), .raw(raw),
        .table_start(table_start), .filled(filled), .illegal(illegal),
        .in_payload(in_payload), .word(word), .word_push(word_push), .space(space),
        .no_more(no_more),
        .run(run), .last_step(last_step), .step(step), .bad_code(bad_code),
        .bad_short(bad_short), .spare(spare), .quiet(out_free),
        .done(done), .status(status), .busy(busy)
    );

    shuff_table_fill #(.B(B), .LMAX(LMAX)) u_fill (
        .clk(clk), .rst(rst),
        .lengths_we(lengths_we), .lengths_high(lengths_high), .lengths_data(part),
        .raw(raw), .start(table_start), .filled(filled), .illegal(illegal),
        .write(table_write), .at(table_at), .entry(table_entry)
    );

    wire fill = in_payload && no_more && space;

    shuff_bank_store #(.POUT(POUT), .WBITS(WBITS)) u_store (
        .clk(clk), .clear(!in_payload),
        .word(no_more ? {WBITS{1'b0}} : word), .push(word_push || fill), .real_word(!no_more),
        .space(space), .enough(enough),
        .want(pend), .take(en), .bytes(bytes), .spare(spare)
    );

    genvar l;
    generate
        for (l = 0; l < POUT; l = l + 1) begin : g_lane
            shuff_bank_lane #(.B(B), .LMAX(LMAX)) u_lane (
                .clk(clk), .clear(!in_payload),
                .table_write(table_write), .table_at(table_at), .table_entry(table_entry),
                .en(en), .run(ready), .fill_shift(round != ROUNDS - 2'd1), .pend(pend[l]),
                .in_byte(bytes[9*l +: 9]), .crossed(crossed[l]),
                .no_code(no_code[l]), .too_short(too_short[l]), .code(codes[B*l +: B])
            );
        end
    endgenerate

    always @(posedge clk) begin
        if (en) begin
            pend <= crossed;
            if (!ready) begin
                round <= round + 2'd1;
            end
        end
        if (!in_payload) begin
            pend  <= {POUT{1'b1}};
            round <= 2'd0;
        end
    end

    always @(posedge clk) begin
        if (out_free) begin
            m_axis_tvalid <= step && !bad_code && !bad_short;
        end
        if (step) begin
            m_axis_tdata <= codes;
            m_axis_tlast <= last_step;
        end
        if (rst) begin
            m_axis_tvalid <= 1'b0;
        end
    end

endmodule

`default_nettype wire
