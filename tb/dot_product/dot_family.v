// SPDX-License-Identifier: Apache-2.0
//
// dot_family: one kind of lane as dot_product at seven sizes, fed from a file and recorded into
// one, so that no Python runs while the clock does. A size of N terms takes the first N. With go,
// file <DATA>/dots_<job>.bin is played, a record a cycle {load, w, a}, each part filled up to whole
// bytes (first byte first); <DATA>/sums_<job>.bin receives, in every cycle from the first record on
// and TAIL cycles beyond the last, the sums of all sizes, four 48-bit places each, sign extended.
// Record c stands on the inputs from clock edge c on, so a lane's sum of it is in sample c +
// latency.
//
// Parameters
//   LANE, B, TREE, MAP, PLUT_FILE  see dot_product
`default_nettype none

module dot_family #(
    parameter LANE      = "P1",
    parameter B         = 4,
    parameter TREE      = 2,
    parameter MAP       = "none",
    parameter PLUT_FILE = "plut_b4.hex"
) (
    input  wire        clk,
    input  wire        go,
    input  wire [31:0] job,
    output reg         done,
    output reg         failed
);

    // As dot_product derives them, for 64 terms.
    localparam OUTS  = LANE == "D4" || LANE == "D8" ? 2 : 1;
    localparam PIX   = LANE == "D4" ? 2 : 1;
    localparam WB    = LANE == "M3" ? 3 : LANE == "M4" || LANE == "D4" ? 4
                       : LANE == "M8" || LANE == "D8" ? 8 : B;
    localparam AB    = LANE == "S1" || LANE == "S2" || LANE == "A1" ? 8 : WB;
    localparam BEAT  = B <= 3 ? 4 + 2 * B + (1 << B) - 1 : 4 + B + (1 << B) - 2;
    localparam WALL  = LANE == "P3" ? BEAT : OUTS * 64 * WB;
    localparam WBYTE = (WALL + 7) / 8;
    localparam ABYTE = (PIX * 64 * AB + 7) / 8;
    localparam BYTES = 1 + WBYTE + ABYTE;
    localparam TAIL  = 48;

    reg [8*BYTES-1:0] record;
    reg [8*BYTES-1:0] now;
    reg [8*256-1:0]   folder;
    reg [8*320-1:0]   path;
    reg               running;
    integer           source;
    integer           target;
    integer           got;
    integer           tail;

    wire             load = now[8*(BYTES-1)];
    wire [WALL-1:0]  w    = now[8*ABYTE +: WALL];
    wire [PIX*64*AB-1:0] a = now[0 +: PIX*64*AB];

    initial begin
        running = 1'b0;
        done    = 1'b0;
        failed  = 1'b0;
        source  = 0;
        target  = 0;
        tail    = 0;
        now     = {8*BYTES{1'b0}};
        if (!$value$plusargs("DATA=%s", folder)) folder = ".";
    end

    // Files are handled with blocking assignments; what the lanes see is written without blocking.
    /* verilator lint_off BLKSEQ */
    always @(posedge clk) begin
        if (!running) begin
            if (!go) begin
                done <= 1'b0;
            end else if (!done) begin
                $sformat(path, "%0s/dots_%0d.bin", folder, job);
                source = $fopen(path, "rb");
                $sformat(path, "%0s/sums_%0d.bin", folder, job);
                target = $fopen(path, "wb");
                failed  <= source == 0 || target == 0;
                running <= 1'b1;
                tail    = 0;
                got     = $fread(record, source);
                now     <= record;
            end
        end else begin
            // Put together here and not in a wire: Icarus would do it at each change of each sum.
            $fwrite(target, "%u", {g_size[6].places, g_size[5].places, g_size[4].places,
                                   g_size[3].places, g_size[2].places, g_size[1].places,
                                   g_size[0].places});
            got = tail == 0 ? $fread(record, source) : 0;
            if (got == BYTES) begin
                now <= record;
            end else begin
                if (got != 0) failed <= 1'b1;
                tail = tail + 1;
                if (tail == TAIL) begin
                    $fclose(source);
                    $fclose(target);
                    running <= 1'b0;
                    done    <= 1'b1;
                end
            end
        end
    end
    /* verilator lint_on BLKSEQ */

    genvar i;
    generate
        for (i = 0; i < 7; i = i + 1) begin : g_size
            localparam N = i == 0 ? 1 : i == 1 ? 2 : i == 2 ? 9 : i == 3 ? 16 : i == 4 ? 25
                           : i == 5 ? 49 : 64;
            localparam PW    = LANE == "A1" ? (B == 2 ? 9 : B == 3 ? 11 : B == 4 ? 12 : 14)
                               : LANE == "S1" ? (1 << (B - 1)) + 7
                               : LANE == "P1" || LANE == "P2" || LANE == "P3" || LANE == "S0"
                               ? (1 << B) - 2 : WB + AB;
            localparam SUMW  = LANE == "S2" ? 32 : PW + $clog2(N);
            localparam WBITS = LANE == "P3" ? BEAT : OUTS * N * WB;

            wire [WBITS-1:0]         w_part;
            wire [PIX*N*AB-1:0]      a_part;
            wire [OUTS*PIX*SUMW-1:0] sum;

            if (OUTS == 2) begin : g_outs
                assign w_part = {w[64*WB +: N*WB], w[0 +: N*WB]};
            end else begin : g_out
                assign w_part = w[WBITS-1:0];
            end
            if (PIX == 2) begin : g_pixels
                assign a_part = {a[64*AB +: N*AB], a[0 +: N*AB]};
            end else begin : g_pixel
                assign a_part = a[N*AB-1:0];
            end

            dot_product #(
                .LANE     (LANE),
                .B        (B),
                .N        (N),
                .TREE     (TREE),
                .MAP      (MAP),
                .PLUT_FILE(PLUT_FILE)
            ) dut (
                .clk (clk),
                .w_we(load),
                .w   (w_part),
                .a   (a_part),
                .sum (sum)
            );

            // Four places, sign extended; a lane with fewer sums fills the lower ones.
            localparam LAST = OUTS * PIX - 1;
            localparam P1   = LAST < 1 ? LAST : 1;
            localparam P2   = LAST < 2 ? LAST : 2;
            localparam EXT  = 48 - SUMW;

            wire [47:0]  place0 = {{EXT{sum[SUMW-1]}}, sum[SUMW-1:0]};
            wire [47:0]  place1 = {{EXT{sum[P1*SUMW+SUMW-1]}}, sum[P1*SUMW +: SUMW]};
            wire [47:0]  place2 = {{EXT{sum[P2*SUMW+SUMW-1]}}, sum[P2*SUMW +: SUMW]};
            wire [47:0]  place3 = {{EXT{sum[LAST*SUMW+SUMW-1]}}, sum[LAST*SUMW +: SUMW]};
            wire [191:0] places = {LAST < 3 ? 48'd0 : place3, LAST < 2 ? 48'd0 : place2,
                                   LAST < 1 ? 48'd0 : place1, place0};
        end
    endgenerate

endmodule

`default_nettype wire
