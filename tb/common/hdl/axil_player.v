// SPDX-License-Identifier: Apache-2.0
// Plays register accesses from a file against an AXI4-Lite slave and records the answers: no
// Python runs on the clock. `load` opens <DATA>/<STREAM>_<job>.bin and empties the log
// <DATA>/<STREAM>_log_<job>.bin (+DATA=<dir> on the command line). tb/common/axil.py writes the one
// and reads the other.
// A record to play, 12 bytes, each number most significant byte first:
//   op (1), zero (1), address (2), data (4), mask (4)
//   op 0 writes data, 1 reads, 2 reads until (value & mask) == data, 3 lets `data` cycles pass
// A recorded answer, 8 bytes, least significant first: value (4), op (1), response (1),
// address (2); one for each write and read, and one for the last read of a poll.
// One access at a time. The random stalls part AW from W, and hold back B, R and the next access.
//
// STREAM  file name prefix    SALT  parts the random streams
`default_nettype none

module axil_player #(
    parameter STREAM = "x",
    parameter [31:0] SALT = 32'd1
) (
    input  wire        clk,
    input  wire        rst,
    input  wire        load,
    input  wire [31:0] job,
    input  wire [31:0] seed,
    input  wire [7:0]  stall_threshold,  // of 256 draws, so many hold a channel back
    input  wire [7:0]  stall_length,     // a draw is kept for stall_length + 1 cycles
    output wire [11:0] m_axil_awaddr,
    output wire [2:0]  m_axil_awprot,
    output reg         m_axil_awvalid,
    input  wire        m_axil_awready,
    output wire [31:0] m_axil_wdata,
    output wire [3:0]  m_axil_wstrb,
    output reg         m_axil_wvalid,
    input  wire        m_axil_wready,
    input  wire [1:0]  m_axil_bresp,
    input  wire        m_axil_bvalid,
    output wire        m_axil_bready,
    output wire [11:0] m_axil_araddr,
    output wire [2:0]  m_axil_arprot,
    output reg         m_axil_arvalid,
    input  wire        m_axil_arready,
    input  wire [31:0] m_axil_rdata,
    input  wire [1:0]  m_axil_rresp,
    input  wire        m_axil_rvalid,
    output wire        m_axil_rready,
    output wire        idle,             // the file is played out, the log complete
    output reg         refused,          // an answer of this job was not OKAY
    output reg         failed            // sticky: no such file, it ends inside a record, a bad op
);
    localparam [7:0] WRITE = 8'd0, READ = 8'd1, POLL = 8'd2, PAUSE = 8'd3;
    localparam [2:0] S_NEXT = 3'd0, S_WRITE = 3'd1, S_B = 3'd2, S_READ = 3'd3, S_R = 3'd4,
                     S_PAUSE = 3'd5;

    integer         fd, log, got;
    reg [8*256-1:0] folder;
    reg [8*320-1:0] path;
    reg [95:0]      record;
    reg [63:0]      answer;
    reg [2:0]       state;
    reg [7:0]       op;
    reg [15:0]      address;
    reg [31:0]      data, mask, left;
    reg             aw_given, w_given;
    wire            stall, other_stall;
    wire [31:0]     noise, other_noise;

    initial begin
        fd             = 0;
        log            = 0;
        state          = S_NEXT;
        failed         = 1'b0;
        refused        = 1'b0;
        m_axil_awvalid = 1'b0;
        m_axil_wvalid  = 1'b0;
        m_axil_arvalid = 1'b0;
        folder         = ".";
        if (!$value$plusargs("DATA=%s", folder)) folder = ".";
    end

    stall_draw #(.SALT(SALT)) draw (
        .clk(clk), .load(load || rst), .seed(seed), .threshold(stall_threshold),
        .length(stall_length), .stall(stall), .noise(noise)
    );
    stall_draw #(.SALT(SALT + 32'd77)) other_draw (
        .clk(clk), .load(load || rst), .seed(seed), .threshold(stall_threshold),
        .length(stall_length), .stall(other_stall), .noise(other_noise)
    );

    // While nothing is offered the payload is noise: nobody may look at it.
    assign m_axil_awaddr = m_axil_awvalid ? address[11:0] : noise[11:0];
    assign m_axil_wdata  = m_axil_wvalid ? data : noise;
    assign m_axil_wstrb  = m_axil_wvalid ? 4'hF : noise[15:12];
    assign m_axil_araddr = m_axil_arvalid ? address[11:0] : noise[23:12];
    assign m_axil_awprot = 3'd0;
    assign m_axil_arprot = 3'd0;
    assign m_axil_bready = state == S_B && !stall;
    assign m_axil_rready = state == S_R && !stall;
    assign idle          = fd == 0;

    // Files are handled with blocking assignments; what other processes see is not.
    /* verilator lint_off BLKSEQ */
    always @(posedge clk) begin
        if (m_axil_awready) m_axil_awvalid <= 1'b0;
        if (m_axil_wready)  m_axil_wvalid  <= 1'b0;
        if (m_axil_arready) m_axil_arvalid <= 1'b0;
        case (state)
            S_NEXT: if (fd != 0 && !stall) begin
                got = $fread(record, fd);
                if (got == 12) begin
                    op       <= record[95:88];
                    address  <= record[79:64];
                    data     <= record[63:32];
                    mask     <= record[31:0];
                    left     <= record[63:32];
                    aw_given <= 1'b0;
                    w_given  <= 1'b0;
                    case (record[95:88])
                        WRITE:      state <= S_WRITE;
                        READ, POLL: state <= S_READ;
                        PAUSE:      state <= S_PAUSE;
                        default:    failed <= 1'b1;
                    endcase
                end else begin
                    if (got != 0) failed <= 1'b1;
                    $fclose(fd);
                    $fclose(log);
                    fd  = 0;
                    log = 0;
                end
            end
            S_WRITE: begin
                if (!aw_given && !stall) begin
                    m_axil_awvalid <= 1'b1;
                    aw_given       <= 1'b1;
                end
                if (!w_given && !other_stall) begin
                    m_axil_wvalid <= 1'b1;
                    w_given       <= 1'b1;
                end
                if (aw_given && w_given) state <= S_B;
            end
            S_B: if (m_axil_bvalid && m_axil_bready) begin
                answer = {address, 6'd0, m_axil_bresp, op, data};
                $fwrite(log, "%u", answer);
                if (m_axil_bresp != 2'd0) refused <= 1'b1;
                state <= S_NEXT;
            end
            S_READ: if (!stall) begin
                m_axil_arvalid <= 1'b1;
                state          <= S_R;
            end
            S_R: if (m_axil_rvalid && m_axil_rready) begin
                if (m_axil_rresp != 2'd0) refused <= 1'b1;
                if (op == POLL && (m_axil_rdata & mask) != data && m_axil_rresp == 2'd0) begin
                    state <= S_READ;
                end else begin
                    answer = {address, 6'd0, m_axil_rresp, op, m_axil_rdata};
                    $fwrite(log, "%u", answer);
                    state <= S_NEXT;
                end
            end
            S_PAUSE: begin
                left <= left - 32'd1;
                if (left <= 32'd1) state <= S_NEXT;
            end
            default: state <= S_NEXT;
        endcase
        if (rst || load) begin
            if (fd != 0) $fclose(fd);
            if (log != 0) $fclose(log);
            fd             = 0;
            log            = 0;
            state          <= S_NEXT;
            m_axil_awvalid <= 1'b0;
            m_axil_wvalid  <= 1'b0;
            m_axil_arvalid <= 1'b0;
            if (load && !rst) begin
                $sformat(path, "%0s/%0s_%0d.bin", folder, STREAM, job);
                fd = $fopen(path, "rb");
                $sformat(path, "%0s/%0s_log_%0d.bin", folder, STREAM, job);
                log     = $fopen(path, "wb");
                refused <= 1'b0;
                failed  <= fd == 0 || log == 0;
            end
        end
    end
    /* verilator lint_on BLKSEQ */

    wire unused = &{1'b0, record[87:80], noise[31:24], other_noise};
endmodule

`default_nettype wire
