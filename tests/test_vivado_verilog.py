# SPDX-License-Identifier: Apache-2.0
"""Module headers and constant expressions, and the shell without parameters for the packager."""

from __future__ import annotations

from pathlib import Path

import pytest

from sim.paths import ROOT
from synth.errors import SynthError
from synth.vivado.constants import evaluate
from synth.vivado.verilog import read_header, shell

RTL = sorted((ROOT / "rtl").rglob("*.v"))


@pytest.mark.parametrize(("text", "value"), [
    ("3 + 4 * 2", 11), ("(3 + 4) * 2", 14), ("$clog2(9)", 4), ("$clog2(8)", 3), ("$clog2(1)", 0),
    ("1 << $clog2(4 * 8 * 4)", 128), ('L == "P1" ? 1 : 2', 1), ('L != "P1" || N > 3', 1),
    ('L == "S1" || L == "M8" ? 8 : N', 9), ("N > 3 && N < 9", 0), ("-N + 10", 1), ("!0", 1),
    ('L == "A" ? 1 : L == "P1" ? N : 3', 9), ("32'd7", 7), ('"text"', "text"), ("7 / 2 % 2", 1),
    ("N >= 9 ? 1 : 0", 1), ("16 >> 2", 4),
])  # fmt: skip
def test_constants(text: str, value: int | str) -> None:
    assert evaluate(text, {"L": "P1", "N": 9}) == value


@pytest.mark.parametrize(("text", "why"), [
    ("M + 1", "unknown name 'M'"), ("(1", "not closed"), ("1 +", "too early"), ("1 ? 2", "':'"),
    ("1 2", "makes no sense"), ("@", "cannot read"), ('"a" + 1', "of a string"), ('-"a"', "string"),
])  # fmt: skip
def test_expressions_that_are_none(text: str, why: str) -> None:
    with pytest.raises(SynthError, match=why.replace("(", r"\(").replace("?", r"\?")):
        evaluate(text, {})


@pytest.mark.parametrize("top", ["plut_conv", "shift_conv", "mac_conv", "accelerator"])
@pytest.mark.parametrize(("kmax", "pin", "pout"), [(3, 8, 8), (5, 16, 16), (7, 1, 1)])
def test_ports_of_the_accelerators(top: str, kmax: int, pin: int, pout: int) -> None:
    header = read_header(top, RTL)
    assert header is not None and len(header.ports) == 42
    values = header.values({"KMAX": kmax, "PIN": pin, "POUT": pout})
    bits = {port.name: port.width(values) for port in header.ports}
    act = 8 if top == "mac_conv" else 4
    want = max(32, 1 << (4 * pin * act - 1).bit_length())
    assert bits["s_axis_a_tdata"] == want and bits["m_axis_r_tdata"] == 8 * pout
    assert bits["s_axis_w_tdata"] == max(32, 4 * pout) and bits["clk"] == 1


def test_a_shell_has_no_parameters(tmp_path: Path) -> None:
    header = read_header("plut_conv", RTL)
    assert header is not None
    text = shell(header, "plut_conv_core", {"KMAX": 5, "PLUT_FILE": "/t/plut.hex"})
    (tmp_path / "s.v").write_text(text)
    again = read_header("plut_conv_core", [tmp_path / "s.v"])
    assert again is not None and not again.parameters
    values = header.values({"KMAX": 5})
    assert [(p.name, p.direction, p.width({})) for p in again.ports] == [
        (p.name, p.direction, p.width(values)) for p in header.ports]  # fmt: skip
    assert ".KMAX(5)" in text and '.PLUT_FILE("/t/plut.hex")' in text


def test_headers_that_are_not_there(tmp_path: Path) -> None:
    text = "// module b (input x);\nmodule a (input x, y, output [3:0] z);\n"
    (tmp_path / "a.v").write_text(text)
    assert read_header("b", [tmp_path / "a.v"]) is None
    header = read_header("a", [tmp_path / "a.v"])
    assert header is not None
    assert [(p.direction, p.name, p.width({})) for p in header.ports] == [
        ("input", "x", 1), ("input", "y", 1), ("output", "z", 4)]  # fmt: skip
    with pytest.raises(SynthError, match="no parameter 'N'"):
        header.values({"N": 1})
