# SPDX-License-Identifier: Apache-2.0
"""`make train` and `make quantize`: what they leave in build/packages, and the shipped packages."""

from __future__ import annotations

import io
import json
from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="torch is not installed (extra `train`)")
Image = pytest.importorskip("PIL.Image", reason="pillow is not installed (extra `train`)")
pytest.importorskip("sklearn", reason="scikit-learn is not installed (extra `train`)")

from golden.data import load  # noqa: E402
from golden.errors import PlutarchError  # noqa: E402
from golden.models import build  # noqa: E402
from golden.package import (  # noqa: E402
    ROOT,
    SHIPPED,
    load_package,
    read_manifest,
    verify_package,
)
from sim import training_verbs  # noqa: E402


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A build folder of our own; the float digits network in it is trained once."""
    return tmp_path_factory.mktemp("build")


@pytest.fixture(autouse=True)
def _our_build(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(training_verbs, "BUILD", place)
    monkeypatch.setattr(training_verbs, "RESULTS", place / "results")
    monkeypatch.setattr(training_verbs, "_OUT", place / "packages")


@pytest.mark.slow
@pytest.mark.parametrize("bits", [3, 4, 5])
def test_retraining_reaches_98_percent_in_integers(bits: int, place: Path) -> None:
    assert training_verbs.train({"B": str(bits)}) == 0
    report = json.loads((place / f"results/train-digits-b{bits}.json").read_bytes())
    net = load_package(place / f"packages/digits-b{bits}")
    test = load("digits")[1]
    right = net.correct(*test.batch(np.arange(len(test))))
    assert right == report["integer_correct"] >= 353  # 98 % of 360
    assert report["fp32_correct"] >= 353 and not report["reused"]
    shipped = read_manifest(ROOT / SHIPPED / f"digits-b{bits}")
    made = read_manifest(place / f"packages/digits-b{bits}")
    if shipped["about"]["versions"] != made["about"]["versions"]:
        pytest.skip("98 % reached; bytes not compared: the shipped package names other versions")
    if made != shipped:
        pytest.skip("98 % reached; this processor rounds float32 sums in another order than the "
                    "one that made the shipped package")


@pytest.mark.slow
def test_what_is_done_is_not_done_again_unless_asked(place: Path) -> None:
    file = place / "results/train-digits-b4.json"
    training_verbs.train({"B": "4"})
    first = json.loads(file.read_bytes())
    training_verbs.train({"B": "4"})
    again = json.loads(file.read_bytes())
    assert again["reused"] and {**again, "reused": first["reused"]} == first
    (place / "packages/digits-b4/fc.npz").write_bytes(b"damage")  # ours is replaced from the run
    training_verbs.train({"B": "4"})
    assert verify_package(place / "packages/digits-b4")


def _jpegs(file: Path, count: int) -> None:
    """`count` blocky random pictures in the project's CIFAR-10 (JPEG) layout."""
    rng = np.random.default_rng(count)
    files = []
    for _ in range(count):
        buffer = io.BytesIO()
        colours = rng.integers(0, 256, (4, 4, 3)).repeat(8, 0).repeat(8, 1).astype(np.uint8)
        Image.fromarray(colours).save(buffer, "JPEG")
        files.append(buffer.getvalue())
    np.savez(file, jpeg=np.frombuffer(b"".join(files), dtype=np.uint8),
             offset=np.cumsum([0, *map(len, files)]), label=np.arange(count, dtype=np.uint8) % 10,
             classes=np.array(list("abcdefghij")))


@pytest.fixture()
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A data folder: a random ResNet20 with used statistics, made-up pictures."""
    torch.manual_seed(0)
    model = build("resnet20", 10, 3)
    model.train()
    with torch.no_grad():
        model(torch.randn(16, 3, 32, 32))
    (tmp_path / "checkpoints").mkdir()
    (tmp_path / "cifar10_jpeg").mkdir()
    torch.save({"state_dict": {f"module.{k}": v for k, v in model.state_dict().items()}},
               tmp_path / "checkpoints/resnet20-test.th")
    _jpegs(tmp_path / "cifar10_jpeg/train.npz", 2048)
    _jpegs(tmp_path / "cifar10_jpeg/test.npz", 16)
    monkeypatch.setenv("PLUTARCH_DATA", str(tmp_path))
    return tmp_path


@pytest.mark.slow
def test_a_checkpoint_becomes_a_package(folder: Path, place: Path) -> None:
    assert training_verbs.quantize({"NET": "resnet20", "B": "5", "IMAGES": "6"}) == 0
    report = json.loads((place / "results/quantize-resnet20-b5.json").read_bytes())
    assert (report["test_images"], report["data"]) == (6, "cifar10-jpeg")
    assert verify_package(place / "packages/resnet20-b5")
    net = load_package(place / "packages/resnet20-b5")
    assert net.about["accuracy"]["test_correct"] == report["integer_correct"]
    assert "data.test_images=6" in net.about["command"]
    jobs = net.conv_jobs(net.images[:1])
    assert len(jobs) == 18 and sum(job.residual is not None for job in jobs) == 9
    work = net.work()
    assert sum(step.macs for step in work) == 40_551_040  # paper-facts 2.3
    assert sum(step.weights for step in work) + len(net.fc.bias) == 268_346


def test_what_is_missing_is_named(folder: Path, place: Path) -> None:
    with pytest.raises(PlutarchError, match=r"start = 'resnet56-\*\.th': no such file"):
        training_verbs.quantize({"NET": "resnet56"})
    (folder / "cifar10_jpeg/test.npz").unlink()
    with pytest.raises(PlutarchError, match=r"test\.npz: missing"):
        training_verbs.quantize({"NET": "resnet20", "B": "3"})
    assert not (place / "packages/resnet20-b3").exists()
