// SPDX-License-Identifier: Apache-2.0
// The bench's own parts on trial: player -> axis_fifo -> recorder, a watch on either side, run by
// the job sequencer. Between FIFO and recorder one beat can be damaged on purpose, to see who
// notices.
//
// Parameters
//   DEPTH  words of the FIFO, as axis_fifo       BYTES  bytes of a beat, 1 or more
`default_nettype none

module player_bench #(
    parameter DEPTH = 16,
    parameter BYTES = 5
) (
    input  wire        clk,
    input  wire        rst,
    input  wire        go,
    input  wire [31:0] job,
    input  wire [31:0] seed,
    input  wire [7:0]  stall_in,
    input  wire [7:0]  stall_out,
    input  wire [7:0]  stall_length,
    input  wire [2:0]  fault,          // see below
    input  wire [31:0] fault_at,       // beat that it strikes
    output wire        finished,
    output wire        hung,
    output wire [31:0] run_cycles,
    output wire        idle,
    output wire [1:0]  failed,         // {recorder, player}
    output wire        stray,
    output wire [63:0] beats,          // {out, in}
    output wire [63:0] blocked,
    output wire [63:0] starved,
    output wire [1:0]  xseen,
    output wire [1:0]  unstable
);
    localparam [2:0] FLIP = 3'd1, DROP = 3'd2, REPEAT = 3'd3, RETRACT = 3'd4, UNKNOWN = 3'd5,
                     LATE = 3'd6, CHANGE = 3'd7;
    localparam W = 8 * BYTES + 1;

    wire [W-1:0]           in_beat, mid_beat, out_beat;
    wire                   in_valid, in_ready, mid_valid, mid_ready, out_valid, out_ready;
    wire                   load, start, close, active;
    wire [7:0]             dones;
    wire [$clog2(DEPTH):0] count;
    reg                    running, late, retracted, repeated;
    reg  [31:0]            taken;

    // The job is done when all is played and taken.
    wire drained = idle && !mid_valid && !in_valid;
    wire done    = running && drained;
    always @(posedge clk) begin
        running <= !rst && (start || running && !drained);
        late    <= !rst && close && fault == LATE;
        taken   <= load ? 32'd0 : taken + {31'd0, mid_valid && mid_ready};
        if (rst || load) {retracted, repeated} <= 2'b00;
        else begin
            retracted <= retracted || pull_back && was_offered;
            repeated  <= strikes && fault == REPEAT && out_ready && !repeated;
        end
        if (rst) taken <= 32'd0;
    end

    wire strikes   = mid_valid && taken == fault_at;
    wire pull_back = strikes && fault == RETRACT && !out_ready;
    reg  was_offered;
    always @(posedge clk) was_offered <= mid_valid && !out_ready && taken == fault_at;

    assign out_valid = late || mid_valid && !(strikes && fault == DROP)
                                         && !(pull_back && was_offered && !retracted);
    assign mid_ready = out_ready && !(strikes && fault == REPEAT && !repeated);
    assign out_beat  = (strikes && fault == FLIP)    ? mid_beat ^ {{(W-1){1'b0}}, 1'b1} :
                       (strikes && fault == UNKNOWN) ? {mid_beat[W-1:1], 1'bx} :
                       (strikes && fault == CHANGE && was_offered) ? ~mid_beat : mid_beat;

    job_sequencer sequencer (
        .clk(clk), .rst(rst), .go(go), .repeats(8'd1), .hang_limit(32'd100000),
        .cycle_limit(32'hFFFFFFFF),
        .setup_idle(1'b1), .moved(in_valid && in_ready || out_valid && out_ready),
        .out_valid(out_valid), .done(done), .load(load), .start(start), .close(close),
        .active(active), .finished(finished), .hung(hung), .dones(dones), .run_cycles(run_cycles));

    axis_player #(.BYTES(BYTES), .STREAM("in"), .SALT(11)) player (
        .clk(clk), .rst(rst), .load(load), .job(job), .seed(seed), .stall_threshold(stall_in),
        .stall_length(stall_length), .m_axis_tdata(in_beat[W-2:0]), .m_axis_tvalid(in_valid),
        .m_axis_tready(in_ready), .m_axis_tlast(in_beat[W-1]), .idle(idle), .failed(failed[0]));

    axis_watch #(.WIDTH(W)) watch_in (
        .clk(clk), .rst(rst), .load(load), .active(active), .payload(in_beat), .valid(in_valid),
        .ready(in_ready), .beats(beats[31:0]), .blocked(blocked[31:0]), .starved(starved[31:0]),
        .xseen(xseen[0]), .unstable(unstable[0]));

    axis_fifo #(.WIDTH(W), .DEPTH(DEPTH)) dut (
        .clk(clk), .rst(rst), .s_axis_tdata(in_beat), .s_axis_tvalid(in_valid),
        .s_axis_tready(in_ready), .m_axis_tdata(mid_beat), .m_axis_tvalid(mid_valid),
        .m_axis_tready(mid_ready), .count(count));

    axis_watch #(.WIDTH(W)) watch_out (
        .clk(clk), .rst(rst), .load(load), .active(active), .payload(out_beat), .valid(out_valid),
        .ready(out_ready), .beats(beats[63:32]), .blocked(blocked[63:32]),
        .starved(starved[63:32]), .xseen(xseen[1]), .unstable(unstable[1]));

    axis_recorder #(.BYTES(BYTES), .STREAM("out"), .SALT(12)) recorder (
        .clk(clk), .rst(rst), .load(load), .close(close), .job(job), .seed(seed),
        .stall_threshold(stall_out), .stall_length(stall_length), .s_axis_tdata(out_beat[W-2:0]),
        .s_axis_tvalid(out_valid), .s_axis_tready(out_ready), .s_axis_tlast(out_beat[W-1]),
        .stray(stray), .failed(failed[1]));

    wire unused = &{1'b0, count, dones};
endmodule

`default_nettype wire
