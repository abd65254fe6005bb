// SPDX-License-Identifier: Apache-2.0
//
// table_bank: what lane_bank is made of for lane P3: POUT dot products whose tables of w * a stand
// in memory, two contexts of them. One is read; the other one is written, from weight codes that
// come one tap at a time, through BUSES table_makers. No weight is kept as such.
//
// Ports as in lane_bank. A tap occupies the maker of its bus for 2^B cycles, and w_swap all of
// them, because the tables of the new shadow are filled with zeros first. So taps wait in a queue
// in front of the makers. w_ready comes out of a register and tells that it has room for more than
// two, so that a writer may see it two cycles late; w_settled tells that all is written: only then
// are the tables whole, and w_swap makes sense. From a w_swap (or rst) in cycle 0 on, a tap
// written in cycle u enters its maker in cycle d = the largest of u + 2, the one before plus 1, and
// the maker's last entry plus 2^B (the zeros enter in cycle 0); w_settled rises in cycle d + 2^B +
// 1 of the last tap. With taps in the order of docs/formats.md and BUSES makers N taps take about
// 2^B * (N / BUSES + 1) cycles. w_swap before w_settled drops what has been written (the engine
// leaves an error that way).
//
// rst empties the shadow; sums mean nothing until the w_swap after it.
//
// Parameters
//   B     bits of a code, 2..5        KMAX  side of the window, 3, 5 or 7
//   PIN   input channels a beat, 1..64, KMAX * KMAX * PIN <= 2048
//   POUT  lanes, 1..64                BUSES  makers, 1, 2, 4 or 8
//   TREE, MAP  the adders, see adder_tree; MAP also the makers' decoders
//   TAPW, SUMW  bits of w_tap and of a sum: derived, do not set
`default_nettype none

module table_bank #(
    parameter B     = 4,
    parameter KMAX  = 3,
    parameter PIN   = 8,
    parameter POUT  = 8,
    parameter BUSES = 4,
    parameter TREE  = 3,
    parameter MAP   = "none",
    parameter TAPW  = $clog2(KMAX * KMAX * PIN),
    parameter SUMW  = (1 << B) - 2 + $clog2(KMAX * KMAX * PIN)
) (
    input  wire                       clk,
    input  wire                       rst,

    input  wire                       w_we,
    input  wire [TAPW-1:0]            w_tap,
    input  wire [POUT*B-1:0]          w_codes,
    input  wire                       w_swap,
    output wire                       w_ready,
    output wire                       w_settled,

    input  wire [KMAX*KMAX*PIN*B-1:0] a,
    output wire [POUT*SUMW-1:0]       sums
);

    localparam TAPS = KMAX * KMAX * PIN;
    localparam EW   = (1 << B) - 2;
    localparam BUSW = BUSES > 1 ? $clog2(BUSES) : 1;

    // The bus of every tap, as product_tables has them.
    function [BUSW*(1<<TAPW)-1:0] buses_of;
        input integer unused;
        integer       t;
        integer       k;
        begin
            buses_of = {(BUSW * (1 << TAPW)){1'b0}};
            for (t = 0; t < TAPS; t = t + 1) begin
                for (k = 0; k < BUSW; k = k + 1) begin
                    buses_of[t*BUSW+k] = ((t / PIN + t % PIN) % BUSES >> k) % 2 == 1;
                end
            end
        end
    endfunction

    localparam [BUSW*(1<<TAPW)-1:0] BUS_OF = buses_of(0);

    // ---------------------------------------------------------------- taps that wait, the contexts
    localparam QUEUE = 8;

    reg  [TAPW+POUT*B-1:0] queue [0:QUEUE-1];
    reg  [2:0]        from, to;
    reg  [3:0]        count;
    reg               room;
    reg               waiting;      // the next one, in registers
    reg  [TAPW-1:0]   tap;
    reg  [BUSW-1:0]   bus;
    reg  [POUT*B-1:0] codes;
    reg               select;       // the context that is read
    wire              restart = rst || w_swap;
    wire [BUSES-1:0]  ready, idle, take;

    wire              next = !waiting || ready[bus];
    wire              some = count != 4'd0;
    wire [TAPW+POUT*B-1:0] head = queue[from];
    wire [TAPW-1:0]   head_tap = head[POUT*B +: TAPW];

    assign w_ready   = room;
    assign w_settled = !waiting && !some && !w_we && &idle;

    always @(posedge clk) begin
        if (w_we) queue[to] <= {w_tap, w_codes};
        if (w_we) to <= to + 3'd1;
        if (next && some) from <= from + 3'd1;
        count <= count + {3'd0, w_we} - {3'd0, next && some};
        room  <= count <= 4'd4;     // then two writes under way, one seen late and one more fit
        if (next) begin
            {tap, codes} <= head;
            bus          <= BUS_OF[head_tap*BUSW +: BUSW];
        end
        waiting <= next ? some : waiting;
        select  <= select ^ w_swap;
        if (w_swap) begin           // what is written beside a swap belongs to the new shadow
            from    <= to;
            count   <= {3'd0, w_we};
            waiting <= 1'b0;
        end
        if (rst) begin
            from    <= 3'd0;
            to      <= 3'd0;
            count   <= 4'd0;
            room    <= 1'b1;
            waiting <= 1'b0;
            select  <= 1'b0;
        end
    end

    // ---------------------------------------------------------------- makers
    wire [BUSES*(B+1)-1:0]     address;
    wire [BUSES*POUT*EW-1:0]   entries;       // by bus, then by lane
    reg  [TAPS-1:0]            chosen, we;    // the tables whose entries are made, are put out

    genvar b, t;
    generate
        for (b = 0; b < BUSES; b = b + 1) begin : g_bus
            localparam ID = b;

            assign take[b] = waiting && bus == ID[BUSW-1:0] && ready[b];

            table_maker #(.B(B), .POUT(POUT), .MAP(MAP)) maker (
                .clk      (clk),
                .restart  (restart),
                .take     (take[b]),
                .codes    (codes),
                .ready    (ready[b]),
                .idle     (idle[b]),
                .context_w(!select),
                .address  (address[b*(B+1) +: B+1]),
                .entries  (entries[b*POUT*EW +: POUT*EW])
            );
        end
        for (t = 0; t < TAPS; t = t + 1) begin : g_tap
            localparam ID = t;

            always @(posedge clk) begin
                if (take[(t / PIN + t % PIN) % BUSES]) chosen[t] <= tap == ID[TAPW-1:0];
                if (restart) chosen[t] <= 1'b1;
                we[t] <= chosen[t];
            end
        end
    endgenerate

    product_tables #(
        .TABLES(TAPS), .OUTS(POUT), .AW(B), .CONTEXTS(2), .EW(EW), .PEAK(1 << (EW - 2)),
        .BUSES(BUSES), .PIN(PIN), .TREE(TREE), .MAP(MAP)
    ) lanes (
        .clk    (clk),
        .we     (we),
        .address(address),
        .entry  (entries),
        .select (select),
        .codes  (a),
        .sums   (sums)
    );

endmodule

`default_nettype wire
