# SPDX-License-Identifier: Apache-2.0
"""Toggles of a VCD as SAIF: against figures worked out by hand and against a simulation."""

from __future__ import annotations

import itertools
import re
from collections.abc import Sequence
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from golden.codebooks import pot
from synth import activity
from synth.design import design
from synth.errors import SynthError
from synth.identity import Identity
from synth.vivado import workload
from synth.vivado.saif import Scope, convert, main, read_vcd, to_saif
from synth.vivado.verilog import read_header
from synth.yosys import run

VCD = """\
$timescale 1 ns $end
$scope module tb $end
$scope module dut $end
$var wire 1 ! clk $end
$var reg 4 " q [3:0] $end
$var wire 1 # \\odd.name $end
$var real 64 % r $end
$scope module inner $end
$var wire 1 ! c $end
$upscope $end
$upscope $end
$upscope $end
$enddefinitions $end
#0
$dumpvars
0!
bx "
z#
r1.5 %
$end
#10
1!
b0 "
#20
0!
b101 "
1#
#30
1!
b110 "
#40
0!
"""


def scope(path: Path, *names: str, **window: int) -> tuple[Scope, int]:
    activity = read_vcd(path, **window)
    at = activity.top
    for name in names:
        at = at.inside[name]
    return at, activity.duration


def test_by_hand(tmp_path: Path) -> None:
    path = tmp_path / "a.vcd"
    path.write_text(VCD)
    dut, duration = scope(path, "tb", "dut")
    assert duration == 40_000
    clk = dut.nets["clk"]
    assert (clk.times, clk.toggles) == ({"0": 20_000, "1": 20_000, "x": 0, "z": 0}, 4)
    assert sorted(dut.nets) == ["\\odd.name", "clk", "q[0]", "q[1]", "q[2]", "q[3]"]
    bit = dut.nets["q[0]"]  # x, 0, 1, 0: x to 0 is no toggle
    assert (bit.times, bit.toggles) == ({"0": 20_000, "1": 10_000, "x": 10_000, "z": 0}, 2)
    assert dut.nets["q[3]"].times["x"] == 10_000  # "bx" fills the whole vector
    assert dut.nets["q[3]"].toggles == 0 and dut.nets["q[2]"].toggles == 1
    assert dut.nets["\\odd.name"].times == {"0": 0, "1": 20_000, "x": 0, "z": 20_000}
    assert dut.inside["inner"].nets["c"].toggles == 4


def test_a_window(tmp_path: Path) -> None:
    path = tmp_path / "a.vcd"
    path.write_text(VCD)
    dut, duration = scope(path, "tb", "dut", start=15_000, stop=35_000)
    assert duration == 20_000
    clk = dut.nets["clk"]
    assert (clk.times["0"], clk.times["1"], clk.toggles) == (10_000, 10_000, 2)


def test_the_text(tmp_path: Path) -> None:
    path = tmp_path / "a.vcd"
    path.write_text(VCD)
    text = to_saif(read_vcd(path))
    assert text.startswith('(SAIFILE\n(SAIFVERSION "2.0")') and "(DURATION 40000)" in text
    assert text.count("(") == text.count(")")
    assert re.search(r"\(INSTANCE tb\n \(INSTANCE dut\n  \(NET\n", text)
    assert "(\\q[0]  (T0 20000) (T1 10000) (TX 10000) (TZ 0) (TB 0) (TC 2))" in text
    assert "(\\odd.name  (T0" in text and "(clk (T0 20000)" in text


@given(st.lists(st.tuples(st.integers(0, 9), st.sampled_from("01xz")), max_size=30))
@settings(max_examples=60, deadline=None)
def test_times_sum_to_the_duration(changes: list[tuple[int, str]]) -> None:
    import tempfile

    now, body, values = 0, "#0\n0!\n", ["0"]
    for step, value in changes:
        now += step
        body += f"#{now}\n{value}!\n"
        values.append(value)
    body += f"#{now + 1}\n"
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "a.vcd"
        path.write_text("$timescale 10 ps $end\n$scope module t $end\n$var wire 1 ! a $end\n"
                        f"$upscope $end\n$enddefinitions $end\n{body}")  # fmt: skip
        bits, duration = scope(path, "t")
    bit = bits.nets["a"]
    assert sum(bit.times.values()) == duration == (now + 1) * 10
    whole = all(step for step, _ in changes)  # several values at one time are glitches
    pairs = itertools.pairwise(values)
    if whole:
        assert bit.toggles == sum({a, b} == {"0", "1"} for a, b in pairs)


@pytest.mark.parametrize(("text", "why"), [
    ("", "no VCD file, or a cut one"), ("hello world\n", "no VCD file"),
    (VCD.split("#0")[0], "nothing happens"), (VCD.replace("1 ns", "1 fs"), "time scale"),
    (VCD.replace("b101 ", "b10101 "), "no value of 4 bits"),
    (VCD.replace("#30", "#15"), "goes back"), (VCD.replace("#30", "!!"), "cannot read"),
    (VCD.replace("$var reg 4", "$var reg four"), "declaration"),
])  # fmt: skip
def test_files_that_are_none(tmp_path: Path, text: str, why: str,
                             capsys: pytest.CaptureFixture[str]) -> None:  # fmt: skip
    path = tmp_path / "a.vcd"
    path.write_text(text)
    with pytest.raises(SynthError, match=why):
        read_vcd(path)
    assert main([str(path), str(tmp_path / "a.saif")]) == 2
    assert "a.vcd" in capsys.readouterr().err and not (tmp_path / "a.saif").exists()


def test_the_command(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "a.vcd"
    path.write_text(VCD)
    assert main([str(path), str(tmp_path / "a.saif"), "--start", "10000"]) == 0
    assert "7 bits, 30000 ps" in capsys.readouterr().out


# ---------------------------------------------------------------- a netlist in Icarus
CELLS = {
    "FDRE": "module FDRE (output reg Q, input C, CE, D, R);\n initial Q = 0;\n"
            " always @(posedge C) if (R) Q <= 0; else if (CE) Q <= D;\nendmodule\n",
    "LUT2": "module LUT2 #(parameter [3:0] INIT = 0) (output O, input I0, I1);\n"
            " assign O = INIT[{I1, I0}];\nendmodule\n",
}  # fmt: skip
NETLIST = """\
module lane (input clk, input w_we, input w, input a, output sum);
    wire held, after;
    wire VCC = 1'b1;
    wire GND = 1'b0;
    FDRE w_reg (.Q(held), .C(clk), .CE(w_we), .D(w), .R(GND));
    LUT2 #(.INIT(4'h6)) lut (.O(after), .I0(held), .I1(a));
    FDRE sum_reg (.Q(sum), .C(clk), .CE(VCC), .D(after), .R(GND));
endmodule
"""


def installation(folder: Path) -> Path:
    """A folder with cell models as an installation has them; its launcher's path."""
    source = folder / "data" / "verilog" / "src"
    (source / "unisims").mkdir(parents=True)
    for name, text in CELLS.items():
        (source / "unisims" / f"{name}.v").write_text(text)
    (source / "glbl.v").write_text("module glbl ();\nendmodule\n")
    (folder / "bin").mkdir(exist_ok=True)
    return folder / "bin" / "vivado"


@pytest.mark.icarus
def test_a_netlist_on_a_stimulus(tmp_path: Path) -> None:
    cells = workload.models(installation(tmp_path))
    (tmp_path / "netlist.v").write_text(NETLIST)
    a: Sequence[int] = [i % 2 for i in range(40)]
    ports = {"w_we": (1, [1] + [0] * 39), "w": (1, [1] * 40), "a": (1, a)}
    stimulus = workload.Stimulus(ports, "x")
    saif, found = workload.simulate(tmp_path / "netlist.v", "lane", {"sum": 1}, stimulus, cells,
                                    tmp_path / "sim", period_ns=2.0)  # fmt: skip
    dut = found.top.inside["tb"].inside["dut"]
    cycles = found.duration // 2000
    assert dut.nets["held"].toggles == 0  # loaded before the window
    assert cycles - 1 <= dut.nets["sum"].toggles <= cycles
    assert dut.nets["clk"].toggles == pytest.approx(2 * cycles, abs=1)
    assert "(INSTANCE dut" in saif.read_text() and "(INSTANCE w_reg" in saif.read_text()


@pytest.mark.icarus
def test_a_netlist_with_an_unknown_cell(tmp_path: Path) -> None:
    cells = workload.models(installation(tmp_path))
    (tmp_path / "netlist.v").write_text(NETLIST.replace("LUT2", "LUT9"))
    stimulus = workload.Stimulus({name: (1, [1] * 4) for name in ("w_we", "w", "a")}, "x")
    with pytest.raises(SynthError, match=r"netlist\.v: iverilog: .*LUT9"):
        workload.simulate(tmp_path / "netlist.v", "lane", {"sum": 1}, stimulus, cells,
                          tmp_path / "s")  # fmt: skip


def test_operands_of_real_layers() -> None:
    found = workload.operands(Identity("P1", 4, 9, 2, 9), 36, 36, cycles=64)
    held, changing = found["held"], found["changing"]
    assert held.cycles == changing.cycles == 64
    assert held.ports["a"] == changing.ports["a"] and len(set(held.ports["a"][1])) > 16
    assert len(set(held.ports["w"][1])) <= 8 < len(set(changing.ports["w"][1]))
    assert sum(held.ports["w_we"][1]) == 8 and sum(changing.ports["w_we"][1]) == 64
    with pytest.raises(SynthError, match="no lane"):
        workload.operands(Identity(), 36, 36)


@pytest.mark.icarus
def test_toggles_of_tables_in_memory(tmp_path: Path) -> None:
    """P3 as RTL, loaded and run: its sum toggles as the products of the first stream's weights."""
    wanted = design("dot_product", {"LANE": "P3", "B": 3, "N": 4})
    names = run.prepare(wanted, tmp_path)
    (tmp_path / "netlist.v").write_text("".join((tmp_path / one).read_text() for one in names))
    header = read_header("dot_product", [tmp_path / one for one in names])
    assert header is not None
    bits = {port.name: port.width(header.values(wanted.parameters)) for port in header.ports}
    found = workload.operands(Identity("P3", 3, 4, 2, 4), bits["w"], bits["a"], cycles=160)
    assert list(found) == ["held"]
    held = found["held"]
    cells = workload.models(installation(tmp_path))
    _, seen = workload.simulate(tmp_path / "netlist.v", "dot_product", {"sum": bits["sum"]}, held,
                                cells, tmp_path / "sim", period_ns=2.0)  # fmt: skip
    nets = seen.top.inside["tb"].inside["dut"].nets
    got = [nets[f"sum[{i}]"].toggles for i in range(bits["sum"])]
    real = activity.layer_activity("P3", 3, 4, 20, 8)
    book = pot(3)
    sums = [int(book[real.weights[0, :, 0]] @ book[real.activations[cycle, :, stream]])
            for stream in range(8) for cycle in range(20)]  # fmt: skip
    matching = []
    for latency in range(8):
        shown = sums[7 - latency : len(sums) - latency]
        changes = [before ^ after for before, after in itertools.pairwise(shown)]
        matching.append([sum(change >> i & 1 for change in changes) for i in range(bits["sum"])])
    assert sum(got) > 50 and got in matching


def test_convert_needs_nets(tmp_path: Path) -> None:
    path = tmp_path / "a.vcd"
    path.write_text("$timescale 1 ps $end $enddefinitions $end #0 #5")
    with pytest.raises(SynthError, match="declares no nets"):
        convert(path, tmp_path / "a.saif")


def test_no_models_no_power(tmp_path: Path) -> None:
    with pytest.raises(SynthError, match="no unisims and glbl"):
        workload.models(tmp_path / "bin" / "vivado")
