// SPDX-License-Identifier: Apache-2.0
//
// word_round: word = saturate((t + half) >> shift, 8 bits), half = 2^(shift-1), or 0 with shift 0.
//
// Adding half and dropping `shift` bits is the same as dropping them and adding the highest one
// that was dropped, so eight bits are added and not TW. Five stages, as pot_project has: shift by
// sixteens, by fours, by single places, rounding, and one to wait. Latency 5. One value a cycle,
// each with its own shift.
//
// Parameters
//   TW  bits of t, two's complement, 9..128
`default_nettype none

module word_round #(
    parameter TW = 48
) (
    input  wire          clk,
    input  wire          zero,        // beside t: take it for zero
    input  wire [TW-1:0] t,
    input  wire [6:0]    shift,       // 0 .. TW - 2
    output reg  [7:0]    word
);
    localparam W      = 15 + 9;       // the bit dropped last, and eight, at any single place
    localparam BLOCKS = (TW + 16) / 16;
    localparam VW     = 16 * (BLOCKS + 2);

    // ---- stage 1: by sixteens ----
    // Bit 0 of v is the bit that a shift by 0 drops last.
    wire          sign = t[TW-1];
    wire [VW-1:0] v = {{(VW-TW-1){sign}}, t, 1'b0};
    wire [7:0]    beyond_at;
    wire [8*W-1:0] window_at;
    reg  [W-1:0]  window;
    reg           beyond, sign_1, sign_2, sign_3;
    reg  [3:0]    shift_1;
    reg  [1:0]    shift_2;

    genvar c;
    generate
        for (c = 0; c < 8; c = c + 1) begin : g_block
            if (c < BLOCKS) begin : g_in
                assign window_at[W*c +: W] = v[16*c +: W];
                assign beyond_at[c] = |(v[VW-1:16*c+W] ^ {(VW-16*c-W){sign}});
            end else begin : g_out
                assign window_at[W*c +: W] = {W{sign}};
                assign beyond_at[c] = 1'b0;
            end
        end
    endgenerate

    always @(posedge clk) begin
        window  <= window_at[W*shift[6:4] +: W];
        beyond  <= beyond_at[shift[6:4]];       // bits that the sign does not stand for
        sign_1  <= sign;
        shift_1 <= shift[3:0];
        if (zero) begin
            window <= {W{1'b0}};
            beyond <= 1'b0;
            sign_1 <= 1'b0;
        end
    end

    // ---- stage 2: by fours ----
    wire [W-1:0]  moved = window >> {shift_1[3:2], 2'b00};
    wire [W-1:0]  foreign = (window ^ {W{sign_1}}) >> {shift_1[3:2], 2'b00};
    reg  [11:0]   near;
    reg           beyond_2;

    always @(posedge clk) begin
        near     <= moved[11:0];
        beyond_2 <= beyond || |foreign[W-1:12];
        sign_2   <= sign_1;
        shift_2  <= shift_1[1:0];
    end

    // ---- stage 3: by single places ----
    // With window ^ sign shifted, the zeros that come in from above are the sign's.
    wire [11:0]   placed = near >> shift_2;
    wire [11:0]   strange = (near ^ {12{sign_2}}) >> shift_2;
    reg  [8:0]    kept;               // {eight bits, the bit dropped last}
    reg           beyond_3;

    always @(posedge clk) begin
        kept     <= placed[8:0];
        beyond_3 <= beyond_2 || |strange[11:8];
        sign_3   <= sign_2;
    end

    wire unused = &{1'b0, moved[W-1:12], foreign[11:0], placed[11:9], strange[7:0]};

    // ---- stages 4 and 5 ----
    wire [7:0] limit = {sign_3, {7{~sign_3}}};
    reg  [7:0] rounded;

    always @(posedge clk) begin
        // Rounding up takes 127 beyond the top.
        rounded <= (beyond_3 || kept == 9'h0ff) ? limit : kept[8:1] + {7'd0, kept[0]};
        word    <= rounded;
    end

    generate
        if (TW < 9 || TW > 128) begin : g_illegal_tw
            illegal_parameter_TW_is_9_to_128 stop_elaboration ();
        end
    endgenerate
endmodule

`default_nettype wire
