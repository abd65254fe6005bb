// SPDX-License-Identifier: Apache-2.0
//
// conv_engine: a weight-stationary convolution engine; the lanes decide how products are made.
//
//   s_axis_w -> shuff_bank -> weight_loader -> lane_bank (shadow | active)
//   s_axis_a -> element_feed -> window_select -> lane_bank -> psum_buffer -> post_process -> y, r
//   s_axis_r -> fifo ------------------------------------------------------^
//
// A tile of KMAX^2 x PIN x POUT lanes holds its weights while all pixels of all images pass; the
// weights of the next tile decode in its shadow, POUT a cycle; sums over input-channel tiles wait
// on chip. A pass (one tile) follows the one before without a gap: no cycle goes into draining the
// pipeline, padding or line filling except at the ends of a job. A job is one layer, or a band of
// its rows, with its images as a batch. Streams (docs/engine.md has them in full):
//   w  one bank stream for the layer
//   a  for each output tile, for each input tile the elements of all images in beats of four slots
//      (scan_control says what an element is); TLAST at the end of each output tile's round
//   r  residual in, only with cfg_res_in: for each output tile images x OH x OW beats, TLAST so too
//   y  out: codes packed in the low POUT*B bits, or POUT raw sums; beats and TLAST as r
//   r  out: signed 8-bit words, only with cfg_emit_res
//
// Channel parameters go in through ch_* while the engine is idle. cfg_* are sampled at `start`.
// `done` pulses at the end; `err` then is 0 or says why (layer_config, docs/formats.md), err_*_tile
// where. After a run-time error the inputs are dropped until `clear` and an output transfer that
// was cut short is closed by one beat of zeros with TLAST; the engine is ready again when the
// weight stream and the outputs have been taken.
//
// Flow control: nothing after the decision (step_gate) ever stalls. A position is started only when
// there is room for its outputs in the FIFOs and its residual word is there, and a pass's first one
// only when its weights are there, so the pipeline needs no enable.
//
// Cycles (cnt_cycles, from the one after `start` to the one in which the job ends), with
// L = LATENCY, the lanes' latency: 1 + ceil(ceil(log2 N) / 2) with adders of two operands, 1 +
// ceil(log3 N) with three, N = KMAX*KMAX*PIN, one more for lane M8:
//   check    n + 5, n = rows of the lead (scan_walk), and OH + images + 2 more with several
//            input tiles
//   shifts   as scan_walk has them, all passes
//   finish   L + 19 - slack, raw sums L + 11 - slack, at least 1, slack = shifts after the last
//            position's
// plus cnt_stall_w. Passes of at most 2 x 2 positions and 2 images wait 3 cycles before each pass
// for the sums of the one before. This is exact as long as a, r and the outputs never stall.
//
// Parameters
//   LANE        "P1" P-LUT, "P2" P-LUT of product codes, "P3" P-LUT in memory, "S0" shift on the
//               same codes, "S1" shift with 8-bit activations, "M8" 8-bit multiply (weights not
//               compressed)
//   B           code bits, 3..5 (2 works too)
//   KMAX        largest kernel, 3, 5, 7
//   PIN, POUT   channels of a slot: 1..64; of an output: power of two, 1..64
//   LINE_DEPTH  widest map, 1..256             PSUM_DEPTH  output positions held, 2..65536
//   COUT_MAX    most output channels, 1..2048  FIFO_DEPTH  power of two, 32..1024
//   PLUT_FILE   product table for P1, made by golden.plut
//   BUSES       ways to write P3's tables, 1, 2, 4, 8
//   TREE, MAP   2 or 3, "none" or "xcup": see adder_tree
`default_nettype none

module conv_engine #(
    parameter LANE       = "P1",
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
    parameter MAP        = "none",
    // Derived; do not override.
    parameter LEVELS     = (1 << (B - 1)) - 1,                               // non-zero magnitudes
    parameter AB         = (LANE == "S1" || LANE == "M8") ? 8 : B,           // activation bits
    parameter PRODW      = (LANE == "M8") ? 15 :
                           (LANE == "S1") ? LEVELS + 7 : 2 * LEVELS - 1,     // product magnitude
    parameter ACCW       = PRODW + ((LANE == "S1") ? 18 : 17),              // 2048 x 7 x 7 products
    parameter WBITS      = (POUT > 8) ? 4 * POUT : 32                        // word of s_axis_w
) (
    input  wire                  clk,
    input  wire                  rst,

    // configuration, sampled at start
    input  wire [8:0]            cfg_h,
    input  wire [8:0]            cfg_w,
    input  wire [11:0]           cfg_cin,
    input  wire [11:0]           cfg_cout,
    input  wire [2:0]            cfg_k,
    input  wire [1:0]            cfg_stride,
    input  wire [1:0]            cfg_pad,           // left and right
    input  wire [1:0]            cfg_pad_top,
    input  wire [1:0]            cfg_pad_bottom,
    input  wire [15:0]           cfg_images,
    input  wire                  cfg_relu,
    input  wire                  cfg_res_in,
    input  wire                  cfg_emit_code,
    input  wire                  cfg_emit_res,
    input  wire                  cfg_raw,
    input  wire [6:0]            cfg_proj_shift,
    input  wire [6:0]            cfg_res_shift,
    input  wire [6:0]            cfg_res_out_shift,

    // channel parameters {bias, term2, shift2, shift1}
    input  wire                  ch_we,
    input  wire [11:0]           ch_addr,
    input  wire [ACCW+25:0]      ch_data,

    // control
    input  wire                  start,
    input  wire                  clear,
    output wire                  busy,
    output wire                  done,
    output wire [7:0]            err,
    output wire [11:0]           err_out_tile,
    output wire [11:0]           err_in_tile,

    // weights
    input  wire [WBITS-1:0]      s_axis_w_tdata,
    input  wire                  s_axis_w_tvalid,
    output wire                  s_axis_w_tready,
    input  wire                  s_axis_w_tlast,

    // activations
    input  wire [4*PIN*AB-1:0]   s_axis_a_tdata,
    input  wire                  s_axis_a_tvalid,
    output wire                  s_axis_a_tready,
    input  wire                  s_axis_a_tlast,

    // residual in
    input  wire [POUT*8-1:0]     s_axis_r_tdata,
    input  wire                  s_axis_r_tvalid,
    output wire                  s_axis_r_tready,
    input  wire                  s_axis_r_tlast,

    // codes or raw sums out
    output wire [POUT*ACCW-1:0]  m_axis_y_tdata,
    output wire                  m_axis_y_tvalid,
    input  wire                  m_axis_y_tready,
    output wire                  m_axis_y_tlast,

    // residual out
    output wire [POUT*8-1:0]     m_axis_r_tdata,
    output wire                  m_axis_r_tvalid,
    input  wire                  m_axis_r_tready,
    output wire                  m_axis_r_tlast,

    // counters of the current or last job
    output wire [31:0]           cnt_cycles,
    output wire [31:0]           cnt_busy,
    output wire [31:0]           cnt_stall_w,
    output wire [31:0]           cnt_stall_a,
    output wire [31:0]           cnt_stall_r,
    output wire [31:0]           cnt_stall_y,
    output wire [31:0]           cnt_weights,
    output wire [31:0]           cnt_beats_w,
    output wire [31:0]           cnt_beats_a,
    output wire [31:0]           cnt_beats_r,
    output wire [31:0]           cnt_beats_y,
    output wire [31:0]           cnt_beats_q
);
    localparam TAPS    = KMAX * KMAX;
    localparam N       = TAPS * PIN;                          // products of one dot product
    localparam NLOG    = $clog2(N);
    localparam SUMW    = PRODW + 1 + NLOG;
    localparam LATENCY = (LANE == "M8" ? 2 : 1)
                         + (TREE == 2 ? (NLOG + 1) / 2 : N <= 9 ? 2 : N <= 27 ? 3 : N <= 81 ? 4
                            : N <= 243 ? 5 : N <= 729 ? 6 : 7);    // of every lane, see lane_bank
    localparam TW      = ACCW + 18;
    localparam BIASW   = ACCW + 16;
    localparam TAPW    = $clog2(N);
    localparam SLOT    = PIN * AB;
    localparam WB      = (LANE == "M8") ? 8 : B;

    // ---------------------------------------------------------------- layer
    wire        taken, config_start, config_ready, config_bad;
    wire [7:0]  config_code;
    wire [8:0]  h, w, oh, ow, grid_h, grid_w;
    wire [11:0] cin, cout, in_size;
    wire [2:0]  k;
    wire        blocks, single, relu, res_in, emit_code, emit_res, raw;
    wire [1:0]  pad, pad_top;
    wire [15:0] images;
    wire [6:0]  proj_shift, res_shift, res_out_shift;
    wire [10:0] lead;
    wire        emit_y = raw || emit_code;
    wire        restart = config_ready;      // everything begins anew; the layer is known

    layer_config #(
        .KMAX(KMAX), .PIN(PIN), .LINE_DEPTH(LINE_DEPTH), .PSUM_DEPTH(PSUM_DEPTH),
        .COUT_MAX(COUT_MAX), .ACCW(ACCW), .TW(TW)
    ) u_config (
        .clk(clk), .rst(rst), .start(taken), .ready(config_ready), .bad(config_bad),
        .bad_code(config_code),
        .cfg_h(cfg_h), .cfg_w(cfg_w), .cfg_cin(cfg_cin), .cfg_cout(cfg_cout), .cfg_k(cfg_k),
        .cfg_stride(cfg_stride), .cfg_pad(cfg_pad), .cfg_pad_top(cfg_pad_top),
        .cfg_pad_bottom(cfg_pad_bottom), .cfg_images(cfg_images), .cfg_relu(cfg_relu),
        .cfg_res_in(cfg_res_in), .cfg_emit_code(cfg_emit_code), .cfg_emit_res(cfg_emit_res),
        .cfg_raw(cfg_raw), .cfg_proj_shift(cfg_proj_shift), .cfg_res_shift(cfg_res_shift),
        .cfg_res_out_shift(cfg_res_out_shift),
        .h(h), .w(w), .cin(cin), .cout(cout), .k(k), .blocks(blocks), .single(single),
        .pad(pad), .pad_top(pad_top), .in_size(in_size), .images(images), .relu(relu),
        .res_in(res_in), .emit_code(emit_code), .emit_res(emit_res), .raw(raw),
        .proj_shift(proj_shift), .res_shift(res_shift), .res_out_shift(res_out_shift),
        .oh(oh), .ow(ow), .grid_h(grid_h), .grid_w(grid_w), .lead(lead)
    );

    // ------------------------------------------------------------------ job and steps
    wire        stopped, in_error, leave, drained, shift, pipe_empty;
    wire        weights_full, weights_good, weights_idle, w_error, a_bad, r_bad, y_idle, q_idle;
    wire [7:0]  w_error_code;
    wire        real_step, need_in, beat_end, in_tile_end, produces, first, last, tiny;
    wire        pass_begin, pass_end, job_end, holds_up, puts_y, puts_q, takes_r;
    wire [1:0]  slot;
    wire [11:0] in_tile, out_tile;
    wire [KMAX-1:0] row_ok, col_ok;
    wire        element_here, y_room, q_room, res_here, move, move_pixel, move_block, issued, ended;
    wire        claimed, awaited, swap;      // see step_gate
    wire        stored, out_valid;           // a position ends, as a sum, as an output
    wire [4:0]  step_events;

    tile_control u_job (
        .clk(clk), .rst(rst), .start(start), .clear(clear), .busy(busy), .done(done), .err(err),
        .err_out_tile(err_out_tile), .err_in_tile(err_in_tile),
        .taken(taken), .config_start(config_start), .config_ready(config_ready),
        .config_bad(config_bad), .config_code(config_code), .stopped(stopped),
        .job_end(ended),
        .in_tile(in_tile), .out_tile(out_tile), .pipe_empty(pipe_empty),
        .outputs_taken(y_idle && q_idle), .weights_good(weights_good),
        .weights_idle(weights_idle), .w_error(w_error), .w_error_code(w_error_code),
        .a_bad(a_bad), .r_bad(r_bad), .in_error(in_error), .drained(drained), .leave(leave)
    );

    scan_control #(.KMAX(KMAX), .POUT(POUT)) u_scan (
        .clk(clk), .restart(restart), .shift(shift), .h(h), .w(w), .cin(cin), .cout(cout),
        .in_size(in_size), .k(k), .blocks(blocks), .whole(blocks || single), .pad(pad),
        .pad_top(pad_top), .images(images), .grid_h(grid_h), .grid_w(grid_w), .oh(oh), .ow(ow),
        .lead(lead), .emit_y(emit_y), .emit_q(emit_res), .res_in(res_in),
        .real_step(real_step), .need_in(need_in), .slot(slot), .beat_end(beat_end),
        .in_tile_end(in_tile_end), .produces(produces), .first(first), .last(last),
        .pass_begin(pass_begin), .pass_end(pass_end), .job_end(job_end), .tiny(tiny),
        .holds_up(holds_up), .puts_y(puts_y), .puts_q(puts_q), .takes_r(takes_r),
        .row_ok(row_ok), .col_ok(col_ok), .in_tile(in_tile), .out_tile(out_tile)
    );

    step_gate u_gate (
        .clk(clk), .rst(rst), .stopped(stopped), .leave(leave), .real_step(real_step),
        .need_in(need_in), .produces(produces), .pass_begin(pass_begin), .job_end(job_end),
        .holds_up(holds_up), .puts_y(puts_y), .puts_q(puts_q), .takes_r(takes_r), .tiny(tiny),
        .blocks(blocks), .single(single), .element_here(element_here), .y_room(y_room),
        .q_room(q_room), .residual_here(res_here), .weights_full(weights_full), .shift(shift),
        .move(move), .move_pixel(move_pixel), .move_block(move_block), .issued(issued),
        .ended(ended), .claimed(claimed), .awaited(awaited), .swap(swap), .stored(stored),
        .put_out(out_valid), .pipe_empty(pipe_empty),
        .events(step_events)
    );

    // ------------------------------------------------------------------ weights
    wire [POUT*WB-1:0] w_codes;
    wire               we, beat_w, w_room, w_settled;
    wire [TAPW-1:0]    we_tap;

    weight_path #(
        .LANE(LANE), .B(B), .KMAX(KMAX), .PIN(PIN), .POUT(POUT), .TAPW(TAPW), .WB(WB),
        .WBITS(WBITS)
    ) u_weights (
        .clk(clk), .rst(rst), .job_start(config_start), .open(config_ready), .flush(in_error),
        .claimed(claimed), .awaited(awaited), .room(w_room), .settled(w_settled),
        .cin(cin), .cout(cout), .in_size(in_size), .k(k),
        .full(weights_full), .good(weights_good), .idle(weights_idle), .error(w_error),
        .error_code(w_error_code), .count(cnt_weights),
        .we(we), .we_tap(we_tap), .codes(w_codes), .beat(beat_w),
        .s_axis_w_tdata(s_axis_w_tdata), .s_axis_w_tvalid(s_axis_w_tvalid),
        .s_axis_w_tready(s_axis_w_tready), .s_axis_w_tlast(s_axis_w_tlast)
    );

    // ------------------------------------------------------------------ elements to window
    wire [SLOT-1:0]   pixel;
    wire [4*SLOT-1:0] beat;
    wire              beat_done;
    reg  [KMAX-1:0]   row_ok_q, col_ok_q;

    element_feed #(.SLOT(SLOT)) u_feed (
        .clk(clk), .rst(rst), .drop(in_error), .shift(shift), .slot(slot), .beat_end(beat_end),
        .tile_end(in_tile_end), .here(element_here), .pixel(pixel), .beat(beat),
        .beat_done(beat_done), .bad_last(a_bad),
        .s_axis_tdata(s_axis_a_tdata), .s_axis_tvalid(s_axis_a_tvalid),
        .s_axis_tready(s_axis_a_tready), .s_axis_tlast(s_axis_a_tlast)
    );

    wire [TAPS*SLOT-1:0] masked;
    window_select #(.KMAX(KMAX), .SLOT(SLOT), .LINE_DEPTH(LINE_DEPTH)) u_window (
        .clk(clk), .restart(restart), .shift(move), .shift_pixel(move_pixel),
        .shift_block(move_block), .blocks(blocks), .single(single),
        .odd_top(pad_top[0]), .odd_left(pad[0]), .grid_w(grid_w), .pixel(pixel),
        .beat(beat), .row_ok(row_ok_q), .col_ok(col_ok_q), .taps(masked)
    );

    // A step's flags on their way: beside `issued`, the window, the taps, then the lanes.
    reg [TAPS*SLOT-1:0] taps;             // what the lanes see; held between positions
    reg [LATENCY+2:1]   valid_q;
    reg [LATENCY+2:0]   end_q, first_q, last_q;

    always @(posedge clk) begin
        if (valid_q[1]) taps <= masked;
        row_ok_q <= row_ok;
        col_ok_q <= col_ok;
        end_q    <= {end_q[LATENCY+1:0], pass_end};
        first_q  <= {first_q[LATENCY+1:0], first};
        last_q   <= {last_q[LATENCY+1:0], last};
        valid_q  <= rst ? {(LATENCY+2){1'b0}} : {valid_q[LATENCY+1:1], issued};
    end

    // ------------------------------------------------------------------ dot products and sums
    wire [POUT*SUMW-1:0] sums;
    wire [POUT*ACCW-1:0] acc;
    wire                 acc_valid, acc_end, acc_tile_end;

    lane_bank #(
        .LANE(LANE), .B(B), .KMAX(KMAX), .PIN(PIN), .POUT(POUT), .PLUT_FILE(PLUT_FILE),
        .BUSES(BUSES), .TREE(TREE), .MAP(MAP)
    ) u_lanes (
        .clk(clk), .rst(rst), .w_we(we), .w_tap(we_tap), .w_codes(w_codes), .w_swap(swap),
        .w_ready(w_room), .w_settled(w_settled), .a(taps), .sums(sums)
    );

    psum_buffer #(.POUT(POUT), .SUMW(SUMW), .ACCW(ACCW), .PSUM_DEPTH(PSUM_DEPTH)) u_psum (
        .clk(clk), .rst(rst), .restart(restart), .sum_valid(valid_q[LATENCY+2]),
        .first(first_q[LATENCY+2]), .last(last_q[LATENCY+2]), .sum_end(end_q[LATENCY+2]),
        .sum(sums), .stored(stored), .acc_valid(acc_valid), .acc_end(acc_end),
        .acc_tile_end(acc_tile_end), .acc(acc)
    );

    // ------------------------------------------------------------------ layer arithmetic
    wire [POUT*(BIASW+10)-1:0] params;
    wire [POUT-1:0]       lane_on;
    wire                  res_take, res_take_end, out_end;
    wire [POUT*8-1:0]     res_head;
    wire [POUT*8-1:0]     word;
    wire [POUT*ACCW-1:0]  y_word;

    chan_params #(.POUT(POUT), .COUT_MAX(COUT_MAX), .DATAW(BIASW + 10)) u_params (
        .clk(clk), .we(ch_we), .addr(ch_addr), .data(ch_data), .restart(restart), .cout(cout),
        .next(acc_tile_end), .params(params), .lane_on(lane_on)
    );

    post_process #(
        .B(B), .POUT(POUT), .ACCW(ACCW), .MAP(MAP), .TW(TW), .BIASW(BIASW)
    ) u_post (
        .clk(clk), .rst(rst), .acc_valid(acc_valid), .acc_end(acc_end), .acc(acc),
        .params(params), .lane_on(lane_on), .raw_mode(raw), .relu(relu), .res_in(res_in),
        .proj_shift(proj_shift), .res_shift(res_shift), .res_out_shift(res_out_shift),
        .res_take(res_take), .res_take_end(res_take_end), .res(res_head),
        .out_valid(out_valid), .out_end(out_end), .y(y_word), .word(word)
    );

    // ------------------------------------------------------------------ residual in, outputs
    wire y_taken, q_taken;

    residual_port #(.WIDTH(POUT * 8), .DEPTH(FIFO_DEPTH)) u_residual (
        .clk(clk), .rst(rst), .here(res_here), .reserve(shift && takes_r), .take(res_take),
        .take_end(res_take_end), .data(res_head), .bad_last(r_bad), .drop(drained),
        .s_axis_tdata(s_axis_r_tdata), .s_axis_tvalid(s_axis_r_tvalid),
        .s_axis_tready(s_axis_r_tready), .s_axis_tlast(s_axis_r_tlast)
    );
    output_port #(.WIDTH(POUT * ACCW), .DEPTH(FIFO_DEPTH)) u_out_y (
        .clk(clk), .rst(rst), .room(y_room), .reserve(shift && puts_y),
        .push(out_valid && emit_y), .push_last(out_end), .push_data(y_word),
        .close(drained), .idle(y_idle), .taken(y_taken),
        .m_axis_tdata(m_axis_y_tdata), .m_axis_tvalid(m_axis_y_tvalid),
        .m_axis_tready(m_axis_y_tready), .m_axis_tlast(m_axis_y_tlast)
    );
    output_port #(.WIDTH(POUT * 8), .DEPTH(FIFO_DEPTH)) u_out_r (
        .clk(clk), .rst(rst), .room(q_room), .reserve(shift && puts_q),
        .push(out_valid && emit_res), .push_last(out_end), .push_data(word),
        .close(drained), .idle(q_idle), .taken(q_taken),
        .m_axis_tdata(m_axis_r_tdata), .m_axis_tvalid(m_axis_r_tvalid),
        .m_axis_tready(m_axis_r_tready), .m_axis_tlast(m_axis_r_tlast)
    );

    // ------------------------------------------------------------------ counters
    reg res_take_q, beat_w_q, busy_q;

    always @(posedge clk) begin
        res_take_q <= res_take && !rst;
        beat_w_q   <= beat_w && !rst;
        busy_q     <= busy && !rst;
    end

    // Events come a cycle late, and so does the clearing by config_start.
    engine_counters u_counters (
        .clk(clk), .rst(rst), .job_start(config_start), .running(busy_q),
        .events({q_taken, y_taken, res_take_q, beat_done, beat_w_q, step_events}),
        .cycles(cnt_cycles),
        .counts({cnt_beats_q, cnt_beats_y, cnt_beats_r, cnt_beats_a, cnt_beats_w, cnt_stall_y,
                 cnt_stall_r, cnt_stall_a, cnt_stall_w, cnt_busy})
    );
endmodule

`default_nettype wire
