# SPDX-License-Identifier: Apache-2.0
"""The register table: typed access, what is made from it is fresh, a bad table is named."""

from __future__ import annotations

import shutil
import tomllib
from pathlib import Path

import pytest

from golden.errors import PlutarchError
from host import registers as host_registers
from sim import registers
from sim.paths import ROOT


def test_what_is_made_from_the_table_is_fresh() -> None:
    assert registers.stale() == []


def test_a_changed_table_or_file_is_stale(tmp_path: Path) -> None:
    for name in ("rtl/registers.toml", registers.VERILOG, registers.PAGE):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / name, tmp_path / name)
    assert registers.stale(tmp_path) == []
    page = tmp_path / registers.PAGE
    page.write_text(page.read_text("utf-8") + "\n", "utf-8")
    assert [line.split()[0] for line in registers.stale(tmp_path)] == [registers.PAGE]
    table = tmp_path / "rtl" / "registers.toml"
    table.write_text(table.read_text("utf-8").replace("offset = 0x040", "offset = 0x0FC"), "utf-8")
    assert len(registers.stale(tmp_path)) == 2
    (tmp_path / registers.VERILOG).unlink()
    assert len(registers.stale(tmp_path)) == 2


def test_the_page_names_every_register_and_field() -> None:
    page = (ROOT / registers.PAGE).read_text("utf-8")
    for register in host_registers.table().values():
        assert f"| 0x{register.offset:03X} | `{register.name}` | {register.access} |" in page
        for field in register.fields:
            assert f"| `{register.name}` | " in page and f"| `{field.name}` |" in page


def test_pack_and_unpack_are_inverse() -> None:
    for register in host_registers.table().values():
        for bit in range(32):
            fields = register.unpack(1 << bit)
            assert register.pack(fields) == (1 << bit) & register.mask
        top = {field.name: (1 << field.width) - 1 for field in register.fields}
        assert register.pack(top) == register.mask
        assert register.pack({}) == 0


def test_a_value_by_hand() -> None:
    kernel = host_registers.register("KERNEL")
    assert kernel.offset == 0x048
    word = kernel.pack({"k": 5, "stride": 2, "pad": 1, "pad_top": 3, "pad_bottom": 2})
    assert word == 5 | 2 << 4 | 1 << 8 | 3 << 12 | 2 << 16


@pytest.mark.parametrize(
    ("register", "fields", "message"),
    [
        ("KERNAL", {}, "unknown register 'KERNAL', did you mean 'KERNEL'?"),
        ("MAP", {"hh": 1}, "unknown field of register MAP 'hh', did you mean 'h'?"),
        ("MAP", {"h": 512}, "MAP.h = 512 is out of range 0..511"),
        ("MAP", {"h": -1}, "MAP.h = -1 is out of range 0..511"),
    ],
)
def test_a_wrong_name_or_value_is_one_line(
    register: str, fields: dict[str, int], message: str
) -> None:
    with pytest.raises(PlutarchError) as caught:
        host_registers.register(register).pack(fields)
    assert str(caught.value) == message


FIELD = 'fields.x = { bits = "3:0", about = "x" }'
HEAD = f'[A]\noffset = 0\naccess = "rw"\nabout = "a"\n{FIELD}\n'


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (HEAD.replace("offset = 0", "offset = 2"), "A: offset 2 is no multiple of 4"),
        (HEAD.replace("offset = 0", "offset = 0x1000"), "A: offset 4096 is no multiple of 4"),
        (HEAD.replace("rw", "rv"), "A: unknown access 'rv', did you mean 'rw'?"),
        (HEAD.replace("about = \"a\"\n", ""), "A has no about"),
        (HEAD.replace("about = \"a\"", "abut = \"a\""), "unknown key 'abut', did you mean 'about'"),
        (HEAD.replace("3:0", "3"), 'A.x: bits = \'3\' is not "HIGH:LOW"'),
        (HEAD.replace("3:0", "32:0"), 'A.x: bits = \'32:0\' is not "HIGH:LOW"'),
        (HEAD + 'fields.y = { bits = "4:3", about = "y" }\n', "A.y overlaps another field"),
        (HEAD + HEAD.replace("[A]", "[B]"), "B: offset 0x000 is taken by A"),
        (HEAD.replace('"3:0"', '"3:0", value = 1'), "A.x: only a ro field has a fixed value"),
        (HEAD.replace('"3:0"', '"3:0", reset = 16'), "A.x: reset 16 does not fit bits 3:0"),
        (HEAD.replace('"rw"', '"ro"').replace('"3:0"', '"3:0", reset = 1'), "only a rw field"),
        (HEAD + 'commits = "C"\n', "A: commits: unknown register 'C'"),
        ("A = 1\n", "A is no table"),
    ],
)
def test_a_bad_table_is_named(text: str, message: str) -> None:
    with pytest.raises(PlutarchError) as caught:
        host_registers.parse(tomllib.loads(text))
    assert message in str(caught.value) and "\n" not in str(caught.value)


def test_a_file_that_is_no_table_is_named(tmp_path: Path) -> None:
    path = tmp_path / "registers.toml"
    with pytest.raises(PlutarchError, match=r"registers\.toml: "):
        host_registers.load(path)
    path.write_text("[A\n")
    with pytest.raises(PlutarchError, match=r"registers\.toml: "):
        host_registers.load(path)


def test_a_reset_value_reaches_the_verilog() -> None:
    table = host_registers.parse(tomllib.loads(HEAD.replace('"3:0"', '"3:0", reset = 5')))
    assert table["A"].reset == 5
    assert "a_x <= 4'd5;" in registers.verilog(table)
