// SPDX-License-Identifier: Apache-2.0
// Plays one stream of a job from a file into an AXI4-Stream port: no Python runs on the clock.
// `load` opens <DATA>/<STREAM>_<job>.bin (+DATA=<dir> on the command line). A record is one flag
// byte (bit 0 = TLAST), then BYTES data bytes, most significant first. A beat once offered stays
// until taken. While nothing is offered the payload is X on Icarus and noise elsewhere: nobody may
// look at it.
//
// BYTES  bytes of a beat, 1 or more    STREAM  file name prefix    SALT  parts the random streams
`default_nettype none

module axis_player #(
    parameter BYTES  = 4,
    parameter STREAM = "a",
    parameter [31:0] SALT = 32'd1
) (
    input  wire               clk,
    input  wire               rst,
    input  wire               load,
    input  wire [31:0]        job,
    input  wire [31:0]        seed,
    input  wire [7:0]         stall_threshold,  // of 256 draws, so many hold the next beat back
    input  wire [7:0]         stall_length,     // a draw is kept for stall_length + 1 cycles
    output wire [8*BYTES-1:0] m_axis_tdata,
    output wire               m_axis_tvalid,
    input  wire               m_axis_tready,
    output wire               m_axis_tlast,
    output wire               idle,             // the file is played out
    output reg                failed            // sticky: no such file, or it ends inside a record
);
    integer               fd;
    integer               got;
    reg [8*256-1:0]       folder;
    reg [8*320-1:0]       path;
    reg [8*(BYTES+1)-1:0] record;
    reg [8*(BYTES+1)-1:0] beat;
    reg                   valid;
    wire                  stall;
    wire [31:0]           noise;

    initial begin
        fd     = 0;
        valid  = 1'b0;
        failed = 1'b0;
        folder = ".";
        if (!$value$plusargs("DATA=%s", folder)) folder = ".";
    end

    stall_draw #(.SALT(SALT)) draw (
        .clk(clk), .load(load || rst), .seed(seed), .threshold(stall_threshold),
        .length(stall_length), .stall(stall), .noise(noise)
    );

    // The file is read with blocking assignments, one record ahead of the registers that other
    // processes see; those are all written without blocking.
    /* verilator lint_off BLKSEQ */
    always @(posedge clk) begin
        if (rst || load) begin
            if (fd != 0) $fclose(fd);
            fd    = 0;
            valid <= 1'b0;
            if (load && !rst) begin
                $sformat(path, "%0s/%0s_%0d.bin", folder, STREAM, job);
                fd     = $fopen(path, "rb");
                failed <= (fd == 0);
            end
        end else if (!valid || m_axis_tready) begin
            valid <= 1'b0;
            if (fd != 0 && !stall) begin
                got = $fread(record, fd);
                if (got == BYTES + 1) begin
                    beat  <= record;
                    valid <= 1'b1;
                end else begin
                    if (got != 0) failed <= 1'b1;
                    $fclose(fd);
                    fd = 0;
                end
            end
        end
    end
    /* verilator lint_on BLKSEQ */

`ifdef __ICARUS__
    assign m_axis_tdata = valid ? beat[8*BYTES-1:0] : {8*BYTES{1'bx}};
    assign m_axis_tlast = valid ? beat[8*BYTES] : 1'bx;
    wire   unused       = &{1'b0, noise, beat[8*BYTES+7:8*BYTES]};
`else
    wire [32*((BYTES+3)/4)-1:0] junk = {((BYTES+3)/4){noise}};
    assign m_axis_tdata = valid ? beat[8*BYTES-1:0] : junk[8*BYTES-1:0];
    assign m_axis_tlast = valid ? beat[8*BYTES] : noise[7];
    wire   unused       = &{1'b0, junk, beat[8*BYTES+7:8*BYTES]};
`endif
    assign m_axis_tvalid = valid;
    assign idle          = (fd == 0) && !valid;
endmodule

`default_nettype wire
