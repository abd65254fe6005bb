// SPDX-License-Identifier: Apache-2.0
// Records what a decoder or a bank says as 32-bit words (%u):
//   <DATA>/s_<job>.bin  per beat of symbols tdata, zeros, and tlast in the top bit, filled up to
//                       words, lowest first
//   <DATA>/v_<job>.bin  per verdict status, the cycles of its first and its last beat (0: none) and
//                       of `done`, and all beats so far
//   <DATA>/i_<job>.bin  per stream taken: cycle of its first word, of its last word, its words
// `load` opens both files, `close` ends them. Cycle 1 is the one after `load`.
// Broken promises of the control outputs are sticky: `bad_busy`, `bad_status`, `bad_done`.
//
// WIDTH  bits of tdata    SALT  parts the random streams
`default_nettype none

module shuff_recorder #(
    parameter WIDTH = 4,
    parameter [31:0] SALT = 32'd2
) (
    input  wire         clk,
    input  wire         rst,
    input  wire         load,
    input  wire         close,
    input  wire [31:0]  job,
    input  wire [31:0]  seed,
    input  wire [7:0]   stall_threshold,
    input  wire [7:0]   stall_length,

    // the decoder's input port, watched
    input  wire         w_valid,
    input  wire         w_ready,
    input  wire         w_last,
    // its output port
    input  wire [WIDTH-1:0] s_axis_tdata,
    input  wire         s_axis_tvalid,
    output wire         s_axis_tready,
    input  wire         s_axis_tlast,
    // and its control outputs
    input  wire         done,
    input  wire [7:0]   status,
    input  wire         busy,

    output wire         balanced,     // every stream that was begun has its verdict
    output reg  [31:0]  dones,
    output reg          bad_busy,     // high without a stream, low within one, or X
    output reg          bad_status,   // changed without done, or X
    output reg          bad_done,     // too long, without a stream, X, or not quiet in reset
    output reg          failed        // a file could not be opened
);
    localparam WORDS = WIDTH / 32 + 1;

    integer           symbols_fd, verdicts_fd, streams_fd, part;
    reg [32*WORDS-1:0] beat;
    reg [31:0]        beats;
    reg [8*256-1:0]   folder;
    reg [8*320-1:0]   path;
    reg [31:0]        now, first_symbol, last_symbol, first_word, words, begun;
    reg               midway, was_done, was_reset, after_reset;
    reg [7:0]         was_status;
    wire              stall;
    wire [31:0]       noise;
    wire [31:0]       verdicts = dones + {31'd0, done};

    assign balanced      = begun == dones;
    assign s_axis_tready = !stall;

    stall_draw #(.SALT(SALT)) draw (
        .clk(clk), .load(load || rst), .seed(seed), .threshold(stall_threshold),
        .length(stall_length), .stall(stall), .noise(noise)
    );

    initial begin
        symbols_fd = 0;
        verdicts_fd = 0;
        streams_fd = 0;
        failed     = 1'b0;
        bad_busy   = 1'b0;
        bad_status = 1'b0;
        bad_done   = 1'b0;
        was_reset  = 1'b0;
        folder     = ".";
        if (!$value$plusargs("DATA=%s", folder)) folder = ".";
    end

    /* verilator lint_off BLKSEQ */
    always @(posedge clk) begin : record
        reg [31:0] sum, from, upto;
        sum  = words + 32'd1;
        from = midway ? first_word : now;
        upto = first_symbol == 32'd0 ? 32'd0 : last_symbol;
        now  <= now + 32'd1;
        if (w_valid && w_ready) begin
            midway     <= !w_last;
            first_word <= from;
            words      <= w_last ? 32'd0 : sum;
            if (!midway) begun <= begun + 32'd1;
            if (w_last && streams_fd != 0) begin
                $fwrite(streams_fd, "%u", from);
                $fwrite(streams_fd, "%u", now);
                $fwrite(streams_fd, "%u", sum);
            end
        end
        if (s_axis_tvalid === 1'b1 && s_axis_tready) begin
            if (first_symbol == 32'd0) first_symbol <= now;
            last_symbol <= now;
            beats <= beats + 32'd1;
            if (symbols_fd != 0) begin
                beat             = {32*WORDS{1'b0}};
                beat[WIDTH-1:0]  = s_axis_tdata;
                beat[32*WORDS-1] = s_axis_tlast;
                for (part = 0; part < WORDS; part = part + 1) begin
                    $fwrite(symbols_fd, "%u", beat[32*part +: 32]);
                end
            end
        end
        if (done === 1'b1) begin
            dones        <= dones + 32'd1;
            first_symbol <= 32'd0;
            if (verdicts_fd != 0) begin
                sum = {24'd0, status};
                $fwrite(verdicts_fd, "%u", sum);
                $fwrite(verdicts_fd, "%u", first_symbol);
                $fwrite(verdicts_fd, "%u", upto);
                $fwrite(verdicts_fd, "%u", now);
                $fwrite(verdicts_fd, "%u", beats);
            end
        end
        if (rst || load || close) begin
            if (symbols_fd != 0) $fclose(symbols_fd);
            if (verdicts_fd != 0) $fclose(verdicts_fd);
            if (streams_fd != 0) $fclose(streams_fd);
            symbols_fd = 0;
            verdicts_fd = 0;
            streams_fd = 0;
            if (load && !rst) begin
                $sformat(path, "%0s/s_%0d.bin", folder, job);
                symbols_fd = $fopen(path, "wb");
                $sformat(path, "%0s/v_%0d.bin", folder, job);
                verdicts_fd = $fopen(path, "wb");
                $sformat(path, "%0s/i_%0d.bin", folder, job);
                streams_fd = $fopen(path, "wb");
                failed <= symbols_fd == 0 || verdicts_fd == 0 || streams_fd == 0;
            end
        end
        if (rst || load) begin
            now          <= 32'd1;
            midway       <= 1'b0;
            words        <= 32'd0;
            beats        <= 32'd0;
            first_symbol <= 32'd0;
            begun        <= 32'd0;
            dones        <= 32'd0;
        end
    end
    /* verilator lint_on BLKSEQ */

    always @(posedge clk) begin
        was_done   <= done;
        was_status <= status;
        after_reset <= rst;   // status falls back to 0 there
        if (rst) was_reset <= 1'b1;
        if (was_reset && after_reset && (s_axis_tvalid !== 1'b0 || done !== 1'b0
                                         || status !== 8'd0)) begin
            bad_done <= 1'b1;
        end
        if (was_reset && !rst) begin
            if (busy !== (begun != verdicts)) bad_busy <= 1'b1;
            if ((^status) === 1'bx) bad_status <= 1'b1;
            if (!done && !after_reset && status !== was_status) bad_status <= 1'b1;
            if (done !== 1'b0 && done !== 1'b1) bad_done <= 1'b1;
            if (done && (was_done || balanced)) bad_done <= 1'b1;
        end
    end

    wire unused = &{1'b0, noise};
endmodule

`default_nettype wire
