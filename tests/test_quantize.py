# SPDX-License-Identifier: Apache-2.0
"""Quantize on a made-up checkpoint and made-up JPEGs; on the real ones where they are."""

from __future__ import annotations

import io
import os
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="torch is not installed (extra `train`)")
Image = pytest.importorskip("PIL.Image", reason="pillow is not installed (extra `train`)")

from golden.errors import PlutarchError  # noqa: E402
from golden.package import load_package, verify_package  # noqa: E402
from golden.training import data, quantize  # noqa: E402
from golden.training.loop import real_input  # noqa: E402
from golden.training.models import ResNet  # noqa: E402

SMALL = quantize.Recipe(calibration=16, statistics=24, samples=3)


def _state(model: ResNet) -> dict[str, Any]:
    """The model's values under the names of akamaster's checkpoints."""
    state = {}
    for unit in model.units():
        norm = unit.name.replace("conv", "bn")
        state[f"module.{unit.name}.weight"] = unit.conv.weight.detach()
        for key, value in unit.bn.state_dict().items():
            state[f"module.{norm}.{key}"] = value
    state["module.linear.weight"] = model.linear.weight.detach()
    state["module.linear.bias"] = model.linear.bias.detach()
    return state


@pytest.fixture()
def folder(tmp_path: Path) -> Path:
    """A data folder: random ResNet20 with used statistics, 24 + 24 random JPEG images."""
    torch.manual_seed(0)
    model = ResNet(3, 3, 4)
    model.train()
    with torch.no_grad():
        model(torch.randn(16, 3, 32, 32))
    root = tmp_path / "data"
    (root / "checkpoints").mkdir(parents=True)
    (root / "cifar10_jpeg").mkdir()
    torch.save({"state_dict": _state(model), "best_prec1": 91.0},
               root / "checkpoints" / "resnet20-test.th")
    rng = np.random.default_rng(0)
    for split in ("train", "test"):
        files = []
        for _ in range(24):
            buffer = io.BytesIO()
            colours = rng.integers(0, 256, (4, 4, 3)).repeat(8, 0).repeat(8, 1).astype(np.uint8)
            Image.fromarray(colours).save(buffer, "JPEG")
            files.append(buffer.getvalue())
        np.savez(root / "cifar10_jpeg" / f"{split}.npz",
                 jpeg=np.frombuffer(b"".join(files), dtype=np.uint8),
                 offset=np.cumsum([0, *map(len, files)]),
                 label=np.arange(24, dtype=np.uint8) // 3, classes=np.array(list("abcdefghij")))
    return root


def test_checkpoint_is_loaded_whole(folder: Path) -> None:
    model = ResNet(3, 3, 4)
    assert quantize.load_checkpoint(model, folder).name == "resnet20-test.th"
    saved = torch.load(folder / "checkpoints" / "resnet20-test.th", weights_only=True)["state_dict"]
    loaded = _state(model)
    assert set(loaded) == set(saved) and len(model.units()) == 19
    assert all(torch.equal(loaded[key], saved[key]) for key in saved)


@pytest.mark.parametrize("bits", [3, 4, 5])
def test_package_of_a_made_up_checkpoint(bits: int, folder: Path, tmp_path: Path) -> None:
    said: list[str] = []
    report = quantize.quantize_cifar("resnet20", bits, folder, tmp_path / "out", 8, said.append,
                                        recipe=SMALL)
    assert report["data"] == "CIFAR-10 (JPEG)" and report["package"].endswith(f"resnet20-b{bits}")
    assert any("FP32" in line and "CIFAR-10 (JPEG)" in line for line in said)
    assert verify_package(report["package"])["samples"] == 3
    net = load_package(report["package"])
    assert net.about["data"].startswith("CIFAR-10 (JPEG)")
    assert net.about["accuracy"]["test_correct"] == report["integer_correct"]
    jobs = net.conv_jobs(net.images[:1])
    assert len(jobs) == 18 and sum(job.residual is not None for job in jobs) == 9
    assert [job.a.shape[2] for job in jobs] == [32] * 7 + [16] * 6 + [8] * 5
    assert len(net.int8_activation_jobs(net.images[:1])) == 18
    work = net.work()
    assert sum(step.macs for step in work) == 40_551_040  # paper-facts 2.3
    assert sum(step.weights for step in work) + len(net.fc.bias) == 268_346


def test_resnet56_goes_the_same_way(folder: Path, tmp_path: Path) -> None:
    torch.manual_seed(1)
    made = ResNet(3, 9, 4)
    with torch.no_grad():
        made.train()(torch.randn(8, 3, 32, 32))
    file = folder / "checkpoints" / "resnet56-test.th"
    torch.save({"state_dict": _state(made)}, file)
    report = quantize.quantize_cifar("resnet56", 4, folder, tmp_path / "out", 4, recipe=SMALL)
    assert report["package"].endswith("resnet56-b4") and verify_package(report["package"])
    net = load_package(report["package"])
    work = net.work()
    assert net.name == "resnet56" and len(net.nodes) == 55
    assert "NET=resnet56" in net.about["command"]
    assert sum(step.macs for step in work) == 125_485_696  # paper-facts 2.3
    assert sum(step.weights for step in work) + len(net.fc.bias) == 848_954
    file.rename(folder / "checkpoints" / "resnet20-test.th")
    with pytest.raises(PlutarchError, match=r"layer1\.3\.conv1\.weight is not in resnet20"):
        quantize.quantize_cifar("resnet20", 4, folder, tmp_path / "out", 4, recipe=SMALL)
    with pytest.raises(PlutarchError, match="NET=resnet21; there is resnet20, resnet56"):
        quantize.quantize_cifar("resnet21", 4, folder, tmp_path / "out", 4, recipe=SMALL)


def test_integer_network_follows_the_float_one(folder: Path, tmp_path: Path) -> None:
    """Five bits on a random net: the logits point the same way as in float."""
    report = quantize.quantize_cifar("resnet20", 5, folder, tmp_path / "out", 8,
                                        recipe=replace(SMALL, samples=8))
    net = load_package(report["package"])
    model = ResNet(3, 3, 5)
    quantize.load_checkpoint(model, folder)
    quantize.measure_statistics(model, data.cifar(folder, "train", 24), 24)
    with torch.no_grad():
        want = model.eval()(real_input(torch.from_numpy(net.images), data.CIFAR_EXP)).numpy()
    exp = net.fc.exp_w + net.nodes[-1].exp_res - 6
    got = np.ldexp(net.logits(net.images).astype(float), exp)
    spread = want - want.mean(axis=0)
    assert np.corrcoef((got - got.mean(axis=0)).ravel(), spread.ravel())[0, 1] > 0.7


def test_statistics_are_measured_from_nothing(folder: Path) -> None:
    model = ResNet(3, 3, 4)
    quantize.load_checkpoint(model, folder)
    training = data.cifar(folder, "train", 24)
    first = model.first
    first.bn.running_mean.fill_(77.0)  # type: ignore[union-attr]
    quantize.measure_statistics(model, training, 24, batch=8)
    with torch.no_grad():
        y = first.conv(real_input(torch.from_numpy(training.images), data.CIFAR_EXP))
    assert first.bn.running_mean is not None and first.bn.momentum == 0.1
    assert torch.allclose(first.bn.running_mean, y.mean(dim=(0, 2, 3)), atol=1e-4)
    assert int(first.bn.num_batches_tracked) == 3  # type: ignore[arg-type]
    assert not model.training


def test_fine_tune_runs_both_stages(folder: Path, tmp_path: Path) -> None:
    said: list[str] = []
    recipe = replace(SMALL, quant_steps=6, frozen_steps=6, training=24, batch=4)
    report = quantize.quantize_cifar("resnet20", 4, folder, tmp_path / "out", 4, said.append,
                                     recipe=recipe)
    assert report["fine_tuned"] and sum("fine-tune step 6" in line for line in said) == 2
    plain = quantize.quantize_cifar("resnet20", 4, folder, tmp_path / "plain", 4, recipe=SMALL)
    assert not plain["fine_tuned"]
    one, two = (load_package(x["package"]) for x in (report, plain))
    assert any((x.layer.weights != y.layer.weights).any()
               for x, y in zip(one.nodes, two.nodes, strict=True))


def test_normalised_pixels() -> None:
    pixels = np.zeros((1, 32, 32, 3), dtype=np.uint8)
    pixels[0, 0, 0] = (255, 128, 0)
    ints = data.cifar_ints(pixels)
    assert ints.shape == (1, 3, 32, 32)
    assert ints[0, :, 0, 0].tolist() == [round((1 - 0.485) / 0.229 * 32),
                                         round((128 / 255 - 0.456) / 0.224 * 32),
                                         round(-0.406 / 0.225 * 32)]


def test_images_come_shuffled_with_their_labels(folder: Path) -> None:
    some, more = data.cifar(folder, "test", 5), data.cifar(folder, "test", 24)
    assert (some.images == more.images[:5]).all() and sorted(more.labels) == sorted(
        np.arange(24) // 3)
    assert some.labels.tolist() != sorted(some.labels)
    with np.load(folder / "cifar10_jpeg" / "test.npz") as archive:
        jpeg, offset = archive["jpeg"], archive["offset"]
        for i in range(24):
            raw = jpeg[offset[i]:offset[i + 1]].tobytes()
            ints = data.cifar_ints(np.asarray(Image.open(io.BytesIO(raw)))[None])
            at = int((more.images == ints).all(axis=(1, 2, 3)).argmax())
            assert (more.images[at] == ints).all() and more.labels[at] == i // 3


def _cut(file: Path) -> None:
    file.write_bytes(file.read_bytes()[:-100])


@pytest.mark.parametrize(("break_it", "message"), [
    (lambda r: (r / "checkpoints" / "resnet20-test.th").unlink(), r"resnet20-\*\.th: missing"),
    (lambda r: _cut(r / "checkpoints" / "resnet20-test.th"), r"test\.th: not a sound"),
    (lambda r: (r / "checkpoints" / "resnet20-test.th").write_text("hello"), "not a sound"),
    (lambda r: torch.save({"a": 1}, r / "checkpoints" / "resnet20-test.th"), "not a sound"),
    (lambda r: torch.save({"state_dict": _state(ResNet(3, 1, 4))},
                          r / "checkpoints" / "resnet20-test.th"), r"layer1\.1\.conv1"),
    (lambda r: torch.save({"state_dict": _state(ResNet(1, 3, 4))},
                          r / "checkpoints" / "resnet20-test.th"), "not a sound"),
    (lambda r: (r / "cifar10_jpeg" / "test.npz").unlink(), r"test\.npz: missing"),
    (lambda r: _cut(r / "cifar10_jpeg" / "train.npz"), r"train\.npz: damaged"),
    (lambda r: np.savez(r / "cifar10_jpeg" / "train.npz", x=1), r"train\.npz: damaged")])
def test_bad_data_is_one_line(break_it: Any, message: str, folder: Path, tmp_path: Path) -> None:
    break_it(folder)
    with pytest.raises(PlutarchError, match=message) as caught:
        quantize.quantize_cifar("resnet20", 4, folder, tmp_path / "out", 4, recipe=SMALL)
    assert "\n" not in str(caught.value) and not (tmp_path / "out").exists()


def test_damaged_jpeg_is_named(folder: Path) -> None:
    with np.load(folder / "cifar10_jpeg" / "test.npz") as archive:
        arrays = dict(archive)
    arrays["jpeg"][arrays["offset"][7]:arrays["offset"][8]] = 0
    np.savez(folder / "cifar10_jpeg" / "test.npz", **arrays)
    with pytest.raises(PlutarchError, match=r"test\.npz: image 7: "):
        data.cifar(folder, "test", 24)


def test_limits_and_missing_folder(folder: Path, tmp_path: Path,
                                   monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(PlutarchError, match="B=6"):
        quantize.quantize_cifar("resnet20", 6, folder, tmp_path)
    with pytest.raises(PlutarchError, match="0 test images"):
        quantize.quantize_cifar("resnet20", 4, folder, tmp_path, 0)
    with pytest.raises(PlutarchError, match=r"train\.npz: has 24 images, 2048"):
        quantize.quantize_cifar("resnet20", 4, folder, tmp_path, 4)
    monkeypatch.setenv("PLUTARCH_DATA", str(tmp_path / "nowhere"))
    with pytest.raises(PlutarchError, match=r"PLUTARCH_DATA: .*nowhere is no folder"):
        quantize.quantize_cifar("resnet20", 4, None, tmp_path)
    monkeypatch.setenv("PLUTARCH_DATA", str(folder))
    assert data.data_folder() == folder


def _real_data() -> Path | None:
    chosen = Path(os.environ.get("PLUTARCH_DATA") or data.ROOT.parent / "shared" / "data")
    return chosen if (chosen / "cifar10_jpeg" / "train.npz").is_file() else None


@pytest.mark.slow
@pytest.mark.skipif(_real_data() is None, reason="no CIFAR-10 (JPEG) under PLUTARCH_DATA")
def test_real_checkpoint_at_four_bits(tmp_path: Path) -> None:
    recipe = replace(quantize.PLAIN, statistics=1024, samples=4)
    report = quantize.quantize_cifar("resnet20", 4, _real_data(), tmp_path, 250, recipe=recipe)
    assert report["fp32_percent"] > 75 and report["integer_percent"] > 60
    verify_package(report["package"])
