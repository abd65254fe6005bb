// SPDX-License-Identifier: Apache-2.0
// AXI4-Lite master of a bench. Writes come as a stream of {address, data}, one after the other;
// a read is asked for by either edge of `read_go`. Writes and reads are never under way together
// here: whoever asks for a read waits for `idle` first.
`default_nettype none

module axil_master (
    input  wire        clk,
    input  wire        rst,

    input  wire [63:0] s_axis_tdata,     // {address, data}
    input  wire        s_axis_tvalid,
    output wire        s_axis_tready,
    output wire        idle,             // no write is under way

    input  wire        read_go,
    input  wire [31:0] read_addr,
    output reg  [31:0] read_data,
    output reg         read_idle,
    output reg         refused,          // sticky: some answer was not OKAY

    output reg  [11:0] m_axil_awaddr,
    output reg         m_axil_awvalid,
    input  wire        m_axil_awready,
    output reg  [31:0] m_axil_wdata,
    output reg         m_axil_wvalid,
    input  wire        m_axil_wready,
    input  wire [1:0]  m_axil_bresp,
    input  wire        m_axil_bvalid,
    output wire        m_axil_bready,
    output reg  [11:0] m_axil_araddr,
    output reg         m_axil_arvalid,
    input  wire        m_axil_arready,
    input  wire [31:0] m_axil_rdata,
    input  wire [1:0]  m_axil_rresp,
    input  wire        m_axil_rvalid,
    output wire        m_axil_rready
);
    reg waiting;                         // for the answer to a write
    reg read_seen;

    assign s_axis_tready = !waiting || (m_axil_bvalid && m_axil_bready);
    assign idle          = !waiting;
    assign m_axil_bready = 1'b1;
    assign m_axil_rready = 1'b1;

    wire take = s_axis_tvalid && s_axis_tready;

    initial begin
        waiting        = 1'b0;
        read_seen      = 1'b0;
        read_idle      = 1'b1;
        refused        = 1'b0;
        m_axil_awvalid = 1'b0;
        m_axil_wvalid  = 1'b0;
        m_axil_arvalid = 1'b0;
        read_data      = 32'd0;
    end

    always @(posedge clk) begin
        if (m_axil_awready) m_axil_awvalid <= 1'b0;
        if (m_axil_wready) m_axil_wvalid <= 1'b0;
        if (m_axil_arready) m_axil_arvalid <= 1'b0;
        if (m_axil_bvalid) begin
            waiting <= 1'b0;
            if (m_axil_bresp != 2'b00) refused <= 1'b1;
        end
        if (m_axil_rvalid) begin
            read_idle <= 1'b1;
            read_data <= m_axil_rdata;
            if (m_axil_rresp != 2'b00) refused <= 1'b1;
        end
        if (take) begin
            m_axil_awaddr  <= s_axis_tdata[43:32];
            m_axil_wdata   <= s_axis_tdata[31:0];
            m_axil_awvalid <= 1'b1;
            m_axil_wvalid  <= 1'b1;
            waiting        <= 1'b1;
        end
        read_seen <= read_go;
        if (read_go != read_seen) begin
            m_axil_araddr  <= read_addr[11:0];
            m_axil_arvalid <= 1'b1;
            read_idle      <= 1'b0;
        end
        if (rst) begin
            waiting        <= 1'b0;
            read_idle      <= 1'b1;
            refused        <= 1'b0;
            m_axil_awvalid <= 1'b0;
            m_axil_wvalid  <= 1'b0;
            m_axil_arvalid <= 1'b0;
        end
    end

    wire unused = &{1'b0, s_axis_tdata[63:44], read_addr[31:12]};
endmodule

`default_nettype wire
