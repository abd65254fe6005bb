// SPDX-License-Identifier: Apache-2.0
//
// layer_config: holds one layer's configuration, refuses what does not fit, derives the rest.
//
// `start` samples every cfg_* port. A few cycles later either `ready` pulses, and all outputs
// stay stable for the job, or `bad` pulses with the error code:
//   17 kernel, stride or padding      16 map, channels or images      19 outputs or shifts
//   18 partial sums of a layer with several input-channel tiles do not fit in PSUM_DEPTH
// Checks come in that order, so one wrong layer always gives the same code.
//
// The derived values need no multiplier: output positions and the scan's lead are counted by
// repeated addition, one step a cycle (at most OH + images + 8 cycles, stopping early when the
// sum is already too large). What elements and their grid are: scan_control.
//
// Parameters
//   KMAX        largest kernel, 3, 5 or 7
//   PIN         input channels a beat, 1..64
//   LINE_DEPTH  widest map, 1..256
//   PSUM_DEPTH  output positions whose partial sums fit, 2..65536
//   COUT_MAX    most output channels, 1..2048
//   ACCW, TW    accumulator and sum widths, bound the shifts
`default_nettype none

module layer_config #(
    parameter KMAX       = 3,
    parameter PIN        = 8,
    parameter LINE_DEPTH = 256,
    parameter PSUM_DEPTH = 4096,
    parameter COUT_MAX   = 512,
    parameter ACCW       = 30,
    parameter TW         = 48
) (
    input  wire        clk,
    input  wire        rst,
    input  wire        start,
    output reg         ready,
    output reg         bad,
    output reg  [7:0]  bad_code,

    input  wire [8:0]  cfg_h,
    input  wire [8:0]  cfg_w,
    input  wire [11:0] cfg_cin,
    input  wire [11:0] cfg_cout,
    input  wire [2:0]  cfg_k,
    input  wire [1:0]  cfg_stride,
    input  wire [1:0]  cfg_pad,          // left and right
    input  wire [1:0]  cfg_pad_top,
    input  wire [1:0]  cfg_pad_bottom,
    input  wire [15:0] cfg_images,
    input  wire        cfg_relu,
    input  wire        cfg_res_in,
    input  wire        cfg_emit_code,
    input  wire        cfg_emit_res,
    input  wire        cfg_raw,
    input  wire [6:0]  cfg_proj_shift,
    input  wire [6:0]  cfg_res_shift,
    input  wire [6:0]  cfg_res_out_shift,

    output reg  [8:0]  h,
    output reg  [8:0]  w,
    output reg  [11:0] cin,
    output reg  [11:0] cout,
    output reg  [2:0]  k,
    output reg         blocks,           // elements are 2x2 blocks of pixels
    output reg         single,           // kernel 1: elements are output positions
    output reg  [1:0]  pad,
    output reg  [1:0]  pad_top,
    output wire [11:0] in_size,          // input channels of a tile
    output reg  [15:0] images,
    output reg         relu,
    output reg         res_in,
    output reg         emit_code,
    output reg         emit_res,
    output reg         raw,
    output reg  [6:0]  proj_shift,
    output reg  [6:0]  res_shift,
    output reg  [6:0]  res_out_shift,
    output reg  [8:0]  oh,
    output reg  [8:0]  ow,
    output wire [8:0]  grid_h,           // elements of a map
    output wire [8:0]  grid_w,
    output reg  [10:0] lead              // elements between the first one and the first anchor
);
    localparam [7:0] ERR_SHAPE = 8'd16, ERR_KERNEL = 8'd17, ERR_PSUM = 8'd18, ERR_EMIT = 8'd19;
    localparam [2:0] S_IDLE = 3'd0, S_RANGE = 3'd1, S_SPAN = 3'd2, S_JUDGE = 3'd3, S_LEAD = 3'd4,
                     S_PLANE = 3'd5, S_TOTAL = 3'd6;
    // The largest legal values, in the width of the field that they bound.
    localparam [8:0]  W_TOP      = LINE_DEPTH[8:0];
    localparam [11:0] COUT_TOP   = COUT_MAX[11:0];
    localparam        QUAD       = 4 * PIN;
    localparam [11:0] PIN_12     = PIN[11:0], QUAD_12 = QUAD[11:0];
    localparam        T_TOP      = TW - 2, R_TOP = ACCW + 8;
    localparam [6:0]  SHIFT_TOP  = T_TOP[6:0];
    localparam [6:0]  RES_TOP    = R_TOP[6:0];
    localparam [25:0] PSUM_TOP   = PSUM_DEPTH[25:0];

    reg [2:0]  state;
    reg [1:0]  stride, pad_bottom;
    reg [2:0]  lead_left;
    reg [8:0]  rows_left;
    reg        rows_over;      // none is left
    reg [15:0] images_left;
    reg [25:0] plane;   // output positions of one image, then of all images
    reg [25:0] total;

    wire        stride2 = stride[1];
    wire [8:0]  h_up = h + 9'd1, w_up = w + 9'd1;
    assign in_size = single ? QUAD_12 : PIN_12;
    assign grid_h  = single ? oh : stride2 ? {1'b0, h_up[8:1]} : h;
    assign grid_w  = single ? ow : stride2 ? {1'b0, w_up[8:1]} : w;

    // Lines below and elements right of an anchor that its window needs.
    wire [2:0]  below = k - 3'd1 - {1'b0, pad_top}, right = k - 3'd1 - {1'b0, pad};
    wire        unused = &{1'b0, h_up[0], w_up[0]};

    wire [2:0]  k_half   = {1'b0, k[2:1]};
    wire        k_ok     = k == 3'd1 || k == 3'd3 || (KMAX >= 5 && k == 3'd5)
                           || (KMAX >= 7 && k == 3'd7);
    wire        kernel_in = k_ok && (stride == 2'd1 || stride == 2'd2) && {1'b0, pad} <= k_half
                           && {1'b0, pad_top} <= k_half && {1'b0, pad_bottom} <= k_half;
    wire        shifts_in = proj_shift <= SHIFT_TOP && res_out_shift <= SHIFT_TOP
                           && res_shift <= RES_TOP;
    wire        emit_in  = (raw ? !(emit_code || emit_res) : (emit_code || emit_res)) && shifts_in;

    // Of the checks, a step each: padded map, what is left of it beside the kernel.
    reg         kernel_ok, shape_ok, emit_ok, map_in, channels_in;
    reg  [9:0]  h_padded, w_padded, h_span, w_span;

    always @(posedge clk) begin
        ready <= 1'b0;
        bad   <= 1'b0;
        case (state)
            S_IDLE: if (start) begin
                h             <= cfg_h;
                w             <= cfg_w;
                cin           <= cfg_cin;
                cout          <= cfg_cout;
                k             <= cfg_k;
                stride        <= cfg_stride;
                blocks        <= cfg_stride[1] && cfg_k != 3'd1;
                single        <= cfg_k == 3'd1;
                pad           <= cfg_pad;
                pad_top       <= cfg_pad_top;
                pad_bottom    <= cfg_pad_bottom;
                images        <= cfg_images;
                relu          <= cfg_relu;
                res_in        <= cfg_res_in;
                emit_code     <= cfg_emit_code;
                emit_res      <= cfg_emit_res;
                raw           <= cfg_raw;
                proj_shift    <= cfg_proj_shift;
                res_shift     <= cfg_res_shift;
                res_out_shift <= cfg_res_out_shift;
                state         <= S_RANGE;
            end
            S_RANGE: begin
                kernel_ok <= kernel_in;
                map_in    <= h != 0 && h <= 9'd256 && w != 0 && w <= 9'd256 && w <= W_TOP;
                channels_in <= cin != 0 && cin <= 12'd2048 && cout != 0 && cout <= COUT_TOP
                               && images != 0;
                emit_ok   <= emit_in;
                h_padded  <= {1'b0, h} + {8'd0, pad_top} + {8'd0, pad_bottom};
                w_padded  <= {1'b0, w} + {7'd0, pad, 1'b0};
                state     <= S_SPAN;
            end
            S_SPAN: begin
                h_span   <= h_padded - {7'd0, k};
                w_span   <= w_padded - {7'd0, k};
                shape_ok <= map_in && channels_in && h_padded >= {7'd0, k} && w_padded >= {7'd0, k};
                state    <= S_JUDGE;
            end
            S_JUDGE: begin
                oh          <= (stride2 ? h_span[9:1] : h_span[8:0]) + 9'd1;
                ow          <= (stride2 ? w_span[9:1] : w_span[8:0]) + 9'd1;
                lead        <= {8'd0, blocks ? {1'b0, right[2:1]} : right};
                lead_left   <= blocks ? {1'b0, below[2:1]} : below;
                plane       <= 26'd0;
                total       <= 26'd0;
                images_left <= images;
                state       <= S_LEAD;
                if (!kernel_ok || !shape_ok || !emit_ok) begin
                    bad      <= 1'b1;
                    bad_code <= !kernel_ok ? ERR_KERNEL : !shape_ok ? ERR_SHAPE : ERR_EMIT;
                    state    <= S_IDLE;
                end
            end
            S_LEAD: begin
                rows_left <= oh;
                rows_over <= 1'b0;
                lead_left <= lead_left - 3'd1;
                lead      <= lead + {2'd0, grid_w};
                if (lead_left == 0) begin
                    lead  <= lead;
                    state <= S_PLANE;
                    if (cin <= in_size) begin   // one tile: sums never wait in the buffer
                        ready <= 1'b1;
                        state <= S_IDLE;
                    end
                end
            end
            S_PLANE: begin
                rows_left <= rows_left - 9'd1;
                rows_over <= rows_left == 9'd1;
                plane     <= plane + {17'd0, ow};
                if (rows_over) begin
                    plane <= plane;
                    state <= S_TOTAL;
                end
            end
            S_TOTAL: begin
                images_left <= images_left - 16'd1;
                total       <= total + plane;
                if (total > PSUM_TOP) begin
                    bad      <= 1'b1;
                    bad_code <= ERR_PSUM;
                    state    <= S_IDLE;
                end else if (images_left == 0) begin
                    ready <= 1'b1;
                    state <= S_IDLE;
                end
            end
            default: state <= S_IDLE;
        endcase
        if (rst) begin
            state <= S_IDLE;
            ready <= 1'b0;
            bad   <= 1'b0;
        end
    end

    generate
        if (KMAX != 3 && KMAX != 5 && KMAX != 7) begin : g_illegal_kmax
            illegal_parameter_KMAX_is_3_5_or_7 stop_elaboration ();
        end
        if (PIN < 1 || PIN > 64) begin : g_illegal_pin
            illegal_parameter_PIN_is_1_to_64 stop_elaboration ();
        end
        if (LINE_DEPTH < 1 || LINE_DEPTH > 256) begin : g_illegal_line
            illegal_parameter_LINE_DEPTH_is_1_to_256 stop_elaboration ();
        end
        if (PSUM_DEPTH < 2 || PSUM_DEPTH > 65536) begin : g_illegal_psum
            illegal_parameter_PSUM_DEPTH_is_2_to_65536 stop_elaboration ();
        end
        if (COUT_MAX < 1 || COUT_MAX > 2048) begin : g_illegal_cout
            illegal_parameter_COUT_MAX_is_1_to_2048 stop_elaboration ();
        end
    endgenerate
endmodule

`default_nettype wire
