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
// that the scan was in.
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
    output wire        config_start,
    input  wire        config_ready,
    input  wire        config_bad,
    input  wire [7:0]  config_code,

    // scan
    output wire        running,
    input  wire        job_end,        // the layer's last step is taken
    input  wire [11:0] in_tile,
    input  wire [11:0] out_tile,

    input  wire        pipe_empty,
    input  wire        outputs_taken,
    input  wire        weights_good,   // the job's weight stream has ended without error
    input  wire        weights_idle,   // no weight stream is under way
    input  wire        run_error,
    input  wire [7:0]  run_code,
    output wire        in_error,
    output wire        leave           // ERROR is left in this cycle
);
    localparam [2:0] S_IDLE = 3'd0, S_CHECK = 3'd1, S_RUN = 3'd2, S_FINISH = 3'd3, S_ERROR = 3'd4;

    reg [2:0] state;
    reg       clear_pending;

    assign leave        = state == S_ERROR && (clear || clear_pending) && weights_idle
                          && pipe_empty && outputs_taken;
    assign busy         = state != S_IDLE && state != S_ERROR;
    assign in_error     = state == S_ERROR;
    assign running      = state == S_RUN;
    assign config_start = state == S_IDLE && start;

    always @(posedge clk) begin
        done <= 1'b0;
        case (state)
            S_IDLE: begin
                if (clear) err <= 8'd0;
                if (start) begin
                    err   <= 8'd0;
                    state <= S_CHECK;
                end
            end
            S_CHECK: begin
                if (config_ready) state <= S_RUN;
                if (config_bad) begin
                    err          <= config_code;
                    err_out_tile <= 12'd0;
                    err_in_tile  <= 12'd0;
                    done         <= 1'b1;
                    state        <= S_IDLE;
                end
            end
            S_RUN: if (job_end) state <= S_FINISH;
            S_FINISH: if (pipe_empty && outputs_taken && weights_good) begin
                done  <= 1'b1;
                state <= S_IDLE;
            end
            S_ERROR: begin
                if (clear) clear_pending <= 1'b1;
                if (leave) begin
                    clear_pending <= 1'b0;
                    err           <= 8'd0;
                    state         <= S_IDLE;
                end
            end
            default: state <= S_IDLE;
        endcase
        if (run_error && (state == S_RUN || state == S_FINISH)) begin
            err          <= run_code;
            err_out_tile <= out_tile;
            err_in_tile  <= in_tile;
            done         <= 1'b1;
            state        <= S_ERROR;
        end
        if (rst) begin
            state         <= S_IDLE;
            clear_pending <= 1'b0;
            done          <= 1'b0;
            err           <= 8'd0;
            err_out_tile  <= 12'd0;
            err_in_tile   <= 12'd0;
        end
    end
endmodule

`default_nettype wire
