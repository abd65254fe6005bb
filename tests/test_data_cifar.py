# SPDX-License-Identifier: Apache-2.0
"""CIFAR-10 and CIFAR-100 archives: the official layout, and files that are not what they should be.

The pickles are written opcode by opcode as Python 2 did (tests/data_forge.py).
"""

from __future__ import annotations

import pickle
from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("PIL", reason="the extra `train` is not installed")

from golden import data
from golden.data.split import shuffled
from golden.data.unpickle import read_dict
from golden.errors import PlutarchError
from tests import data_forge as forge

INNER10, INNER100 = "cifar-10-batches-py", "cifar-100-python"


def _pickled(batches: dict[str, dict[str, Any]]) -> dict[str, bytes]:
    return {name: forge.python2_pickle(batch) for name, batch in batches.items()}


@pytest.mark.parametrize("form", ["unpacked", "packed", "python3"])
def test_cifar10(tmp_path: Path, form: str) -> None:
    batches = forge.cifar10_batches()
    if form == "packed":
        forge.packed(tmp_path / "cifar-10-python.tar.gz", INNER10,
                     {**_pickled(batches), "batches.meta": b"not read", "readme.html": b""})
    else:
        files = _pickled(batches) if form == "unpacked" else {
            name: pickle.dumps(batch, protocol=2) for name, batch in batches.items()}
        forge.unpacked(tmp_path / INNER10, files)
    training, test = data.load("cifar10", tmp_path)
    assert (len(training), len(test), training.shape) == (20, 4, (3, 32, 32))
    assert training.classes == 10 and training.exp == -5
    names = forge.CIFAR10_FILES[:5]
    assert training.labels.tolist() == [label for name in names
                                        for label in batches[name]["labels"]]
    images, _ = training.batch(np.arange(20))
    pixels = np.concatenate([batches[name]["data"] for name in names])
    # published layout: 1024 red, 1024 green, 1024 blue, row by row
    for item, place in ((0, 0), (7, 1024 + 70), (19, 3071)):
        channel, at = divmod(place, 1024)
        mean, std = ((.485, .229), (.456, .224), (.406, .225))[channel]
        real = (pixels[item, place] / 255 - mean) / std
        assert abs(images[item, channel, at // 32, at % 32] / 32 - real) <= 1 / 64


def test_cifar100_gives_the_fine_labels(tmp_path: Path) -> None:
    batches = forge.cifar100_batches()
    forge.packed(tmp_path / "cifar-100-python.tar.gz", INNER100, _pickled(batches))
    training, test = data.load("cifar100", tmp_path)
    assert training.labels.tolist() == batches["train"]["fine_labels"]
    assert test.labels.tolist() == batches["test"]["fine_labels"] and test.classes == 100


def test_few_images_come_in_the_fixed_order(tmp_path: Path) -> None:
    batches = forge.cifar100_batches(9)
    forge.unpacked(tmp_path / INNER100, _pickled(batches))
    few = data.load_split("cifar100", "test", tmp_path, count=4)
    want = [batches["test"]["fine_labels"][i] for i in shuffled(9, 4)]
    assert few.labels.tolist() == want
    with pytest.raises(PlutarchError, match="cifar-100-python: has 9 images, 10 were asked for"):
        data.load_split("cifar100", "test", tmp_path, count=10)


def test_missing_files_are_named(tmp_path: Path) -> None:
    for name, archive in (("cifar10", "cifar-10-python"), ("cifar100", "cifar-100-python")):
        with pytest.raises(PlutarchError, match=rf"{archive}\.tar\.gz: missing; CIFAR-100? \(or "
                                                r"unpacked.* set PLUTARCH_DATA"):
            data.load(name, tmp_path)
    files = _pickled(forge.cifar10_batches())
    del files["data_batch_4"]
    forge.packed(tmp_path / "cifar-10-python.tar.gz", INNER10, files)
    with pytest.raises(PlutarchError, match=r"tar\.gz: has no cifar-10-batches-py/data_batch_4"):
        data.load("cifar10", tmp_path)
    forge.unpacked(tmp_path / INNER10, files)
    with pytest.raises(PlutarchError, match="data_batch_4: missing; CIFAR-10 has 5 such"):
        data.load("cifar10", tmp_path)


def test_damaged_archives_are_named(tmp_path: Path) -> None:
    archive = tmp_path / "cifar-10-python.tar.gz"
    forge.packed(archive, INNER10, _pickled(forge.cifar10_batches()))
    whole = archive.read_bytes()
    middle = len(whole) // 2
    for bad in (whole[:-4000], whole[:40], b"", b"<html>not found</html>",
                whole[:middle] + b"\xff" * 64 + whole[middle + 64:]):
        archive.write_bytes(bad)
        with pytest.raises(PlutarchError, match=r"cifar-10-python\.tar\.gz: damaged: "):
            data.load("cifar10", tmp_path)


CHANGES: dict[str, tuple[dict[str, Any], str]] = {
    "width": ({"data": np.zeros((6, 3071), np.uint8)}, r"data: shape \(6, 3071\), want"),
    "kind": ({"data": np.zeros((6, 3072), np.int64)}, "damaged: array of b'i8', want u1"),
    "no array": ({"data": [1, 2]}, "data: no array"),
    "few labels": ({"fine_labels": [1, 2]}, "fine_labels: 2, want 6"),
    "no labels": ({"fine_labels": "abc"}, "fine_labels: no list, want 6"),
    "label": ({"fine_labels": [0, 1, 2, 100, 4, 5]}, "fine_labels: item 3 is 100, want 0 to 99"),
    "negative": ({"fine_labels": [0, -1, 2, 3, 4, 5]}, "fine_labels: item 1 is -1"),
    "text": ({"fine_labels": [0, 1, 2, 3, 4, "5"]}, "fine_labels: item 5 is b'5'"),
}


@pytest.mark.parametrize("change", CHANGES)
def test_wrong_items_are_named(tmp_path: Path, change: str) -> None:
    changes, line = CHANGES[change]
    batches = forge.cifar100_batches()
    batches["train"] |= changes
    forge.unpacked(tmp_path / INNER100, _pickled(batches))
    with pytest.raises(PlutarchError, match=f"cifar-100-python: train: {line}"):
        data.load("cifar100", tmp_path)


class _Harmful:
    def __reduce__(self) -> Any:
        return (Path.write_text, (Path("harm.txt"), "done"))


def test_nothing_in_a_pickle_is_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for protocol in range(6):
        with pytest.raises(ValueError, match="asks for"):
            read_dict(pickle.dumps({"data": _Harmful()}, protocol=protocol))
    for text in (b"cos\nsystem\n(S'touch harm.txt'\ntR.", b"cbuiltins\neval\n(S'1'\ntR.",
                 b"cnumpy\nload\n(S'x'\ntR.", b"\x82\x01."):
        with pytest.raises(ValueError):
            read_dict(text)
    assert not list(tmp_path.iterdir())


def test_stand_ins_take_no_state_and_make_no_other_arrays() -> None:
    good = forge.python2_pickle({"data": np.arange(6, dtype=np.uint8).reshape(2, 3)})
    assert read_dict(good)["data"].tolist() == [[0, 1, 2], [3, 4, 5]]
    turned = np.asfortranarray(np.arange(6, dtype=np.uint8).reshape(2, 3))
    assert read_dict(pickle.dumps({"data": turned}))["data"].tolist() == [[0, 1, 2], [3, 4, 5]]
    for bad, line in (
        (good.replace(b"J\x03\0\0\0t", b"J\x04\0\0\0t"), "does not fit its bytes"),
        (good.replace(b"J\x03\0\0\0t", b"J\xfd\xff\xff\xfft"), "does not fit its bytes"),
        (good.replace(b"U\x02u1", b"U\x02O8"), "array of b'O8'"),
        (b"\x80\x02cnumpy\nndarray\n)R.", "ndarray is called"),
        (b"\x80\x02cnumpy\nndarray\n}b.", "."),
        (b"\x80\x02](J\1\0\0\0e.", "a list, want a dict"),
        (good[:-1], "."), (b"", "."), (b"hello", "."),
    ):
        assert bad != good
        with pytest.raises(ValueError, match=line):
            read_dict(bad)


def test_random_damage_gives_a_dict_or_one_line() -> None:
    good = forge.python2_pickle(forge.cifar_batch(0, 1, "labels", 10))
    interesting = [*range(60), *range(len(good) - 120, len(good))]
    rng = np.random.default_rng(7)
    for _ in range(2000):
        bad = bytearray(good)
        at = int(rng.choice(interesting))
        value = int(rng.integers(256))
        if value not in b"jrqp":  # a memo index of gigabytes is slow, not wrong
            bad[at] = value
        try:
            read_dict(bytes(bad))
        except ValueError as error:
            assert "\n" not in str(error)
