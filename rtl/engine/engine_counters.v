// SPDX-License-Identifier: Apache-2.0
//
// engine_counters: what a job cost, by cause. Cleared by job_start, held after the job.
//
// cnt_cycles counts the cycles from the one after `start` to the one in which the job ends,
// both included. Each stall cycle has one cause.
`default_nettype none

module engine_counters (
    input  wire        clk,
    input  wire        rst,
    input  wire        job_start,
    input  wire        busy,
    input  wire        stall_w,
    input  wire        stall_a,
    input  wire        stall_r,
    input  wire        stall_y,
    input  wire        beat_a,
    input  wire        beat_y,
    output reg  [31:0] cnt_cycles,
    output reg  [31:0] cnt_stall_w,
    output reg  [31:0] cnt_stall_a,
    output reg  [31:0] cnt_stall_r,
    output reg  [31:0] cnt_stall_y,
    output reg  [31:0] cnt_beats_a,
    output reg  [31:0] cnt_beats_y
);
    always @(posedge clk) begin
        if (busy)    cnt_cycles  <= cnt_cycles + 32'd1;
        if (stall_w) cnt_stall_w <= cnt_stall_w + 32'd1;
        if (stall_a) cnt_stall_a <= cnt_stall_a + 32'd1;
        if (stall_r) cnt_stall_r <= cnt_stall_r + 32'd1;
        if (stall_y) cnt_stall_y <= cnt_stall_y + 32'd1;
        if (beat_a)  cnt_beats_a <= cnt_beats_a + 32'd1;
        if (beat_y)  cnt_beats_y <= cnt_beats_y + 32'd1;
        if (job_start || rst) begin
            cnt_cycles  <= 32'd0;
            cnt_stall_w <= 32'd0;
            cnt_stall_a <= 32'd0;
            cnt_stall_r <= 32'd0;
            cnt_stall_y <= 32'd0;
            cnt_beats_a <= 32'd0;
            cnt_beats_y <= 32'd0;
        end
    end
endmodule

`default_nettype wire
