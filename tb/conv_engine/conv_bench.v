// SPDX-License-Identifier: Apache-2.0
// Bench around the convolution engine: players feed its inputs, recorders keep its outputs, watches
// check every port, and a small sequencer runs a whole job: Python sleeps from `go` to `finished`.
// LANE is P1 unless CONV_LANE is defined (see tb/mac_conv/lane.v).
//
// A job plays <DATA>/ch_<job>.bin (channel parameters), then w_, a_ and r_<job>.bin against the
// device and records y_<job>.bin and q_<job>.bin (m_axis_r, the residual out).
//
// Parameters: those of conv_engine (legal ranges there).
`default_nettype none

`ifndef CONV_LANE
`define CONV_LANE "P1"
`endif

module conv_bench #(
    parameter LANE       = `CONV_LANE,
    parameter B          = 4,
    parameter KMAX       = 3,
    parameter PIN        = 8,
    parameter POUT       = 8,
    parameter LINE_DEPTH = 256,
    parameter PSUM_DEPTH = 4096,
    parameter COUT_MAX   = 512,
    parameter FIFO_DEPTH = 64,
    parameter PLUT_FILE  = "plut_b4.hex",
    parameter BUSES      = 4,
    parameter TREE       = 2,
    parameter MAP        = "none"
) (
    input  wire        clk,
    input  wire        rst,
    input  wire        go,
    input  wire [31:0] job,
    input  wire        clear,
    input  wire [7:0]  repeats,
    input  wire        reload,         // play w, a, r from their beginning; else they go on
    input  wire [31:0] hang_limit,
    input  wire [31:0] cycle_limit,
    output wire        finished,
    output wire        hung,

    input  wire [31:0] seed,
    input  wire [7:0]  stall_length,
    input  wire [7:0]  stall_w,
    input  wire [7:0]  stall_a,
    input  wire [7:0]  stall_r,
    input  wire [7:0]  stall_y,
    input  wire [7:0]  stall_q,

    input  wire [8:0]  cfg_h,
    input  wire [8:0]  cfg_w,
    input  wire [11:0] cfg_cin,
    input  wire [11:0] cfg_cout,
    input  wire [2:0]  cfg_k,
    input  wire [1:0]  cfg_stride,
    input  wire [1:0]  cfg_pad,
    input  wire [1:0]  cfg_pad_top,
    input  wire [1:0]  cfg_pad_bottom,
    input  wire [15:0] cfg_images,
    input  wire        cfg_relu,
    input  wire        cfg_res_in,
    input  wire        cfg_emit_code,
    input  wire        cfg_emit_res,
    input  wire        cfg_raw,
    input  wire [6:0]  cfg_proj_shift,
    input  wire [6:0]  cfg_res_shift,
    input  wire [6:0]  cfg_res_out_shift,

    output wire        busy,
    output wire [7:0]  err,
    output wire [11:0] err_out_tile,
    output wire [11:0] err_in_tile,
    output wire [7:0]  dones,          // `done` pulses of this job
    output wire [31:0] run_cycles,     // from `start` to `done`, counted by the bench
    output wire [31:0] cnt_cycles,
    output wire [31:0] cnt_busy,
    output wire [31:0] cnt_stall_w,
    output wire [31:0] cnt_stall_a,
    output wire [31:0] cnt_stall_r,
    output wire [31:0] cnt_stall_y,
    output wire [31:0] cnt_weights,
    output wire [31:0] cnt_beats_w,
    output wire [31:0] cnt_beats_a,
    output wire [31:0] cnt_beats_r,
    output wire [31:0] cnt_beats_y,
    output wire [31:0] cnt_beats_q,

    // {q, y, r, a, w}: one 32-bit count or one bit for each stream
    output wire [159:0] beats,
    output wire [159:0] held,          // cycles in which the bench held the stream up
    output wire [4:0]   xseen,
    output wire [4:0]   unstable,
    output wire [1:0]   stray,         // {q, y}
    output wire [5:0]   failed,        // {q, y, ch, r, a, w}
    output wire [2:0]   idle,          // {r, a, w}: played out
    output reg          xcontrol       // sticky: X on busy, done, err or a counter
);
    localparam AB     = (LANE == "S1" || LANE == "M8") ? 8 : B;
    localparam LEVELS = (1 << (B - 1)) - 1;
    // As in conv_engine.
    localparam ACCW   = (LANE == "M8") ? 32 : (LANE == "S1") ? LEVELS + 25 : 2 * LEVELS + 16;
    localparam CHW    = ACCW + 16 + 10;
    localparam W_BYTES  = (POUT > 8) ? POUT / 2 : 4;
    localparam A_BYTES  = (4 * PIN * AB + 7) / 8;
    localparam Y_BYTES  = (POUT * ACCW + 7) / 8;
    localparam CH_BYTES = (12 + CHW + 7) / 8;   // {channel, parameters}

    // ---- sequencer ----
    wire       load, start, close, active, done, ch_idle;
    wire [4:0] valid, ready;   // {q, y, r, a, w}
    wire       load_in = load && reload;

    job_sequencer sequencer (
        .clk(clk), .rst(rst), .go(go), .repeats(repeats), .hang_limit(hang_limit),
        .cycle_limit(cycle_limit), .setup_idle(ch_idle), .moved(|(valid & ready)),
        .out_valid(valid[4] || valid[3]),
        .done(done), .load(load), .start(start), .close(close), .active(active),
        .finished(finished), .hung(hung),
        .dones(dones), .run_cycles(run_cycles));

    // ---- streams ----
    wire [8*W_BYTES-1:0]  w_data;
    wire [8*A_BYTES-1:0]  a_data;
    wire [8*POUT-1:0]     r_data;
    wire [8*Y_BYTES-1:0]  y_data;
    wire [8*POUT-1:0]     q_data;
    wire [8*CH_BYTES-1:0] ch_data;
    wire [4:0]            last;
    wire                  ch_valid, ch_last;
    wire [159:0]          blocked, starved;

    axis_player #(.BYTES(CH_BYTES), .STREAM("ch"), .SALT(1)) play_ch (
        .clk(clk), .rst(rst), .load(load), .job(job), .seed(seed), .stall_threshold(8'd0),
        .stall_length(8'd0), .m_axis_tdata(ch_data), .m_axis_tvalid(ch_valid),
        .m_axis_tready(1'b1), .m_axis_tlast(ch_last), .idle(ch_idle), .failed(failed[3]));
    axis_player #(.BYTES(W_BYTES), .STREAM("w"), .SALT(2)) play_w (
        .clk(clk), .rst(rst), .load(load_in), .job(job), .seed(seed), .stall_threshold(stall_w),
        .stall_length(stall_length), .m_axis_tdata(w_data), .m_axis_tvalid(valid[0]),
        .m_axis_tready(ready[0]), .m_axis_tlast(last[0]), .idle(idle[0]), .failed(failed[0]));
    axis_player #(.BYTES(A_BYTES), .STREAM("a"), .SALT(3)) play_a (
        .clk(clk), .rst(rst), .load(load_in), .job(job), .seed(seed), .stall_threshold(stall_a),
        .stall_length(stall_length), .m_axis_tdata(a_data), .m_axis_tvalid(valid[1]),
        .m_axis_tready(ready[1]), .m_axis_tlast(last[1]), .idle(idle[1]), .failed(failed[1]));
    axis_player #(.BYTES(POUT), .STREAM("r"), .SALT(4)) play_r (
        .clk(clk), .rst(rst), .load(load_in), .job(job), .seed(seed), .stall_threshold(stall_r),
        .stall_length(stall_length), .m_axis_tdata(r_data), .m_axis_tvalid(valid[2]),
        .m_axis_tready(ready[2]), .m_axis_tlast(last[2]), .idle(idle[2]), .failed(failed[2]));
    axis_recorder #(.BYTES(Y_BYTES), .STREAM("y"), .SALT(5)) record_y (
        .clk(clk), .rst(rst), .load(load), .close(close), .job(job), .seed(seed),
        .stall_threshold(stall_y), .stall_length(stall_length), .s_axis_tdata(y_data),
        .s_axis_tvalid(valid[3]), .s_axis_tready(ready[3]), .s_axis_tlast(last[3]),
        .stray(stray[0]), .failed(failed[4]));
    axis_recorder #(.BYTES(POUT), .STREAM("q"), .SALT(6)) record_q (
        .clk(clk), .rst(rst), .load(load), .close(close), .job(job), .seed(seed),
        .stall_threshold(stall_q), .stall_length(stall_length), .s_axis_tdata(q_data),
        .s_axis_tvalid(valid[4]), .s_axis_tready(ready[4]), .s_axis_tlast(last[4]),
        .stray(stray[1]), .failed(failed[5]));

    axis_watch #(.WIDTH(8*W_BYTES+1)) watch_w (
        .clk(clk), .rst(rst), .load(load_in), .active(active && !idle[0]),
        .payload({last[0], w_data}), .valid(valid[0]), .ready(ready[0]), .beats(beats[31:0]),
        .blocked(blocked[31:0]), .starved(starved[31:0]),
        .xseen(xseen[0]), .unstable(unstable[0]));
    axis_watch #(.WIDTH(8*A_BYTES+1)) watch_a (
        .clk(clk), .rst(rst), .load(load_in), .active(active && !idle[1]),
        .payload({last[1], a_data}), .valid(valid[1]), .ready(ready[1]), .beats(beats[63:32]),
        .blocked(blocked[63:32]), .starved(starved[63:32]),
        .xseen(xseen[1]), .unstable(unstable[1]));
    axis_watch #(.WIDTH(8*POUT+1)) watch_r (
        .clk(clk), .rst(rst), .load(load_in), .active(active && !idle[2]),
        .payload({last[2], r_data}), .valid(valid[2]), .ready(ready[2]), .beats(beats[95:64]),
        .blocked(blocked[95:64]), .starved(starved[95:64]),
        .xseen(xseen[2]), .unstable(unstable[2]));
    axis_watch #(.WIDTH(8*Y_BYTES+1)) watch_y (
        .clk(clk), .rst(rst), .load(load), .active(active), .payload({last[3], y_data}),
        .valid(valid[3]), .ready(ready[3]), .beats(beats[127:96]),
        .blocked(blocked[127:96]), .starved(starved[127:96]),
        .xseen(xseen[3]), .unstable(unstable[3]));
    axis_watch #(.WIDTH(8*POUT+1)) watch_q (
        .clk(clk), .rst(rst), .load(load), .active(active), .payload({last[4], q_data}),
        .valid(valid[4]), .ready(ready[4]), .beats(beats[159:128]),
        .blocked(blocked[159:128]), .starved(starved[159:128]),
        .xseen(xseen[4]), .unstable(unstable[4]));

    // The bench holds up its inputs by having nothing to give, its outputs by not being ready.
    assign held = {blocked[159:96], starved[95:0]};
    wire unused_stalls = &{1'b0, blocked[95:0], starved[159:96]};

    // ---- X on control; nothing counts before the first reset ----
    reg  was_reset;
    wire [393:0] control = {busy, done, err, cnt_cycles, cnt_busy, cnt_stall_w, cnt_stall_a,
                            cnt_stall_r, cnt_stall_y, cnt_weights, cnt_beats_w, cnt_beats_a,
                            cnt_beats_r, cnt_beats_y, cnt_beats_q};
    initial begin
        was_reset = 1'b0;
        xcontrol  = 1'b0;
    end
    always @(posedge clk) begin
        if (rst) was_reset <= 1'b1;
        if (was_reset && !rst && ((^control[393:384]) === 1'bx
                                  || finished && (^control[383:0]) === 1'bx)) xcontrol <= 1'b1;
    end

    // ---- device ----
    // The configuration shows in the cycle of `start` only: the device must keep what it needs.
`ifdef __ICARUS__
    wire [31:0] hide = 32'hxxxxxxxx;
`else
    wire [31:0] hide = 32'h5A5A5A5A ^ run_cycles;
`endif
    wire [POUT*ACCW-1:0] y_lanes;
    wire [8*Y_BYTES:0]   y_wide = {{(8*Y_BYTES+1-POUT*ACCW){1'b0}}, y_lanes};
    assign y_data = y_wide[8*Y_BYTES-1:0];
    wire unused = &{1'b0, y_wide[8*Y_BYTES], a_data, ch_data, ch_last};   // padding bits

    conv_engine #(
        .LANE(LANE), .PLUT_FILE(PLUT_FILE), .B(B), .KMAX(KMAX), .PIN(PIN), .POUT(POUT),
        .LINE_DEPTH(LINE_DEPTH), .PSUM_DEPTH(PSUM_DEPTH), .COUT_MAX(COUT_MAX),
        .FIFO_DEPTH(FIFO_DEPTH), .BUSES(BUSES), .TREE(TREE), .MAP(MAP)
    ) dut (
        .clk(clk), .rst(rst), .start(start), .clear(clear), .busy(busy), .done(done), .err(err),
        .err_out_tile(err_out_tile), .err_in_tile(err_in_tile),
        .cfg_h(start ? cfg_h : hide[8:0]),
        .cfg_w(start ? cfg_w : hide[8:0]),
        .cfg_cin(start ? cfg_cin : hide[11:0]),
        .cfg_cout(start ? cfg_cout : hide[11:0]),
        .cfg_k(start ? cfg_k : hide[2:0]),
        .cfg_stride(start ? cfg_stride : hide[1:0]),
        .cfg_pad(start ? cfg_pad : hide[1:0]),
        .cfg_pad_top(start ? cfg_pad_top : hide[1:0]),
        .cfg_pad_bottom(start ? cfg_pad_bottom : hide[1:0]),
        .cfg_images(start ? cfg_images : hide[15:0]),
        .cfg_relu(start ? cfg_relu : hide[0]),
        .cfg_res_in(start ? cfg_res_in : hide[0]),
        .cfg_emit_code(start ? cfg_emit_code : hide[0]),
        .cfg_emit_res(start ? cfg_emit_res : hide[0]),
        .cfg_raw(start ? cfg_raw : hide[0]),
        .cfg_proj_shift(start ? cfg_proj_shift : hide[6:0]),
        .cfg_res_shift(start ? cfg_res_shift : hide[6:0]),
        .cfg_res_out_shift(start ? cfg_res_out_shift : hide[6:0]),
        .ch_we(ch_valid), .ch_addr(ch_data[CHW+11:CHW]), .ch_data(ch_data[CHW-1:0]),
        .s_axis_w_tdata(w_data), .s_axis_w_tvalid(valid[0]), .s_axis_w_tready(ready[0]),
        .s_axis_w_tlast(last[0]),
        .s_axis_a_tdata(a_data[4*PIN*AB-1:0]), .s_axis_a_tvalid(valid[1]),
        .s_axis_a_tready(ready[1]), .s_axis_a_tlast(last[1]),
        .s_axis_r_tdata(r_data), .s_axis_r_tvalid(valid[2]), .s_axis_r_tready(ready[2]),
        .s_axis_r_tlast(last[2]),
        .m_axis_y_tdata(y_lanes), .m_axis_y_tvalid(valid[3]), .m_axis_y_tready(ready[3]),
        .m_axis_y_tlast(last[3]),
        .m_axis_r_tdata(q_data), .m_axis_r_tvalid(valid[4]), .m_axis_r_tready(ready[4]),
        .m_axis_r_tlast(last[4]),
        .cnt_cycles(cnt_cycles), .cnt_busy(cnt_busy), .cnt_stall_w(cnt_stall_w),
        .cnt_stall_a(cnt_stall_a), .cnt_stall_r(cnt_stall_r), .cnt_stall_y(cnt_stall_y),
        .cnt_weights(cnt_weights), .cnt_beats_w(cnt_beats_w), .cnt_beats_a(cnt_beats_a),
        .cnt_beats_r(cnt_beats_r), .cnt_beats_y(cnt_beats_y), .cnt_beats_q(cnt_beats_q)
    );
endmodule

`default_nettype wire
