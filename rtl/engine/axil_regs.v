// SPDX-License-Identifier: Apache-2.0
//
// axil_regs: the accelerator's registers behind AXI4-Lite. The registers themselves are in
// register_map (made from rtl/registers.toml, docs/registers.md has their meaning); here are the
// bus, the commands and what they leave in STATUS.
//
// Bus: AW and W come in any order, each waits in a register of its own; one write and one read are
// under way at a time, and they do not wait for each other. Ready and valid come from registers. A
// write needs all four bytes: a partial one is answered SLVERR and changes nothing, because half a
// CHANNEL_DATA2 would store half a channel.
//
// Engine: start (a cycle after its write) and clear are pulses. busy must be high in the cycle
// after a start that the engine took, done is a pulse at the end of a job. cfg_* and ch_* hold
// still while busy is high.
//
// Parameters
//   LANE, B, KMAX, PIN, POUT, LINE_DEPTH, PSUM_DEPTH, COUT_MAX, FIFO_DEPTH
//         as the engine's: read back by the driver, no part in what happens here
//   ACCW  bits of a sum, 1..70: a channel's parameters have ACCW + 26 bits
`default_nettype none

module axil_regs #(
    parameter LANE       = "P1",
    parameter B          = 4,
    parameter KMAX       = 3,
    parameter PIN        = 8,
    parameter POUT       = 8,
    parameter LINE_DEPTH = 256,
    parameter PSUM_DEPTH = 4096,
    parameter COUT_MAX   = 512,
    parameter FIFO_DEPTH = 64,
    parameter ACCW       = 30
) (
    input  wire             clk,
    input  wire             rst,
    output wire             irq,

    // AXI4-Lite
    input  wire [11:0]      s_axil_awaddr,
    input  wire [2:0]       s_axil_awprot,
    input  wire             s_axil_awvalid,
    output wire             s_axil_awready,
    input  wire [31:0]      s_axil_wdata,
    input  wire [3:0]       s_axil_wstrb,
    input  wire             s_axil_wvalid,
    output wire             s_axil_wready,
    output reg  [1:0]       s_axil_bresp,
    output reg              s_axil_bvalid,
    input  wire             s_axil_bready,
    input  wire [11:0]      s_axil_araddr,
    input  wire [2:0]       s_axil_arprot,
    input  wire             s_axil_arvalid,
    output wire             s_axil_arready,
    output reg  [31:0]      s_axil_rdata,
    output reg  [1:0]       s_axil_rresp,
    output reg              s_axil_rvalid,
    input  wire             s_axil_rready,

    // layer
    output wire [8:0]       cfg_h,
    output wire [8:0]       cfg_w,
    output wire [11:0]      cfg_cin,
    output wire [11:0]      cfg_cout,
    output wire [2:0]       cfg_k,
    output wire [1:0]       cfg_stride,
    output wire [1:0]       cfg_pad,
    output wire [1:0]       cfg_pad_top,
    output wire [1:0]       cfg_pad_bottom,
    output wire [15:0]      cfg_images,
    output wire             cfg_relu,
    output wire             cfg_res_in,
    output wire             cfg_emit_code,
    output wire             cfg_emit_res,
    output wire             cfg_raw,
    output wire [6:0]       cfg_proj_shift,
    output wire [6:0]       cfg_res_shift,
    output wire [6:0]       cfg_res_out_shift,

    // channel parameters {bias, term2, shift2, shift1}
    output wire             ch_we,
    output wire [11:0]      ch_addr,
    output wire [ACCW+25:0] ch_data,

    // control
    output reg              start,
    output wire             clear,
    input  wire             busy,
    input  wire             done,
    input  wire [7:0]       err,
    input  wire [11:0]      err_out_tile,
    input  wire [11:0]      err_in_tile,

    // counters
    input  wire [31:0]      cnt_cycles,
    input  wire [31:0]      cnt_busy,
    input  wire [31:0]      cnt_stall_w,
    input  wire [31:0]      cnt_stall_a,
    input  wire [31:0]      cnt_stall_r,
    input  wire [31:0]      cnt_stall_y,
    input  wire [31:0]      cnt_weights,
    input  wire [31:0]      cnt_beats_w,
    input  wire [31:0]      cnt_beats_a,
    input  wire [31:0]      cnt_beats_r,
    input  wire [31:0]      cnt_beats_y,
    input  wire [31:0]      cnt_beats_q
);
    localparam [1:0] OKAY = 2'b00, SLVERR = 2'b10;
    localparam [3:0] LANE_ID = (LANE == "P1") ? 4'd1 : (LANE == "S0") ? 4'd2
                               : (LANE == "S1") ? 4'd3 : (LANE == "M8") ? 4'd4
                               : (LANE == "P2") ? 4'd5 : 4'd6;

    generate
        if (LANE != "P1" && LANE != "S0" && LANE != "S1" && LANE != "M8" && LANE != "P2"
            && LANE != "P3") begin : g_illegal_lane
            illegal_parameter_axil_regs_lane stop_elaboration();
        end
        if (ACCW < 1 || ACCW > 70) begin : g_illegal_accw
            illegal_parameter_axil_regs_accw stop_elaboration();
        end
    endgenerate

    // ------------------------------------------------------------------ bus
    reg         open;               // low in reset, so that nothing is taken and then lost
    reg         aw_full, w_full, ar_full;
    reg  [9:0]  aw_word, ar_word;
    reg  [31:0] w_data;
    reg         w_whole;            // the write carries all its bytes
    wire        write_ok, write_refused, read_ok;
    wire [31:0] read_data;
    reg         write;              // a write is done
    reg         write_q;            // ... a cycle ago; what it started shows in its answer
    reg         fetch;              // the registers that a read asks for are there

    assign s_axil_awready = open && !aw_full;
    assign s_axil_wready  = open && !w_full;
    assign s_axil_arready = open && !ar_full;

    always @(posedge clk) begin
        open <= 1'b1;
        if (s_axil_awvalid && s_axil_awready) begin
            aw_full <= 1'b1;
            aw_word <= s_axil_awaddr[11:2];
        end
        if (s_axil_wvalid && s_axil_wready) begin
            w_full  <= 1'b1;
            w_data  <= s_axil_wdata;
            w_whole <= &s_axil_wstrb;
        end
        if (s_axil_bready) s_axil_bvalid <= 1'b0;
        write   <= aw_full && w_full && !write && !write_q && !s_axil_bvalid;
        write_q <= write;
        if (write_q) s_axil_bvalid <= 1'b1;
        if (write) begin
            aw_full      <= 1'b0;
            w_full       <= 1'b0;
            s_axil_bresp <= (write_ok && w_whole) ? OKAY : SLVERR;
        end
        if (s_axil_arvalid && s_axil_arready) begin
            ar_full <= 1'b1;
            ar_word <= s_axil_araddr[11:2];
        end
        if (s_axil_rready) s_axil_rvalid <= 1'b0;
        fetch <= ar_full && !fetch && !s_axil_rvalid;
        if (fetch) begin
            ar_full       <= 1'b0;
            s_axil_rvalid <= 1'b1;
            s_axil_rresp  <= read_ok ? OKAY : SLVERR;
            s_axil_rdata  <= read_data;
        end
        if (rst) begin
            open          <= 1'b0;
            aw_full       <= 1'b0;
            w_full        <= 1'b0;
            write         <= 1'b0;
            write_q       <= 1'b0;
            fetch         <= 1'b0;
            ar_full       <= 1'b0;
            s_axil_bvalid <= 1'b0;
            s_axil_rvalid <= 1'b0;
        end
    end

    // ------------------------------------------------------------------ commands
    // In the error state the engine is not busy and takes no start: that shows in the cycle after.
    wire command_start, command_clear;
    reg  busy_q;                    // good enough where a write asks: see u_map
    reg  started;                   // start was given in the cycle before
    reg  done_seen, refused_start, refused_write;
    wire accepted = started && busy;
    // Without the second term irq would outlive the answer to the write that starts the next job.
    wire ended    = done_seen && !accepted;

    assign clear = command_clear;
    assign irq   = ended;

    always @(posedge clk) begin
        busy_q  <= busy;
        start   <= command_start && !busy_q;
        started <= start;
        if (clear || accepted) begin
            done_seen     <= 1'b0;
            refused_start <= 1'b0;
            refused_write <= 1'b0;
        end
        if (done) done_seen <= 1'b1;
        if ((command_start && busy_q) || (started && !busy)) refused_start <= 1'b1;
        if (write_refused) refused_write <= 1'b1;
        if (rst) begin
            start         <= 1'b0;
            busy_q        <= 1'b0;
            started       <= 1'b0;
            done_seen     <= 1'b0;
            refused_start <= 1'b0;
            refused_write <= 1'b0;
        end
    end

    // ------------------------------------------------------------------ registers
    wire [31:0] data0, data1, data2;
    wire [95:0] channel = {data2, data1, data0};

    assign ch_data = channel[ACCW+25:0];

    // Two writes are at least three cycles apart, so none comes between a start and its busy.
    register_map u_map (
        .clk(clk), .rst(rst), .locked(busy_q),
        .write(write && w_whole), .write_word(aw_word), .write_data(w_data),
        .write_ok(write_ok), .write_refused(write_refused),
        .read_word(ar_word), .read_data(read_data), .read_ok(read_ok),
        .build_b(B[3:0]), .build_kmax(KMAX[3:0]), .build_pin(PIN[7:0]), .build_pout(POUT[7:0]),
        .build_lane(LANE_ID), .line_depth_width(LINE_DEPTH[8:0]),
        .psum_depth_positions(PSUM_DEPTH[16:0]), .cout_max_channels(COUT_MAX[11:0]),
        .fifo_depth_words(FIFO_DEPTH[10:0]),
        .control_start(command_start), .control_clear(command_clear),
        .status_busy(busy_q), .status_done(ended), .status_refused_start(refused_start),
        .status_refused_write(refused_write), .status_err(err),
        .error_tile_out_tile(err_out_tile), .error_tile_in_tile(err_in_tile),
        .map_h(cfg_h), .map_w(cfg_w), .channels_cin(cfg_cin), .channels_cout(cfg_cout),
        .kernel_k(cfg_k), .kernel_stride(cfg_stride), .kernel_pad(cfg_pad),
        .kernel_pad_top(cfg_pad_top), .kernel_pad_bottom(cfg_pad_bottom),
        .images_count(cfg_images), .mode_relu(cfg_relu), .mode_res_in(cfg_res_in),
        .mode_emit_code(cfg_emit_code), .mode_emit_res(cfg_emit_res), .mode_raw(cfg_raw),
        .shifts_proj(cfg_proj_shift), .shifts_res(cfg_res_shift),
        .shifts_res_out(cfg_res_out_shift), .channel_addr(ch_addr),
        .channel_data0_data(data0), .channel_data1_data(data1), .channel_data2_data(data2),
        .channel_data2_stored(ch_we),
        .cycles_count(cnt_cycles), .busy_count(cnt_busy), .stall_w_count(cnt_stall_w),
        .stall_a_count(cnt_stall_a), .stall_r_count(cnt_stall_r), .stall_y_count(cnt_stall_y),
        .weights_count(cnt_weights), .beats_w_count(cnt_beats_w), .beats_a_count(cnt_beats_a),
        .beats_r_count(cnt_beats_r), .beats_y_count(cnt_beats_y), .beats_q_count(cnt_beats_q)
    );

    // The bus has no secrets and 32-bit registers only; a narrow sum leaves channel bits over.
    wire unused = &{1'b0, s_axil_awprot, s_axil_arprot, s_axil_awaddr[1:0], s_axil_araddr[1:0],
                    channel};
endmodule

`default_nettype wire
