// SPDX-License-Identifier: Apache-2.0
// Records the beats of an AXI4-Stream port into <DATA>/<STREAM>_<job>.bin. `load` opens (and
// empties) the file, `close` ends it; only then may anybody read it. Between two jobs the port
// stays ready and any beat that still comes is `stray`.
// A record on disk: BYTES data bytes, least significant first, a flag byte (bit 0 = TLAST), zeros
// up to a multiple of four. So does %u write a vector on Icarus and Verilator, in one call a beat.
//
// BYTES  bytes of a beat, 1 or more    STREAM  file name prefix    SALT  parts the random streams
`default_nettype none

module axis_recorder #(
    parameter BYTES  = 4,
    parameter STREAM = "y",
    parameter [31:0] SALT = 32'd1
) (
    input  wire               clk,
    input  wire               rst,
    input  wire               load,
    input  wire               close,
    input  wire [31:0]        job,
    input  wire [31:0]        seed,
    input  wire [7:0]         stall_threshold,
    input  wire [7:0]         stall_length,
    input  wire [8*BYTES-1:0] s_axis_tdata,
    input  wire               s_axis_tvalid,
    output wire               s_axis_tready,
    input  wire               s_axis_tlast,
    output reg                stray,            // sticky: a beat came while no job was loaded
    output reg                failed            // sticky: the file could not be opened
);
    localparam WORDS = (BYTES + 1 + 3) / 4;

    integer           fd;
    reg [8*256-1:0]   folder;
    reg [8*320-1:0]   path;
    reg [32*WORDS-1:0] record;
    wire              stall;
    wire [31:0]       noise;

    initial begin
        fd     = 0;
        stray  = 1'b0;
        failed = 1'b0;
        folder = ".";
        if (!$value$plusargs("DATA=%s", folder)) folder = ".";
    end

    stall_draw #(.SALT(SALT)) draw (
        .clk(clk), .load(load || rst), .seed(seed), .threshold(stall_threshold),
        .length(stall_length), .stall(stall), .noise(noise)
    );

    assign s_axis_tready = !stall;

    /* verilator lint_off BLKSEQ */
    always @(posedge clk) begin
        if (rst || load || close) begin
            if (fd != 0) $fclose(fd);
            fd = 0;
            if (load && !rst) begin
                $sformat(path, "%0s/%0s_%0d.bin", folder, STREAM, job);
                fd     = $fopen(path, "wb");
                failed <= (fd == 0);
                stray  <= 1'b0;
            end
        end else if (s_axis_tvalid === 1'b1 && s_axis_tready) begin
            if (fd == 0) begin
                stray <= 1'b1;
            end else begin
                record                  = {32*WORDS{1'b0}};
                record[8*BYTES-1:0]     = s_axis_tdata;
                record[8*BYTES]         = s_axis_tlast;
                $fwrite(fd, "%u", record);
            end
        end
    end
    /* verilator lint_on BLKSEQ */

    wire unused = &{1'b0, noise};
endmodule

`default_nettype wire
