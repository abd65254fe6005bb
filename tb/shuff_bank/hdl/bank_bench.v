// SPDX-License-Identifier: Apache-2.0
// A weight bank (module bank_dut) between a player of words and a recorder of steps and verdicts. A
// job is a file of streams back to back; either edge of `go` starts one, `finished` says that all
// its streams were taken and judged and that 64 cycles went by in silence. Where nothing moves for
// hang_limit cycles, the job ends with `hung`.
//
// Parameters: the bank's; B = 8 for bytes.
`default_nettype none

module bank_bench #(
    parameter B    = 4,
    parameter PIN  = 8,
    parameter POUT = 8,
    parameter LMAX = 6
) (
    input  wire        clk,
    input  wire        rst,
    input  wire        go,
    input  wire [31:0] job,
    input  wire [31:0] seed,
    input  wire [7:0]  in_threshold,
    input  wire [7:0]  in_length,
    input  wire [7:0]  out_threshold,
    input  wire [7:0]  out_length,
    input  wire [31:0] hang_limit,
    output reg         finished,
    output reg         hung,
    output wire [31:0] dones,
    output wire [31:0] beats,        // steps of this job
    output wire        x_seen,       // the following are sticky over all jobs
    output wire        unstable,
    output wire        bad_busy,
    output wire        bad_status,
    output wire        bad_done,
    output wire        file_failed
);
    localparam WBITS = (POUT > 8) ? 4 * POUT : 32;
    localparam WIDTH = POUT * B;

    wire [WBITS-1:0] w_data;
    wire         w_valid, w_ready, w_last, player_idle, player_failed;
    wire [WIDTH-1:0] m_data;
    wire         m_valid, m_ready, m_last, done, busy, balanced, recorder_failed;
    wire [7:0]   status;
    wire         in_x, in_unstable, out_x, out_unstable;
    reg          go_seen, running;
    reg  [31:0]  quiet;

    wire load  = go != go_seen && !rst;
    wire moved = (w_valid && w_ready) || (m_valid && m_ready) || done;
    wire over  = player_idle && balanced && !m_valid;
    wire close = running && ((over && quiet == 32'd64) || quiet == hang_limit);

    initial begin
        go_seen  = 1'b0;
        running  = 1'b0;
        finished = 1'b0;
        hung     = 1'b0;
        quiet    = 32'd0;
    end

    always @(posedge clk) begin
        go_seen <= go;
        quiet   <= (moved || !running) ? 32'd0 : quiet + 32'd1;
        if (close) begin
            running  <= 1'b0;
            finished <= 1'b1;
            hung     <= !over;
        end
        if (load) begin
            running  <= 1'b1;
            finished <= 1'b0;
            hung     <= 1'b0;
            quiet    <= 32'd0;
        end
        if (rst) begin
            running  <= 1'b0;
            finished <= 1'b0;
        end
    end

    axis_player #(.BYTES(WBITS / 8), .STREAM("w"), .SALT(32'd1)) player (
        .clk(clk), .rst(rst), .load(load), .job(job), .seed(seed),
        .stall_threshold(in_threshold), .stall_length(in_length),
        .m_axis_tdata(w_data), .m_axis_tvalid(w_valid), .m_axis_tready(w_ready),
        .m_axis_tlast(w_last), .idle(player_idle), .failed(player_failed)
    );

    bank_dut #(.B(B), .PIN(PIN), .POUT(POUT), .LMAX(LMAX)) dut (
        .clk(clk), .rst(rst),
        .s_axis_w_tdata(w_data), .s_axis_w_tvalid(w_valid), .s_axis_w_tready(w_ready),
        .s_axis_w_tlast(w_last),
        .m_axis_tdata(m_data), .m_axis_tvalid(m_valid), .m_axis_tready(m_ready),
        .m_axis_tlast(m_last), .done(done), .status(status), .busy(busy)
    );

    shuff_recorder #(.WIDTH(WIDTH), .SALT(32'd2)) recorder (
        .clk(clk), .rst(rst), .load(load), .close(close), .job(job), .seed(seed),
        .stall_threshold(out_threshold), .stall_length(out_length),
        .w_valid(w_valid), .w_ready(w_ready), .w_last(w_last),
        .s_axis_tdata(m_data), .s_axis_tvalid(m_valid), .s_axis_tready(m_ready),
        .s_axis_tlast(m_last), .done(done), .status(status), .busy(busy),
        .balanced(balanced), .dones(dones), .bad_busy(bad_busy), .bad_status(bad_status),
        .bad_done(bad_done), .failed(recorder_failed)
    );

    // Counters are not used on the input side: its stalls are the player's own.
    wire [31:0] in_beats, in_blocked, in_starved, out_blocked, out_starved;
    axis_watch #(.WIDTH(WBITS + 1)) in_watch (
        .clk(clk), .rst(rst), .load(load), .active(1'b0), .payload({w_last, w_data}),
        .valid(w_valid), .ready(w_ready), .beats(in_beats), .blocked(in_blocked),
        .starved(in_starved), .xseen(in_x), .unstable(in_unstable)
    );
    axis_watch #(.WIDTH(WIDTH + 1)) out_watch (
        .clk(clk), .rst(rst), .load(load), .active(1'b0), .payload({m_last, m_data}),
        .valid(m_valid), .ready(m_ready), .beats(beats), .blocked(out_blocked),
        .starved(out_starved), .xseen(out_x), .unstable(out_unstable)
    );

    assign x_seen      = in_x || out_x;
    assign unstable    = in_unstable || out_unstable;
    assign file_failed = player_failed || recorder_failed;
    wire unused = &{1'b0, in_beats, in_blocked, in_starved, out_blocked, out_starved};
endmodule

`default_nettype wire
