# SPDX-License-Identifier: Apache-2.0
"""ResNet18 in ImageNet form: sizes, random weights, a user's state dict, bad files."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from golden import imagenet, resnet18
from golden.codes import max_value, project_real, to_int
from golden.errors import PlutarchError
from golden.fold import best_code_exponent, best_word_exponent, fold
from golden.int8_values import with_int8_values
from golden.network import ConvJob, MaxPool, MaxPoolJob, Network
from golden.package import load_package, read_manifest, verify_package
from golden.scales import round_scales

TINY = (4, 6, 8, 10)


def _tiny(bits: int, seed: int = 0, count: int = 2) -> Network:
    return resnet18.build(bits, resnet18.random_state(seed, TINY, 12),
                          resnet18.random_images(count, seed, 64), widths=TINY)


def test_structure_is_torchvisions() -> None:
    found = {conv.name: conv for conv in resnet18.convs()}
    assert len(found) == 20 and [c.shape[2] for c in found.values()].count(3) == 16
    assert [c.name for c in found.values() if c.shape[2] == 1] == [
        f"layer{stage}.0.downsample" for stage in (2, 3, 4)]
    assert MaxPool("maxpool", "conv1", 3, 2, 1) == resnet18.MAX_POOL
    assert found["conv1"].shape == (64, 3, 7, 7) and found["conv1"].stride == 2
    assert [c.name for c in found.values() if c.stride == 2] == ["conv1"] + [
        f"layer{s}.0.{part}" for s in (2, 3, 4) for part in ("conv1", "downsample")]
    assert {c.name: c.residual for c in found.values() if c.residual} == {
        "layer1.0.conv2": "maxpool", "layer1.1.conv2": "layer1.0.conv2",
        **{f"layer{s}.0.conv2": f"layer{s}.0.downsample" for s in (2, 3, 4)},
        **{f"layer{s}.1.conv2": f"layer{s}.0.conv2" for s in (2, 3, 4)}}
    assert found["layer3.0.downsample"].source == "layer2.1.conv2"
    assert found["layer2.0.downsample"].norm == "layer2.0.downsample.1"
    assert found["layer4.1.conv2"].key == "layer4.1.conv2" and not found["conv1"].residual
    assert not any(c.relu for c in found.values() if c.shape[2] == 1)


@pytest.mark.parametrize("bits", [3, 4, 5])
def test_tiny_network_is_alive(bits: int) -> None:
    net = _tiny(bits)
    outputs = net.run(net.images)
    for node in net.nodes:
        out = outputs[node.layer.name]
        live = (out.t != 0).any(axis=(0, 2, 3))
        assert live.all(), node.layer.name
        if out.codes is not None and bits < 5 and out.codes.size > 2000:
            assert len(np.unique(out.codes)) >= 2 ** (bits - 1) - 1, node.layer.name
        if out.res is not None:
            assert len(np.unique(out.res)) > 20 and int(out.res.max()) > 40
        node.layer.check_fits(32 if node.layer.wgt == "int8" else {3: 22, 4: 30, 5: 46}[bits])
    assert len(np.unique(outputs["fc"].t)) > 12
    assert (net.labels == outputs["fc"].t.argmax(axis=1)).all()
    jobs = list(net.jobs(net.images))
    assert isinstance(jobs[0], ConvJob) and jobs[0].a.dtype == np.int8
    assert isinstance(jobs[1], MaxPoolJob) and jobs[1].pool == resnet18.MAX_POOL
    assert len(net.int8_activation_jobs(net.images)) == 19
    if bits < 5:
        assert (with_int8_values(net).logits(net.images) == net.logits(net.images)).all()


def test_every_layer_follows_the_real_one() -> None:
    """Against float convolutions written here, on the reals that the layer's inputs stand for."""
    state, images = dict(resnet18.random_state(5, TINY, 12)), resnet18.random_images(4, 5, 64)
    for key in [key for key in state if ".bn" in key and key.endswith("weight")]:
        state[key] = state[key] * np.where(np.arange(len(state[key])) % 3 == 1, -1, 1)
    net = resnet18.build(5, state, images, widths=TINY)
    nodes = {node.layer.name: node for node in net.nodes}
    nodes["maxpool"] = nodes["conv1"]
    got = net.run(images)
    for conv in resnet18.convs(TINY):
        k, node = conv.shape[2], nodes[conv.name]
        codes = got[conv.source].codes if conv.source != "input" else None
        x = np.ldexp((images if codes is None else to_int(codes, 5)).astype(float), node.exp_a)
        x = np.pad(x, ((0, 0), (0, 0), (k // 2, k // 2), (k // 2, k // 2)))
        windows = np.lib.stride_tricks.sliding_window_view(x, (k, k), axis=(2, 3))
        y = np.einsum("ncyxij,ocij->noyx", windows[:, :, ::conv.stride, ::conv.stride],
                      state[f"{conv.key}.weight"])
        y = (y - y.mean(axis=(0, 2, 3), keepdims=True)) / y.std(axis=(0, 2, 3), keepdims=True)
        y = (y * state[f"{conv.norm}.weight"][:, None, None]
             + state[f"{conv.norm}.bias"][:, None, None])
        if conv.residual:
            y += np.ldexp(got[conv.residual].res.astype(float),  # type: ignore[union-attr]
                          nodes[conv.residual].exp_res)
        y = np.maximum(y, 0) if conv.relu else y
        t = np.ldexp(got[conv.name].t.astype(float), node.exp_t)
        assert np.corrcoef(t.ravel(), y.ravel())[0, 1] > 0.95, conv.name
        assert 0.9 < t.std() / y.std() < 1.1, conv.name
        if conv.emit_code:  # and the codes stand for the same
            kept = np.ldexp(to_int(got[conv.name].codes, 5).astype(float), node.exp_out)
            assert np.corrcoef(kept.ravel(), t.ravel())[0, 1] > 0.95, conv.name
    words, exp = got["layer4.1.conv2"].res, nodes["layer4.1.conv2"].exp_res
    assert words is not None
    pixels = words[0, 0].size
    logits = np.ldexp(words.astype(float), exp).mean(axis=(2, 3)) @ state["fc.weight"].T
    unit = net.fc.exp_w + exp
    ints = np.ldexp(net.logits(images).astype(float), unit) / pixels
    assert np.allclose(ints, logits + state["fc.bias"], atol=0.02)
    bias = np.ldexp(net.fc.bias.astype(float), unit) / pixels
    assert np.abs(bias - state["fc.bias"]).max() <= 2.0 ** unit / pixels


def test_running_statistics_are_used_where_there_are_some() -> None:
    state, images = dict(resnet18.random_state(0, TINY, 12)), resnet18.random_images(2, 0, 64)
    plain = resnet18.build(4, state, images, widths=TINY)
    state["bn1.running_mean"] = np.full(4, 0.5)
    state["bn1.running_var"] = np.full(4, 4.0)
    moved = resnet18.build(4, state, images, widths=TINY)
    node = moved.nodes[0]
    scale = np.ldexp(np.ldexp(1.0, node.layer.shift1) + node.layer.term2 * np.ldexp(
        1.0, node.layer.shift2), node.exp_t - node.exp_w - node.exp_a)
    want = state["bn1.weight"] / np.sqrt(4.0 + 1e-5)
    assert np.abs(scale / want - 1).max() < 0.1
    bias = np.ldexp(node.layer.bias.astype(float), node.exp_t)
    assert np.allclose(bias, state["bn1.bias"] - 0.5 * scale, atol=2.0 ** node.exp_t)
    assert (plain.nodes[0].layer.bias != node.layer.bias).any()


def test_same_seed_same_network() -> None:
    one, two, other = _tiny(4), _tiny(4), _tiny(4, 1)
    for x, y in zip(one.nodes, two.nodes, strict=True):
        assert (x.layer.weights == y.layer.weights).all() and (x.layer.bias == y.layer.bias).all()
        assert (x.exp_w, x.exp_t) == (y.exp_w, y.exp_t)
    assert (one.images == two.images).all() and (one.images != other.images).any()
    assert (one.nodes[3].layer.weights != other.nodes[3].layer.weights).any()
    images = resnet18.random_images(2, 0, 64).astype(int)
    assert 15 < images.std() < 60 and (images[0] != images[1]).any()
    assert np.abs(np.diff(images, axis=3)).max() < 48  # smooth


def test_exponents_lose_least() -> None:
    rng = np.random.default_rng(0)
    for spread in (0.01, 3.0, 700.0):
        x = rng.normal(0, spread, 4000)
        losses = {e: float(((np.ldexp(to_int(project_real(x, 4, e), 4).astype(float), e) - x) ** 2
                            ).sum()) for e in range(-30, 20)}
        assert best_code_exponent(x, 4) == min(losses, key=lambda e: losses[e])
        grids = {e: float(((np.ldexp(np.clip(np.floor(np.ldexp(x, -e) + 0.5), -128, 127), e) - x)
                           ** 2).sum()) for e in range(-30, 20)}
        assert best_word_exponent(x) == min(grids, key=lambda e: grids[e])
    assert max_value(4) * 2.0 ** best_code_exponent(np.zeros(3), 4) == 1.0


def test_fold_serves_a_fine_residual_or_says_so() -> None:
    values = np.array([[[[4]]], [[[-8]]]])
    terms = round_scales([0.75, -2.0])
    made: dict[str, Any] = {"stride": 1, "exp_w": -3, "exp_a": -2, "exp_out": 0, "exp_res": 0,
                            "source": "x"}
    node = fold("a", 4, values, terms, np.array([0.3, -1.0]), residual=("r", -12), **made)
    assert node.exp_t == -12 and node.layer.res_shift == 0 and node.residual == "r"
    a = np.full((1, 1, 1, 1), 3, dtype=np.uint8)  # code 3 = value 4
    t = node.layer.run(a, np.full((1, 2, 1, 1), 5, dtype=np.int8)).t.ravel()
    # 4 * 4 * 2^-5 * 0.75 + 0.3 + 5 * 2^-12; -8 * 4 * 2^-5 * -2 - 1 + 5 * 2^-12
    assert np.abs(np.ldexp(t.astype(float), -12) - [0.675 + 5 / 4096, 1 + 5 / 4096]
                  ).max() <= 2.0 ** -13
    with pytest.raises(PlutarchError, match=r"layer a: no exponent for t: scales 2\^-2\.\.2\^1"):
        fold("a", 4, values, terms, np.zeros(2), residual=("r", -40), **made)


@pytest.mark.slow
def test_full_size_package(tmp_path: Path) -> None:
    said: list[str] = []
    report = imagenet.package_resnet18(4, tmp_path, progress=said.append)
    assert report["macs"] == 1_814_073_344 and report["weight_count"] == 11_679_912
    assert any("random weights" in line and "not a trained network" in line for line in said)
    folder = tmp_path / "resnet18-b4"
    assert verify_package(folder)["layers"] == 20
    about = read_manifest(folder)["about"]
    assert "random" in about["weights"] and about["command"].endswith("NET=resnet18 B=4 SEED=0")
    net = load_package(folder)
    assert net.images.shape == (2, 3, 224, 224) and net.images.dtype == np.int8
    outputs = net.run(net.images)
    for out in outputs.values():
        if out.codes is not None:
            assert set(np.unique(out.codes)) == set(range(8))  # every level, none negative
            assert (out.codes != 0).any(axis=(0, 2, 3)).all()  # no dead channel
    assert outputs["maxpool"].t.shape == (2, 64, 56, 56)
    assert outputs["layer4.1.conv2"].t.shape == (2, 512, 7, 7)
    imagenet.package_resnet18(4, tmp_path / "again")
    for file in (f for f in folder.rglob("*") if f.is_file()):
        again = tmp_path / "again" / "resnet18-b4" / file.relative_to(folder)
        assert again.read_bytes() == file.read_bytes()


@pytest.fixture()
def narrow(monkeypatch: pytest.MonkeyPatch) -> None:
    """The whole path on a network of a few channels, 64 x 64 pixels and 12 classes."""
    for part in (resnet18.convs, resnet18.random_state, resnet18.check_state, resnet18.build):
        values = dict(zip(reversed(part.__code__.co_varnames[:part.__code__.co_argcount]),
                          reversed(part.__defaults__ or ()), strict=False))
        values |= {"widths": TINY} if "widths" in values else {}
        values |= {"classes": 12} if "classes" in values else {}
        order = [x for x in part.__code__.co_varnames[:part.__code__.co_argcount] if x in values]
        monkeypatch.setattr(part, "__defaults__", tuple(values[x] for x in order))
    monkeypatch.setattr(resnet18.random_images, "__defaults__", (64,))
    monkeypatch.setattr(resnet18, "SIZE", 64)
    monkeypatch.setattr(resnet18, "CLASSES", 12)


def _saved(tmp_path: Path, change: Callable[[dict[str, Any]], Any] | None = None,
           wrap: bool = False) -> Path:
    torch = pytest.importorskip("torch", reason="torch is not installed (extra `train`)")
    rng = np.random.default_rng(0)
    state = {key: torch.tensor(value) for key, value in resnet18.random_state(3).items()}
    for conv in resnet18.convs():
        state[f"{conv.norm}.running_mean"] = torch.tensor(rng.normal(0, 0.1, conv.shape[0]))
        state[f"{conv.norm}.running_var"] = torch.tensor(rng.uniform(0.5, 2, conv.shape[0]))
        state[f"{conv.norm}.num_batches_tracked"] = torch.tensor(7)
    if change:
        change(state)
    file = tmp_path / "mine.pth"
    wrapped = {"state_dict": {f"module.{key}": value for key, value in state.items()}}
    torch.save(wrapped if wrap else state, file)
    return file


@pytest.mark.usefixtures("narrow")
@pytest.mark.parametrize("wrap", [False, True])
def test_package_of_a_checkpoint(wrap: bool, tmp_path: Path) -> None:
    file, images = _saved(tmp_path, wrap=wrap), tmp_path / "images.npz"
    rng = np.random.default_rng(1)
    pixels = rng.integers(0, 256, (3, 64, 64, 3)).astype(np.uint8)
    np.savez(images, images=pixels, labels=np.array([3, 1, 2]))
    report = imagenet.package_resnet18(4, tmp_path, checkpoint=file, images=images)
    folder = tmp_path / "resnet18-b4"
    net = load_package(folder)
    assert verify_package(folder)["samples"] == 2 and net.labels.tolist() == [3, 1]
    assert net.about["weights"].startswith("mine.pth, SHA-256") and "torch" in net.about["versions"]
    assert report["data"].startswith("images.npz, SHA-256") and str(tmp_path) not in str(net.about)
    normal = (pixels[0, 5, 6] / 255 - [0.485, 0.456, 0.406]) / [0.229, 0.224, 0.225]
    assert np.abs(net.images[0, :, 5, 6] - normal * 32).max() <= 0.5
    random = load_package(imagenet.package_resnet18(4, tmp_path / "r", seed=3)["package"])
    # the same float weights under other statistics: the same PoT weights but for signs
    assert ((net.nodes[2].layer.weights & 7) == (random.nodes[2].layer.weights & 7)).all()


@pytest.mark.usefixtures("narrow")
@pytest.mark.parametrize(("change", "message"), [
    (lambda s: s.pop("layer2.0.downsample.0.weight"),
     r"mine\.pth: no layer2\.0\.downsample\.0\.weight: not a ResNet18"),
    (lambda s: s.pop("bn1.running_var"), r"mine\.pth: no bn1\.running_var"),
    (lambda s: s.update({"fc.bias": s["fc.bias"][:-1]}), r"fc\.bias is \(11,\), want \(12,\)"),
    (lambda s: s["layer1.0.conv1.weight"].fill_(float("nan")), "conv1.weight holds NaN"),
    (lambda s: s.clear(), r"mine\.pth: not a sound state dict: 'no tensors'")])
def test_state_dicts_that_are_no_resnet18(change: Any, message: str, tmp_path: Path) -> None:
    file = _saved(tmp_path, change)
    with pytest.raises(PlutarchError, match=message) as caught:
        imagenet.package_resnet18(4, tmp_path / "out", checkpoint=file)
    assert "\n" not in str(caught.value) and not (tmp_path / "out").exists()


@pytest.mark.usefixtures("narrow")
def test_damaged_checkpoint(tmp_path: Path) -> None:
    file = _saved(tmp_path)
    file.write_bytes(file.read_bytes()[:-200])
    for bad, what in ((file, "not a sound state dict"), (tmp_path / "no.pth", "cannot read: No ")):
        with pytest.raises(PlutarchError, match=f"{bad.name}: {what}") as caught:
            imagenet.package_resnet18(4, tmp_path / "out", checkpoint=bad)
        assert "\n" not in str(caught.value)


@pytest.mark.usefixtures("narrow")
@pytest.mark.parametrize(("arrays", "message"), [
    ({"x": np.zeros(3)}, r"images\.npz: no `images`, want uint8 \(1 to 16, 64, 64, 3\)"),
    ({"images": np.zeros((1, 3, 64, 64), np.uint8)}, r"images uint8 \(1, 3, 64, 64\), want"),
    ({"images": np.zeros((17, 64, 64, 3), np.uint8)}, r"images uint8 \(17, 64, 64, 3\), want"),
    ({"images": np.zeros((1, 64, 64, 3))}, "images float64"),
    ({"images": np.zeros((2, 64, 64, 3), np.uint8), "labels": np.array([0, 12])}, "labels int64"),
    ({"images": np.zeros((2, 64, 64, 3), np.uint8), "labels": np.array([0])}, "want 2 integers")])
def test_images_that_do_not_fit(arrays: dict[str, Any], message: str, tmp_path: Path) -> None:
    np.savez(tmp_path / "images.npz", **arrays)
    with pytest.raises(PlutarchError, match=message):
        imagenet.package_resnet18(4, tmp_path / "out", images=tmp_path / "images.npz")


def test_other_bad_choices(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(PlutarchError, match="B=6; the hardware takes 3, 4 or 5"):
        imagenet.package_resnet18(6, tmp_path)
    with pytest.raises(PlutarchError, match=r"none\.npz: cannot read: No such file"):
        imagenet.package_resnet18(4, tmp_path, images=tmp_path / "none.npz")
    (tmp_path / "text.npz").write_text("hello")
    with pytest.raises(PlutarchError, match=r"text\.npz: not a sound \.npz archive: it is no zip"):
        imagenet.package_resnet18(4, tmp_path, images=tmp_path / "text.npz")
    (tmp_path / "x.pth").write_bytes(b"")
    monkeypatch.setitem(__import__("sys").modules, "golden.models.weights", None)
    with pytest.raises(PlutarchError, match=r"x\.pth: reading it needs torch.*make setup"):
        imagenet.package_resnet18(4, tmp_path, checkpoint=tmp_path / "x.pth")
