# SPDX-License-Identifier: Apache-2.0
"""Training configs: types, ranges, nearest names, rows and inheritance, rate schedules."""

from __future__ import annotations

import dataclasses
import math
from pathlib import Path

import pytest

pytest.importorskip("torch", reason="torch is not installed (extra `train`)")

from golden.errors import PlutarchError
from golden.training.config import Config, StageConfig
from golden.training.config_files import (
    SHIPPED,
    find_file,
    parse_change,
    read_config,
    row_names,
)
from golden.training.lifecycle import spec_of
from golden.training.schedules import rate_at
from golden.training.stages import phases

TABLE = """
net = "resnet20"
batch = 32
[data]
name = "digits"
[stages.quant]
epochs = 4
[rows.four]
[rows.three]
batch = 16
quantizer = { weight_bits = 3, act_bits = 3 }
stages.quant = { through = [5, 4], through_epochs = 2 }
"""
SHORT = """
extends = "table.toml"
note = "short"
batch = 8
[stages.quant]
epochs = 1
[rows.three]
seed = 7
"""


@pytest.fixture
def files(tmp_path: Path) -> Path:
    (tmp_path / "table.toml").write_text(TABLE)
    (tmp_path / "short.toml").write_text(SHORT)
    return tmp_path


def test_rows_lie_over_the_base(files: Path) -> None:
    four, three = (read_config(files / "table.toml", row) for row in ("four", "three"))
    assert (four.net, four.batch, four.name) == ("resnet20", 32, "table/four")
    assert (four.quantizer.weight_bits, three.quantizer.weight_bits) == (4, 3)
    assert three.stages.quant.epochs == 4 and three.stages.quant.through == (5, 4)
    assert [(p.stage, p.weight_bits, p.first, p.epochs) for p in phases(three)] == [
        ("float", 32, 0, 0), ("quant", 5, 0, 2), ("quant", 4, 2, 2), ("quant", 3, 4, 4),
        ("frozen", 3, 8, 0)]
    assert [p.act_bits for p in phases(three)] == [32, 5, 4, 3, 3]


def test_a_file_takes_over_another(files: Path) -> None:
    assert row_names(files / "short.toml") == ["four", "three"]
    short = read_config(files / "short.toml", "three")
    assert short == dataclasses.replace(
        read_config(files / "table.toml", "three"), name="short/three", note="short", seed=7,
        batch=8, stages=short.stages)
    assert short.stages.quant.epochs == 1 and short.stages.quant.through == (5, 4)


def test_changes_come_last(files: Path) -> None:
    config = read_config(files / "table.toml", "three", ["stages.quant.epochs=9", "note=a b",
                                                         "data.mirror=true", "quantizer.act_bits=4",
                                                         "quantizer.overrides.x=[5, 4]"])
    assert config.stages.quant.epochs == 9 and config.data.mirror and config.note == "a b"
    assert (config.quantizer.weight_bits, config.quantizer.act_bits) == (3, 4)
    assert config.quantizer.overrides == {"x": (5, 4)}
    assert parse_change("a.b = 1e-3") == {"a": {"b": 1e-3}}
    with pytest.raises(PlutarchError, match="--set epochs: write key=value"):
        parse_change("epochs")


def test_a_config_cannot_change() -> None:
    with pytest.raises(dataclasses.FrozenInstanceError):
        Config().seed = 1  # type: ignore[misc]
    assert hash(Config().stages) == hash(Config().stages)


@pytest.mark.parametrize(("text", "line"), [
    ("nett = 'digits'", "x.toml: unknown key 'nett', did you mean 'net'?"),
    ("[stages.quant]\nepoch = 1", "x.toml: stages: quant: unknown key 'epoch', did you mean "
                                  "'epochs'?"),
    ("[quantizer]\nzzz = 1", "x.toml: quantizer: unknown key 'zzz', valid: method, weight_bits, "),
    ("net = 'resnet21'", "x.toml: unknown net 'resnet21', did you mean 'resnet20'?"),
    ("data.name = 'digitz'", "x.toml: unknown data.name 'digitz', did you mean 'digits'?"),
    ("quantizer.method = 'ispot'", "x.toml: unknown quantizer.method 'ispot', did you mean "
                                   "'iospot'?"),
    ("stages.quant.schedule = 'cosin'", "x.toml: stages: quant: unknown schedule 'cosin', did you "
                                        "mean 'cosine'?"),
    ("quantizer.weight_bits = 7", "x.toml: quantizer: weight_bits = 7 is out of range 2..6"),
    ("quantizer.act_bits = 8", "x.toml: quantizer: act_bits = 8 is out of range 2..6"),
    ("quantizer.overrides.a = [9, 4]", "x.toml: quantizer: overrides.a = 9 is out of range 2..6"),
    ("quantizer.overrides.a = [4]", "x.toml: quantizer: overrides.a = [4] must have 2 entries"),
    ("batch = true", "x.toml: batch = True must be a whole number"),
    ("batch = 0", "x.toml: batch = 0 is out of range 1..65536"),
    ("batch = 1.5", "x.toml: batch = 1.5 must be a whole number"),
    ("note = 1", "x.toml: note = 1 must be text"),
    ("data = 1", "x.toml: data is a section, not 1"),
    ("data.mirror = 1", "x.toml: data: mirror = 1 must be true or false"),
    ("stages.float.rate = nan", "x.toml: stages: float: rate = nan is not finite"),
    ("stages.float.milestones = 3", "x.toml: stages: float: milestones = 3 must be a list"),
    ("stages.float.milestones = [3]", 'x.toml: stages.float: milestones are for schedule = '
                                      '"multistep", not \'one-cycle\''),
    ("stages.float = {schedule = 'multistep', milestones = [3, 3]}",
     "x.toml: stages.float: milestones = [3, 3] must rise"),
    ("stages.quant = {through = [4], through_epochs = 1}",
     "x.toml: stages.quant: through = [4] must fall towards weight_bits = 4"),
    ("stages.quant.through_epochs = 1",
     "x.toml: stages.quant: through and through_epochs go together"),
    ("batch = ", "x.toml: not readable as TOML: "),
    ("rows = 3", "x.toml: rows must be sections, [rows.<name>]"),
    ("extends = 'x.toml'", "x.toml: extends itself"),
    ("extends = 'y.toml'", "y.toml: no such config file"),
    ("rows.a.batch = 1", "x.toml: choose one with --row: a"),
])
def test_mistakes_are_one_clear_line(text: str, line: str, tmp_path: Path) -> None:
    file = tmp_path / "x.toml"
    file.write_text(text)
    with pytest.raises(PlutarchError) as caught:
        read_config(file)
    said = str(caught.value).replace(f"{tmp_path}/", "")
    assert said.startswith(line) and "\n" not in said


def test_rows_and_files_that_are_not_there(files: Path) -> None:
    with pytest.raises(PlutarchError, match="unknown row 'thre', did you mean 'three'"):
        read_config(files / "table.toml", "thre")
    with pytest.raises(PlutarchError, match=r"nowhere\.toml: no such config file"):
        find_file("nowhere.toml")
    with pytest.raises(PlutarchError, match="unknown config"):
        find_file("tabel99")


def test_the_paper_s_schedule() -> None:
    stage = StageConfig(300, 0.04, "multistep", milestones=(60, 120, 160, 200, 260))
    for epoch, power in ((0, 0), (59, 0), (60, 1), (119, 1), (120, 2), (160, 3), (200, 4), (260, 5),
                         (299, 5)):
        for step in (0, 6):
            assert math.isclose(rate_at(stage, epoch * 7 + step, 7), 0.04 * 0.1 ** power)


def test_cosine_and_one_cycle() -> None:
    cosine = [rate_at(StageConfig(10, 0.5, "cosine"), step, 5) for step in range(50)]
    assert cosine[0] == 0.5 and abs(cosine[-1]) < 1e-12 and cosine == sorted(cosine, reverse=True)
    cycle = [rate_at(StageConfig(10, 0.5, "one-cycle", warm=0.2), step, 5) for step in range(50)]
    top = cycle.index(max(cycle))
    assert 9 <= top <= 11 and 0.49 < max(cycle) <= 0.5 and math.isclose(cycle[0], 0.02)
    assert cycle[:top] == sorted(cycle[:top]) and cycle[top:] == sorted(cycle[top:], reverse=True)
    assert cycle[-1] == pytest.approx(0.5e-4)
    steady = [rate_at(StageConfig(2, 0.3, "constant"), step, 5) for step in (0, 9)]
    assert steady == [0.3, 0.3]
    assert rate_at(StageConfig(1, 0.2, "one-cycle"), 0, 1) == pytest.approx(0.2 / 25)


SHIPPED_FILES = sorted(SHIPPED.glob("*.toml"))


@pytest.mark.parametrize("file", SHIPPED_FILES, ids=lambda file: file.stem)
def test_every_shipped_row_is_a_config(file: Path) -> None:
    rows = row_names(file)
    configs = {row: read_config(file, row) for row in rows}
    assert configs
    for row, config in configs.items():
        assert config.start.endswith(".th") or config.start in ("", *(f"@{x}" for x in rows))
        if config.start.startswith("@"):
            base = configs[config.start[1:]]
            assert not base.quantised and (base.net, base.data) == (config.net, config.data)
        if config.quantised:
            assert config.stages.float.epochs == 0
            assert not row[-1].isdecimal() or config.quantizer.weight_bits == int(row[-1])
        spec_of(config.quantizer)


def test_the_tables_of_the_paper_are_there() -> None:
    assert {f"table{n}" for n in (1, 2, 4, 5, 6, 7, 8)} <= {file.stem for file in SHIPPED_FILES}
    four = SHIPPED / "table4.toml"
    ours, theirs = (read_config(four, f"resnet20-{name}-4") for name in ("iospot", "apot"))
    assert [sum(phase.epochs for phase in phases(c)) for c in (ours, theirs)] == [260, 300]
    for config in (ours, theirs):
        stage = config.stages.quant
        assert (stage.rate, stage.factor, stage.decay, config.batch) == (0.04, 0.1, 4e-4, 128)
        assert set(stage.milestones) <= {60, 120, 160, 200, 260}
    assert (ours.regulariser.kind, theirs.regulariser.kind) == ("learnable", "none")
    short = read_config(SHIPPED / "table4-short.toml", "resnet20-iospot-4")
    assert sum(phase.epochs for phase in phases(short)) == 5
    assert short.data.name == "cifar10-jpeg" and short.quantizer == ours.quantizer
