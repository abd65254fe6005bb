// SPDX-License-Identifier: Apache-2.0
//
// register_map: the accelerator's registers, made from rtl/registers.toml by `python3 -m sim
// registers`. Do not edit: change the table.
//
// Decodes word addresses, holds what is configured, turns command bits into pulses of one cycle.
// `locked` keeps configuration and channel registers as they are. write_ok and read_ok say at once
// whether the address may be written or read. A register that commits raises its `_stored` in the
// cycle after the write and adds 1 to its channel address with it.
//
// Ports are named REGISTER_FIELD. No parameters.
`default_nettype none

module register_map (
    input  wire        clk,
    input  wire        rst,
    input  wire        locked,
    input  wire        write,
    input  wire [9:0]  write_word,
    input  wire [31:0] write_data,
    output reg         write_ok,
    output reg         write_refused,
    input  wire [9:0]  read_word,
    output reg  [31:0] read_data,
    output reg         read_ok,
    input  wire [3:0]  build_b,
    input  wire [3:0]  build_kmax,
    input  wire [7:0]  build_pin,
    input  wire [7:0]  build_pout,
    input  wire [3:0]  build_lane,
    input  wire [8:0]  line_depth_width,
    input  wire [16:0] psum_depth_positions,
    input  wire [11:0] cout_max_channels,
    input  wire [10:0] fifo_depth_words,
    output reg         control_start,
    output reg         control_clear,
    input  wire        status_busy,
    input  wire        status_done,
    input  wire        status_refused_start,
    input  wire        status_refused_write,
    input  wire [7:0]  status_err,
    input  wire [11:0] error_tile_out_tile,
    input  wire [11:0] error_tile_in_tile,
    output reg  [8:0]  map_h,
    output reg  [8:0]  map_w,
    output reg  [11:0] channels_cin,
    output reg  [11:0] channels_cout,
    output reg  [2:0]  kernel_k,
    output reg  [1:0]  kernel_stride,
    output reg  [1:0]  kernel_pad,
    output reg  [1:0]  kernel_pad_top,
    output reg  [1:0]  kernel_pad_bottom,
    output reg  [15:0] images_count,
    output reg         mode_relu,
    output reg         mode_res_in,
    output reg         mode_emit_code,
    output reg         mode_emit_res,
    output reg         mode_raw,
    output reg  [6:0]  shifts_proj,
    output reg  [6:0]  shifts_res,
    output reg  [6:0]  shifts_res_out,
    output reg  [11:0] channel_addr,
    output reg  [31:0] channel_data0_data,
    output reg  [31:0] channel_data1_data,
    output reg  [31:0] channel_data2_data,
    output reg         channel_data2_stored,
    input  wire [31:0] cycles_count,
    input  wire [31:0] busy_count,
    input  wire [31:0] stall_w_count,
    input  wire [31:0] stall_a_count,
    input  wire [31:0] stall_r_count,
    input  wire [31:0] stall_y_count,
    input  wire [31:0] weights_count,
    input  wire [31:0] beats_w_count,
    input  wire [31:0] beats_a_count,
    input  wire [31:0] beats_r_count,
    input  wire [31:0] beats_y_count,
    input  wire [31:0] beats_q_count
);

    localparam [9:0] A_ID             = 10'h000;
    localparam [9:0] A_VERSION        = 10'h001;
    localparam [9:0] A_BUILD          = 10'h002;
    localparam [9:0] A_LINE_DEPTH     = 10'h003;
    localparam [9:0] A_PSUM_DEPTH     = 10'h004;
    localparam [9:0] A_COUT_MAX       = 10'h005;
    localparam [9:0] A_FIFO_DEPTH     = 10'h006;
    localparam [9:0] A_CONTROL        = 10'h008;
    localparam [9:0] A_STATUS         = 10'h009;
    localparam [9:0] A_ERROR_TILE     = 10'h00A;
    localparam [9:0] A_MAP            = 10'h010;
    localparam [9:0] A_CHANNELS       = 10'h011;
    localparam [9:0] A_KERNEL         = 10'h012;
    localparam [9:0] A_IMAGES         = 10'h013;
    localparam [9:0] A_MODE           = 10'h014;
    localparam [9:0] A_SHIFTS         = 10'h015;
    localparam [9:0] A_CHANNEL        = 10'h018;
    localparam [9:0] A_CHANNEL_DATA0  = 10'h019;
    localparam [9:0] A_CHANNEL_DATA1  = 10'h01A;
    localparam [9:0] A_CHANNEL_DATA2  = 10'h01B;
    localparam [9:0] A_CYCLES         = 10'h020;
    localparam [9:0] A_BUSY           = 10'h021;
    localparam [9:0] A_STALL_W        = 10'h022;
    localparam [9:0] A_STALL_A        = 10'h023;
    localparam [9:0] A_STALL_R        = 10'h024;
    localparam [9:0] A_STALL_Y        = 10'h025;
    localparam [9:0] A_WEIGHTS        = 10'h026;
    localparam [9:0] A_BEATS_W        = 10'h027;
    localparam [9:0] A_BEATS_A        = 10'h028;
    localparam [9:0] A_BEATS_R        = 10'h029;
    localparam [9:0] A_BEATS_Y        = 10'h02A;
    localparam [9:0] A_BEATS_Q        = 10'h02B;

    always @* begin
        write_ok      = 1'b0;
        write_refused = 1'b0;
        case (write_word)
            A_MAP, A_CHANNELS, A_KERNEL, A_IMAGES, A_MODE, A_SHIFTS, A_CHANNEL,
            A_CHANNEL_DATA0, A_CHANNEL_DATA1, A_CHANNEL_DATA2: begin
                write_ok      = 1'b1;
                write_refused = write && locked;
            end
            A_CONTROL: write_ok = 1'b1;
            default: ;
        endcase
    end

    always @* begin
        read_ok = 1'b1;
        case (read_word)
            A_ID:            read_data = 32'h504C5441;
            A_VERSION:       read_data = {16'h1, 16'h0};
            A_BUILD:         read_data = {4'd0, build_lane, build_pout, build_pin, build_kmax,
                                          build_b};
            A_LINE_DEPTH:    read_data = {23'd0, line_depth_width};
            A_PSUM_DEPTH:    read_data = {15'd0, psum_depth_positions};
            A_COUT_MAX:      read_data = {20'd0, cout_max_channels};
            A_FIFO_DEPTH:    read_data = {21'd0, fifo_depth_words};
            A_CONTROL:       read_data = 32'd0;
            A_STATUS:        read_data = {16'd0, status_err, 4'd0, status_refused_write,
                                          status_refused_start, status_done, status_busy};
            A_ERROR_TILE:    read_data = {4'd0, error_tile_in_tile, 4'd0, error_tile_out_tile};
            A_MAP:           read_data = {7'd0, map_w, 7'd0, map_h};
            A_CHANNELS:      read_data = {4'd0, channels_cout, 4'd0, channels_cin};
            A_KERNEL:        read_data = {14'd0, kernel_pad_bottom, 2'd0, kernel_pad_top, 2'd0,
                                          kernel_pad, 2'd0, kernel_stride, 1'd0, kernel_k};
            A_IMAGES:        read_data = {16'd0, images_count};
            A_MODE:          read_data = {27'd0, mode_raw, mode_emit_res, mode_emit_code,
                                          mode_res_in, mode_relu};
            A_SHIFTS:        read_data = {9'd0, shifts_res_out, 1'd0, shifts_res, 1'd0,
                                          shifts_proj};
            A_CHANNEL:       read_data = {20'd0, channel_addr};
            A_CHANNEL_DATA0: read_data = channel_data0_data;
            A_CHANNEL_DATA1: read_data = channel_data1_data;
            A_CHANNEL_DATA2: read_data = channel_data2_data;
            A_CYCLES:        read_data = cycles_count;
            A_BUSY:          read_data = busy_count;
            A_STALL_W:       read_data = stall_w_count;
            A_STALL_A:       read_data = stall_a_count;
            A_STALL_R:       read_data = stall_r_count;
            A_STALL_Y:       read_data = stall_y_count;
            A_WEIGHTS:       read_data = weights_count;
            A_BEATS_W:       read_data = beats_w_count;
            A_BEATS_A:       read_data = beats_a_count;
            A_BEATS_R:       read_data = beats_r_count;
            A_BEATS_Y:       read_data = beats_y_count;
            A_BEATS_Q:       read_data = beats_q_count;
            default: begin
                read_ok   = 1'b0;
                read_data = 32'd0;
            end
        endcase
    end

    always @(posedge clk) begin
        control_start <= 1'b0;
        control_clear <= 1'b0;
        channel_data2_stored <= 1'b0;
        if (channel_data2_stored) channel_addr <= channel_addr + 12'd1;
        if (write) case (write_word)
            A_CONTROL: begin
                control_start <= write_data[0];
                control_clear <= write_data[1];
            end
            A_MAP: if (!locked) begin
                map_h <= write_data[8:0];
                map_w <= write_data[24:16];
            end
            A_CHANNELS: if (!locked) begin
                channels_cin <= write_data[11:0];
                channels_cout <= write_data[27:16];
            end
            A_KERNEL: if (!locked) begin
                kernel_k <= write_data[2:0];
                kernel_stride <= write_data[5:4];
                kernel_pad <= write_data[9:8];
                kernel_pad_top <= write_data[13:12];
                kernel_pad_bottom <= write_data[17:16];
            end
            A_IMAGES: if (!locked) images_count <= write_data[15:0];
            A_MODE: if (!locked) begin
                mode_relu <= write_data[0];
                mode_res_in <= write_data[1];
                mode_emit_code <= write_data[2];
                mode_emit_res <= write_data[3];
                mode_raw <= write_data[4];
            end
            A_SHIFTS: if (!locked) begin
                shifts_proj <= write_data[6:0];
                shifts_res <= write_data[14:8];
                shifts_res_out <= write_data[22:16];
            end
            A_CHANNEL: if (!locked) channel_addr <= write_data[11:0];
            A_CHANNEL_DATA0: if (!locked) channel_data0_data <= write_data[31:0];
            A_CHANNEL_DATA1: if (!locked) channel_data1_data <= write_data[31:0];
            A_CHANNEL_DATA2: if (!locked) begin
                channel_data2_data <= write_data[31:0];
                channel_data2_stored <= 1'b1;
            end
            default: ;
        endcase
        if (rst) begin
            control_start <= 1'b0;
            control_clear <= 1'b0;
            channel_data2_stored <= 1'b0;
            map_h <= 9'd0;
            map_w <= 9'd0;
            channels_cin <= 12'd0;
            channels_cout <= 12'd0;
            kernel_k <= 3'd0;
            kernel_stride <= 2'd0;
            kernel_pad <= 2'd0;
            kernel_pad_top <= 2'd0;
            kernel_pad_bottom <= 2'd0;
            images_count <= 16'd0;
            mode_relu <= 1'd0;
            mode_res_in <= 1'd0;
            mode_emit_code <= 1'd0;
            mode_emit_res <= 1'd0;
            mode_raw <= 1'd0;
            shifts_proj <= 7'd0;
            shifts_res <= 7'd0;
            shifts_res_out <= 7'd0;
            channel_addr <= 12'd0;
            channel_data0_data <= 32'd0;
            channel_data1_data <= 32'd0;
            channel_data2_data <= 32'd0;
        end
    end
endmodule

`default_nettype wire
