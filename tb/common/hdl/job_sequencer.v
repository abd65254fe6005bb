// SPDX-License-Identifier: Apache-2.0
// Runs one job of a bench without help: a change of `go` loads the players; once the channel
// parameters are played it pulses `start`, waits for `done` and then for 64 cycles without a valid
// output, closes the recorders and raises `finished` until the next job. Where nothing moves for
// hang_limit cycles, or one start takes more than cycle_limit, it gives up: `finished` together
// with `hung`.
`default_nettype none

module job_sequencer (
    input  wire        clk,
    input  wire        rst,
    input  wire        go,           // either edge starts a job
    input  wire [7:0]  repeats,      // starts of this job; the next comes in the cycle after `done`
    input  wire [31:0] hang_limit,
    input  wire [31:0] cycle_limit,
    input  wire        setup_idle,   // the channel parameters are in
    input  wire        moved,        // some stream moved a beat in this cycle
    input  wire        out_valid,    // some output offers a beat
    input  wire        done,
    output wire        load,
    output wire        start,
    output wire        close,
    output wire        active,       // between start and done
    output reg         finished,
    output reg         hung,
    output reg  [7:0]  dones,        // `done` pulses of this job
    output reg  [31:0] run_cycles    // of the last start: from the cycle after it to `done`
);
    localparam [2:0] S_IDLE = 3'd0, S_SETUP = 3'd1, S_START = 3'd2, S_RUN = 3'd3, S_SETTLE = 3'd4,
                     S_CLOSE = 3'd5;
    reg [2:0]  state;
    reg        go_seen;
    reg [6:0]  settle;
    reg [31:0] quiet;

    assign load   = go != go_seen && !rst;
    assign start  = state == S_START;
    assign close  = state == S_CLOSE;
    assign active = state == S_RUN;

    initial begin
        state      = S_IDLE;
        go_seen    = 1'b0;
        finished   = 1'b0;
        hung       = 1'b0;
        dones      = 8'd0;
        run_cycles = 32'd0;
        settle     = 7'd0;
        quiet      = 32'd0;
    end

    always @(posedge clk) begin
        go_seen <= go;
        quiet   <= (moved || !(state == S_RUN || state == S_SETTLE)) ? 32'd0 : quiet + 32'd1;
        settle  <= (state != S_SETTLE || out_valid) ? 7'd0 : settle + 7'd1;
        if (done) dones <= dones + 8'd1;
        if (active) run_cycles <= run_cycles + 32'd1;
        if (start) run_cycles <= 32'd0;
        case (state)
            S_SETUP:  if (setup_idle) state <= S_START;
            S_START:  state <= S_RUN;
            S_RUN:    if (done) state <= (dones + 8'd1 < repeats) ? S_START : S_SETTLE;
            S_SETTLE: if (settle[6]) state <= S_CLOSE;
            S_CLOSE: begin
                state    <= S_IDLE;
                finished <= 1'b1;
            end
            default: ;
        endcase
        if (quiet == hang_limit || (active && run_cycles == cycle_limit)) begin
            state <= S_CLOSE;
            hung  <= 1'b1;
        end
        if (load) begin
            state      <= S_SETUP;
            finished   <= 1'b0;
            hung       <= 1'b0;
            dones      <= 8'd0;
            run_cycles <= 32'd0;
        end
        if (rst) begin
            state    <= S_IDLE;
            finished <= 1'b0;
        end
    end
endmodule

`default_nettype wire
