# SPDX-License-Identifier: Apache-2.0
"""Packages: round trip, repeatable bytes, every kind of damage, and the shipped ones."""

from __future__ import annotations

import hashlib
import json
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from golden import package
from golden.errors import PlutarchError
from golden.files import npz_bytes, read_npz
from golden.network import Network
from golden.package import find, load_package, read_manifest, save_package, verify_package
from tests.nets import small_network

SHIPPED = [package.ROOT / package.SHIPPED / f"digits-b{bits}" for bits in (3, 4, 5)]
RESNET20 = [package.ROOT / package.SHIPPED / f"resnet20-b{bits}" for bits in (3, 4)]


def contents(folder: Path) -> dict[str, bytes]:
    return {str(p.relative_to(folder)): p.read_bytes() for p in folder.rglob("*") if p.is_file()}


@pytest.fixture()
def saved(tmp_path: Path) -> Path:
    return save_package(small_network(), tmp_path / "small-b4")


def test_round_trip_gives_every_integer_back(saved: Path) -> None:
    net, again = small_network(), load_package(saved)
    assert (again.name, again.bits, again.pool_source, again.input_exp) == ("small", 4, "b", -4)
    assert again.about == net.about
    for x, y in zip(net.nodes, again.nodes, strict=True):
        assert (x.source, x.residual, x.exp_w, x.exp_a, x.exp_t) == (
            y.source, y.residual, y.exp_w, y.exp_a, y.exp_t)
        for field, value in vars(x.layer).items():
            other = getattr(y.layer, field)
            if isinstance(value, np.ndarray):
                assert other.dtype == value.dtype and (other == value).all(), field
            else:
                assert other == value and type(other) is type(value), field
    assert (again.logits(net.images) == net.logits(net.images)).all()
    assert (again.images == net.images).all() and (again.labels == net.labels).all()
    assert net.labels.any()


def test_another_process_gives_the_same_logits(saved: Path) -> None:
    code = ("import sys, hashlib; from golden.package import load_package as l; n = l(sys.argv[1]);"
            "print(hashlib.sha256(n.logits(n.images).tobytes()).hexdigest(), 'torch' in "
            "sys.modules, 'sklearn' in sys.modules)")
    for folder in (saved, *SHIPPED):
        net = load_package(folder)
        out = subprocess.run([sys.executable, "-c", code, str(folder)], cwd=package.ROOT,
                             capture_output=True, text=True, check=True).stdout.split()
        assert out == [hashlib.sha256(net.logits(net.images).tobytes()).hexdigest(), "False",
                       "False"]


def test_same_network_same_bytes(saved: Path, tmp_path: Path) -> None:
    assert contents(save_package(small_network(), tmp_path / "other")) == contents(saved)
    assert contents(save_package(load_package(saved), tmp_path / "again")) == contents(saved)
    assert contents(save_package(small_network(1), tmp_path / "other")) != contents(saved)
    assert not [p for p in tmp_path.iterdir() if p.name.startswith(".")]


def test_npz_does_not_know_the_time(monkeypatch: pytest.MonkeyPatch) -> None:
    arrays: dict[str, Any] = {"b": np.arange(3), "a": np.ones((2, 2), dtype=np.int8).T}
    before = npz_bytes(arrays)
    monkeypatch.setattr("time.time", lambda: 2e9)
    monkeypatch.setattr("time.localtime", lambda *_: (2033, 5, 18, 3, 33, 20, 2, 138, 0))
    assert npz_bytes(dict(reversed(arrays.items()))) == before
    back = read_npz(before, "x")
    assert back["b"].tolist() == [0, 1, 2] and back["a"].dtype == np.int8
    with pytest.raises(ValueError, match=r"pickle|Object arrays"):
        npz_bytes({"a": np.array([object()])})


@pytest.mark.parametrize("name", ["samples.npz", "golden.npz", "fc.npz", "layers/a/weights.shuff",
                                  "layers/a/layer.npz", "manifest.json"])
@pytest.mark.parametrize("damage", ["flip", "truncate", "empty", "missing", "folder"])
def test_every_damage_is_named(saved: Path, name: str, damage: str) -> None:
    file = saved / name
    data = file.read_bytes()
    file.unlink()
    if damage == "folder":
        file.mkdir()
    elif damage != "missing":
        middle = len(data) // 2
        file.write_bytes({"flip": data[:middle] + bytes([data[middle] ^ 1]) + data[middle + 1:],
                          "truncate": data[:-1] if name != "manifest.json" else data[:-5],
                          "empty": b""}[damage])
    with pytest.raises(PlutarchError, match=str(file)) as caught:
        load_package(saved)
    if name != "manifest.json" and damage in ("truncate", "empty"):
        assert f"bytes, the manifest says {len(data)}" in str(caught.value)
    assert "\n" not in str(caught.value)


def test_any_flipped_bit_of_the_manifest(saved: Path) -> None:
    file = saved / "manifest.json"
    data = file.read_bytes()
    good = json.loads(data)
    for at in np.random.default_rng(0).integers(0, len(data), 200):
        flipped = data[:at] + bytes([data[at] ^ (1 << (int(at) % 7))]) + data[at + 1:]
        file.write_bytes(flipped)
        try:
            same = json.loads(flipped) == good  # white space may flip into other white space
        except ValueError:
            same = False
        if same:
            continue
        with pytest.raises(PlutarchError, match=r"manifest\.json"):
            load_package(saved)


def _edit(folder: Path, change: Callable[[dict[str, Any]], object]) -> None:
    """Edit the manifest and make its own hash right again: what a careless hand would do."""
    manifest = read_manifest(folder)
    change(manifest)
    text = (json.dumps(manifest, indent=1, sort_keys=True) + "\n").encode()
    manifest["manifest_sha256"] = hashlib.sha256(text).hexdigest()
    (folder / "manifest.json").write_text(json.dumps(manifest, indent=1, sort_keys=True) + "\n")


@pytest.mark.parametrize(("change", "message"), [
    (lambda m: m.update(version=2), "format version 2, this program reads 1"),
    (lambda m: m.update(format="zip"), "not the manifest of a plutarch-package"),
    (lambda m: m.pop("layers"), "'layers' is missing"),
    (lambda m: m.pop("files"), "file list"),
    (lambda m: m["files"].pop("fc.npz"), r"'fc\.npz' is missing"),
    (lambda m: m["files"].update({"../x": m["files"]["fc.npz"]}), "leads out"),
    (lambda m: m["files"].update({"/etc/passwd": m["files"]["fc.npz"]}), "leads out"),
    (lambda m: m["layers"][1].pop("stride"), "'stride' is missing"),
    (lambda m: m["layers"][1].update(stride="two"), "stride: 'two' is no integer"),
    (lambda m: m["layers"][1].update(shape=[6, 3, 3, 5]), r"weights\.shuff"),
    (lambda m: m["layers"][1].update(shape=[3, 6, 3, 3]), "layer a: shift1"),
    (lambda m: m["layers"][1].update(proj_shift=-1), "layer a: proj_shift"),
    (lambda m: m["layers"][1].update(proj_shift=6), "exp_a"),
    (lambda m: m["layers"][1].update(weights_sha256="0" * 64), "layer a: weights are not those"),
    (lambda m: m["stream"].update(pin=4), r"weights\.shuff"),
    (lambda m: m.update(bits=None, layers=None), "malformed")])
def test_edited_manifests(saved: Path, change: Any, message: str) -> None:
    _edit(saved, change)
    with pytest.raises(PlutarchError, match=message):
        load_package(saved)


def test_verify_finds_what_the_hashes_cannot(saved: Path, tmp_path: Path) -> None:
    report = verify_package(saved)
    assert (report["correct"], report["layers"], report["intermediates_checked"]) == (5, 3, 14)
    _edit(saved, lambda m: m["about"]["accuracy"].update(samples_correct=4))
    with pytest.raises(PlutarchError, match="states 4 of 5"):
        verify_package(saved)
    save_package(small_network(), saved)
    _edit(saved, lambda m: m["golden"]["digests"]["a"].update(t="0" * 64))
    with pytest.raises(PlutarchError, match="layer a: t differs"):
        verify_package(saved)
    stored = save_package(small_network(), tmp_path / "small-b4")
    arrays = read_npz((stored / "golden.npz").read_bytes(), "golden")
    arrays["a.codes"] = arrays["a.codes"] ^ 1
    data = npz_bytes(arrays)
    (stored / "golden.npz").write_bytes(data)
    _edit(stored, lambda m: m["files"].update({"golden.npz": {
        "sha256": hashlib.sha256(data).hexdigest(), "bytes": len(data)}}))
    with pytest.raises(PlutarchError, match=r"golden\.npz: a\.codes is not"):
        verify_package(stored)


def test_writing_is_all_or_nothing(saved: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = contents(saved)

    def full_disk(self: Path, data: bytes) -> int:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr(Path, "write_bytes", full_disk)
        with pytest.raises(PlutarchError, match="small-b4: cannot write: No space left"):
            save_package(small_network(1), saved)
    assert contents(saved) == before and [p.name for p in saved.parent.iterdir()] == ["small-b4"]


def test_failed_rename_puts_the_old_package_back(saved: Path,
                                                 monkeypatch: pytest.MonkeyPatch) -> None:
    before, real = contents(saved), Path.rename

    def refuse(self: Path, target: Path) -> Path:
        if self.name.endswith(".part"):
            raise OSError(13, "Permission denied")
        return real(self, target)

    monkeypatch.setattr(Path, "rename", refuse)
    with pytest.raises(PlutarchError, match="Permission denied"):
        save_package(small_network(1), saved)
    monkeypatch.undo()
    assert contents(saved) == before and [p.name for p in saved.parent.iterdir()] == ["small-b4"]


def test_what_is_no_package_is_not_overwritten(tmp_path: Path) -> None:
    (tmp_path / "home").mkdir()
    (tmp_path / "home" / "thesis.txt").write_text("years of work")
    with pytest.raises(PlutarchError, match="no package; not overwritten"):
        save_package(small_network(), tmp_path / "home")
    assert (tmp_path / "home" / "thesis.txt").read_text() == "years of work"
    with pytest.raises(PlutarchError, match=r"manifest\.json: missing"):
        load_package(tmp_path / "home")


def test_find(tmp_path: Path) -> None:
    assert find("digits", 4).name == "digits-b4"
    shipped = save_package(small_network(), tmp_path / package.SHIPPED / "digits-b4")
    assert find("digits", 4, tmp_path) == shipped
    built = save_package(small_network(), tmp_path / package.BUILT / "digits-b4")
    assert find("digits", 4, tmp_path) == built  # what was made here comes first
    with pytest.raises(PlutarchError, match=r"digits for B=3 \(there is b = 4\).*"
                                            "make train NET=digits B=3"):
        find("digits", 3, tmp_path)
    with pytest.raises(PlutarchError, match=r"resnet20 for B=4 \(none is built yet\).*quantize"):
        find("resnet20", 4, tmp_path)
    for typo, meant in (("digit", "digits"), ("Resnet", "resnet18"), ("resnet2", "resnet20"),
                        ("xyz", "")):
        with pytest.raises(PlutarchError, match=f"unknown NET '{typo}', did you mean '{meant}"):
            find(typo, 4)


@pytest.mark.parametrize("folder", SHIPPED, ids=lambda p: p.name)
def test_shipped_package_is_what_it_states(folder: Path) -> None:
    report = verify_package(folder)
    assert report["correct"] >= 0.98 * report["samples"] and report["samples"] == 360
    about = load_package(folder).about
    assert about["accuracy"]["samples_correct"] == report["correct"]
    assert about["command"] == ("python -m golden train --config digits "
                                f"--row b{report['bits']} --set seed=0")
    assert {"python", "numpy", "torch", "scikit-learn"} <= set(about["versions"])
    names = {f for f in contents(folder) if f != "manifest.json"}
    assert names == set(read_manifest(folder)["files"])
    assert sum(map(len, contents(folder).values())) < 80_000


@pytest.mark.slow
@pytest.mark.parametrize("folder", RESNET20, ids=lambda p: p.name)
def test_shipped_resnet20_is_what_it_states(folder: Path) -> None:
    report = verify_package(folder)
    assert (report["net"], report["samples"]) == ("resnet20", 85)
    about = load_package(folder).about
    assert about["accuracy"]["test_correct"] >= 8400 and about["accuracy"]["test_images"] == 10_000
    row = f"resnet20-iospot-{report['bits']}"
    assert about["command"] == f"python -m golden train --config table4-short --row {row}"
    assert sum(map(len, contents(folder).values())) < 600_000


@pytest.mark.parametrize("folder", SHIPPED, ids=lambda p: p.name)
def test_shipped_bounds_hold_and_are_stated(folder: Path) -> None:
    net, manifest = load_package(folder), read_manifest(folder)
    outputs = net.run(net.images[:64])
    for node, entry in zip(net.nodes, manifest["layers"], strict=True):
        acc, t = node.layer.bounds()
        assert entry["bounds"] == {"acc": acc, "acc_bits": acc.bit_length() + 1,
                                   "t_bits": t.bit_length() + 1}
        assert int(np.abs(outputs[node.layer.name].acc).max()) <= acc
        assert int(np.abs(outputs[node.layer.name].t).max()) <= t


def test_damage_in_a_shipped_layer_changes_the_answer(tmp_path: Path) -> None:
    """One wrong weight must be visible to verify_package even if every hash was made to fit."""
    net = load_package(SHIPPED[1])
    layer = net.nodes[3].layer
    weights = layer.weights.copy()
    weights[0, 0, 0, 0] = 7 if weights[0, 0, 0, 0] != 7 else 6
    node = replace(net.nodes[3], layer=replace(layer, weights=weights))
    broken: Network = replace(net, nodes=(*net.nodes[:3], node, *net.nodes[4:]))
    folder = save_package(broken, tmp_path / "broken")
    good = read_manifest(SHIPPED[1])["golden"]
    shutil.copy(SHIPPED[1] / "golden.npz", folder / "golden.npz")
    data = (folder / "golden.npz").read_bytes()
    _edit(folder, lambda m: (m.update(golden=good), m["files"].update({"golden.npz": {
        "sha256": hashlib.sha256(data).hexdigest(), "bytes": len(data)}})))
    with pytest.raises(PlutarchError, match=r"layer2\.0\.conv1"):
        verify_package(folder)
