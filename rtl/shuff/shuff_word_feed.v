// SPDX-License-Identifier: Apache-2.0
// Purpose: takes 32-bit stream words and hands them out byte by byte, in both orders at once: most
//   significant byte first for the code bits, least significant first for the CRC (disk order).
//
// Two word registers: `waiting` keeps the port's ready a flip-flop, `word` is the one being read.
//   A word lasts four bytes, so the one cycle in which `waiting` refills costs no rate.
//   Once the last byte of a word is stepped over and no other follows at once, the word register
//   reads zero: the bytes behind the end of a payload are zeros without any gate in their path.
//
// Parameters: none.

`default_nettype none

module shuff_word_feed (
    input  wire        clk,
    input  wire        rst,

    input  wire [31:0] s_axis_w_tdata,
    input  wire        s_axis_w_tvalid,
    output wire        s_axis_w_tready,
    input  wire        s_axis_w_tlast,

    input  wire        load_en,     // the next word may be taken when there is room for it
    input  wire        step,        // go one byte on; only while word_valid
    input  wire        drop,        // forget the present word

    output wire        waiting,     // a word is in the waiting register
    output wire        loaded,      // a word moves to `word` in this cycle, ...
    output wire        loaded_last, // ... and has this TLAST
    output reg  [31:0] word,
    output reg         word_valid,
    output reg  [1:0]  byte_at,     // bytes of `word` stepped over
    output reg  [7:0]  high_byte,   // payload order
    output reg  [7:0]  low_byte     // disk order
);

    reg [31:0] wait_data;
    reg        wait_last;
    reg        wait_valid;
    // Low out of reset, so that no word is taken in the reset cycle and lost.
    reg        ready;

    wire take  = s_axis_w_tvalid && ready;
    wire spent = step && byte_at == 2'd3;

    assign s_axis_w_tready = ready;
    assign waiting         = wait_valid;
    assign loaded          = wait_valid && load_en && (!word_valid || spent || drop);
    assign loaded_last     = wait_last;

    always @* begin
        case (byte_at)
            2'd0:    {high_byte, low_byte} = {word[31:24], word[7:0]};
            2'd1:    {high_byte, low_byte} = {word[23:16], word[15:8]};
            2'd2:    {high_byte, low_byte} = {word[15:8], word[23:16]};
            default: {high_byte, low_byte} = {word[7:0], word[31:24]};
        endcase
    end

    always @(posedge clk) begin
        if (ready) begin
            wait_data <= s_axis_w_tdata;
            wait_last <= s_axis_w_tlast;
        end
        wait_valid <= take || (wait_valid && !loaded);
        ready      <= !(take || (wait_valid && !loaded));

        if (loaded) begin
            word <= wait_data;
        end else if (spent) begin
            word <= 32'd0;
        end
        word_valid <= loaded || (word_valid && !spent && !drop);
        byte_at    <= byte_at + {1'b0, step};

        if (rst) begin
            wait_valid <= 1'b0;
            ready      <= 1'b0;
            word_valid <= 1'b0;
        end
        if (rst || drop) begin
            byte_at <= 2'd0;
        end
    end

endmodule

`default_nettype wire
