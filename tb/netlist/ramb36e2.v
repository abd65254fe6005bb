// SPDX-License-Identifier: Apache-2.0
//
// RAMB36E2: the UltraScale+ block RAM as Yosys maps a memory with one write and one read port into
// it, for simulation only: 512 words of 72 bits (64 of data, 8 of parity), written at port B, read
// at port A. Yosys has no model of this cell. Anything else stops elaboration.
//
// The low 36 bits of a word are at A's names, the upper 36 at B's, for writing and for reading
// (UG573, "Simple dual-port mode"). Writes take a byte (and its parity bit) where WEBWE has a one.
// A read of the address that is written in the same cycle gives the old word (READ_FIRST). Contents
// and output start unknown; INIT_00 and its like are no parameters here, so that a memory that has
// contents is an error (tb/netlist/mapped.py takes those away that are unknown).
//
// Parameters
//   READ_WIDTH_A, WRITE_WIDTH_B  72; READ_WIDTH_B, WRITE_WIDTH_A  0
//   DOA_REG, DOB_REG             0: no register behind the memory
//   WRITE_MODE_A, WRITE_MODE_B   "READ_FIRST"
//   SRVAL_A, SRVAL_B, INIT_A, INIT_B  ignored: the outputs are never reset
`default_nettype none

module RAMB36E2 #(
    parameter READ_WIDTH_A  = 72,
    parameter READ_WIDTH_B  = 0,
    parameter WRITE_WIDTH_A = 0,
    parameter WRITE_WIDTH_B = 72,
    parameter DOA_REG       = 0,
    parameter DOB_REG       = 0,
    parameter WRITE_MODE_A  = "READ_FIRST",
    parameter WRITE_MODE_B  = "READ_FIRST",
    parameter SRVAL_A       = 72'd0,
    parameter SRVAL_B       = 72'd0,
    parameter INIT_A        = 72'd0,
    parameter INIT_B        = 72'd0
) (
    input  wire        CLKARDCLK,
    input  wire        CLKBWRCLK,
    input  wire [14:0] ADDRARDADDR,
    input  wire [14:0] ADDRBWRADDR,
    input  wire        ADDRENA,
    input  wire        ADDRENB,
    input  wire [31:0] DINADIN,
    input  wire [31:0] DINBDIN,
    input  wire [3:0]  DINPADINP,
    input  wire [3:0]  DINPBDINP,
    output wire [31:0] DOUTADOUT,
    output wire [31:0] DOUTBDOUT,
    output wire [3:0]  DOUTPADOUTP,
    output wire [3:0]  DOUTPBDOUTP,
    input  wire        ENARDEN,
    input  wire        ENBWREN,
    input  wire        REGCEAREGCE,
    input  wire        REGCEB,
    input  wire        RSTRAMARSTRAM,
    input  wire        RSTRAMB,
    input  wire        RSTREGARSTREG,
    input  wire        RSTREGB,
    input  wire        SLEEP,
    input  wire [3:0]  WEA,
    input  wire [7:0]  WEBWE
);

    generate
        if (READ_WIDTH_A != 72 || WRITE_WIDTH_B != 72 || READ_WIDTH_B != 0 || WRITE_WIDTH_A != 0)
        begin : g_illegal_width
            illegal_parameter_RAMB36E2_is_modelled_as_72_bits_wide stop_elaboration();
        end
        if (DOA_REG != 0 || DOB_REG != 0) begin : g_illegal_register
            illegal_parameter_RAMB36E2_is_modelled_without_output_register stop_elaboration();
        end
        if (WRITE_MODE_A != "READ_FIRST" || WRITE_MODE_B != "READ_FIRST") begin : g_illegal_mode
            illegal_parameter_RAMB36E2_is_modelled_as_READ_FIRST stop_elaboration();
        end
    endgenerate

    // Byte k of a word: data 8k and up, parity bit k.
    reg [63:0] data   [0:511];
    reg [7:0]  parity [0:511];
    reg [63:0] data_q;
    reg [7:0]  parity_q;

    wire [8:0]  read_at  = ADDRARDADDR[14:6];
    wire [8:0]  write_at = ADDRBWRADDR[14:6];
    wire [63:0] data_d   = {DINBDIN, DINADIN};
    wire [7:0]  parity_d = {DINPBDINP, DINPADINP};

    integer k;
    always @(posedge CLKBWRCLK) begin
        if (ENBWREN && ADDRENB && !SLEEP) begin
            for (k = 0; k < 8; k = k + 1) begin
                if (WEBWE[k]) begin
                    data[write_at][8*k +: 8] <= data_d[8*k +: 8];
                    parity[write_at][k]      <= parity_d[k];
                end
            end
        end
    end

    always @(posedge CLKARDCLK) begin
        if (RSTRAMARSTRAM || RSTRAMB) begin
            data_q   <= 64'bx;  // not modelled: whoever reads it sees it
            parity_q <= 8'bx;
        end else if (ENARDEN && ADDRENA && !SLEEP) begin
            data_q   <= data[read_at];
            parity_q <= parity[read_at];
        end
    end

    assign {DOUTBDOUT, DOUTADOUT}     = data_q;
    assign {DOUTPBDOUTP, DOUTPADOUTP} = parity_q;

    wire unused = &{1'b0, REGCEAREGCE, REGCEB, RSTREGARSTREG, RSTREGB, WEA, ADDRARDADDR[5:0],
                    ADDRBWRADDR[5:0]};
endmodule

`default_nettype wire
