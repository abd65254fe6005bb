# SPDX-License-Identifier: Apache-2.0
"""The training loop: repeats itself, resumes to the bit, stops on NaN, keeps its log."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

torch = pytest.importorskip("torch", reason="torch is not installed (extra `train`)")
pytest.importorskip("sklearn", reason="scikit-learn is not installed (extra `train`)")

from torch import nn  # noqa: E402

from golden.data import Split, load  # noqa: E402
from golden.data.augment import shifted  # noqa: E402
from golden.errors import PlutarchError  # noqa: E402
from golden.training.checkpoints import (  # noqa: E402
    Checkpoint,
    load_checkpoint,
    save_checkpoint,
)
from golden.training.config import Config, DataConfig, make_config  # noqa: E402
from golden.training.epoch import evaluate  # noqa: E402
from golden.training.feeding import Feed, varied  # noqa: E402
from golden.training.fit import CHECKPOINT, Outcome, fit  # noqa: E402
from golden.training.guard import DivergedError  # noqa: E402
from golden.training.logs import read_log  # noqa: E402
from golden.training.optim import make_optimizer, set_rate  # noqa: E402
from golden.training.progress import Silent  # noqa: E402

CPU = torch.device("cpu")
FLOAT = {"net": "digits", "batch": 64, "quantizer": {"method": "float"}, "data": {"shift": 1},
         "stages": {"float": {"epochs": 3, "rate": 0.1}}}


@pytest.fixture(scope="module")
def images() -> tuple[Any, Any]:
    training, test = load("digits")
    return training.head(200), test.head(100)  # type: ignore[attr-defined]


class Small(nn.Module):
    """A net of every kind of parameter, dropout included, that trains in a blink."""

    def __init__(self) -> None:
        super().__init__()
        with torch.random.fork_rng():
            torch.manual_seed(0)
            self.conv1 = nn.Conv2d(1, 8, 3, 2, bias=False)
            self.bn1 = nn.BatchNorm2d(8)
            self.linear = nn.Linear(72, 10)
        self.dropout = nn.Dropout(0.2)

    def forward(self, x: Any) -> Any:
        return self.linear(self.dropout(torch.relu(self.bn1(self.conv1(x))).flatten(1)))


class Stop(Silent):
    """Ctrl-C in the middle of an epoch."""

    def __init__(self, after: int) -> None:
        self.left, self.said = after, ""

    def step(self, loss: float) -> None:
        self.left -= 1
        if self.left == 0:
            raise KeyboardInterrupt

    def line(self, text: str) -> None:
        self.said += text


def _same(one: Outcome, two: Outcome) -> bool:
    states = one.model.state_dict(), two.model.state_dict()
    rows = [[replace(row, seconds=0) for row in outcome.rows] for outcome in (one, two)]
    return (states[0].keys() == states[1].keys() and rows[0] == rows[1]
            and one.scores == two.scores
            and all(torch.equal(value, states[1][name]) for name, value in states[0].items()))


def _config(**changes: Any) -> Config:
    return replace(make_config(FLOAT, "test"), **changes)


def test_the_same_seed_gives_the_same_bits(images: Any) -> None:
    torch.manual_seed(5)
    first = fit(Small(), *images, _config(seed=1))
    torch.manual_seed(6)  # what was drawn before must not matter
    state = torch.get_rng_state()
    second = fit(Small(), *images, _config(seed=1))
    assert _same(first, second) and torch.equal(state, torch.get_rng_state())
    assert not _same(first, fit(Small(), *images, _config(seed=2)))
    assert not torch.are_deterministic_algorithms_enabled()


@pytest.mark.parametrize("stop", [1, 4, 5])  # 3 steps an epoch
def test_ctrl_c_and_again_gives_the_same_bits(stop: int, images: Any, tmp_path: Path) -> None:
    whole = fit(Small(), *images, _config(), tmp_path / "whole")
    told = Stop(stop)
    with pytest.raises(KeyboardInterrupt):
        fit(Small(), *images, _config(), tmp_path / "cut", told)
    assert told.said == (f"interrupted in epoch {1 + (stop - 1) // 3}; the same command goes on "
                         "from there")
    model = Small()
    if stop > 3:
        nn.init.zeros_(model.conv1.weight)  # everything comes from the checkpoint
    resumed = fit(model, *images, _config(), tmp_path / "cut")
    assert _same(whole, resumed)
    logs = [[replace(row, seconds=0) for row in read_log(tmp_path / name)[1]]
            for name in ("whole", "cut")]
    assert logs[0] == logs[1] and len(logs[0]) == 3
    assert _same(whole, fit(Small(), *images, _config(), tmp_path / "cut"))  # nothing is left to do


@pytest.mark.parametrize("evil", ["weight", "input", "gradient"])
def test_nan_stops_with_epoch_and_layer(evil: str, images: Any, tmp_path: Path) -> None:
    training, test = images
    fit(Small(), training, test, _config(), tmp_path / "good")
    first = load_checkpoint(tmp_path / "good" / CHECKPOINT)

    class Break(Silent):
        steps = 0

        def step(self, loss: float) -> None:
            self.steps += 1
            if self.steps == 4 and evil == "weight":
                with torch.no_grad():
                    model.bn1.weight[3] = float("nan")
            if self.steps == 4 and evil == "input":
                with torch.no_grad():
                    model.linear.weight[3] = 3e38
            if self.steps == 4 and evil == "gradient":
                model.conv1.weight.register_hook(lambda g: g * float("inf"))

    model = Small()
    line = {"weight": "layer bn1: weight is not finite", "input": "layer linear: its output is not "
            "finite", "gradient": "layer conv1: the gradient of weight is not finite"}[evil]
    file = tmp_path / "bad" / CHECKPOINT
    with pytest.raises(DivergedError) as caught:
        fit(model, training, test, _config(), tmp_path / "bad", Break())
    assert str(caught.value) == (f"run: training diverged in epoch 2 (float): {line}; the last "
                                 f"good checkpoint is {file} (epoch 1)")
    kept = load_checkpoint(file)
    assert kept.about["epochs"] == 1 and kept.about["rows"][0]["loss"] == first.about["rows"][0][
        "loss"]
    assert all(torch.isfinite(value).all() for value in kept.groups["model"].values())


def test_nan_that_shows_only_at_the_end_of_an_epoch(images: Any, tmp_path: Path) -> None:
    class Break(Silent):
        def step(self, loss: float) -> None:
            model.bn1.running_var[0] = float("inf")  # type: ignore[index]

    model = Small()
    with pytest.raises(DivergedError, match=r"epoch 1 \(float\): layer bn1: running_var is not "
                                            r"finite; there is no checkpoint yet"):
        fit(model, *images, _config(), tmp_path, Break())
    assert not (tmp_path / CHECKPOINT).exists()


def test_another_config_is_not_taken_up(images: Any, tmp_path: Path) -> None:
    fit(Small(), *images, _config(), tmp_path)
    with pytest.raises(PlutarchError, match=r"checkpoint\.pt: of a run with another seed \(0, now "
                                            r"3\); --fresh starts anew"):
        fit(Small(), *images, _config(seed=3), tmp_path)
    with pytest.raises(PlutarchError, match="another start: its first weights were others"):
        fit(Small(), *images, _config(), tmp_path, origin="other")
    unused = make_config({**FLOAT, "note": "x", "regulariser": {"kappa": 3.0}}, "test")
    assert len(fit(Small(), *images, unused, tmp_path).rows) == 3  # decides nothing: taken up


@pytest.mark.parametrize("damage", ["cut", "flipped", "empty", "other", "format", "net"])
def test_a_damaged_checkpoint_is_one_line(damage: str, images: Any, tmp_path: Path) -> None:
    fit(Small(), *images, _config(), tmp_path)
    file = tmp_path / CHECKPOINT
    data = file.read_bytes()
    if damage == "cut":
        file.write_bytes(data[:len(data) // 2])
    elif damage == "flipped":
        file.write_bytes(data[:200] + bytes(x ^ 255 for x in data[200:3000]) + data[3000:])
    elif damage == "empty":
        file.write_bytes(b"")
    elif damage == "other":
        torch.save({"weight": torch.zeros(3)}, file)
    elif damage == "format":
        torch.save({"format": "plutarch training checkpoint 0", "groups": {}, "about": "{}"}, file)
    else:
        saved = load_checkpoint(file)
        save_checkpoint(file, Checkpoint({**saved.groups, "model": {"x": torch.zeros(1)}},
                                         saved.about))
    with pytest.raises(PlutarchError, match=r"checkpoint\.pt: ") as caught:
        fit(Small(), *images, _config(), tmp_path)
    assert "\n" not in str(caught.value)


def test_a_checkpoint_is_written_beside_and_renamed(tmp_path: Path,
                                                    monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "c.pt"
    one, two = (Checkpoint({"model": {"w": torch.full((3,), x)}}, {"n": x}) for x in (1.0, 2.0))
    save_checkpoint(file, one)
    before = file.read_bytes()

    def full(self: Path, target: Path) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(Path, "replace", full)
        with pytest.raises(PlutarchError, match=r"c\.pt: cannot write: No space"):
            save_checkpoint(file, two)
    assert file.read_bytes() == before and list(tmp_path.iterdir()) == [file]
    save_checkpoint(file, two)
    assert load_checkpoint(file).about == {"n": 2.0} and file.read_bytes() != before
    save_checkpoint(file, one)
    assert file.read_bytes() == before  # the same content, the same bytes


KILLED = """
import sys, time
sys.path.insert(0, {root!r})
from pathlib import Path
from tests.test_fit import LONG, Silent, Small, fit, load, make_config

class Slow(Silent):
    def step(self, loss):
        time.sleep(0.02)

training, test = load("digits")
fit(Small(), training.head(200), test.head(100), make_config(LONG, "test"), Path({folder!r}),
    Slow())
"""
LONG = {**FLOAT, "stages": {"float": {"epochs": 30}}}


def test_a_kill_and_again_gives_the_same_bits(images: Any, tmp_path: Path) -> None:
    root = str(Path(__file__).parents[1])
    child = subprocess.Popen([sys.executable, "-c", KILLED.format(root=root, folder=str(tmp_path))],
                             env={**os.environ, "OMP_NUM_THREADS": "1"})
    deadline = time.monotonic() + 60
    while not (tmp_path / CHECKPOINT).exists() and time.monotonic() < deadline:
        time.sleep(0.01)
    time.sleep(0.1)
    child.send_signal(signal.SIGKILL)
    child.wait()
    assert 1 <= load_checkpoint(tmp_path / CHECKPOINT).about["epochs"] < 30
    config = make_config(LONG, "test")
    assert _same(fit(Small(), *images, config), fit(Small(), *images, config, tmp_path))


def test_decay_and_rates_of_the_groups() -> None:
    from golden.quantizers import METHODS, Pot

    model = nn.Sequential(nn.Conv2d(1, 2, 3), nn.BatchNorm2d(2), Pot(4), METHODS["pact"].act(4))
    stage = replace(_config().stages.float, decay=0.3, scale_rate=0.1)
    names = {id(p): name for name, p in model.named_parameters()}
    optimizer = make_optimizer(model, stage)
    groups = [([names[id(p)] for p in group["params"]], group["weight_decay"], group["over"])
              for group in optimizer.param_groups]
    assert groups == [
        (["0.weight"], 0.3, 1.0), (["0.bias", "1.weight", "1.bias"], 0.0, 1.0),
        (["2.log_scale"], 0.0, 0.1), (["3.alpha"], 0.3, 0.1)]
    set_rate(optimizer, 0.5)
    assert [group["lr"] for group in optimizer.param_groups] == [0.5, 0.5, 0.05, 0.05]
    assert all(group["momentum"] == 0.9 for group in optimizer.param_groups)


def test_training_images_are_varied(images: Any) -> None:
    x = torch.from_numpy(images[0].images[:64]).float()
    still, moved, turned, both = (varied(x, DataConfig(shift=shift, mirror=mirror),
                                         torch.Generator().manual_seed(1))
                                  for shift, mirror in ((0, False), (1, False), (0, True),
                                                        (1, True)))
    assert torch.equal(still, x) and not torch.equal(both, moved)
    assert torch.equal(moved, shifted(x, torch.Generator().manual_seed(1), 1))
    mirrored = [torch.equal(a, b.flip(2)) for a, b in zip(turned, x, strict=True)]
    same = [torch.equal(a, b) for a, b in zip(turned, x, strict=True)]
    assert all(a or b for a, b in zip(mirrored, same, strict=True)) and 16 < sum(mirrored) < 48


def test_scores_count(images: Any) -> None:
    _, test = images

    class Tell(nn.Module):  # the right answer first, third or never
        def forward(self, x: Any) -> Any:
            logits = torch.zeros(len(x), 10)
            for i, label in enumerate(labels[place[0]:place[0] + len(x)]):
                for rank in range(10):
                    logits[i, (label + rank - (0, 2, 7)[i % 3]) % 10] = -rank
            place[0] += len(x)
            return logits

    labels, place = test.labels[:60], [0]
    score = evaluate(Tell(), Feed(Split(test.images[:60], labels, test.exp), CPU), batch=15)
    assert (score.images, score.top1, score.top5) == (60, 20, 40)
    assert score.accuracy == 20 / 60 and score.accuracy5 == 40 / 60


def test_sets_that_are_decoded_by_batch_train_the_same(images: Any) -> None:
    training, test = images

    class Lazy:
        exp, labels, shape = training.exp, training.labels, training.shape
        classes = 10

        def __len__(self) -> int:
            return len(training)

        def batch(self, places: Any, rng: Any = None) -> Any:
            drawn.append(None if rng is None else int(rng.integers(1 << 30)))
            return training.batch(places)

    drawn: list[int | None] = []

    one = fit(Small(), training, test, _config())
    two = fit(Small(), Lazy(), test, _config())
    assert _same(one, two) and len(set(drawn)) == 9  # a draw of its own for every batch
    feed = Feed(Lazy(), CPU, workers=3)
    assert torch.equal(feed.head(7), torch.from_numpy(training.images[:7]).float() / 16)
    assert [len(x) for x, _ in feed.inorder(64, 130)] == [64, 64, 2]


def test_the_log_files(images: Any, tmp_path: Path) -> None:
    outcome = fit(Small(), *images, _config(evaluate_every=2), tmp_path)
    lines = (tmp_path / "log.csv").read_text().splitlines()
    assert lines[0] == ("epoch,stage,bits,rate,loss,cross_entropy,distance,coefficient,"
                        "train_accuracy,test_accuracy,seconds")
    assert len(lines) == 4 and lines[1].startswith("1,float,32,") and lines[1].split(",")[9] == ""
    about, rows = read_log(tmp_path)
    assert rows == outcome.rows and about["config"]["net"] == "digits"
    assert about["scores"]["float"]["images"] == 100
    assert [row.test_accuracy is None for row in rows] == [True, False, False]
    (tmp_path / "log.json").write_text(json.dumps({"epochs": [{"epoch": 1}]}))
    with pytest.raises(PlutarchError, match=r"log\.json: not a sound training log"):
        read_log(tmp_path)
    with pytest.raises(PlutarchError, match="missing; is this the folder of a run"):
        read_log(tmp_path / "none")
