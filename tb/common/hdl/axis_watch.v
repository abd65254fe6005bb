// SPDX-License-Identifier: Apache-2.0
// Watches one AXI4-Stream port, any side: counts beats, cycles in which the receiver holds the
// sender back (blocked) and in which the sender has nothing (starved), and keeps every breach of
// the rules: X on valid or ready, X in a valid payload, valid taken back, payload changed while it
// waits.
// X can only be seen by a 4-state simulator (Icarus); the rest by both.
//
// WIDTH  payload bits, TLAST included
`default_nettype none

module axis_watch #(
    parameter WIDTH = 8
) (
    input  wire             clk,
    input  wire             rst,
    input  wire             load,       // counters start again
    input  wire             active,     // count stalls only while this is high
    input  wire [WIDTH-1:0] payload,
    input  wire             valid,
    input  wire             ready,
    output reg  [31:0]      beats,
    output reg  [31:0]      blocked,
    output reg  [31:0]      starved,
    output reg              xseen,      // sticky over jobs: nothing but a new simulation clears it
    output reg              unstable    // sticky over jobs
);
    reg             was_reset;          // before the first reset anything may be X
    reg             waiting;
    reg [WIDTH-1:0] held;

    initial begin
        was_reset = 1'b0;
        waiting   = 1'b0;
        xseen     = 1'b0;
        unstable  = 1'b0;
        beats     = 32'd0;
        blocked   = 32'd0;
        starved   = 32'd0;
    end

    always @(posedge clk) begin
        held <= payload;
        if (rst) begin
            was_reset <= 1'b1;
            waiting   <= 1'b0;
        end else if (was_reset) begin
            waiting <= valid && !ready;
            if ((valid !== 1'b0 && valid !== 1'b1) || (ready !== 1'b0 && ready !== 1'b1)
                || (valid === 1'b1 && (^payload) === 1'bx)) xseen <= 1'b1;
            if (waiting && (!valid || payload !== held)) unstable <= 1'b1;
        end
        if (load || rst) begin
            beats   <= 32'd0;
            blocked <= 32'd0;
            starved <= 32'd0;
        end else begin
            if (valid && ready) beats <= beats + 32'd1;
            if (active && valid && !ready) blocked <= blocked + 32'd1;
            if (active && !valid && ready) starved <= starved + 32'd1;
        end
    end
endmodule

`default_nettype wire
