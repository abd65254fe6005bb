// SPDX-License-Identifier: Apache-2.0
//
// adder_tree: exact sum of N signed terms, each taken as it is or negated: sum = sum over i of
// (neg[i] ? -x[i] : x[i]). The one generator behind all lanes: adders with two or three operands,
// registers, and widths that are just what the sums need, so nothing wraps and no bit is spent.
//
// A negation is ~x plus one. The inversion shares a LUT with what makes or adds the term; the "plus
// one" rides on a free slot of an adder above. An adder of two has one slot, its carry-in, and
// takes the flag of the leftmost leaf of its right branch; an adder of three has two. What is left
// over at the top is leaf 0, added there. With three operands, a node that is left with two
// children uses the third one's place, so that usually nothing is left over.
//
// Registers, TREE = 2: after every second level and after the last one. LEAD = 1 adds one for terms
// that come straight out of logic and puts it where it costs least: after the first adders, into
// whose LUTs the logic of the terms then melts, as in any well written dot product. TREE = 3: after
// every level, because an adder of three is two LUTs deep; LEAD = 1 adds one at the terms.
// Latency LEAD + (TREE == 2 ? ceil(ceil(log2 N) / 2) : ceil(log3 N)) cycles. One vector a cycle. No
// enable and no reset: data only.
//
// Parameters
//   N       terms, 1..2048
//   IW      bits of a signed term, 2..64; x[i] = -2^(IW-1) must not come with neg[i]: the negation
//           does not fit
//   TREE    operands of an adder, 2 or 3
//   MAP     how an adder of three is made, "none" (left to the tool) or "xcup", see ternary_adder
//   LEAD    1: a register more, for terms that come out of logic; 0: terms come out of registers
//   NEGATE  0: no term is ever negated, neg is ignored
//   PEAK    largest magnitude of a term, if the widths may count on it: 2^(IW-2)..2^(IW-1)-1, at
//           most 2^30; 0: any term of IW bits
//   WIDTH   0: widths as needed; else the width of all nodes and of the sum, IW..64 (a data path of
//           one width; that it is wide enough is the caller's business)
//   OW      bits of the sum: derived, do not set
`default_nettype none

module adder_tree #(
    parameter N      = 72,
    parameter IW     = 14,
    parameter TREE   = 2,
    parameter MAP    = "none",
    parameter LEAD   = 0,
    parameter NEGATE = 1,
    parameter PEAK   = 0,
    parameter WIDTH  = 0,
    parameter OW     = WIDTH != 0 ? WIDTH : IW + $clog2(N)
) (
    input  wire                 clk,
    input  wire [N*IW-1:0]      x,
    input  wire [N-1:0]         neg,
    output wire signed [OW-1:0] sum
);

    generate
        if (N < 1 || N > 2048) begin : g_illegal_n
            illegal_parameter_adder_tree_n stop_elaboration();
        end
        if (IW < 2 || IW > 64) begin : g_illegal_iw
            illegal_parameter_adder_tree_iw stop_elaboration();
        end
        if (TREE != 2 && TREE != 3) begin : g_illegal_tree
            illegal_parameter_adder_tree_tree stop_elaboration();
        end
        if (MAP != "none" && MAP != "xcup") begin : g_illegal_map
            illegal_parameter_adder_tree_map stop_elaboration();
        end
        if (LEAD < 0 || LEAD > 1 || NEGATE < 0 || NEGATE > 1) begin : g_illegal_flag
            illegal_parameter_adder_tree_flag stop_elaboration();
        end
        if (PEAK != 0 && (PEAK < 0 || PEAK > (1 << 30) || PEAK >> (IW - 2) != 1))
        begin : g_illegal_peak
            illegal_parameter_adder_tree_peak stop_elaboration();
        end
        if (WIDTH != 0 && (WIDTH < IW || WIDTH > 64)) begin : g_illegal_width
            illegal_parameter_adder_tree_width stop_elaboration();
        end
        if (OW != (WIDTH != 0 ? WIDTH : IW + $clog2(N))) begin : g_illegal_ow
            illegal_parameter_adder_tree_ow stop_elaboration();
        end
    endgenerate

    // An illegal TREE must not keep the functions below from ending.
    localparam WAYS = TREE == 3 ? 3 : 2;

    // Levels above the leaves: the least k with WAYS^k >= N.
    function integer levels_of;
        input integer terms;
        integer       reach;
        begin
            levels_of = 0;
            for (reach = 1; reach < terms; reach = reach * WAYS) begin
                levels_of = levels_of + 1;
            end
        end
    endfunction

    // Nodes of a level: N / WAYS^level, rounded up.
    function integer nodes_of;
        input integer level;
        integer       reach;
        begin
            reach    = WAYS ** level;
            nodes_of = (N + reach - 1) / reach;
        end
    endfunction

    // By how many leaves the nodes of a level begin earlier than WAYS^level * node, see CHILD.
    function integer early_of;
        input integer level;
        integer       k;
        begin
            early_of = 0;
            for (k = 2; k <= level; k = k + 2) begin
                if (TREE == 3 && nodes_of(k - 1) % 3 == 1) begin
                    early_of = early_of + 2 * WAYS ** (k - 1);
                end
            end
        end
    endfunction

    // Leaves under a node, WAYS^level for all but the first and the last one.
    function integer leaves_of;
        input integer level;
        input integer early;
        input integer node;
        integer       reach;
        integer       to;
        begin
            reach     = WAYS ** level;
            to        = (node + 1) * reach - early;
            leaves_of = (to < N ? to : N) - (node == 0 ? 0 : node * reach - early);
        end
    endfunction

    // Bits of a signed sum of that many terms. A flag still owed makes a sum too small by one: that
    // fits, because the range of two's complement reaches one further down than up.
    function integer width_of;
        input integer leaves;
        integer       peak;
        reg [63:0]    most;
        begin
            peak = PEAK;
            if (WIDTH != 0) begin
                width_of = WIDTH;
            end else if (PEAK == 0) begin
                width_of = IW + $clog2(leaves);
            end else begin
                most     = {32'd0, peak} * {32'd0, leaves};
                width_of = 1;
                while (most != 64'd0) begin
                    most     = most >> 1;
                    width_of = width_of + 1;
                end
            end
        end
    endfunction

    // Whether the last node of a level of a TREE = 3 tree owes a flag. All other nodes do: of the
    // three flags of their children they place two. A node of two children places both.
    function integer last_owes;
        input integer level;
        integer       k;
        integer       nodes;
        begin
            last_owes = 1;
            nodes     = N;
            for (k = 0; k < level; k = k + 1) begin
                if (nodes % 3 == 2) begin
                    last_owes = 0;
                end
                nodes = (nodes + 2) / 3;
            end
        end
    endfunction

    localparam LEVELS = levels_of(N);

    // Each node is a scalar of its own, because simulators handle thousands of small registers well
    // and one huge vector badly. Constant functions are called for a level, not for a node, and a
    // node has few names: Yosys looks through all names of the module for each new one, those of a
    // call included, so that its time grows with their square.
    genvar l, j;
    generate
        for (l = 0; l <= LEVELS; l = l + 1) begin : g_level
            localparam EVEN  = l % 2 == 0;
            localparam NODES = nodes_of(l);
            // Bits of the sums of the first node, of the last one and of all between.
            localparam EARLY = early_of(l);
            localparam FIRST = width_of(leaves_of(l, EARLY, 0));
            localparam INNER = width_of(WAYS ** l);
            localparam LAST  = width_of(leaves_of(l, EARLY, NODES - 1));
            // The same of the level below, where there is one.
            localparam DOWN       = l == 0 ? 0 : l - 1;
            localparam DOWN_NODES = nodes_of(DOWN);
            localparam DOWN_EARLY = early_of(DOWN);
            localparam DOWN_FIRST = width_of(leaves_of(DOWN, DOWN_EARLY, 0));
            localparam DOWN_INNER = width_of(WAYS ** DOWN);
            localparam DOWN_LAST  = width_of(leaves_of(DOWN, DOWN_EARLY, DOWN_NODES - 1));
            localparam DOWN_OWES  = last_owes(DOWN);
            // A child that is left alone goes to the last node on odd levels and, by a shift, to
            // the first one on even levels, so that it is not the same one that waits level after
            // level: three registers in a row would become a LUT each.
            localparam SHIFT   = TREE == 3 && EVEN && DOWN_NODES % 3 == 1 ? 2 : 0;
            localparam CLOCKED = TREE == 3 ? l != 0 || LEAD == 1
                                 : LEAD == 0 ? l != 0 && (EVEN || l == LEVELS)
                                 : LEVELS < 2 || l == LEVELS || l == 1
                                   || (l != 0 && EVEN == (LEVELS % 2 == 1));

            for (j = 0; j == 0 || j < NODES; j = j + 1) begin : g_node
                localparam W = j == 0 ? FIRST : j == NODES - 1 ? LAST : INNER;

                wire signed [W-1:0] total_next;
                wire                owed_next;
                wire signed [W-1:0] total;
                // The "plus one" of a leaf under this node that is not in total yet.
                wire                owed;

                if (l == 0) begin : g_leaf
                    wire flag = NEGATE == 1 ? neg[j] : 1'b0;
                    assign total_next = {{(W - IW + 1){x[j*IW+IW-1]}}, x[j*IW +: IW-1]} ^ {W{flag}};
                    assign owed_next  = flag;
                end else begin : g_sum
                    localparam CHILD = j == 0 ? 0 : WAYS * j - SHIFT;  // the first one
                    localparam W0    = CHILD == 0 ? DOWN_FIRST
                                       : CHILD == DOWN_NODES - 1 ? DOWN_LAST : DOWN_INNER;

                    wire signed [W0-1:0] first      = g_level[l-1].g_node[CHILD].total;
                    wire                 first_owed = g_level[l-1].g_node[CHILD].owed;
                    wire signed [W-1:0]  a          = {{(W - W0 + 1){first[W0-1]}}, first[W0-2:0]};
                    wire signed [W-1:0]  added;
                    wire                 left_over;

                    if (CHILD == DOWN_NODES - 1 || (j == 0 && SHIFT != 0)) begin : g_alone
                        assign added     = a;
                        assign left_over = first_owed;
                    end else begin : g_two
                        localparam W1 = CHILD + 1 == DOWN_NODES - 1 ? DOWN_LAST : DOWN_INNER;

                        wire signed [W1-1:0] second      = g_level[l-1].g_node[CHILD+1].total;
                        wire                 second_owed = g_level[l-1].g_node[CHILD+1].owed;
                        wire signed [W-1:0]  b = {{(W - W1 + 1){second[W1-1]}}, second[W1-2:0]};

                        if (TREE == 2 || (CHILD == DOWN_NODES - 2 && NEGATE == 0)) begin : g_binary
                            assign added     = a + b + {{(W - 1){1'b0}}, second_owed};
                            assign left_over = first_owed;
                        end else if (CHILD == DOWN_NODES - 2) begin : g_pair
                            // The place of the third operand takes one flag.
                            ternary_adder #(
                                .W  (W),
                                .INC(1),
                                .MAP(MAP)
                            ) adder (
                                .a   (a),
                                .b   (b),
                                .c   ({{(W - 1){1'b0}}, first_owed}),
                                .flip(1'b0),
                                .inc0(second_owed),
                                .inc1(1'b0),
                                .sum (added)
                            );
                            assign left_over = 1'b0;
                        end else begin : g_three
                            localparam W2 = CHILD + 2 == DOWN_NODES - 1 ? DOWN_LAST : DOWN_INNER;
                            // Three flags, or two when the last child owes none.
                            localparam ALL = j != NODES - 1 || DOWN_OWES == 1;

                            wire signed [W2-1:0] third      = g_level[l-1].g_node[CHILD+2].total;
                            wire                 third_owed = g_level[l-1].g_node[CHILD+2].owed;
                            // A wire of its own: Yosys 0.70 stops at a signed wire behind a
                            // concatenation in a port, which this is at equal widths.
                            wire signed [W-1:0]  c = {{(W - W2 + 1){third[W2-1]}}, third[W2-2:0]};

                            ternary_adder #(
                                .W  (W),
                                .INC(NEGATE == 1 ? 2 : 0),
                                .MAP(MAP)
                            ) adder (
                                .a   (a),
                                .b   (b),
                                .c   (c),
                                .flip(1'b0),
                                .inc0(second_owed),
                                .inc1(ALL ? third_owed : first_owed),
                                .sum (added)
                            );
                            assign left_over = ALL ? first_owed : third_owed;
                        end
                    end

                    if (l == LEVELS) begin : g_top
                        // No adder is left above to take a flag.
                        assign total_next = added + {{(W - 1){1'b0}}, left_over};
                        assign owed_next  = 1'b0;
                    end else begin : g_inner
                        assign total_next = added;
                        assign owed_next  = left_over;
                    end
                end

                if (CLOCKED) begin : g_clocked
                    reg signed [W-1:0] total_reg;
                    reg                owed_reg;
                    always @(posedge clk) begin
                        total_reg <= total_next;
                        owed_reg  <= owed_next;
                    end
                    assign total = total_reg;
                    assign owed  = owed_reg;
                end else begin : g_plain
                    assign total = total_next;
                    assign owed  = owed_next;
                end
            end
        end
    endgenerate

    generate
        if (LEVELS == 0 && LEAD == 0) begin : g_no_register
            wire unused_clk = clk;
        end
        if (NEGATE == 0) begin : g_no_flags
            wire unused_neg = &{1'b0, neg};
        end
    endgenerate

    // The flag is left over for a single term only; a tree has added it at the top.
    localparam TOP  = width_of(N);
    localparam LONG = TOP > OW ? TOP : OW;

    wire signed [TOP-1:0]  total = g_level[LEVELS].g_node[0].total;
    wire        [LONG-1:0] whole = {{(LONG - TOP + 1){total[TOP-1]}}, total[TOP-2:0]}
                                   + {{(LONG - 1){1'b0}}, g_level[LEVELS].g_node[0].owed};

    assign sum = whole[OW-1:0];

    generate
        if (LONG > OW) begin : g_unused_top
            wire unused_top = &{1'b0, whole[LONG-1:OW]};
        end
    endgenerate

endmodule

`default_nettype wire
