// SPDX-License-Identifier: Apache-2.0
//
// axis_skid: register slice for a stream boundary. Both directions come from flip-flops, so no path
// runs through it, and it still moves one beat every cycle: the beat that is on the wire when the
// consumer stalls waits in a second register. A beat takes one cycle from s_axis to m_axis.
//
// Parameters
//   WIDTH  payload bits, 1..65536. TLAST and the like are packed into the payload by the user.
`default_nettype none

module axis_skid #(
    parameter WIDTH = 8
) (
    input  wire             clk,
    input  wire             rst,

    // stream in
    input  wire [WIDTH-1:0] s_axis_tdata,
    input  wire             s_axis_tvalid,
    output wire             s_axis_tready,

    // stream out
    output wire [WIDTH-1:0] m_axis_tdata,
    output wire             m_axis_tvalid,
    input  wire             m_axis_tready
);

    generate
        if (WIDTH < 1 || WIDTH > 65536) begin : g_illegal_width
            illegal_parameter_axis_skid_width stop_elaboration();
        end
    endgenerate

    reg [WIDTH-1:0] out_data;
    reg             out_valid;
    reg [WIDTH-1:0] skid_data;
    reg             skid_valid;
    // Kept low by reset, so that no beat is taken in the reset cycle and lost.
    reg             ready;

    wire out_free = !out_valid || m_axis_tready;
    wire take     = s_axis_tvalid && ready;

    assign s_axis_tready = ready;
    assign m_axis_tdata  = out_data;
    assign m_axis_tvalid = out_valid;

    always @(posedge clk) begin
        if (out_free) begin
            out_data  <= skid_valid ? skid_data : s_axis_tdata;
            out_valid <= skid_valid || take;
        end
        // ready is only high while the skid register is empty, so this write never destroys a beat.
        if (ready) begin
            skid_data <= s_axis_tdata;
        end
        skid_valid <= !out_free && (skid_valid || take);
        ready      <= out_free || !(skid_valid || take);
        if (rst) begin
            out_valid  <= 1'b0;
            skid_valid <= 1'b0;
            ready      <= 1'b0;
        end
    end

endmodule

`default_nettype wire
