// SPDX-License-Identifier: Apache-2.0
//
// tile_control: runs a job (one layer) from `start` to `done`, and the way out of errors.
//
//   IDLE -> CHECK (layer_config) -> RUN (scan_control walks all passes) -> FINISH -> IDLE
//                any error at run time -> ERROR, left by `clear`
//
// FINISH waits until every output has been taken and the weight stream has been found good, so a
// job is never done before its CRC is known.
//
// Errors: a configuration error ends the job at once in IDLE. A run-time error puts the engine in
// ERROR, where all inputs are dropped, until `clear` comes and the weight stream has ended. In
// both cases `done` pulses and `err` holds the code until `clear` or the next start, with the tiles
// that the scan was in. Errors of the streams come a cycle late (a_bad, r_bad) or are taken so, and
// the scan's tiles are told a cycle late too; what an error does comes the cycle after.
//
// Parameters: none.
`default_nettype none

module tile_control (
    input  wire        clk,
    input  wire        rst,

    input  wire        start,
    input  wire        clear,
    output wire        busy,
    output reg         done,
    output reg  [7:0]  err,
    output reg  [11:0] err_out_tile,
    output reg  [11:0] err_in_tile,

    // layer_config
    output wire        taken,          // start is taken
    output reg         config_start,   // the cycle after
    input  wire        config_ready,
    input  wire        config_bad,
    input  wire [7:0]  config_code,

    // scan
    output reg         stopped,        // low while steps are to be taken
    input  wire        job_end,        // the layer's last step was taken a cycle ago
    input  wire [11:0] in_tile,
    input  wire [11:0] out_tile,

    input  wire        pipe_empty,
    input  wire        outputs_taken,
    input  wire        weights_good,   // the job's weight stream has ended without error
    input  wire        weights_idle,   // no weight stream is under way
    input  wire        w_error,        // of the weight stream
    input  wire [7:0]  w_error_code,
    input  wire        a_bad,          // TLAST at the wrong place
    input  wire        r_bad,
    output reg         in_error,
    output reg         drained,        // in ERROR: nothing more comes out of the pipeline
    output reg         leave           // ERROR is left in this cycle
);
    // One flip-flop a state: what the states switch on and off starts at a register.
    // (`stopped` is `running` inverted, so that the scan's gate has one that drives nothing else.)
    reg idle, checking, running, finishing, clear_pending;

    localparam [7:0] ERR_A_TLAST = 8'd21, ERR_R_TLAST = 8'd22;
    reg         w_error_q;
    reg  [7:0]  w_error_code_q;
    reg  [11:0] in_tile_q, out_tile_q;     // of the cycle that an error now belongs to
    reg         error_now;                 // one was seen a cycle ago, a job under way
    reg  [7:0]  error_code;

    assign busy  = !idle && !in_error;
    assign taken = idle && start;

    always @(posedge clk) begin
        done           <= 1'b0;
        leave          <= 1'b0;
        config_start   <= 1'b0;
        w_error_q      <= w_error;
        w_error_code_q <= w_error_code;
        in_tile_q      <= in_tile;
        out_tile_q     <= out_tile;
        drained        <= in_error && pipe_empty;
        if (idle) begin
            if (clear) err <= 8'd0;
            if (start) begin
                err          <= 8'd0;
                config_start <= 1'b1;
                idle         <= 1'b0;
                checking     <= 1'b1;
            end
        end
        if (checking) begin
            if (config_ready) begin
                checking <= 1'b0;
                running  <= 1'b1;
                stopped  <= 1'b0;
            end
            if (config_bad) begin
                err          <= config_code;
                err_out_tile <= 12'd0;
                err_in_tile  <= 12'd0;
                done         <= 1'b1;
                checking     <= 1'b0;
                idle         <= 1'b1;
            end
        end
        if (running && job_end) begin
            running   <= 1'b0;
            stopped   <= 1'b1;
            finishing <= 1'b1;
        end
        if (finishing && pipe_empty && outputs_taken && weights_good && !error_now) begin
            done      <= 1'b1;
            finishing <= 1'b0;
            idle      <= 1'b1;
        end
        if (in_error) begin
            if (clear) clear_pending <= 1'b1;
            if (clear_pending && weights_idle && pipe_empty && outputs_taken) leave <= 1'b1;
            if (leave) begin
                leave         <= 1'b0;
                clear_pending <= 1'b0;
                err           <= 8'd0;
                in_error      <= 1'b0;
                idle          <= 1'b1;
            end
        end
        error_now <= (w_error_q || a_bad || r_bad) && (running || finishing) && !error_now;
        if (w_error_q)  error_code <= w_error_code_q;
        else if (a_bad) error_code <= ERR_A_TLAST;
        else            error_code <= ERR_R_TLAST;
        if (error_now) begin
            err          <= error_code;
            err_out_tile <= out_tile_q;
            err_in_tile  <= in_tile_q;
            done         <= 1'b1;
            idle         <= 1'b0;
            running      <= 1'b0;
            stopped      <= 1'b1;
            finishing    <= 1'b0;
            in_error     <= 1'b1;
        end
        if (rst) begin
            idle          <= 1'b1;
            checking      <= 1'b0;
            running       <= 1'b0;
            stopped       <= 1'b1;
            finishing     <= 1'b0;
            error_now     <= 1'b0;
            in_error      <= 1'b0;
            leave         <= 1'b0;
            config_start  <= 1'b0;
            w_error_q     <= 1'b0;
            drained       <= 1'b0;
            clear_pending <= 1'b0;
            done          <= 1'b0;
            err           <= 8'd0;
            err_out_tile  <= 12'd0;
            err_in_tile   <= 12'd0;
        end
    end
endmodule

`default_nettype wire
