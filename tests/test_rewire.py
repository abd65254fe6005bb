# SPDX-License-Identifier: Apache-2.0
"""sim/rewire: the same values from a netlist with less in it."""

from __future__ import annotations

import random
import re
import subprocess
from pathlib import Path

import pytest

from sim import rewire
from sim.rewire.shared import share
from sim.rewire.tables import fold, fold_tables
from sim.rewire.unread import drop_unread
from sim.rewire.wires import join_plainly, pass_buffers, straighten

# Pieces taken whole, in part and across a joint; a joint of joints; a vector driven bit by bit and
# through ports; constants and X among the pieces; a wire that nothing reads; tables with constant
# selectors and with one that decides nothing (three pins of `odd`).
DESIGN = """
module cell6 #(parameter [63:0] INIT = 64'h0) (
    input wire i0, input wire i1, input wire i2, input wire i3, input wire i4, input wire i5,
    output wire o5, output wire o6
);
    localparam [31:0] LOWER = INIT[31:0];
    assign o5 = LOWER[{i4, i3, i2, i1, i0}];
    assign o6 = INIT[{i5, i4, i3, i2, i1, i0}];
endmodule

module leaf #(parameter W = 4) (input wire [W-1:0] x, output wire [W-1:0] y);
    assign y = x + 1'b1;
endmodule

module top;
    reg  [31:0] seed = 1;
    reg  [3:0]  a, b, c, d;
    reg         unknown;
    wire [3:0]  e, f;
    wire [15:0] row = {d, c, b, a};
    wire [31:0] wide = {row, 4'b10x1, e, f, unknown, a[2:0]};
    wire [47:0] again = {wide, row};
    wire [5:0]  across = again[14 +: 6];
    wire [3:0]  whole = again[4 +: 4];
    wire [1:0]  part = again[21 +: 2];
    wire [3:0]  joint = again[24 +: 4];
    wire [7:0]  bits;
    wire [2:0]  constants = wide[13 +: 3];
    wire [15:0] row_of_row = again[15:0];
    wire [15:0] unread = row ^ again[47:32];
    wire [3:0]  other = row[1 +: 4] & row_of_row[9 +: 4];
    genvar i;
    generate
        for (i = 0; i < 8; i = i + 1) begin : g
            assign bits[i] = again[5 * i] ^ again[5 * i + 1];
        end
    endgenerate
    leaf one (.x(again[8 +: 4]), .y(e));
    leaf two (.x(bits[5 -: 4]), .y(f));
    wire [7:0] o;
    wire [3:0] copy = d;
    cell6 #(.INIT(64'h96696996_8E8EE8E8)) add (a[0], a[1], a[2], a[3], 1'b0, 1'b1, o[0], o[1]);
    cell6 #(.INIT(64'hF0E1D2C3_B4A59687)) all (a[0], a[1], a[2], a[3], b[0], b[1], o[2], o[3]);
    cell6 #(.INIT(64'hCC33CC33_33CC33CC)) odd (b[0], b[1], copy[0], copy[1], copy[2], copy[3],
                                               o[4], o[5]);
    cell6 #(.INIT(64'hF0E1D2C3_B4A59687)) five (a[0], a[1], a[2], a[3], b[0], 1'b1, o[6], o[7]);
    integer n;
    initial begin
        unknown = 1'bx;
        for (n = 0; n < 300; n = n + 1) begin
            {a, b, c, d} = $random(seed);
            if (n == 100) unknown = 1'b0;
            if (n == 200) d = 4'b1xz0;
            #1 $display("%b %b %b %b %b %b %b %b %b %b", across, whole, part, joint, bits,
                        constants, row_of_row, other, wide, o);
        end
        $finish;
    end
endmodule
"""


def ran(netlist: Path) -> str:
    done = subprocess.run(["vvp", "-n", str(netlist)], capture_output=True, text=True, check=False)
    assert done.returncode == 0 and not done.stderr, done.stderr
    return done.stdout


@pytest.mark.icarus
def test_all_values_stay_and_joints_go(tmp_path: Path) -> None:
    source, netlist = tmp_path / "top.v", tmp_path / "sim.vvp"
    source.write_text(DESIGN, encoding="utf-8")
    subprocess.run(["iverilog", "-g2005", "-o", str(netlist), str(source)], check=True)
    before, text = ran(netlist), netlist.read_text(encoding="utf-8")
    rewire.rewire(netlist)
    after = netlist.read_text(encoding="utf-8")
    assert ran(netlist) == before and len(before.splitlines()) == 300
    for kind in (".part ", ".concat", "BUFZ", ".net "):
        assert after.count(kind) < text.count(kind), kind
    assert "concat8" in text and "concat8" not in after
    tables = sorted(map(len, re.findall(r"_table \.functor BUFT 1, C4<([01]+)>", after)))
    assert tables == [4, 8, 8, 16, 32]  # of `odd`, `add` and `five`; `all` keeps both of its
    once = after
    rewire.rewire(netlist)
    assert netlist.read_text(encoding="utf-8") == once, "a second time changes nothing"


def test_what_is_no_netlist_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "sim.vvp"
    path.write_text("text\n", encoding="utf-8")
    with pytest.raises(ValueError, match=r"sim\.vvp is no vvp netlist"):
        rewire.rewire(path)


def test_a_vector_driven_in_parts_is_left_alone() -> None:
    lines = [
        'S_0x1 .scope module, "top" "top" 2 1;',
        "L_0x1 .part/pv v0x1_0, 0, 2, 4;",
        "L_0x2 .concat [ 4 4 0 0], L_0x1, v0x2_0;",
        "L_0x3 .part L_0x2, 0, 4;",
        "L_0x4 .part L_0x2, 5, 2;",
        "L_0x5 .functor AND 1, L_0x3, L_0x4, C4<1>, C4<1>;",
        'v0x5_0 .net "out", 0 0, L_0x5;  1 drivers',
    ]
    straight = straighten(lines)
    assert straight[3] == lines[3]
    assert straight[4] == "L_0x4 .part v0x2_0, 1, 2;"


def test_a_table_folds_to_what_selects_the_same() -> None:
    rng = random.Random(1)
    for _ in range(300):
        count = rng.randint(1, 6)
        bits = [rng.choice(["0", "1", "a", "b", "c", "d"]) for _ in range(count)]
        ignored = rng.randrange(1 << count)  # these bits of an index are not looked at
        entries = [rng.choice("01") for _ in range(1 << count)]
        table = "".join(entries[index & ~ignored] for index in range(1 << count))
        small, kept = fold(table, bits)
        assert len(small) == 1 << len(kept) and not set(kept) & {"0", "1"}
        for value in range(16):
            now = {"0": 0, "1": 1, **{name: (value >> at) & 1 for at, name in enumerate("abcd")}}
            was = table[sum(now[bit] << at for at, bit in enumerate(bits))]
            assert small[sum(now[bit] << at for at, bit in enumerate(kept))] == was
        for at in range(len(kept)):  # and no smaller one would do
            pairs = [(i, i ^ 1 << at) for i in range(len(small))]
            assert any(small[i] != small[j] for i, j in pairs)


def test_what_is_selected_by_more_than_bits_of_a_constant_is_left_alone() -> None:
    lines = [
        "L_0x1 .functor BUFT 1, C4<0110>, C4<0>, C4<0>, C4<0>;",
        "L_0x2 .functor BUFT 1, C4<1>, C4<0>, C4<0>, C4<0>;",
        "L_0x3 .concat [ 1 1 0 0], v0x1_0, L_0x2;",
        "L_0x4 .part/v L_0x1, L_0x3, 2;",  # two bits of it
        "L_0x5 .part/v v0x2_0, L_0x3, 1;",  # of a variable
        "L_0x6 .concat [ 1 1 1 0], v0x1_0, L_0x2, v0x3_0;",
        "L_0x7 .part/v L_0x1, L_0x6, 1;",  # beyond its end
        "L_0x8 .concat [ 2 0 0 0], v0x4_0;",
        "L_0x9 .part/v L_0x1, L_0x8, 1;",  # by a vector
        "L_0xb .concat [ 1 2 0 0], L_0x2, v0x4_0;",
        "L_0xc .part/v L_0x1, L_0xb, 1;",  # by a constant and a vector
    ]
    assert fold_tables(lines) == lines
    folded = fold_tables([*lines, "L_0xa .part/v L_0x1, L_0x3, 1;"])
    assert folded[-2:] == ["L_0xa_table .functor BUFT 1, C4<01>, C4<0>, C4<0>, C4<0>;",
                           "L_0xa .part/v L_0xa_table, v0x1_0, 1;"]  # fmt: skip


def test_a_ring_of_buffers_and_strengths_stay() -> None:
    ring = [
        "L_0x1 .functor BUFZ 4, L_0x2, C4<0000>, C4<0000>, C4<0000>;",
        "L_0x2 .functor BUFZ 4, L_0x1, C4<0000>, C4<0000>, C4<0000>;",
        "L_0x3 .functor NOT 4, L_0x1, C4<0000>, C4<0000>, C4<0000>;",
    ]
    assert pass_buffers(ring) == [ring[1].replace("L_0x1", "L_0x2"),
                                  ring[2].replace("L_0x1", "L_0x2")]  # fmt: skip
    join = "L_0x5 .concat8 [ 1 1 0 0], L_0x3, L_0x4;"
    for strong in ("L_0x3 .functor BUFZ 1 [6 3], L_0x1, C4<0>, C4<0>, C4<0>;",
                   "L_0x3 .functor BUFT 1, C8<770>, C4<0>, C4<0>, C4<0>;",
                   "L_0x3 .resolv tri, L_0x1, L_0x2;"):  # fmt: skip
        assert join_plainly([strong, join]) == [strong, join]
        assert pass_buffers([strong]) == [strong]
    assert join_plainly([join]) == [join.replace("concat8", "concat")]


def test_names_below_the_top_go_if_no_code_reads_them_and_equal_joins_are_one() -> None:
    lines = [
        'S_0x1 .scope module, "top" "top" 2 1;',
        'v0x1_0 .net "seen", 0 0, L_0x1;  1 drivers',
        'S_0x2 .scope module, "leaf" "leaf" 2 9, 2 1 0, S_0x1;',
        'v0x2_0 .net "unread", 1 0, L_0x2;  1 drivers',
        'v0x3_0 .net "read", 1 0, L_0x3;  1 drivers',
        'v0x4_0 .var "kept", 0 0;',
        "L_0x1 .part L_0x2, 0, 1;",
        "L_0x2 .concat [ 1 1 0 0], v0x4_0, v0x5_0;",
        "L_0x3 .concat [ 1 1 0 0], v0x4_0, v0x5_0;",
        "L_0x4 .part L_0x2, 1, 1;",
        "    %load/vec4 v0x3_0;",
    ]
    left = drop_unread(lines)
    assert left == [line for at, line in enumerate(lines) if at not in (3, 9)]
    assert share(left) == [line.replace("L_0x3;  1", "L_0x2;  1") for line in left
                           if not line.startswith("L_0x3 ")]  # fmt: skip
