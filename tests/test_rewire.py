# SPDX-License-Identifier: Apache-2.0
"""sim/rewire.py: the same values from a netlist whose selections are wired straight."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from sim import rewire
from sim.rewire.wires import straighten

# Pieces taken whole, in part and across a joint; a joint of joints; a vector driven bit by bit and
# through ports; constants and X among the pieces; a wire that nothing reads.
DESIGN = """
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
    integer n;
    initial begin
        unknown = 1'bx;
        for (n = 0; n < 300; n = n + 1) begin
            {a, b, c, d} = $random(seed);
            if (n == 100) unknown = 1'b0;
            if (n == 200) a = 4'b1xz0;
            #1 $display("%b %b %b %b %b %b %b %b %b", across, whole, part, joint, bits, constants,
                        row_of_row, other, wide);
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
    assert after.count(".part ") < text.count(".part ")
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
