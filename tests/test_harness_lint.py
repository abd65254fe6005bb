# SPDX-License-Identifier: Apache-2.0
"""Lint: each checker complains about what it is there for, and the table of TOPLEVELs is sound."""

from __future__ import annotations

import os
import re
import tomllib
from pathlib import Path

import pytest

from sim import house, lint, targets
from sim.errors import HarnessError
from sim.paths import ROOT, SEPARATE
from sim.targets import load_table, parse_target, table

COUNTER = ROOT / "tests" / "fixtures" / "hdl" / "counter.v"


def broken(tmp_path: Path, old: str, new: str) -> Path:
    text = COUNTER.read_text("utf-8")
    assert old in text
    path = tmp_path / "counter.v"
    path.write_text(text.replace(old, new))
    return path


def test_verilator_complains_about_widths(tmp_path: Path) -> None:
    clean = lint.verilator_command("counter", [COUNTER], [], {"WIDTH": 4})
    assert lint.check(clean, tmp_path) == ""
    path = broken(tmp_path, "count + 1'b1", "count + 16'd1")
    said = lint.check(lint.verilator_command("counter", [path], [], {"WIDTH": 4}), tmp_path)
    assert "WIDTHTRUNC" in said


@pytest.mark.icarus
def test_icarus_holds_the_rtl_to_verilog_2005(tmp_path: Path) -> None:
    assert lint.check(lint.icarus_command("counter", [COUNTER], [], {}), tmp_path) == ""
    path = broken(tmp_path, "always @", "always_ff @")
    assert "error" in lint.check(lint.icarus_command("counter", [path], [], {}), tmp_path)


def test_house_rules_fire(tmp_path: Path) -> None:
    folder = tmp_path / "rtl"
    folder.mkdir()
    (folder / "a.v").write_text(
        "module a; endmodule\n// verilator lint_off WIDTH\n//" + "-" * 99 + "\n")
    (folder / "b.py").write_text("# SPDX-License-Identifier: Apache-2.0\n" + "\n" * 400)
    said = house.complaints(tmp_path)
    assert "rtl/a.v: no SPDX line" in said
    assert "rtl/a.v: lint_off WIDTH is never turned on again" in said
    assert "rtl/a.v: no `default_nettype none" in said
    assert "rtl/a.v:3: 101 columns, the limit is 100" in said
    assert "rtl/b.py: 401 lines, the limit is 400" in said


def test_the_repository_keeps_the_house_rules() -> None:
    assert house.complaints() == []


@pytest.mark.parametrize(
    ("raw", "message"),
    [
        ({"sorces": []}, "unknown key 'sorces', did you mean 'sources'"),
        ({"parameters": {"B": {"min": 1}}}, "parameters.B has no default"),
        ({"parameters": {"B": {"default": 1, "mox": 1}}}, "unknown key 'mox', did you mean 'max'"),
    ],
)
def test_a_bad_table_entry_is_named(raw: dict[str, object], message: str) -> None:
    with pytest.raises(HarnessError) as caught:
        parse_target("x", raw)
    assert message in str(caught.value) and "sim/tables" in str(caught.value)


def test_a_table_that_is_no_toml_is_named(tmp_path: Path) -> None:
    path = tmp_path / "targets.toml"
    path.write_text("[x\n")
    with pytest.raises(HarnessError, match=r"targets\.toml: "):
        load_table(path, tmp_path)


def test_every_source_file_of_the_rtl_is_in_the_table() -> None:
    listed = {path for target in table().values() for path in target.sources}
    assert set((ROOT / "rtl").rglob("*.v")) <= listed
    assert all(path.exists() for path in listed)


def test_every_module_is_a_toplevel_with_a_bench_and_legal_variants() -> None:
    for target in table().values():
        assert target.benches, f"{target.name} has no bench"
        assert target.about, f"{target.name} has no line for the help"
        for variant in target.variants:
            choices = {k: v for k, v in variant.items() if k != "only"}
            target.resolve({k: v for k, v in choices.items() if k in target.parameters})
            assert set(choices) <= set(target.parameters) | set(target.options)


def test_no_path_of_this_machine_is_in_the_repository() -> None:
    home = os.fspath(ROOT)
    for path in house.sources():
        assert home not in path.read_text("utf-8"), path


def test_a_name_in_two_tables_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("a", "b"):
        (tmp_path / f"{name}.toml").write_text('[same]\nabout = ""\nsources = []\n')
    monkeypatch.setattr(targets, "TABLES", tmp_path)
    targets.table.cache_clear()
    try:
        with pytest.raises(HarnessError, match=r"b\.toml: same stands in another file too"):
            table()
    finally:
        monkeypatch.undo()
        targets.table.cache_clear()


def test_modules_to_keep_apart_come_out_of_named_groups() -> None:
    found = parse_target("x", {"separate": ["one", "@shift"]}).separate
    assert found == ("one", "lane_shift", "lane_shift8")
    with pytest.raises(HarnessError, match=r"group of sim/separate\.toml.*shift"):
        parse_target("x", {"separate": ["@shfit"]})


def test_every_group_of_modules_is_used_and_its_modules_exist() -> None:
    groups = tomllib.loads(SEPARATE.read_text(encoding="utf-8"))
    used = {name for target in table().values() for name in target.separate}
    sources = [path for target in table().values() for path in target.sources]
    defined = set(re.findall(r"^module (\w+)", "\n".join(
        path.read_text(encoding="utf-8") for path in dict.fromkeys(sources)), re.M))  # fmt: skip
    assert {name for names in groups.values() for name in names} <= used <= defined
