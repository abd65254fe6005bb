// SPDX-License-Identifier: Apache-2.0
// One accelerator of the network bench: register player, players at its inputs, gated recorders at
// its outputs. A change of a bit of `go` starts that player or recorder (x: the register accesses);
// `wake` rises when one of the watched is through, or when nothing has moved for
// quiet_limit cycles. No Python runs in between.
//
// Files: <DATA>/<NAME>_{w,a,r,x}_<job>.bin are played, _{y,q}_ and x's answers _x_log_ recorded.
//
// Parameters: NAME prefix of the files; LANE decides the module: "P1", "P2", "P3" plut_conv,
// "S0", "S1" shift_conv, "M8" mac_conv; the others are that module's.
`default_nettype none

module network_device #(
    parameter NAME       = "main",
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
    parameter MAP        = "none"
) (
    input  wire        clk,
    input  wire        rst,
    input  wire [5:0]  go,            // {q, y, x, r, a, w}: either edge starts
    input  wire        arm,           // either edge: `wake` falls and may rise again
    input  wire        abort,         // while high: players and recorders stop
    input  wire [31:0] job,           // number in the file names, taken when a bit of go changes
    input  wire [31:0] want_y,        // transfers to record
    input  wire [31:0] want_q,
    input  wire [5:0]  watch,
    input  wire [31:0] quiet_limit,
    output wire [5:0]  idle,
    output reg         wake,
    output wire [31:0] cycles,        // of this clock, since the simulation began
    output wire        irq,
    output wire        refused,       // an access of the last script was answered with an error
    output wire [5:0]  failed,        // {q, y, x, r, a, w}: no file, or a cut one
    output wire [4:0]  xseen,         // {q, y, r, a, w}
    output wire [4:0]  unstable
);
    localparam AB     = (LANE == "S1" || LANE == "M8") ? 8 : B;
    localparam A_BITS = bus(4 * PIN * AB);
    localparam Y_BITS = bus(4 * POUT * B);
    localparam W_BITS = (POUT <= 8) ? 32 : 4 * POUT;
    localparam R_BITS = 8 * POUT;

    // the power of two from 32 up that holds so many bits
    function integer bus(input integer bits);
        begin
            bus = 32;
            while (bus < bits) bus = 2 * bus;
        end
    endfunction

    // ---- what starts ----
    reg  [5:0] go_seen;
    reg        arm_seen;
    wire [5:0] load = (go ^ go_seen) & {6{!rst}};
    reg  [31:0] count;
    assign cycles = count;
    initial begin
        go_seen  = 6'd0;
        arm_seen = 1'b0;
        count    = 32'd0;
        wake     = 1'b0;
    end
    always @(posedge clk) begin
        go_seen  <= go;
        arm_seen <= arm;
        count    <= count + 32'd1;
    end

    // ---- streams: {q, y, r, a, w} ----
    wire [W_BITS-1:0] w_data;
    wire [A_BITS-1:0] a_data;
    wire [R_BITS-1:0] r_data;
    wire [Y_BITS-1:0] y_data;
    wire [R_BITS-1:0] q_data;
    wire [4:0]        valid, ready, last;
    wire              stop = rst || abort;

    axis_player #(.BYTES(W_BITS/8), .STREAM({NAME, "_w"}), .SALT(1)) play_w (
        .clk(clk), .rst(stop), .load(load[0]), .job(job), .seed(32'd1), .stall_threshold(8'd0),
        .stall_length(8'd0), .m_axis_tdata(w_data), .m_axis_tvalid(valid[0]),
        .m_axis_tready(ready[0]), .m_axis_tlast(last[0]), .idle(idle[0]), .failed(failed[0]));
    axis_player #(.BYTES(A_BITS/8), .STREAM({NAME, "_a"}), .SALT(2)) play_a (
        .clk(clk), .rst(stop), .load(load[1]), .job(job), .seed(32'd1), .stall_threshold(8'd0),
        .stall_length(8'd0), .m_axis_tdata(a_data), .m_axis_tvalid(valid[1]),
        .m_axis_tready(ready[1]), .m_axis_tlast(last[1]), .idle(idle[1]), .failed(failed[1]));
    axis_player #(.BYTES(R_BITS/8), .STREAM({NAME, "_r"}), .SALT(3)) play_r (
        .clk(clk), .rst(stop), .load(load[2]), .job(job), .seed(32'd1), .stall_threshold(8'd0),
        .stall_length(8'd0), .m_axis_tdata(r_data), .m_axis_tvalid(valid[2]),
        .m_axis_tready(ready[2]), .m_axis_tlast(last[2]), .idle(idle[2]), .failed(failed[2]));

    wire [1:0] take, gate_ready, close, stray;
    stream_gate gate_y (
        .clk(clk), .rst(rst), .load(load[4]), .abort(abort), .want(want_y), .valid(valid[3]),
        .last(last[3]), .ready(ready[3]), .recorder_ready(gate_ready[0]), .take(take[0]),
        .close(close[0]), .idle(idle[4]));
    stream_gate gate_q (
        .clk(clk), .rst(rst), .load(load[5]), .abort(abort), .want(want_q), .valid(valid[4]),
        .last(last[4]), .ready(ready[4]), .recorder_ready(gate_ready[1]), .take(take[1]),
        .close(close[1]), .idle(idle[5]));
    axis_recorder #(.BYTES(Y_BITS/8), .STREAM({NAME, "_y"}), .SALT(5)) record_y (
        .clk(clk), .rst(rst), .load(load[4]), .close(close[0]), .job(job), .seed(32'd1),
        .stall_threshold(8'd0), .stall_length(8'd0), .s_axis_tdata(y_data),
        .s_axis_tvalid(take[0]), .s_axis_tready(gate_ready[0]), .s_axis_tlast(last[3]),
        .stray(stray[0]), .failed(failed[4]));
    axis_recorder #(.BYTES(R_BITS/8), .STREAM({NAME, "_q"}), .SALT(6)) record_q (
        .clk(clk), .rst(rst), .load(load[5]), .close(close[1]), .job(job), .seed(32'd1),
        .stall_threshold(8'd0), .stall_length(8'd0), .s_axis_tdata(q_data),
        .s_axis_tvalid(take[1]), .s_axis_tready(gate_ready[1]), .s_axis_tlast(last[4]),
        .stray(stray[1]), .failed(failed[5]));

    // Only outputs: what the players do is known, and an aborted one may take its valid back.
    wire [63:0] beats_y, blocked_y, starved_y;
    wire [63:0] beats_q, blocked_q, starved_q;
    assign xseen[2:0]    = 3'b000;
    assign unstable[2:0] = 3'b000;
    axis_watch #(.WIDTH(Y_BITS+1)) watch_y (
        .clk(clk), .rst(rst), .load(1'b0), .active(1'b0), .payload({last[3], y_data}),
        .valid(valid[3]), .ready(ready[3]), .beats(beats_y[31:0]), .blocked(blocked_y[31:0]),
        .starved(starved_y[31:0]), .xseen(xseen[3]), .unstable(unstable[3]));
    axis_watch #(.WIDTH(R_BITS+1)) watch_q (
        .clk(clk), .rst(rst), .load(1'b0), .active(1'b0), .payload({last[4], q_data}),
        .valid(valid[4]), .ready(ready[4]), .beats(beats_q[31:0]), .blocked(blocked_q[31:0]),
        .starved(starved_q[31:0]), .xseen(xseen[4]), .unstable(unstable[4]));
    assign {beats_y[63:32], blocked_y[63:32], starved_y[63:32]} = 96'd0;
    assign {beats_q[63:32], blocked_q[63:32], starved_q[63:32]} = 96'd0;

    // ---- registers ----
    wire [11:0] awaddr, araddr;
    wire [31:0] wdata, rdata;
    wire [1:0]  bresp, rresp;
    wire        awvalid, awready, wvalid, wready, bvalid, bready, arvalid, arready, rvalid, rready;
    wire [2:0]  awprot, arprot;
    wire [3:0]  wstrb;
    axil_player #(.STREAM({NAME, "_x"}), .SALT(4)) play_x (
        .clk(clk), .rst(stop), .load(load[3]), .job(job), .seed(32'd1), .stall_threshold(8'd0),
        .stall_length(8'd0),
        .m_axil_awaddr(awaddr), .m_axil_awprot(awprot), .m_axil_awvalid(awvalid),
        .m_axil_awready(awready), .m_axil_wdata(wdata), .m_axil_wstrb(wstrb),
        .m_axil_wvalid(wvalid), .m_axil_wready(wready), .m_axil_bresp(bresp),
        .m_axil_bvalid(bvalid), .m_axil_bready(bready),
        .m_axil_araddr(araddr), .m_axil_arprot(arprot), .m_axil_arvalid(arvalid),
        .m_axil_arready(arready), .m_axil_rdata(rdata), .m_axil_rresp(rresp),
        .m_axil_rvalid(rvalid), .m_axil_rready(rready),
        .idle(idle[3]), .refused(refused), .failed(failed[3]));

    // ---- wake ----
    reg  [31:0] quiet;
    wire        moved = (|(valid & ready)) || bvalid || rvalid;
    initial quiet = 32'd0;
    always @(posedge clk) begin
        quiet <= (moved || |load || arm != arm_seen) ? 32'd0 : quiet + 32'd1;
        // `idle` tells about a start only in the cycle after it
        if (arm != arm_seen || |load) wake <= 1'b0;
        else if (|(idle & watch) || quiet >= quiet_limit) wake <= 1'b1;
        if (rst) wake <= 1'b0;
    end

    // ---- device ----
`define NETWORK_PORTS \
        .clk(clk), .rst(rst), .irq(irq), \
        .s_axil_awaddr(awaddr), .s_axil_awprot(awprot), .s_axil_awvalid(awvalid), \
        .s_axil_awready(awready), .s_axil_wdata(wdata), .s_axil_wstrb(wstrb), \
        .s_axil_wvalid(wvalid), .s_axil_wready(wready), .s_axil_bresp(bresp), \
        .s_axil_bvalid(bvalid), .s_axil_bready(bready), .s_axil_araddr(araddr), \
        .s_axil_arprot(arprot), .s_axil_arvalid(arvalid), .s_axil_arready(arready), \
        .s_axil_rdata(rdata), .s_axil_rresp(rresp), .s_axil_rvalid(rvalid), \
        .s_axil_rready(rready), \
        .s_axis_w_tdata(w_data), .s_axis_w_tvalid(valid[0]), .s_axis_w_tready(ready[0]), \
        .s_axis_w_tlast(last[0]), \
        .s_axis_a_tdata(a_data), .s_axis_a_tvalid(valid[1]), .s_axis_a_tready(ready[1]), \
        .s_axis_a_tlast(last[1]), \
        .s_axis_r_tdata(r_data), .s_axis_r_tvalid(valid[2]), .s_axis_r_tready(ready[2]), \
        .s_axis_r_tlast(last[2]), \
        .m_axis_y_tdata(y_data), .m_axis_y_tvalid(valid[3]), .m_axis_y_tready(ready[3]), \
        .m_axis_y_tlast(last[3]), \
        .m_axis_r_tdata(q_data), .m_axis_r_tvalid(valid[4]), .m_axis_r_tready(ready[4]), \
        .m_axis_r_tlast(last[4])

    generate
        if (LANE == "P1" || LANE == "P2" || LANE == "P3") begin : g_plut
            plut_conv #(
                .LANE(LANE), .B(B), .KMAX(KMAX), .PIN(PIN), .POUT(POUT), .LINE_DEPTH(LINE_DEPTH),
                .PSUM_DEPTH(PSUM_DEPTH), .COUT_MAX(COUT_MAX), .FIFO_DEPTH(FIFO_DEPTH),
                .PLUT_FILE(PLUT_FILE), .BUSES(BUSES), .TREE(TREE), .MAP(MAP)
            ) dut (`NETWORK_PORTS);
        end else if (LANE == "S0" || LANE == "S1") begin : g_shift
            shift_conv #(
                .LANE(LANE), .B(B), .KMAX(KMAX), .PIN(PIN), .POUT(POUT), .LINE_DEPTH(LINE_DEPTH),
                .PSUM_DEPTH(PSUM_DEPTH), .COUT_MAX(COUT_MAX), .FIFO_DEPTH(FIFO_DEPTH),
                .TREE(TREE), .MAP(MAP)
            ) dut (`NETWORK_PORTS);
        end else if (LANE == "M8") begin : g_mac
            mac_conv #(
                .B(B), .KMAX(KMAX), .PIN(PIN), .POUT(POUT), .LINE_DEPTH(LINE_DEPTH),
                .PSUM_DEPTH(PSUM_DEPTH), .COUT_MAX(COUT_MAX), .FIFO_DEPTH(FIFO_DEPTH),
                .TREE(TREE), .MAP(MAP)
            ) dut (`NETWORK_PORTS);
        end else begin : g_illegal
            illegal_parameter_lane stop_elaboration ();
        end
    endgenerate
`undef NETWORK_PORTS

    wire unused = &{1'b0, stray, beats_y, blocked_y, starved_y, beats_q, blocked_q,
                    starved_q};
endmodule

`default_nettype wire
