// SPDX-License-Identifier: Apache-2.0
//
// weight_path: from the words of one S-Huff stream to writes into the lane bank's shadow.
//
// POUT codes a step come from shuff_bank (S-Huff), or from byte_bank (8-bit weights, LANE "M8").
// The bank is given exactly one stream a job (`open` at the job's start, shut behind TLAST), so
// the next job's words wait at the port. `error` pulses with the decoder's code, or with 20 when
// the stream holds fewer or more weights than the layer. While `flush` is high what is left of the
// stream is taken and dropped.
//
// A write is handed to the lane bank a cycle after its step is taken and is in the shadow two
// cycles later, beside a swap for the step that begins a pass in the cycle of the first: the loader
// may go on with the next tile from the cycle on in which the pass begins.
//
// Parameters: as in conv_engine; WB bits of a weight, WBITS of a stream word, TAPW of the address.
`default_nettype none

module weight_path #(
    parameter LANE  = "P1",
    parameter B     = 4,
    parameter KMAX  = 3,
    parameter PIN   = 8,
    parameter POUT  = 8,
    parameter TAPW  = 7,
    parameter WB    = 4,
    parameter WBITS = 32
) (
    input  wire                  clk,
    input  wire                  rst,
    input  wire                  job_start,
    input  wire                  open,
    input  wire                  flush,
    input  wire                  claimed,            // pulse: the tile was taken into use
    input  wire                  awaited,            // the pass waits for nothing but this tile
    input  wire                  room,               // the lane bank takes a write
    input  wire                  settled,            // it is through with what it has taken
    input  wire [11:0]           cin,
    input  wire [11:0]           cout,
    input  wire [11:0]           in_size,
    input  wire [2:0]            k,

    output wire                  full,               // the shadow holds the next tile
    output wire                  good,               // the layer is complete, its stream good
    output wire                  idle,               // no stream is under way
    output wire                  error,              // pulse
    output wire [7:0]            error_code,
    output wire [31:0]           count,

    output reg                   we,
    output reg  [TAPW-1:0]       we_tap,
    output reg  [POUT*WB-1:0]    codes,
    output wire                  beat,               // a word of the stream is taken

    input  wire [WBITS-1:0]      s_axis_w_tdata,
    input  wire                  s_axis_w_tvalid,
    output wire                  s_axis_w_tready,
    input  wire                  s_axis_w_tlast
);
    localparam [7:0] ERR_W_COUNT = 8'd20;

    wire [WBITS:0] word;
    wire        word_valid, dec_ready, dec_valid, dec_take, dec_last, dec_done, dec_busy;
    wire [7:0]  dec_status;
    wire        complete, bad_count, step_we;
    wire [TAPW-1:0]    step_tap;
    wire [POUT*WB-1:0] step_codes;
    reg         is_open, stream_good;
    wire        hold, done_writing;
    wire        word_take = word_valid && is_open && dec_ready;

    axis_skid #(.WIDTH(WBITS + 1)) u_skid (
        .clk(clk), .rst(rst),
        .s_axis_tdata({s_axis_w_tlast, s_axis_w_tdata}), .s_axis_tvalid(s_axis_w_tvalid),
        .s_axis_tready(s_axis_w_tready),
        .m_axis_tdata(word), .m_axis_tvalid(word_valid), .m_axis_tready(is_open && dec_ready)
    );

    generate
        if (LANE == "M8") begin : g_bytes
            byte_bank #(.PIN(PIN), .POUT(POUT)) u_bank (
                .clk(clk), .rst(rst),
                .s_axis_w_tdata(word[WBITS-1:0]), .s_axis_w_tvalid(word_valid && is_open),
                .s_axis_w_tready(dec_ready), .s_axis_w_tlast(word[WBITS]),
                .m_axis_tdata(step_codes), .m_axis_tvalid(dec_valid), .m_axis_tready(dec_take),
                .m_axis_tlast(dec_last), .done(dec_done), .status(dec_status), .busy(dec_busy)
            );
        end else begin : g_shuff
            shuff_bank #(.B(B), .PIN(PIN), .POUT(POUT)) u_bank (
                .clk(clk), .rst(rst),
                .s_axis_w_tdata(word[WBITS-1:0]), .s_axis_w_tvalid(word_valid && is_open),
                .s_axis_w_tready(dec_ready), .s_axis_w_tlast(word[WBITS]),
                .m_axis_tdata(step_codes), .m_axis_tvalid(dec_valid), .m_axis_tready(dec_take),
                .m_axis_tlast(dec_last), .done(dec_done), .status(dec_status), .busy(dec_busy)
            );
        end
    endgenerate

    weight_loader #(.KMAX(KMAX), .PIN(PIN), .POUT(POUT), .TAPW(TAPW)) u_loader (
        .clk(clk), .rst(rst), .job_start(job_start || open), .flush(flush),
        .claimed(claimed), .awaited(awaited), .hold(hold), .settled(done_writing),
        .full(full), .bad_count(bad_count), .complete(complete),
        .cin(cin), .cout(cout), .in_size(in_size), .k(k),
        .valid(dec_valid), .last(dec_last), .ready(dec_take),
        .we(step_we), .we_tap(step_tap), .count(count)
    );
    assign beat = word_take;

    // Lane P3 takes time for a write. It tells when to stop early enough for those on their way,
    // and the tile is not full before all is written.
    generate
        if (LANE == "P3") begin : g_slow
            reg settled_q;

            always @(posedge clk) settled_q <= settled && !we && !step_we;
            assign hold         = !room;
            assign done_writing = settled_q;
        end else begin : g_at_once
            wire unused = &{1'b0, room, settled};
            assign hold         = 1'b0;
            assign done_writing = 1'b1;
        end
    endgenerate

    // A good stream with no weights at all shows no step that could be the last one.
    wire too_few = stream_good && !dec_valid && !complete;
    wire dec_bad = dec_done && dec_status != 8'd0;
    assign error      = dec_bad || bad_count || too_few;
    assign error_code = dec_bad ? dec_status : ERR_W_COUNT;
    assign good       = stream_good && complete;
    assign idle       = !is_open && !dec_busy;

    always @(posedge clk) begin
        we     <= step_we && !rst;
        we_tap <= step_tap;
        codes  <= step_codes;
        if (open) is_open <= 1'b1;
        if (word_take && word[WBITS]) is_open <= 1'b0;
        if (dec_done) stream_good <= dec_status == 8'd0;
        if (job_start) stream_good <= 1'b0;
        if (rst) begin
            is_open     <= 1'b0;
            stream_good <= 1'b0;
        end
    end
endmodule

`default_nettype wire
