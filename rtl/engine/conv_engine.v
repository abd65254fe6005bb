// SPDX-License-Identifier: Apache-2.0
//
// conv_engine: a weight-stationary convolution engine; the lanes decide how products are made.
//
//   s_axis_w -> shuff_decoder -> weight_loader -> lane_bank (shadow | active)
//   s_axis_a -> line_buffer -> window, masked -> lane_bank -> psum_buffer -> post_process -> m_axis_y
//   s_axis_r -> fifo -------------------------------------------------------^          `-> m_axis_r
//
// A tile of KMAX^2 x PIN x POUT lanes holds its weights while all pixels of all images pass; the
// weights of the next tile decode in its shadow; sums over input-channel tiles wait on chip. A job
// is one layer, with its images as a batch. Streams (docs/formats.md has them in full):
//   w  one S-Huff stream for the layer
//   a  for each output tile, for each input tile: images x H x W beats of PIN activations;
//      TLAST at the end of each output tile's round
//   r  residual in, only with cfg_res_in: for each output tile images x OH x OW beats, TLAST so too
//   y  out: codes packed in the low POUT*B bits, or POUT raw sums; beats and TLAST as r
//   r  out: signed 8-bit words, only with cfg_emit_res
//
// Channel parameters go in through ch_* while the engine is idle. cfg_* are sampled at `start`.
// `done` pulses at the end; `err` then is 0 or says why (layer_config, docs/formats.md). After a
// run-time error the inputs are dropped until `clear` and an output transfer that was cut short is
// closed by one beat of zeros with TLAST; the engine is ready again when the weight stream and the
// outputs have been taken.
//
// Flow control: nothing after the window ever stalls. A position is started only when there is room
// for its outputs in the FIFOs and its residual word is there, so the pipeline needs no enable.
//
// Cycles (cnt_cycles, from the one after `start` to the one in which the job ends), with
// L = LATENCY = 1 + ceil(ceil(log2(KMAX*KMAX*PIN)) / 2), the lanes' latency:
//   check    k - pad + 2, and OH + images + 2 more when cin > PIN
//   a pass   1 + its shifts (scan_control) + drain; drain = max(0, L + 4 - slack), and 4 more in
//            an output tile's last pass, where slack = shifts after the pass's last position.
//            The job's last pass has no drain but the finish.
//   finish   L + 10 - slack, at least 1, when outputs are taken at once and the stream is good
// plus cnt_stall_w. This is exact as long as a, r and the outputs never stall.
//
// Parameters
//   LANE        "P1" P-LUT, "S0" shift on the same codes, "S1" shift with 8-bit activations
//   B           weight code bits, 3..5 (2 works too)
//   KMAX        largest kernel, 1, 3, 5, 7
//   PIN, POUT   channels a beat: 1..64; power of two, 1..64
//   LINE_DEPTH  widest map, 1..256             PSUM_DEPTH  output positions held, 2..65536
//   COUT_MAX    most output channels, 1..2048  FIFO_DEPTH  power of two, 32..1024
//   PLUT_FILE   product table for P1, made by golden.plut
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
    // Derived; do not override.
    parameter LEVELS     = (1 << (B - 1)) - 1,                               // non-zero magnitudes
    parameter AB         = (LANE == "S1") ? 8 : B,                           // activation bits
    parameter PRODW      = (LANE == "S1") ? LEVELS + 7 : 2 * LEVELS - 1,     // product magnitude
    parameter ACCW       = PRODW + ((LANE == "S1") ? 18 : 17)                // 2048 x 7 x 7 products
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
    input  wire [1:0]            cfg_pad,
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

    // weights
    input  wire [31:0]           s_axis_w_tdata,
    input  wire                  s_axis_w_tvalid,
    output wire                  s_axis_w_tready,
    input  wire                  s_axis_w_tlast,

    // activations
    input  wire [PIN*AB-1:0]     s_axis_a_tdata,
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
    output wire [31:0]           cnt_stall_w,
    output wire [31:0]           cnt_stall_a,
    output wire [31:0]           cnt_stall_r,
    output wire [31:0]           cnt_stall_y,
    output wire [31:0]           cnt_weights,
    output wire [31:0]           cnt_beats_a,
    output wire [31:0]           cnt_beats_y
);
    localparam TAPS    = KMAX * KMAX;
    localparam N       = TAPS * PIN;                          // products of one dot product
    localparam NLOG    = $clog2(N);
    localparam SUMW    = PRODW + 1 + NLOG;
    localparam LATENCY = 1 + (NLOG + 1) / 2;                  // of every lane, see lane_bank
    localparam TW      = ACCW + 18;
    localparam BIASW   = ACCW + 16;
    localparam TAPW    = (NLOG > 0) ? NLOG : 1;
    localparam OUTW    = (POUT > 1) ? $clog2(POUT) : 1;
    localparam PIXEL   = PIN * AB;
    localparam [7:0] ERR_A_TLAST = 8'd21, ERR_R_TLAST = 8'd22;

    // ------------------------------------------------------------------ layer and passes
    wire        config_start, config_ready, config_bad;
    wire [7:0]  config_code;
    wire [8:0]  h, w, oh, ow;
    wire [11:0] cin, cout, out_base, tile;
    wire [2:0]  k;
    wire        stride2, relu, res_in, emit_code, emit_res, raw;
    wire [1:0]  pad;
    wire [15:0] images;
    wire [6:0]  proj_shift, res_shift, res_out_shift;
    wire [10:0] lead;
    wire        emit_y = raw || emit_code;
    wire        job_start, pass_start, swap, first, last, running, waiting, in_error;
    wire        pipe_empty, outputs_taken, weights_full, weights_good, weights_idle;
    wire        run_error, shift;
    wire [7:0]  run_code;
    wire        need_in, in_last, produces, produces_last, pass_end;
    wire [KMAX-1:0] row_ok, col_ok;

    layer_config #(
        .KMAX(KMAX), .PIN(PIN), .LINE_DEPTH(LINE_DEPTH), .PSUM_DEPTH(PSUM_DEPTH),
        .COUT_MAX(COUT_MAX), .ACCW(ACCW), .TW(TW)
    ) u_config (
        .clk(clk), .rst(rst), .start(config_start), .ready(config_ready), .bad(config_bad),
        .bad_code(config_code),
        .cfg_h(cfg_h), .cfg_w(cfg_w), .cfg_cin(cfg_cin), .cfg_cout(cfg_cout), .cfg_k(cfg_k),
        .cfg_stride(cfg_stride), .cfg_pad(cfg_pad), .cfg_images(cfg_images), .cfg_relu(cfg_relu),
        .cfg_res_in(cfg_res_in), .cfg_emit_code(cfg_emit_code), .cfg_emit_res(cfg_emit_res),
        .cfg_raw(cfg_raw), .cfg_proj_shift(cfg_proj_shift), .cfg_res_shift(cfg_res_shift),
        .cfg_res_out_shift(cfg_res_out_shift),
        .h(h), .w(w), .cin(cin), .cout(cout), .k(k), .stride2(stride2), .pad(pad),
        .images(images), .relu(relu), .res_in(res_in), .emit_code(emit_code),
        .emit_res(emit_res), .raw(raw), .proj_shift(proj_shift), .res_shift(res_shift),
        .res_out_shift(res_out_shift), .oh(oh), .ow(ow), .lead(lead)
    );

    tile_control #(.PIN(PIN), .POUT(POUT)) u_tiles (
        .clk(clk), .rst(rst), .start(start), .clear(clear), .busy(busy), .done(done), .err(err),
        .config_start(config_start), .config_ready(config_ready), .config_bad(config_bad),
        .config_code(config_code), .cin(cin), .cout(cout),
        .job_start(job_start), .pass_start(pass_start), .swap(swap), .first(first), .last(last),
        .out_base(out_base), .tile(tile), .running(running), .pass_end(shift && pass_end),
        .weights_full(weights_full), .pipe_empty(pipe_empty), .outputs_taken(outputs_taken),
        .weights_good(weights_good), .weights_idle(weights_idle), .run_error(run_error),
        .run_code(run_code), .in_error(in_error), .waiting(waiting)
    );

    scan_control #(.KMAX(KMAX)) u_scan (
        .clk(clk), .rst(rst), .pass_start(pass_start), .shift(shift),
        .h(h), .w(w), .k(k), .stride2(stride2), .pad(pad), .images(images), .oh(oh), .ow(ow),
        .lead(lead), .need_in(need_in), .in_last(in_last), .produces(produces),
        .produces_last(produces_last), .pass_end(pass_end), .row_ok(row_ok), .col_ok(col_ok)
    );

    // ------------------------------------------------------------------ weights
    wire [B-1:0]    w_code;
    wire            we, w_error;
    wire [7:0]      w_error_code;
    wire [OUTW-1:0] we_out;
    wire [TAPW-1:0] we_tap;

    weight_path #(
        .B(B), .KMAX(KMAX), .PIN(PIN), .POUT(POUT), .TAPW(TAPW), .OUTW(OUTW)
    ) u_weights (
        .clk(clk), .rst(rst), .job_start(job_start), .open(config_ready), .flush(in_error),
        .swap(swap), .cin(cin), .cout(cout), .k(k),
        .full(weights_full), .good(weights_good), .idle(weights_idle), .error(w_error),
        .error_code(w_error_code), .count(cnt_weights),
        .we(we), .we_out(we_out), .we_tap(we_tap), .code(w_code),
        .s_axis_w_tdata(s_axis_w_tdata), .s_axis_w_tvalid(s_axis_w_tvalid),
        .s_axis_w_tready(s_axis_w_tready), .s_axis_w_tlast(s_axis_w_tlast)
    );

    // ------------------------------------------------------------------ pixels to window
    wire [PIXEL:0] a_word;
    wire           a_valid, a_ready;
    wire           y_room, q_room, res_here;
    wire           puts_out = produces && last;      // this step needs room and a residual word
    wire           out_ok = !puts_out || ((y_room || !emit_y) && (q_room || !emit_res));
    wire           res_ok = !puts_out || res_here || !res_in;
    wire           go     = running && out_ok && res_ok;

    axis_skid #(.WIDTH(PIXEL + 1)) u_skid_a (
        .clk(clk), .rst(rst),
        .s_axis_tdata({s_axis_a_tlast, s_axis_a_tdata}), .s_axis_tvalid(s_axis_a_tvalid),
        .s_axis_tready(s_axis_a_tready),
        .m_axis_tdata(a_word), .m_axis_tvalid(a_valid), .m_axis_tready(a_ready)
    );
    assign a_ready = (go && need_in) || in_error;
    assign shift   = go && (a_valid || !need_in);
    wire   issue   = shift && produces;
    wire   issue_out = issue && last;

    wire [TAPS*PIXEL-1:0] window, masked;
    line_buffer #(.KMAX(KMAX), .PIXEL(PIXEL), .LINE_DEPTH(LINE_DEPTH)) u_lines (
        .clk(clk), .pass_start(pass_start), .shift(shift), .width(w),
        .pixel(a_word[PIXEL-1:0]), .window(window)
    );

    reg [KMAX-1:0]        row_q, col_q;
    reg [TAPS*PIXEL-1:0]  taps;             // what the lanes see; held between positions
    reg [LATENCY+1:0]     valid_q, end_q;   // window, taps, then the lanes
    genvar ty, tx;
    generate
        for (ty = 0; ty < KMAX; ty = ty + 1) begin : g_ty
            for (tx = 0; tx < KMAX; tx = tx + 1) begin : g_tx
                localparam AT = (ty * KMAX + tx) * PIXEL;
                assign masked[AT +: PIXEL] = window[AT +: PIXEL] & {PIXEL{row_q[ty] && col_q[tx]}};
            end
        end
    endgenerate

    always @(posedge clk) begin
        if (shift) begin
            row_q <= row_ok;
            col_q <= col_ok;
        end
        if (valid_q[0]) taps <= masked;
        end_q   <= {end_q[LATENCY:0], produces_last};
        valid_q <= rst ? {(LATENCY+2){1'b0}} : {valid_q[LATENCY:0], issue};
    end

    // ------------------------------------------------------------------ dot products and sums
    wire [POUT*SUMW-1:0] sums;
    wire [POUT*ACCW-1:0] acc;
    wire                 stored, acc_valid, acc_end;

    lane_bank #(
        .LANE(LANE), .B(B), .KMAX(KMAX), .PIN(PIN), .POUT(POUT), .PLUT_FILE(PLUT_FILE)
    ) u_lanes (
        .clk(clk), .rst(rst), .w_we(we), .w_out(we_out), .w_tap(we_tap), .w_code(w_code),
        .w_swap(swap), .a(taps), .sums(sums)
    );

    psum_buffer #(.POUT(POUT), .SUMW(SUMW), .ACCW(ACCW), .PSUM_DEPTH(PSUM_DEPTH)) u_psum (
        .clk(clk), .rst(rst), .pass_start(pass_start), .first(first), .last(last),
        .sum_valid(valid_q[LATENCY+1]), .sum_end(end_q[LATENCY+1]), .sum(sums),
        .stored(stored), .acc_valid(acc_valid), .acc_end(acc_end), .acc(acc)
    );

    // ------------------------------------------------------------------ layer arithmetic
    wire [POUT*(BIASW+10)-1:0] params;
    wire [POUT-1:0]       lane_on;
    reg                   load_params;
    wire                  res_take, res_take_end, out_valid, out_end;
    wire [POUT*8-1:0]     res_head;
    wire [POUT*B-1:0]     code;
    wire [POUT*8-1:0]     word;
    wire [POUT*ACCW-1:0]  raw_sums;

    always @(posedge clk) load_params <= pass_start;   // the tile was selected a cycle earlier

    chan_params #(.POUT(POUT), .COUT_MAX(COUT_MAX), .DATAW(BIASW + 10)) u_params (
        .clk(clk), .we(ch_we), .addr(ch_addr), .data(ch_data), .tile(tile), .load(load_params),
        .params(params)
    );

    genvar o;
    generate
        for (o = 0; o < POUT; o = o + 1) begin : g_lane_on
            localparam [11:0] O_12 = o[11:0];
            assign lane_on[o] = out_base + O_12 < cout;
        end
    endgenerate

    post_process #(.B(B), .POUT(POUT), .ACCW(ACCW), .TW(TW), .BIASW(BIASW)) u_post (
        .clk(clk), .rst(rst), .acc_valid(acc_valid), .acc_end(acc_end), .acc(acc),
        .params(params), .lane_on(lane_on), .relu(relu), .res_in(res_in),
        .proj_shift(proj_shift), .res_shift(res_shift), .res_out_shift(res_out_shift),
        .res_take(res_take), .res_take_end(res_take_end), .res(res_head),
        .out_valid(out_valid), .out_end(out_end), .code(code), .word(word), .raw(raw_sums)
    );

    // ------------------------------------------------------------------ residual in, outputs
    wire r_bad, y_idle, q_idle, y_taken, q_taken;
    wire after_error = in_error && pipe_empty;
    wire [POUT*ACCW-1:0] y_word = raw ? raw_sums : {{(POUT*(ACCW-B)){1'b0}}, code};

    residual_port #(.WIDTH(POUT * 8), .DEPTH(FIFO_DEPTH)) u_residual (
        .clk(clk), .rst(rst), .here(res_here), .reserve(issue_out && res_in), .take(res_take),
        .take_end(res_take_end), .data(res_head), .bad_last(r_bad), .drop(after_error),
        .s_axis_tdata(s_axis_r_tdata), .s_axis_tvalid(s_axis_r_tvalid),
        .s_axis_tready(s_axis_r_tready), .s_axis_tlast(s_axis_r_tlast)
    );
    output_port #(.WIDTH(POUT * ACCW), .DEPTH(FIFO_DEPTH)) u_out_y (
        .clk(clk), .rst(rst), .room(y_room), .reserve(issue_out && emit_y),
        .push(out_valid && emit_y), .push_last(out_end), .push_data(y_word),
        .close(after_error), .idle(y_idle), .taken(y_taken),
        .m_axis_tdata(m_axis_y_tdata), .m_axis_tvalid(m_axis_y_tvalid),
        .m_axis_tready(m_axis_y_tready), .m_axis_tlast(m_axis_y_tlast)
    );
    output_port #(.WIDTH(POUT * 8), .DEPTH(FIFO_DEPTH)) u_out_r (
        .clk(clk), .rst(rst), .room(q_room), .reserve(issue_out && emit_res),
        .push(out_valid && emit_res), .push_last(out_end), .push_data(word),
        .close(after_error), .idle(q_idle), .taken(q_taken),
        .m_axis_tdata(m_axis_r_tdata), .m_axis_tvalid(m_axis_r_tvalid),
        .m_axis_tready(m_axis_r_tready), .m_axis_tlast(m_axis_r_tlast)
    );

    // ------------------------------------------------------------------ errors, counters
    // A pixel beat carries TLAST exactly when it is the last one of an output tile's last pass.
    reg [7:0] in_flight;       // positions issued and not yet stored or put out
    wire      a_bad = shift && need_in && a_word[PIXEL] != (in_last && last);

    assign pipe_empty    = in_flight == 0;
    assign outputs_taken = y_idle && q_idle;
    assign run_error     = w_error || a_bad || r_bad;
    assign run_code      = w_error ? w_error_code : a_bad ? ERR_A_TLAST : ERR_R_TLAST;

    always @(posedge clk) begin
        in_flight <= in_flight + {7'd0, issue} - {7'd0, stored || out_valid};
        if (rst) in_flight <= 8'd0;
    end

    engine_counters u_counters (
        .clk(clk), .rst(rst), .job_start(job_start), .busy(busy),
        .stall_w(waiting),
        .stall_y(running && !out_ok),
        .stall_r(running && out_ok && !res_ok),
        .stall_a(go && need_in && !a_valid),
        .beat_a(shift && need_in), .beat_y(y_taken || q_taken),
        .cnt_cycles(cnt_cycles), .cnt_stall_w(cnt_stall_w), .cnt_stall_a(cnt_stall_a),
        .cnt_stall_r(cnt_stall_r), .cnt_stall_y(cnt_stall_y), .cnt_beats_a(cnt_beats_a),
        .cnt_beats_y(cnt_beats_y)
    );

    generate
        if (LANE != "P1" && LANE != "S0" && LANE != "S1") begin : g_illegal_lane
            illegal_parameter_LANE_is_P1_S0_or_S1 stop_elaboration ();
        end
        if (B < 2 || B > 5) begin : g_illegal_b
            illegal_parameter_B_is_2_to_5 stop_elaboration ();
        end
    endgenerate
endmodule

`default_nettype wire
