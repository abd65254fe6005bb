# SPDX-License-Identifier: Apache-2.0
"""Training behind the quantisers: stages, resume in each of them, packages, ablation and table."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

torch = pytest.importorskip("torch", reason="torch is not installed (extra `train`)")
pytest.importorskip("sklearn", reason="scikit-learn is not installed (extra `train`)")

from golden.data import load  # noqa: E402
from golden.errors import PlutarchError  # noqa: E402
from golden.fast import FastNetwork  # noqa: E402
from golden.files import sha256  # noqa: E402
from golden.models import build  # noqa: E402
from golden.package import load_package  # noqa: E402
from golden.qat import QuantModel  # noqa: E402
from golden.qat import load as load_model  # noqa: E402
from golden.training.config import Config, make_config  # noqa: E402
from golden.training.feeding import Feed  # noqa: E402
from golden.training.fit import CHECKPOINT, fit  # noqa: E402
from golden.training.guard import DivergedError  # noqa: E402
from golden.training.lifecycle import as_quantised, begin_epoch, enter  # noqa: E402
from golden.training.logs import read_log  # noqa: E402
from golden.training.pairs import weight_pairs  # noqa: E402
from golden.training.regulariser import distribution_loss  # noqa: E402
from golden.training.runs import Options, read_result, run_row  # noqa: E402
from golden.training.stages import phases  # noqa: E402
from tests.test_fit import Stop, _same  # noqa: E402

# 7 epochs of 3 steps: float 1, quant at 4 bits 2, quant at 3 bits 2, frozen 2
TABLE: dict[str, Any] = {
    "net": "digits", "batch": 64, "data": {"shift": 1},
    "quantizer": {"weight_bits": 3, "act_bits": 3},
    "regulariser": {"kind": "learnable"},
    "stages": {"float": {"epochs": 1, "rate": 0.1},
               "quant": {"epochs": 2, "rate": 0.05, "through": [4], "through_epochs": 2,
                         "calibration": 64, "statistics": 128},
               "frozen": {"epochs": 2, "rate": 0.01}}}


@pytest.fixture(scope="module")
def images() -> tuple[Any, Any]:
    training, test = load("digits")
    return training.head(200), test.head(100)  # type: ignore[attr-defined]


def _config(**changes: Any) -> Config:
    return replace(make_config(TABLE, "test"), **changes)


def _net() -> Any:
    with torch.random.fork_rng():
        torch.manual_seed(0)
        return build("digits")


@pytest.fixture(scope="module")
def whole(images: Any) -> Any:
    torch.set_num_threads(1)
    return fit(_net(), *images, _config())


def test_the_stages_follow_each_other(whole: Any) -> None:
    assert [(row.stage, row.bits) for row in whole.rows] == [
        ("float", 32), ("quant", 4), ("quant", 4), ("quant", 3), ("quant", 3), ("frozen", 3),
        ("frozen", 3)]
    assert isinstance(whole.model, QuantModel) and whole.model.mode == "frozen"
    assert list(whole.scores) == ["float", "quant", "frozen"]
    assert whole.scores["frozen"].accuracy == whole.rows[-1].test_accuracy
    rows = whole.rows
    assert [row.distance > 0 for row in rows] == [False] + 6 * [True]
    assert [row.coefficient > 0 for row in rows] == [False] + 4 * [True] + 2 * [False]
    assert len({row.coefficient for row in rows[1:5]}) == 4  # it is learned
    for row in rows[1:5]:
        assert row.loss != row.cross_entropy
    for row in (rows[0], *rows[5:]):
        assert row.loss == pytest.approx(row.cross_entropy, rel=1e-12)
    with torch.no_grad():
        assert rows[-1].distance == pytest.approx(
            distribution_loss(weight_pairs(whole.model)).item())


@pytest.mark.parametrize("stop", [8, 11, 14, 20])  # in each phase, and between two of them
def test_resume_in_every_stage_gives_the_same_bits(stop: int, whole: Any, images: Any,
                                                   tmp_path: Path) -> None:
    with pytest.raises(KeyboardInterrupt):
        fit(_net(), *images, _config(), tmp_path, Stop(stop))
    assert _same(whole, fit(_net(), *images, _config(), tmp_path))
    rows = [replace(row, seconds=0) for row in read_log(tmp_path)[1]]
    assert rows == [replace(row, seconds=0) for row in whole.rows]


def test_the_regulariser_pulls(images: Any, whole: Any) -> None:
    from golden.training.config import RegulariserConfig

    strong = fit(_net(), *images, _config(regulariser=RegulariserConfig("fixed", 20.0)))
    none = fit(_net(), *images, _config(regulariser=RegulariserConfig("none")))
    assert strong.rows[4].distance < 0.8 * none.rows[4].distance
    assert none.rows[4].coefficient == 0.0 and none.rows[4].loss == none.rows[4].cross_entropy


def test_fixed_point_grids_follow_the_values(images: Any) -> None:
    """No gradient moves the exponents of words and of 8-bit weights."""
    config = _config()
    quant = phases(config)[2]
    feed = Feed(images[0], torch.device("cpu"))
    model = as_quantised(enter(quant, _net(), feed, config))
    last = dict(model.layers())["linear"]
    before = last.weight_quantizer.exponent  # type: ignore[union-attr]
    with torch.no_grad():
        last.weight *= 8.0
    begin_epoch(quant, quant.first, model, feed, config)  # has just been calibrated
    assert last.weight_quantizer.exponent == before  # type: ignore[union-attr]
    begin_epoch(quant, quant.first + 1, model, feed, config)
    assert last.weight_quantizer.exponent == before + 3  # type: ignore[union-attr]


def test_nan_behind_the_quantisers_names_the_layer(images: Any, tmp_path: Path,
                                                   monkeypatch: pytest.MonkeyPatch) -> None:
    """A quantiser makes a finite level of an infinite weight: the loss alone would not tell."""
    import golden.training.fit as loop

    begin = loop.begin_epoch

    def break_it(phase: Any, index: int, model: Any, *rest: Any) -> None:
        begin(phase, index, model, *rest)
        if index == 3:
            with torch.no_grad():
                dict(model.layers())["layer2.0.conv1"].weight[0, 0, 0, 0] = float("inf")

    monkeypatch.setattr(loop, "begin_epoch", break_it)
    with pytest.raises(DivergedError, match=(
            r"epoch 4 \(quant 3 bit\): layer net\.layer2\.0\.conv1: weight is not finite; "
            r"the last good checkpoint is .*checkpoint\.pt \(epoch 3\)")):
        fit(_net(), *images, _config(), tmp_path)
    assert (tmp_path / CHECKPOINT).exists()


ROWS = """
net = "digits"
batch = 64
start = "@float"
data = { shift = 1, train_images = 200, test_images = 100 }
stages.quant = { epochs = 2, rate = 0.05, calibration = 64, statistics = 128 }
stages.frozen = { epochs = 1, rate = 0.01 }
[rows.float]
start = ""
quantizer.method = "float"
stages.float = { epochs = 10, rate = 0.1 }
[rows.none]
[rows.fixed]
regulariser = { kind = "fixed", coefficient = 1.0 }
[rows.uniform]
quantizer.method = "uniform"
[rows.six]
quantizer = { weight_bits = 6, act_bits = 6 }
stages.quant.epochs = 0
stages.frozen.epochs = 0
"""


@pytest.fixture(scope="module")
def done(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Options]:
    folder = tmp_path_factory.mktemp("runs")
    (folder / "small.toml").write_text(ROWS)
    torch.set_num_threads(1)
    options = Options(folder / "runs", device="cpu")
    run_row(folder / "small.toml", "none", [], options)
    return folder / "small.toml", options


def test_a_row_starts_from_another(done: tuple[Path, Options]) -> None:
    file, options = done
    folder = options.out / "small"
    float_run, run = (read_result(folder / row / "seed0") for row in ("float", "none"))
    assert list(float_run.scores) == ["float"] and not float_run.integers.package
    assert run.scores["float"] == float_run.scores["float"] and run.start_sha256
    assert run.command == "python -m golden train --config small.toml --row none"
    model = load_model(folder / "none" / "seed0" / "model.pt")
    net = load_package(run.integers.package)
    _, test = load("digits", None, 200, 100)
    assert run.integers.images == 100 == len(test)
    assert FastNetwork(net, 1).correct(test.images, test.labels) == run.integers.correct
    assert net.about["accuracy"]["test_correct"] == run.integers.correct
    assert run.integers.same_logits == run.integers.compared == 64
    assert str(folder) not in json.dumps(dict(net.about)) and model.mode == "frozen"
    again = run_row(file, "none", [], options)
    assert again.reused and again == replace(run, folder=again.folder)
    (folder / "none" / "seed0" / "model.pt").unlink()
    made = run_row(file, "none", [], options)  # nothing is trained, the checkpoint is whole
    assert not made.reused and made.integers == run.integers and made.scores == run.scores
    with pytest.raises(PlutarchError, match=r"of a run with another stages\.quant\.rate"):
        run_row(file, "none", ["stages.quant.rate=0.06"], options)
    fresh = run_row(file, "none", [], replace(options, fresh=True))
    assert fresh.integers.manifest_sha256 == run.integers.manifest_sha256


def test_the_same_package_wherever_it_is_made(done: tuple[Path, Options], tmp_path: Path,
                                              monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("golden.training.packaging._CHUNK", 30)
    file, options = done
    first = read_result(options.out / "small" / "none" / "seed0").integers.manifest_sha256
    other = run_row(file, "none", [], Options(tmp_path, device="cpu"))
    assert other.integers.manifest_sha256 == first
    assert run_row(file, "none", ["seed=1"], options).integers.manifest_sha256 != first
    assert list(read_result(options.out / "small/float/seed1").scores) == ["float"]


def test_changes_that_the_float_row_does_not_take_over(done: tuple[Path, Options]) -> None:
    file, options = done
    changes = ["quantizer.method=uniform", "stages.quant.epochs=1", "regulariser.kind=fixed",
               "stages.frozen.epochs=0", "name=other"]
    run = run_row(file, "none", changes, options)
    base = options.out / "small/float/seed0"
    assert run.config["quantizer"]["method"] == "uniform" and run.folder.endswith("other/seed0")
    assert run.start_sha256 == sha256((base / "weights.pt").read_bytes())


def test_what_has_no_package_says_why(done: tuple[Path, Options]) -> None:
    file, options = done
    assert "method 'uniform'; packages are for iospot" in run_row(
        file, "uniform", [], options).integers.refused
    six = run_row(file, "six", [], options)  # post-training: stages of no epochs
    assert "6 bits; the hardware takes 3, 4 or 5" in six.integers.refused
    assert list(six.scores) == ["float", "quant", "frozen"] and six.scores["frozen"].top1 > 30


def test_a_row_s_start(done: tuple[Path, Options], tmp_path: Path) -> None:
    file, options = done
    weights = options.out / "small" / "float" / "seed0" / "weights.pt"
    run = run_row(file, "six", [f"start={weights}", "name=own"], options)
    assert run.scores == run_row(file, "six", [], options).scores
    with pytest.raises(PlutarchError, match=r"start = 'none-\*\.th': no such file"):
        run_row(file, "six", ["start=none-*.th"], replace(options, data=tmp_path))
    with pytest.raises(PlutarchError, match=r"starts from itself"):
        run_row(file, "none", ["start=@none"], options)
    other = torch.load(weights)
    other["linear.bias"] += 1.0
    torch.save(other, tmp_path / "other.pt")
    with pytest.raises(PlutarchError, match=r"another start: its first weights were others"):
        (options.out / "own/seed0/checkpoint.pt").write_bytes(
            (options.out / "small/none/seed0/checkpoint.pt").read_bytes())
        run_row(file, "none", [f"start={tmp_path / 'other.pt'}", "name=own"], options)
    with pytest.raises(PlutarchError, match=r"weights\.pt: conv1\.weight is \(16, 1, 3, 3\)"):
        run_row(file, "six", ["net=resnet18-cifar", f"start={weights}"], options)


def test_ablation(done: tuple[Path, Options], tmp_path: Path) -> None:
    pytest.importorskip("matplotlib")
    from golden.training.experiments.ablation import ablate, table, write
    from golden.training.progress import Silent

    file, options = done
    found = ablate(file, (0, 1), [], options, Silent(), ["none", "fixed"])
    runs = found.arms["fixed"]
    for run, log in zip(runs, found.logs["fixed"], strict=True):
        quant = [100 * row.test_accuracy for row in log if row.stage == "quant"]
        assert run.wobble == pytest.approx(abs(quant[1] - quant[0]))
        assert run.settled == (1 if quant[0] >= quant[1] - 0.5 else 2)
        assert (run.distance, run.coefficient) == (log[1].distance, log[1].coefficient)
        assert run.integer_accuracy == run.accuracy
    text = table(found)
    assert "fixed - none" in text and "over seeds 0, 1" in text
    files = write(found, tmp_path)
    saved = json.loads(files[0].read_text())
    mean = sum(run.accuracy for run in runs) / 2
    assert saved["arms"]["fixed"]["accuracy"]["mean"] == pytest.approx(mean)
    gap = saved["differences"]["accuracy"][0]
    assert gap["of"] == "fixed - none" and gap["mean"] == pytest.approx(
        mean - sum(run.accuracy for run in found.arms["none"]) / 2)
    assert files[1].read_bytes().startswith(b"\x89PNG")
    with pytest.raises(PlutarchError, match="compares two quantised rows or more; there is none"):
        ablate(file, (0,), [], options, Silent(), ["none"])


def test_table(done: tuple[Path, Options]) -> None:
    from golden.compression import from_package, measure
    from golden.training.experiments.table import run_table, table
    from golden.training.progress import Silent

    file, options = done
    lines = run_table(file, ["float", "none", "uniform"], None, [], options, Silent())
    plain, pot, uniform = lines
    found = measure(from_package(Path(read_result(
        options.out / "small" / "none" / "seed0").integers.package)))
    assert pot.weight_bytes == found.network("raw") / 8
    assert pot.shuff_bytes == found.network() / 8
    assert pot.lzma_bytes == found.network(lzma=True) / 8
    assert plain.weight_bytes == found.float_bytes == 4 * 74512
    assert plain.fixops == 16 * 747136 and (plain.fixops_rate, plain.weight_rate) == (1.0, 1.0)
    assert pot.fixops == uniform.fixops  # 4/4 with 8-bit ends, whatever the method
    assert pot.weight_bytes == uniform.weight_bytes and pot.integers and not uniform.integers
    assert pot.delta1 == pytest.approx(pot.top1 - plain.top1)
    text = table(lines)
    assert "iospot" in text and "no package holds it" in text
    with pytest.raises(PlutarchError, match="none of the rows is done"):
        run_table(file, ["fixed"], 77, [], options, Silent(), train=False)


def test_a_coefficient_that_runs_away_names_the_epoch(images: Any, tmp_path: Path) -> None:
    from golden.training.config import RegulariserConfig

    wild = _config(regulariser=RegulariserConfig("learnable", 1.0, 1e6, 1.0))
    with pytest.raises(DivergedError, match=r"training diverged in epoch 2 \(quant 4 bit\): "
                                            r"regulariser: omega = log lambda = .* ran away"):
        fit(_net(), *images, wild, tmp_path)
