// SPDX-License-Identifier: Apache-2.0
// Purpose: one bank of shuff_bank_store: a small memory of bytes, read in the same cycle. A module
//   of its own, because Yosys moves the register of a read address behind a memory that it sees it
//   with.
//
// Parameters
//   ROWS   bytes, a power of two

`default_nettype none

module shuff_bank_column #(
    parameter ROWS = 16,
    parameter RW   = $clog2(ROWS)    // derived, do not set
) (
    input  wire          clk,
    input  wire          write,
    input  wire [RW-1:0] write_row,
    input  wire [8:0]    write_byte,    // {of the payload, byte}
    input  wire [RW-1:0] row,
    output wire [8:0]    head
);

    (* ram_style = "distributed" *)
    reg [8:0] mem [0:ROWS-1];

    assign head = mem[row];

    always @(posedge clk) begin
        if (write) begin
            mem[write_row] <= write_byte;
        end
    end

endmodule

`default_nettype wire
