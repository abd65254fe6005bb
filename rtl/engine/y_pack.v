// SPDX-License-Identifier: Apache-2.0
//
// y_pack: the engine's output positions as beats of the accelerator's y bus.
//
//   codes  four positions a beat, the first in the low POUT*B bits, in order; the last beat of a
//          transfer is filled up with zeros. It is what a following layer takes as activations.
//   raw    each sum sign-extended to 64 bits, lane 0 lowest, one position after the other; a
//          position takes 64*POUT / YW beats, which is a whole number, and no beat holds two.
//
// TLAST is on the beat that holds the end of the input transfer. Codes go in at one position a
// cycle without a pause; the input is held back only while the output is. A raw position stays on
// the input until its last beat is on its way. `raw` must hold still while a transfer passes.
// m_axis and its ready are registered (axis_skid); `idle`, a cycle late: nothing is held here.
//
// Parameters
//   POUT  lanes of a position, power of two, 1..64
//   B     bits of a code, 2..5
//   ACCW  bits of a raw sum, B..63
//   YW    bits of a beat, 4*POUT*B up to the next power of two from 32 on: derived, do not set
`default_nettype none

module y_pack #(
    parameter POUT = 8,
    parameter B    = 4,
    parameter ACCW = 30,
    parameter YW   = (4 * POUT * B > 32) ? 1 << $clog2(4 * POUT * B) : 32
) (
    input  wire                 clk,
    input  wire                 rst,
    input  wire                 raw,
    output reg                  idle,

    // positions in: codes in the low POUT*B bits, or POUT sums
    input  wire [POUT*ACCW-1:0] s_axis_tdata,
    input  wire                 s_axis_tvalid,
    output wire                 s_axis_tready,
    input  wire                 s_axis_tlast,

    // beats out
    output wire [YW-1:0]        m_axis_tdata,
    output wire                 m_axis_tvalid,
    input  wire                 m_axis_tready,
    output wire                 m_axis_tlast
);
    localparam SLOT   = POUT * B;
    localparam SLICES = 64 * POUT / YW;     // beats of a raw position, 2, 4 or 8
    localparam SW     = $clog2(SLICES);
    localparam BEFORE = SLICES - 2;         // the slice before a raw position's last one
    localparam [2:0] BEFORE_LAST = BEFORE[2:0];

    generate
        if (POUT < 1 || POUT > 64 || (1 << $clog2(POUT)) != POUT) begin : g_illegal_pout
            illegal_parameter_y_pack_pout stop_elaboration();
        end
        if (B < 2 || B > 5) begin : g_illegal_b
            illegal_parameter_y_pack_b stop_elaboration();
        end
        if (ACCW < B || ACCW > 63) begin : g_illegal_accw
            illegal_parameter_y_pack_accw stop_elaboration();
        end
        if (YW != ((4 * POUT * B > 32) ? 1 << $clog2(4 * POUT * B) : 32)) begin : g_illegal_yw
            illegal_parameter_y_pack_yw stop_elaboration();
        end
    endgenerate

    reg  [2:0]        phase;        // slot of the quad, or slice of the raw position
    reg  [3:0]        at;           // the quad's slot, one hot
    reg  [2:0]        behind;       // slots before it, which are kept
    reg               last_slice;   // the slice of a raw position that is its last
    reg  [3*SLOT-1:0] kept;         // the quad's slots so far; those behind `phase` are old
    wire              room;         // the beat of this cycle can go out
    wire              full  = raw ? last_slice : (at[3] || s_axis_tlast);
    wire              step  = s_axis_tvalid && room;

    // ---------------------------------------------------------------- codes
    wire [SLOT-1:0]   codes = s_axis_tdata[SLOT-1:0];
    wire [4*SLOT-1:0] quad;

    genvar g;
    generate
        for (g = 0; g < 4; g = g + 1) begin : g_slot
            if (g < 3) begin : g_early
                assign quad[g*SLOT +: SLOT] = at[g] ? codes
                                              : behind[g] ? kept[g*SLOT +: SLOT]
                                              : {SLOT{1'b0}};
                always @(posedge clk) if (at[g]) kept[g*SLOT +: SLOT] <= codes;
            end else begin : g_last
                assign quad[g*SLOT +: SLOT] = at[g] ? codes : {SLOT{1'b0}};
            end
        end
    endgenerate

    // ---------------------------------------------------------------- raw sums
    wire [64*POUT-1:0] words;
    generate
        for (g = 0; g < POUT; g = g + 1) begin : g_word
            assign words[64*g +: 64] = {{(64-ACCW){s_axis_tdata[g*ACCW+ACCW-1]}},
                                        s_axis_tdata[g*ACCW +: ACCW]};
        end
    endgenerate

    wire [YW-1:0] filled;           // the quad up to the width of the bus
    generate
        if (YW > 4 * SLOT) begin : g_fill
            assign filled = {{(YW-4*SLOT){1'b0}}, quad};
        end else begin : g_fits
            assign filled = quad;
        end
    endgenerate

    // ---------------------------------------------------------------- out
    // TLAST comes late, out of a memory: it ends a beat, but does not say whether one is taken.
    assign s_axis_tready = room && (!raw || last_slice);

    axis_skid #(.WIDTH(YW + 1)) u_skid (
        .clk(clk), .rst(rst),
        .s_axis_tdata({s_axis_tlast && full, raw ? words[phase[SW-1:0]*YW +: YW] : filled}),
        .s_axis_tvalid(s_axis_tvalid && (full || raw)), .s_axis_tready(room),
        .m_axis_tdata({m_axis_tlast, m_axis_tdata}), .m_axis_tvalid(m_axis_tvalid),
        .m_axis_tready(m_axis_tready)
    );

    always @(posedge clk) begin
        idle <= !m_axis_tvalid && phase == 3'd0;
        if (step) begin
            phase      <= full ? 3'd0 : phase + 3'd1;
            at         <= full ? 4'd1 : {at[2:0], at[3]};
            behind     <= full ? 3'd0 : {behind[1:0], 1'b1};
            last_slice <= !full && phase == BEFORE_LAST;
        end
        if (rst) begin
            idle       <= 1'b1;
            phase      <= 3'd0;
            at         <= 4'd1;
            behind     <= 3'd0;
            last_slice <= 1'b0;
        end
    end
endmodule

`default_nettype wire
