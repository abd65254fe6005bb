// SPDX-License-Identifier: Apache-2.0
// A rival of the decoder bank, for comparison (docs/shuff_bank.md): POUT symbols a cycle out of the
// stream of ONE lane. A symbol is decoded at every bit of the window, then the bits at which
// symbols really begin are found by pointer doubling. No header, no CRC, no end of stream; ports as
// in bank_core.
//
// The window has room for POUT symbols of 7 bits, so every beat is full. `jump[j][o]` is how many
// bits 2^j symbols take from bit o on; beginning number k is reached by the jumps of k's ones.
//
// Parameters: B 2..5, POUT 2, 4 or 8, LMAX 2..6 as in shuff_bank
`default_nettype none

module speculate_core #(
    parameter B    = 4,
    parameter POUT = 8,
    parameter LMAX = 6
) (
    input  wire              clk,
    input  wire              rst,

    input  wire              lengths_we,
    input  wire              lengths_high,
    input  wire [31:0]       lengths_data,
    input  wire              raw,
    input  wire              start,
    output wire              filled,

    input  wire [31:0]       s_axis_w_tdata,
    input  wire              s_axis_w_tvalid,
    output wire              s_axis_w_tready,

    output reg  [POUT*B-1:0] m_axis_tdata,
    output reg               m_axis_tvalid,
    input  wire              m_axis_tready
);
    localparam LEVELS  = $clog2(POUT);
    localparam OFFSETS = 7 * (POUT - 1) + 1;   // bits at which a symbol of this beat can begin
    localparam SEEN    = 7 * POUT;             // bits that a beat can take
    localparam NEED    = (SEEN + 31 + 31) / 32; // words in which they are, whatever the pointer
    localparam WORDS   = NEED + 4;             // words held
    localparam CW      = 4;
    localparam integer LAST_W = WORDS;
    localparam [CW-1:0] WORDS_C = LAST_W[CW-1:0];
    localparam integer NEED_I = NEED;
    localparam [CW-1:0] NEED_C = NEED_I[CW-1:0];

    // ---- table
    wire            illegal, table_write, word_valid;
    wire [31:0]     word;
    wire [LMAX-1:0] table_at;
    wire [B+1:0]    table_entry;
    reg             run;

    shuff_table_fill #(.B(B), .LMAX(LMAX)) u_fill (
        .clk(clk), .rst(rst), .lengths_we(lengths_we), .lengths_high(lengths_high),
        .lengths_data(lengths_data), .raw(raw), .start(start), .filled(filled), .illegal(illegal),
        .write(table_write), .at(table_at), .entry(table_entry)
    );

    // ---- words: the oldest on top, a bit pointer into it
    reg  [32*WORDS-1:0] held;
    reg  [CW-1:0]       count;
    reg  [4:0]          pointer;

    wire              out_free = !m_axis_tvalid || m_axis_tready;
    wire              en       = run && count >= NEED_C && out_free;
    wire [5:0]        used;                       // bits of this beat; at most 56
    wire [6:0]        sum      = {2'b00, pointer} + {1'b0, used};
    wire [1:0]        pop      = en ? sum[6:5] : 2'd0;
    wire [CW-1:0]     left     = count - {{(CW-2){1'b0}}, pop};
    wire              push     = word_valid && left != WORDS_C;
    wire [32*WORDS-1:0] moved  = held << {pop, 5'd0};
    wire [SEEN+30:0]  top      = held[32*WORDS-1 -: SEEN+31];
    wire [SEEN+30:0]  turned   = top << pointer;
    wire [SEEN-1:0]   bits     = turned[SEEN+30 -: SEEN];

    axis_skid #(.WIDTH(32)) u_port (
        .clk(clk), .rst(rst),
        .s_axis_tdata(s_axis_w_tdata), .s_axis_tvalid(s_axis_w_tvalid),
        .s_axis_tready(s_axis_w_tready),
        .m_axis_tdata(word), .m_axis_tvalid(word_valid), .m_axis_tready(left != WORDS_C)
    );

    genvar o, j, k, w;
    generate
        for (w = 0; w < WORDS; w = w + 1) begin : g_word
            localparam integer AT = 32 * (WORDS - 1 - w);
            localparam [CW-1:0] OWN = w;
            always @(posedge clk) begin
                held[AT +: 32] <= (push && left == OWN) ? word : moved[AT +: 32];
            end
        end
    endgenerate

    // ---- a symbol at every bit
    wire [6*OFFSETS-1:0]     jump [0:LEVELS];     // jump[j] at o: bits of 2^j symbols
    wire [OFFSETS*B-1:0]     code;

    generate
        for (o = 0; o < OFFSETS; o = o + 1) begin : g_offset
            (* ram_style = "distributed" *)
            reg  [B+1:0] entries [0:(1<<LMAX)-1];
            wire [6:0]   window = bits[SEEN-1-o -: 7];
            wire [B-2:0] index;
            wire [2:0]   length;

            assign {index, length}     = entries[window[6 -: LMAX]];
            assign jump[0][6*o +: 6]   = {3'd0, length};
            assign code[B*o +: B]      = {window[3'd7 - length] && index != {(B-1){1'b0}}, index};

            always @(posedge clk) begin
                if (table_write) begin
                    entries[table_at] <= table_entry;
                end
            end
        end

        // ---- pointer doubling
        for (j = 0; j < LEVELS; j = j + 1) begin : g_level
            localparam integer SPAN = 7 * (1 << j);       // most bits of 2^j symbols
            for (o = 0; o < OFFSETS; o = o + 1) begin : g_jump
                localparam integer REACH = o + SPAN + 1 <= OFFSETS ? SPAN + 1 : OFFSETS - o;
                wire [5:0]         first = jump[j][6*o +: 6];
                wire [6*REACH-1:0] near  = jump[j][6*o +: 6*REACH];
                assign jump[j+1][6*o +: 6] = first + near[6*first +: 6];
            end
        end

        // ---- beginning of symbol k: the jumps of k's ones, small ones first
        for (k = 0; k < POUT; k = k + 1) begin : g_symbol
            wire [6*(LEVELS+1)-1:0] at;
            assign at[5:0] = 6'd0;
            for (j = 0; j < LEVELS; j = j + 1) begin : g_hop
                localparam integer FROM = 7 * (k % (1 << j)) + 1;   // bits where the hop can begin
                if (((k >> j) & 1) == 1) begin : g_taken
                    wire [6*FROM-1:0] near = jump[j][6*FROM-1:0];
                    assign at[6*(j+1) +: 6] = at[6*j +: 6] + near[6*at[6*j +: 6] +: 6];
                end else begin : g_passed
                    assign at[6*(j+1) +: 6] = at[6*j +: 6];
                end
            end
            wire [B*(7*k+1)-1:0] near_codes = code[B*(7*k+1)-1:0];
            wire [B-1:0]         picked     = near_codes[B*at[6*LEVELS +: 6] +: B];
            always @(posedge clk) begin
                if (en) begin
                    m_axis_tdata[B*k +: B] <= picked;
                end
            end
        end
    endgenerate

    assign used = jump[LEVELS][5:0];

    wire unused = &{1'b0, illegal, turned};

    always @(posedge clk) begin
        run   <= run || filled;
        count <= left + {{(CW-1){1'b0}}, push};
        if (en) begin
            pointer <= sum[4:0];
        end
        if (out_free) begin
            m_axis_tvalid <= en;
        end
        if (rst) begin
            run           <= 1'b0;
            count         <= {CW{1'b0}};
            pointer       <= 5'd0;
            m_axis_tvalid <= 1'b0;
        end
    end
endmodule

`default_nettype wire
