// SPDX-License-Identifier: Apache-2.0
// axil_player on trial against axil_regs, with a stand-in for the engine: 50 cycles after a start
// the job ends. CYCLES counts them, WEIGHTS counts the channels stored, BEATS_Y holds the xor of
// their addresses and data.
//
// Parameters: ACCW as axil_regs
`default_nettype none

module axil_player_bench #(
    parameter ACCW = 30
) (
    input  wire        clk,
    input  wire        rst,
    input  wire        go,             // either edge loads the player
    input  wire [31:0] job,
    input  wire [31:0] seed,
    input  wire [7:0]  stall_threshold,
    input  wire [7:0]  stall_length,
    output wire        idle,
    output wire        refused,
    output wire        failed,
    output reg  [31:0] accesses,       // answers taken
    output reg         together,       // sticky: AW and W came in the same cycle,
    output reg         aw_first,       // AW before W,
    output reg         w_first         // W before AW
);
    wire [11:0] awaddr, araddr;
    wire [2:0]  awprot, arprot;
    wire [31:0] wdata, rdata;
    wire [3:0]  wstrb;
    wire [1:0]  bresp, rresp;
    wire        awvalid, awready, wvalid, wready, bvalid, bready, arvalid, arready, rvalid, rready;
    wire        start, clear, irq, ch_we;
    wire [94:0] layer;             // the configuration: read back over the bus, unused here
    wire [11:0] ch_addr;
    wire [ACCW+25:0] ch_data;
    reg         go_seen, busy, done;
    reg  [31:0] cycles, stored, mixed;

    always @(posedge clk) begin
        go_seen <= go;
        done    <= busy && cycles == 32'd49;
        if (start) cycles <= 32'd0;
        else if (busy) cycles <= cycles + 32'd1;
        busy <= start || (busy && cycles != 32'd49);
        if (ch_we) begin
            stored <= stored + 32'd1;
            mixed  <= mixed ^ ch_data[31:0] ^ {20'd0, ch_addr};
        end
        accesses <= accesses + {31'd0, bvalid && bready} + {31'd0, rvalid && rready};
        if (awvalid && !wvalid) aw_first <= 1'b1;
        if (wvalid && !awvalid) w_first <= 1'b1;
        if (wvalid && awvalid) together <= 1'b1;
        if (rst) begin
            {busy, done, together, aw_first, w_first} <= 5'd0;
            {cycles, stored, mixed, accesses}         <= 128'd0;
            go_seen                                   <= go;
        end
    end

    axil_player #(.STREAM("x"), .SALT(21)) player (
        .clk(clk), .rst(rst), .load(go != go_seen), .job(job), .seed(seed),
        .stall_threshold(stall_threshold), .stall_length(stall_length),
        .m_axil_awaddr(awaddr), .m_axil_awprot(awprot), .m_axil_awvalid(awvalid),
        .m_axil_awready(awready), .m_axil_wdata(wdata), .m_axil_wstrb(wstrb),
        .m_axil_wvalid(wvalid), .m_axil_wready(wready), .m_axil_bresp(bresp),
        .m_axil_bvalid(bvalid), .m_axil_bready(bready), .m_axil_araddr(araddr),
        .m_axil_arprot(arprot), .m_axil_arvalid(arvalid), .m_axil_arready(arready),
        .m_axil_rdata(rdata), .m_axil_rresp(rresp), .m_axil_rvalid(rvalid), .m_axil_rready(rready),
        .idle(idle), .refused(refused), .failed(failed));

    axil_regs #(.ACCW(ACCW)) dut (
        .clk(clk), .rst(rst), .irq(irq), .s_axil_awaddr(awaddr), .s_axil_awprot(awprot),
        .s_axil_awvalid(awvalid), .s_axil_awready(awready), .s_axil_wdata(wdata),
        .s_axil_wstrb(wstrb), .s_axil_wvalid(wvalid), .s_axil_wready(wready),
        .s_axil_bresp(bresp), .s_axil_bvalid(bvalid), .s_axil_bready(bready),
        .s_axil_araddr(araddr), .s_axil_arprot(arprot), .s_axil_arvalid(arvalid),
        .s_axil_arready(arready), .s_axil_rdata(rdata), .s_axil_rresp(rresp),
        .s_axil_rvalid(rvalid), .s_axil_rready(rready),
        .cfg_h(layer[0 +: 9]), .cfg_w(layer[9 +: 9]), .cfg_cin(layer[18 +: 12]),
        .cfg_cout(layer[30 +: 12]), .cfg_k(layer[42 +: 3]), .cfg_stride(layer[45 +: 2]),
        .cfg_pad(layer[47 +: 2]), .cfg_pad_top(layer[49 +: 2]), .cfg_pad_bottom(layer[51 +: 2]),
        .cfg_images(layer[53 +: 16]), .cfg_relu(layer[69]), .cfg_res_in(layer[70]),
        .cfg_emit_code(layer[71]), .cfg_emit_res(layer[72]), .cfg_raw(layer[73]),
        .cfg_proj_shift(layer[74 +: 7]), .cfg_res_shift(layer[81 +: 7]),
        .cfg_res_out_shift(layer[88 +: 7]),
        .ch_we(ch_we), .ch_addr(ch_addr), .ch_data(ch_data),
        .start(start), .clear(clear), .busy(busy), .done(done), .err(8'd0), .err_out_tile(12'd0),
        .err_in_tile(12'd0), .cnt_cycles(cycles), .cnt_busy(32'd0), .cnt_stall_w(32'd0),
        .cnt_stall_a(32'd0), .cnt_stall_r(32'd0), .cnt_stall_y(32'd0), .cnt_weights(stored),
        .cnt_beats_w(32'd0), .cnt_beats_a(32'd0), .cnt_beats_r(32'd0), .cnt_beats_y(mixed),
        .cnt_beats_q(32'd0));

    wire unused = &{1'b0, clear, irq, layer, ch_data};
endmodule

`default_nettype wire
