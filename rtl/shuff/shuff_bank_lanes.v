// SPDX-License-Identifier: Apache-2.0
// Purpose: shuff_bank for more than one lane: control, code table, byte store and lanes.
//
// Each step gives the bytes that the step before asked for, or, above 8 lanes, the one before that;
//   two or three rounds without a step fill the lanes before the first one. A step waits for bytes
//   (one for every lane must be in the store) and for the output. Behind the end of the payload the
//   store is filled with bytes that say so.
//
// A step takes two cycles: `step` moves the lanes on, and a cycle later (`second`) it is known what
//   is wrong with it and it goes to the output. Above 8 lanes it takes three: what any lane finds
//   wrong in the second cycle is known of the step in the third one. One or two steps may follow a
//   bad one on their way; nobody sees them, because `run` is over by then.
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

    output wire [POUT*B-1:0] m_axis_tdata,
    output wire              m_axis_tvalid,
    input  wire              m_axis_tready,
    output wire              m_axis_tlast,

    output wire              done,
    output wire [7:0]        status,
    output wire              busy
);

    generate
        if (POUT < 2) begin : g_illegal_pout
            illegal_parameter_shuff_bank_lanes_pout stop_elaboration();
        end
    endgenerate

    wire             lengths_we, lengths_high, raw, table_start, filled, illegal;
    wire [31:0]      part;
    wire             clear, held_push, held_real, space, run, last_step, spare;
    wire [WBITS-1:0] held;

    wire [POUT-1:0]     pend, no_code, bad;
    wire [POUT*B-1:0]   codes;
    wire [9*POUT-1:0]   bytes;
    wire                table_write;
    wire [LMAX-1:0]     table_at;
    wire [B+1:0]        table_entry;

    // To add up who wants a byte and deal the bytes in one cycle would take too long above 8 lanes.
    localparam LATE = POUT > 8;

    reg  [1:0]          round;           // one of the first rounds is done, two are
    reg                 ready;           // all are
    reg                 may_give;        // there are bytes for the lanes that asked ...
    reg                 may_step;        // ... and a step
    reg                 over;            // the last step is done
    reg                 flush;           // LATE: what was wanted last counts as taken
    reg                 second;          // a step is in its second cycle, ...
    reg                 second_last;     // ... the last one

    // A step whose last cycle this is, if the output takes it now.
    wire              ending, ending_last, ending_bad, ending_no_code;
    wire [POUT*B-1:0] ending_codes;

    wire enough, out_ready;
    wire free       = !second || out_ready;    // the second cycle is free for another step
    wire give       = may_give && free;
    wire step       = may_step && free;
    wire ready_next = ready || (give && (LATE ? round[1] : round[0]));
    wire last_done  = step && last_step;

    // The store has the held word.
    wire [WBITS-1:0] word;
    wire             word_push, no_more;
    wire             unused = &{1'b0, word, word_push, no_more};

    shuff_bank_control #(
        .B(B), .PIN(PIN), .POUT(POUT), .LMAX(LMAX), .WBITS(WBITS)
    ) u_control (
        .clk(clk), .rst(rst),
        .s_axis_w_tdata(s_axis_w_tdata), .s_axis_w_tvalid(s_axis_w_tvalid),
        .s_axis_w_tready(s_axis_w_tready), .s_axis_w_tlast(s_axis_w_tlast),
        .lengths_we(lengths_we), .lengths_high(lengths_high), .part(part), .raw(raw),
        .table_start(table_start), .filled(filled), .illegal(illegal),
        .clear(clear), .word(word), .word_push(word_push), .space(space),
        .held(held), .held_push(held_push), .held_real(held_real), .no_more(no_more),
        .run(run), .last_step(last_step), .step(step),
        .decided(ending && out_ready), .decided_last(ending_last), .bad(ending_bad),
        .bad_code(ending_no_code), .spare(spare), .quiet(!m_axis_tvalid),
        .done(done), .status(status), .busy(busy)
    );

    shuff_table_fill #(.B(B), .LMAX(LMAX)) u_fill (
        .clk(clk), .rst(rst),
        .lengths_we(lengths_we), .lengths_high(lengths_high), .lengths_data(part),
        .raw(raw), .start(table_start), .filled(filled), .illegal(illegal),
        .write(table_write), .at(table_at), .entry(table_entry)
    );

    shuff_bank_store #(.POUT(POUT), .WBITS(WBITS), .LATE(LATE)) u_store (
        .clk(clk), .clear(clear),
        .word(held), .push(held_push), .real_word(held_real), .space(space),
        .enough(enough),
        .want(pend), .take(give || flush), .bytes(bytes), .spare(spare)
    );

    genvar l;
    generate
        for (l = 0; l < POUT; l = l + 1) begin : g_lane
            shuff_bank_lane #(.B(B), .LMAX(LMAX), .LATE(LATE)) u_lane (
                .clk(clk), .clear(clear),
                .table_write(table_write), .table_at(table_at), .table_entry(table_entry),
                .step(step), .give(give),
                .in_byte(bytes[9*l +: 9]), .pend(pend[l]),
                .no_code(no_code[l]), .bad(bad[l]), .code(codes[B*l +: B])
            );
        end
    endgenerate

    always @(posedge clk) begin
        may_give <= run && !over && !last_done && enough;
        may_step <= run && !over && !last_done && enough && ready_next;
        over     <= run && (over || last_done);
        flush    <= LATE && last_done;
        ready    <= ready_next;
        second   <= run && (step || (second && !out_ready));
        if (give) begin
            round <= {round[0], 1'b1};
        end
        if (step) begin
            second_last <= last_step;
        end
        if (clear) begin
            round <= 2'd0;
            ready <= 1'b0;
        end
    end

    // ---- LATE: a third cycle. To ask all lanes and then to hold the output back takes too long.
    generate
        if (LATE) begin : g_third
            localparam ASKED = 6;                              // lanes to a register
            localparam PARTS = (POUT + ASKED - 1) / ASKED;
            reg                    third, third_last;
            reg  [POUT*B-1:0]      codes_q;
            reg  [PARTS-1:0]       bad_q, no_code_q;
            wire [PARTS*ASKED-1:0] bads     = {{(PARTS*ASKED-POUT){1'b0}}, bad};
            wire [PARTS*ASKED-1:0] no_codes = {{(PARTS*ASKED-POUT){1'b0}}, no_code};

            integer p;

            always @(posedge clk) begin
                if (out_ready) begin
                    third      <= second;
                    third_last <= second_last;
                    codes_q    <= codes;
                    for (p = 0; p < PARTS; p = p + 1) begin
                        bad_q[p]     <= |bads[ASKED*p +: ASKED];
                        no_code_q[p] <= |no_codes[ASKED*p +: ASKED];
                    end
                end
            end

            assign ending         = third;
            assign ending_last    = third_last;
            assign ending_bad     = |bad_q;
            assign ending_no_code = |no_code_q;
            assign ending_codes   = codes_q;
        end else begin : g_second
            assign ending         = second;
            assign ending_last    = second_last;
            assign ending_bad     = |bad;
            assign ending_no_code = |no_code;
            assign ending_codes   = codes;
        end
    endgenerate

    // ---- output
    axis_skid #(.WIDTH(POUT*B + 1)) u_out (
        .clk(clk), .rst(rst),
        .s_axis_tdata({ending_last, ending_codes}), .s_axis_tvalid(ending && run && !ending_bad),
        .s_axis_tready(out_ready),
        .m_axis_tdata({m_axis_tlast, m_axis_tdata}), .m_axis_tvalid(m_axis_tvalid),
        .m_axis_tready(m_axis_tready)
    );

endmodule

`default_nettype wire
