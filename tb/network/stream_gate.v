// SPDX-License-Identifier: Apache-2.0
// What stands between an output of the device and its recorder: as the receiving side of a DMA it
// takes nothing until a reception is asked for, and closes behind the last transfer of it.
`default_nettype none

module stream_gate (
    input  wire        clk,
    input  wire        rst,
    input  wire        load,             // open until `want` transfers have ended
    input  wire        abort,
    input  wire [31:0] want,
    input  wire        valid,
    input  wire        last,
    output wire        ready,
    input  wire        recorder_ready,
    output wire        take,             // the recorder sees this beat
    output wire        close,            // the recorder's file ends
    output wire        idle
);
    reg        open;
    reg        closing;
    reg [31:0] ended;

    assign ready = open && recorder_ready;
    assign take  = open && valid;
    assign close = closing || abort;
    assign idle  = !open && !closing;

    initial begin
        open    = 1'b0;
        closing = 1'b0;
        ended   = 32'd0;
    end

    always @(posedge clk) begin
        closing <= 1'b0;
        if (rst || abort) begin
            open <= 1'b0;
        end else if (load) begin
            open  <= 1'b1;
            ended <= 32'd0;
        end else if (take && recorder_ready && last === 1'b1) begin
            ended <= ended + 32'd1;
            if (ended + 32'd1 == want) begin
                open    <= 1'b0;
                closing <= 1'b1;
            end
        end
    end
endmodule

`default_nettype wire
