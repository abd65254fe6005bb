// SPDX-License-Identifier: Apache-2.0
//
// engine_counters: what a job cost, by cause. Cleared by job_start, held after the job.
//
// cnt_cycles counts the cycles from the one after `start` to the one in which the job ends,
// both included; cnt_busy those in which a position was issued. Each stall cycle has one cause.
//
// Parameters: none.
`default_nettype none

module engine_counters (
    input  wire         clk,
    input  wire         rst,
    input  wire         job_start,
    input  wire         running,      // the job's cycles
    // {beat_q, beat_y, beat_r, beat_a, beat_w, stall_y, stall_r, stall_a, stall_w, issue}
    input  wire [9:0]   events,
    output wire [31:0]  cycles,
    output wire [319:0] counts        // one 32-bit count for each event, event 0 lowest
);
    wire [10:0]  seen = {events, running};
    wire [351:0] all;
    assign cycles = all[31:0];
    assign counts = all[351:32];

    genvar e;
    generate
        for (e = 0; e < 11; e = e + 1) begin : g_event
            reg [31:0] count;
            always @(posedge clk) begin
                if (seen[e]) count <= count + 32'd1;
                if (job_start || rst) count <= 32'd0;
            end
            assign all[e*32 +: 32] = count;
        end
    endgenerate
endmodule

`default_nettype wire
