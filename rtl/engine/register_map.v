// SPDX-License-Identifier: Apache-2.0
//
// register_map: the accelerator's registers, made from rtl/registers.toml by `python3 -m sim
// registers`. Do not edit: change the table.
//
// Decodes word addresses, holds what is configured, turns command bits into pulses of one cycle.
// `locked` keeps configuration and channel registers as they are. write_word stands still from the
// cycle before `write` on; write_ok says whether it may be written. read_ok and read_data come in
// the cycle after read_word: each block of eight words chooses one of its own, then the block is
// chosen. A register that commits raises its `_stored` in the cycle after the write and adds 1 to
// its channel address with it.
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

    // What write_word is.
    reg configures, commands;
    reg is_control;
    reg is_map;
    reg is_channels;
    reg is_kernel;
    reg is_images;
    reg is_mode;
    reg is_shifts;
    reg is_channel;
    reg is_channel_data0;
    reg is_channel_data1;
    reg is_channel_data2;

    always @* begin
        write_ok      = configures || commands;
        write_refused = write && locked && configures;
    end

    always @(posedge clk) begin
        configures <= 1'b0;
        commands   <= 1'b0;
        case (write_word)
            A_MAP, A_CHANNELS, A_KERNEL, A_IMAGES, A_MODE, A_SHIFTS, A_CHANNEL,
            A_CHANNEL_DATA0, A_CHANNEL_DATA1, A_CHANNEL_DATA2: configures <= 1'b1;
            A_CONTROL: commands <= 1'b1;
            default: ;
        endcase
        is_control <= write_word == A_CONTROL;
        is_map <= write_word == A_MAP;
        is_channels <= write_word == A_CHANNELS;
        is_kernel <= write_word == A_KERNEL;
        is_images <= write_word == A_IMAGES;
        is_mode <= write_word == A_MODE;
        is_shifts <= write_word == A_SHIFTS;
        is_channel <= write_word == A_CHANNEL;
        is_channel_data0 <= write_word == A_CHANNEL_DATA0;
        is_channel_data1 <= write_word == A_CHANNEL_DATA1;
        is_channel_data2 <= write_word == A_CHANNEL_DATA2;
    end

    reg [31:0] block_0, block_1, block_2, block_3, block_4, block_5;
    reg [6:0]  read_block;
    reg        known;

    always @(posedge clk) begin
        read_block <= read_word[9:3];
        case (read_word)
            A_ID, A_VERSION, A_BUILD, A_LINE_DEPTH, A_PSUM_DEPTH, A_COUT_MAX, A_FIFO_DEPTH,
            A_CONTROL, A_STATUS, A_ERROR_TILE, A_MAP, A_CHANNELS, A_KERNEL, A_IMAGES,
            A_MODE, A_SHIFTS, A_CHANNEL, A_CHANNEL_DATA0, A_CHANNEL_DATA1, A_CHANNEL_DATA2,
            A_CYCLES, A_BUSY, A_STALL_W, A_STALL_A, A_STALL_R, A_STALL_Y, A_WEIGHTS,
            A_BEATS_W, A_BEATS_A, A_BEATS_R, A_BEATS_Y, A_BEATS_Q: known <= 1'b1;
            default: known <= 1'b0;
        endcase
        case (read_word[2:0])
            3'd0:   block_0 <= 32'h504C5441;
            3'd1:   block_0 <= {16'h1, 16'h0};
            3'd2:   block_0 <= {4'd0, build_lane, build_pout, build_pin, build_kmax,
                                          build_b};
            3'd3:   block_0 <= {23'd0, line_depth_width};
            3'd4:   block_0 <= {15'd0, psum_depth_positions};
            3'd5:   block_0 <= {20'd0, cout_max_channels};
            3'd6:   block_0 <= {21'd0, fifo_depth_words};
            default: block_0 <= 32'd0;
        endcase
        case (read_word[2:0])
            3'd0:   block_1 <= 32'd0;
            3'd1:   block_1 <= {16'd0, status_err, 4'd0, status_refused_write,
                                          status_refused_start, status_done, status_busy};
            3'd2:   block_1 <= {4'd0, error_tile_in_tile, 4'd0, error_tile_out_tile};
            default: block_1 <= 32'd0;
        endcase
        case (read_word[2:0])
            3'd0:   block_2 <= {7'd0, map_w, 7'd0, map_h};
            3'd1:   block_2 <= {4'd0, channels_cout, 4'd0, channels_cin};
            3'd2:   block_2 <= {14'd0, kernel_pad_bottom, 2'd0, kernel_pad_top, 2'd0,
                                          kernel_pad, 2'd0, kernel_stride, 1'd0, kernel_k};
            3'd3:   block_2 <= {16'd0, images_count};
            3'd4:   block_2 <= {27'd0, mode_raw, mode_emit_res, mode_emit_code,
                                          mode_res_in, mode_relu};
            3'd5:   block_2 <= {9'd0, shifts_res_out, 1'd0, shifts_res, 1'd0,
                                          shifts_proj};
            default: block_2 <= 32'd0;
        endcase
        case (read_word[2:0])
            3'd0:   block_3 <= {20'd0, channel_addr};
            3'd1:   block_3 <= channel_data0_data;
            3'd2:   block_3 <= channel_data1_data;
            3'd3:   block_3 <= channel_data2_data;
            default: block_3 <= 32'd0;
        endcase
        case (read_word[2:0])
            3'd0:   block_4 <= cycles_count;
            3'd1:   block_4 <= busy_count;
            3'd2:   block_4 <= stall_w_count;
            3'd3:   block_4 <= stall_a_count;
            3'd4:   block_4 <= stall_r_count;
            3'd5:   block_4 <= stall_y_count;
            3'd6:   block_4 <= weights_count;
            3'd7:   block_4 <= beats_w_count;
            default: block_4 <= 32'd0;
        endcase
        case (read_word[2:0])
            3'd0:   block_5 <= beats_a_count;
            3'd1:   block_5 <= beats_r_count;
            3'd2:   block_5 <= beats_y_count;
            3'd3:   block_5 <= beats_q_count;
            default: block_5 <= 32'd0;
        endcase
    end

    always @* begin
        read_ok = known;
        case (read_block)
            7'd0:    read_data = known ? block_0 : 32'd0;
            7'd1:    read_data = known ? block_1 : 32'd0;
            7'd2:    read_data = known ? block_2 : 32'd0;
            7'd3:    read_data = known ? block_3 : 32'd0;
            7'd4:    read_data = known ? block_4 : 32'd0;
            7'd5:    read_data = known ? block_5 : 32'd0;
            default: read_data = 32'd0;
        endcase
    end

    always @(posedge clk) begin
        control_start <= 1'b0;
        control_clear <= 1'b0;
        channel_data2_stored <= 1'b0;
        if (channel_data2_stored) channel_addr <= channel_addr + 12'd1;
        if (write && is_control) begin
            control_start <= write_data[0];
            control_clear <= write_data[1];
        end
        if (write && is_map && !locked) begin
            map_h <= write_data[8:0];
            map_w <= write_data[24:16];
        end
        if (write && is_channels && !locked) begin
            channels_cin <= write_data[11:0];
            channels_cout <= write_data[27:16];
        end
        if (write && is_kernel && !locked) begin
            kernel_k <= write_data[2:0];
            kernel_stride <= write_data[5:4];
            kernel_pad <= write_data[9:8];
            kernel_pad_top <= write_data[13:12];
            kernel_pad_bottom <= write_data[17:16];
        end
        if (write && is_images && !locked) images_count <= write_data[15:0];
        if (write && is_mode && !locked) begin
            mode_relu <= write_data[0];
            mode_res_in <= write_data[1];
            mode_emit_code <= write_data[2];
            mode_emit_res <= write_data[3];
            mode_raw <= write_data[4];
        end
        if (write && is_shifts && !locked) begin
            shifts_proj <= write_data[6:0];
            shifts_res <= write_data[14:8];
            shifts_res_out <= write_data[22:16];
        end
        if (write && is_channel && !locked) channel_addr <= write_data[11:0];
        if (write && is_channel_data0 && !locked) channel_data0_data <= write_data[31:0];
        if (write && is_channel_data1 && !locked) channel_data1_data <= write_data[31:0];
        if (write && is_channel_data2 && !locked) begin
            channel_data2_data <= write_data[31:0];
            channel_data2_stored <= 1'b1;
        end
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
