// SPDX-License-Identifier: Apache-2.0
//
// word_round: word = saturate((t + half) >> shift, 8 bits), half = 2^(shift-1), or 0 with shift 0.
//
// Adding half and dropping `shift` bits is the same as dropping them and adding the highest one
// that was dropped, so eight bits are added and not TW. Five stages, as pot_project has: shift by
// sixteens, by fours, by single places, rounding, saturation. Latency 5. One value a cycle, each
// with its own shift.
//
// Parameters
//   TW  bits of t, two's complement, 9..128
`default_nettype none

module word_round #(
    parameter TW = 48
) (
    input  wire          clk,
    input  wire          zero,        // beside t: take it for zero
    input  wire          none,        // four cycles behind t: its word is to be zero
    input  wire [TW-1:0] t,
    input  wire [6:0]    shift,       // 0 .. TW - 2
    output reg  [7:0]    word
);
    localparam W = 15 + 9;      // the bit dropped last, and eight, at any single place

    // ---- stage 1: by sixteens ----
    // Bit 0 of its window is the bit that a shift by 0 drops last.
    wire [W-1:0] window;
    wire         beyond, nothing, sign_1, unused_below;
    wire [3:0]   shift_1;
    reg          sign_2, sign_3, sign_4;
    reg  [1:0]   shift_2;

    block_shift #(.TW(TW), .W(W)) u_blocks (
        .clk(clk), .zero(zero), .t(t), .shift(shift), .window(window), .above(beyond),
        .below(unused_below), .nothing(nothing), .sign(sign_1), .rest(shift_1)
    );

    // ---- stage 2: by fours ----
    // What stays above the twelve places: four bits at a time.
    wire [W-1:0]  moved   = window >> {shift_1[3:2], 2'b00};
    wire [W-1:12] foreign = window[W-1:12] ^ {(W-12){sign_1}};
    reg  [11:0]   near;
    reg           beyond_2;

    always @(posedge clk) begin
        near     <= moved[11:0];
        beyond_2 <= beyond || |foreign[23:20] && shift_1[3:2] != 2'd3
                    || |foreign[19:16] && !shift_1[3] || |foreign[15:12] && shift_1[3:2] == 2'd0;
        sign_2   <= sign_1;
        shift_2  <= shift_1[1:0];
        if (nothing) begin
            near     <= 12'd0;
            beyond_2 <= 1'b0;
            sign_2   <= 1'b0;
        end
    end

    // ---- stage 3: by single places ----
    wire [11:0]   placed  = near >> shift_2;
    wire [11:8]   strange = near[11:8] ^ {4{sign_2}};
    reg  [8:0]    kept;               // {eight bits, the bit dropped last}
    reg           beyond_3;

    always @(posedge clk) begin
        kept     <= placed[8:0];
        beyond_3 <= beyond_2 || strange[11] || strange[10] && shift_2 != 2'd3
                    || strange[9] && !shift_2[1] || strange[8] && shift_2 == 2'd0;
        sign_3   <= sign_2;
    end

    wire unused = &{1'b0, unused_below, moved[W-1:12], placed[11:9]};

    // ---- stage 4: rounding, which takes 127 beyond the top ----
    reg [7:0] rounded;
    reg       beyond_4;

    always @(posedge clk) begin
        rounded  <= kept[8:1] + {7'd0, kept[0]};
        beyond_4 <= beyond_3 || kept == 9'h0ff;
        sign_4   <= sign_3;
    end

    // ---- stage 5: saturation ----
    always @(posedge clk) begin
        word <= beyond_4 ? {sign_4, {7{~sign_4}}} : rounded;
        if (none) word <= 8'd0;
    end

    generate
        if (TW < 9 || TW > 128) begin : g_illegal_tw
            illegal_parameter_TW_is_9_to_128 stop_elaboration ();
        end
    endgenerate
endmodule

`default_nettype wire
