// SPDX-License-Identifier: Apache-2.0
//
// tile_control: runs a job (one layer) as passes: for each output tile, for each input tile.
//
//   IDLE -> CHECK (layer_config) -> { WAIT for the tile's weights, RUN the pass } -> FINISH -> IDLE
//                                     any error at run time -> ERROR, left by `clear`
//
// A pass starts (`pass_start`, which is also the swap of the weights) when its weights are in the
// shadow and the pass before has left the pipeline, because partial sums and channel parameters
// belong to one pass. FINISH waits until every output has been taken and the weight stream has
// been found good, so a job is never done before its CRC is known.
//
// Errors: a configuration error ends the job at once in IDLE. A run-time error puts the engine in
// ERROR, where all inputs are dropped, until `clear` comes and the weight stream has ended. In
// both cases `done` pulses and `err` holds the code until `clear` or the next start.
//
// Parameters
//   PIN, POUT  channels a beat
`default_nettype none

module tile_control #(
    parameter PIN  = 8,
    parameter POUT = 8
) (
    input  wire        clk,
    input  wire        rst,

    input  wire        start,
    input  wire        clear,
    output wire        busy,
    output reg         done,
    output reg  [7:0]  err,

    // layer_config
    output wire        config_start,
    input  wire        config_ready,
    input  wire        config_bad,
    input  wire [7:0]  config_code,
    input  wire [11:0] cin,
    input  wire [11:0] cout,

    // passes
    output wire        job_start,
    output wire        pass_start,
    output wire        swap,           // pass_start, or clearing the shadow after an error
    output reg         first,          // of this pass: first, last input tile
    output reg         last,
    output reg  [11:0] out_base,       // first output channel of this pass
    output reg  [11:0] tile,           // output tile of the next pass
    output wire        running,
    input  wire        pass_end,
    input  wire        weights_full,
    input  wire        pipe_empty,
    input  wire        outputs_taken,
    input  wire        weights_good,   // the job's weight stream has ended without error
    input  wire        weights_idle,   // no weight stream is under way
    input  wire        run_error,
    input  wire [7:0]  run_code,
    output wire        in_error,
    output wire        waiting         // for weights only: a stall
);
    localparam [2:0] S_IDLE = 3'd0, S_CHECK = 3'd1, S_WAIT = 3'd2, S_RUN = 3'd3,
                     S_FINISH = 3'd4, S_ERROR = 3'd5;
    localparam [11:0] PIN_12 = PIN[11:0], POUT_12 = POUT[11:0];

    reg [2:0]  state;
    reg [11:0] next_out, next_in;   // tile of the next pass
    reg        clear_pending;

    wire last_in  = cin - next_in <= PIN_12;
    wire last_out = cout - next_out <= POUT_12;
    wire leave    = state == S_ERROR && (clear || clear_pending) && weights_idle && pipe_empty
                    && outputs_taken;

    assign busy         = state != S_IDLE && state != S_ERROR;
    assign in_error     = state == S_ERROR;
    assign running      = state == S_RUN;
    assign config_start = state == S_IDLE && start;
    assign job_start    = config_start;
    assign pass_start   = state == S_WAIT && weights_full && pipe_empty;
    assign swap         = pass_start || leave;
    assign waiting      = state == S_WAIT && !weights_full && pipe_empty;

    always @(posedge clk) begin
        done <= 1'b0;
        case (state)
            S_IDLE: begin
                if (clear) err <= 8'd0;
                if (start) begin
                    err      <= 8'd0;
                    next_out <= 12'd0;
                    next_in  <= 12'd0;
                    tile     <= 12'd0;
                    state    <= S_CHECK;
                end
            end
            S_CHECK: begin
                if (config_ready) state <= S_WAIT;
                if (config_bad) begin
                    err   <= config_code;
                    done  <= 1'b1;
                    state <= S_IDLE;
                end
            end
            S_WAIT: if (pass_start) begin
                first    <= next_in == 0;
                last     <= last_in;
                out_base <= next_out;
                state    <= S_RUN;
            end
            S_RUN: if (pass_end) begin
                next_in <= next_in + PIN_12;
                state   <= S_WAIT;
                if (last_in) begin
                    next_in  <= 12'd0;
                    next_out <= next_out + POUT_12;
                    tile     <= tile + 12'd1;
                    if (last_out) state <= S_FINISH;
                end
            end
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
        if (run_error && (state == S_WAIT || state == S_RUN || state == S_FINISH)) begin
            err   <= run_code;
            done  <= 1'b1;
            state <= S_ERROR;
        end
        if (rst) begin
            state         <= S_IDLE;
            clear_pending <= 1'b0;
            done          <= 1'b0;
            err           <= 8'd0;
        end
    end
endmodule

`default_nettype wire
