// SPDX-License-Identifier: Apache-2.0
// Purpose: canonical Huffman table of the S-Huff decoder. Takes the code lengths of the header,
//   fills a table of 2^LMAX entries (shuff_table_fill), and then answers in the same cycle: which
//   index do the next LMAX bits begin with, and how many bits does the symbol take, sign included.
//
// Parameters
//   B     bits of a weight code, 2..5
//   LMAX  longest code, max(2, B-1)..6

`default_nettype none

module shuff_code_table #(
    parameter B    = 4,
    parameter LMAX = 6
) (
    input  wire            clk,
    input  wire            rst,

    // code lengths as they come: four bits each, eight to a header word, symbol 0 lowest
    input  wire            lengths_we,
    input  wire            lengths_high,   // second word of them
    input  wire [31:0]     lengths_data,

    input  wire            raw,        // lengths must all be B-1, and index 0 has a sign as well
    input  wire            start,
    output wire            filled,     // pulse: the table is ready
    output wire            illegal,    // pulse: the lengths make no code; filling stops

    // look-up, combinational
    input  wire [LMAX-1:0] bits,
    output wire [B-2:0]    index,
    output wire [2:0]      length      // code and sign; 0: no code begins like this
);

    (* ram_style = "distributed" *)
    reg [B+1:0] entries [0:(1<<LMAX)-1];

    wire            write;
    wire [LMAX-1:0] at;
    wire [B+1:0]    entry;

    shuff_table_fill #(.B(B), .LMAX(LMAX)) u_fill (
        .clk(clk), .rst(rst),
        .lengths_we(lengths_we), .lengths_high(lengths_high), .lengths_data(lengths_data),
        .raw(raw), .start(start), .filled(filled), .illegal(illegal),
        .write(write), .at(at), .entry(entry)
    );

    assign {index, length} = entries[bits];

    always @(posedge clk) begin
        if (write) begin
            entries[at] <= entry;
        end
    end

endmodule

`default_nettype wire
