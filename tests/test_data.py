# SPDX-License-Identifier: Apache-2.0
"""Data sets by name, the set in memory, digits, CIFAR-10 (JPEG), augmentation."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="augmentation needs the extra `train`")

from PIL import Image  # noqa: E402

from golden import data  # noqa: E402
from golden.data.augment import mirrored, shifted  # noqa: E402
from golden.data.split import Split, colour_words, shuffled  # noqa: E402
from golden.errors import PlutarchError  # noqa: E402
from golden.files import npz_bytes  # noqa: E402


def test_digits_are_those_of_the_library_split_once() -> None:
    training, test = data.load("digits")
    assert (len(training), len(test)) == (1437, 360)
    assert training.shape == (1, 8, 8) and training.exp == -4 and training.classes == 10
    from sklearn.datasets import load_digits

    assert isinstance(training, Split) and isinstance(test, Split)
    both = np.concatenate([training.images, test.images]).reshape(1797, 64)
    labels = np.concatenate([training.labels, test.labels])
    found = load_digits()
    want = sorted((*row, label) for row, label in zip(found.data.tolist(), found.target.tolist(),
                                                      strict=True))
    assert sorted((*row, label) for row, label in zip(both.tolist(), labels.tolist(),
                                                      strict=True)) == want


def test_counts_take_the_first_ones_and_must_be_there() -> None:
    training, test = data.load("digits", count=7, test_count=5)
    every = data.load("digits")
    for few, all_ in ((training, every[0]), (test, every[1])):
        images, labels = few.batch(np.arange(len(few)))
        want_images, want_labels = all_.batch(np.arange(len(few)))
        assert (images == want_images).all() and (labels == want_labels).all()
    assert (len(training), len(test)) == (7, 5)
    for count in (0, -1, 361):
        with pytest.raises(PlutarchError, match=rf"digits: has 360 images, {count} were asked"):
            data.load_split("digits", "test", count=count)


def test_names_that_are_not_there() -> None:
    with pytest.raises(PlutarchError, match="no data set 'cifar-10': did you mean cifar10"):
        data.load("cifar-10")
    with pytest.raises(PlutarchError, match="no data set 'xyz': there are digits, cifar10-jpeg"):
        data.load("xyz")
    with pytest.raises(PlutarchError, match="no split 'val': there are train and test"):
        data.load_split("digits", "val")


def test_a_folder_that_is_not_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(PlutarchError, match=r"nowhere: no such folder; set PLUTARCH_DATA"):
        data.load("cifar10", tmp_path / "nowhere")
    monkeypatch.setenv("PLUTARCH_DATA", str(tmp_path / "elsewhere"))
    with pytest.raises(PlutarchError, match=r"elsewhere: no such folder; set PLUTARCH_DATA"):
        data.load("cifar10")


def test_batches_of_a_set_in_memory() -> None:
    rng = np.random.default_rng(0)
    split = Split(rng.integers(-9, 9, (6, 2, 3, 4), dtype=np.int8), np.arange(6), -3, 7)
    images, labels = split.batch(np.array([4, 0, 4]))
    assert labels.tolist() == [4, 0, 4] and (images == split.images[[4, 0, 4]]).all()
    assert split.shape == (2, 3, 4) and len(split.head(2)) == 2 and split.head(2).classes == 7


def test_colour_words_round_to_steps_of_a_32nd_deviation() -> None:
    pixels = np.arange(256, dtype=np.uint8)[:, None, None, None].repeat(3, axis=3)  # (256,1,1,3)
    words = colour_words(pixels)[:, :, 0, 0]  # (256, 3)
    for channel, (mean, std) in enumerate(((.485, .229), (.456, .224), (.406, .225))):
        real = (np.arange(256) / 255 - mean) / std
        assert np.abs(words[:, channel] / 32 - real).max() <= 1 / 64
    assert words.dtype == np.int8 and (words.min(), words.max()) == (-68, 84)


def test_the_fixed_order_is_a_permutation() -> None:
    assert sorted(shuffled(50, None).tolist()) == list(range(50))
    assert shuffled(50, 9).tolist() == shuffled(50, None)[:9].tolist()
    assert shuffled(50, None).tolist() != list(range(50))


def _jpeg(colour: tuple[int, int, int], size: tuple[int, int] = (32, 32)) -> bytes:
    buffer = io.BytesIO()
    Image.new("RGB", size, colour).save(buffer, "JPEG", quality=95)
    return buffer.getvalue()


def _archive(folder: Path, **changes: Any) -> Path:
    """A cifar10_jpeg/test.npz of four images whose red is 50 * label."""
    files = changes.pop("files", [_jpeg((50 * label, 0, 0)) for label in range(4)])
    arrays = {"jpeg": np.frombuffer(b"".join(files), dtype=np.uint8),
              "offset": np.cumsum([0, *map(len, files)]), "label": np.arange(4, dtype=np.uint8)}
    arrays |= changes
    file = folder / "cifar10_jpeg" / "test.npz"
    file.parent.mkdir(exist_ok=True)
    file.write_bytes(npz_bytes({key: value for key, value in arrays.items()
                                if value is not None}))
    return file


def test_cifar10_jpeg_gives_each_image_its_label(tmp_path: Path) -> None:
    _archive(tmp_path)
    split = data.load_split("cifar10-jpeg", "test", tmp_path)
    images, labels = split.batch(np.arange(4))
    assert sorted(labels.tolist()) == [0, 1, 2, 3] and split.exp == -5
    assert labels.tolist() == shuffled(4, None).tolist()
    for image, label in zip(images, labels, strict=True):
        red = (image[0].mean() / 32 * 0.229 + 0.485) * 255
        assert abs(red - 50 * label) < 4


def test_cifar10_jpeg_missing_or_damaged(tmp_path: Path) -> None:
    with pytest.raises(PlutarchError, match=r"cifar10_jpeg.train\.npz: missing; CIFAR-10 \(JPEG\) "
                                            r"is looked for there, set PLUTARCH_DATA"):
        data.load_split("cifar10-jpeg", "train", tmp_path)

    def refused(line: str) -> None:
        with pytest.raises(PlutarchError, match=rf"test\.npz: {line}"):
            data.load_split("cifar10-jpeg", "test", tmp_path)

    good = [_jpeg((50 * label, 0, 0)) for label in range(4)]
    starts = np.cumsum([0, *map(len, good)])
    _archive(tmp_path, label=np.array([0, 1, 12, 3]))
    refused("image 2: label 12, want 0 to 9")
    _archive(tmp_path, offset=starts[:-1])
    refused("4 offsets for 4 labels")
    _archive(tmp_path, offset=starts[[0, 2, 1, 3, 4]])
    refused("image 1: offsets")
    _archive(tmp_path, offset=starts + 1)
    refused(r"image 3: offsets \d+ to \d+ of \d+ bytes")
    _archive(tmp_path, label=np.zeros((2, 2), dtype=int))
    refused(r"label is int64 \(2, 2\)")
    _archive(tmp_path, jpeg=None)
    refused("damaged: .*jpeg")
    _archive(tmp_path, files=[*good[:2], b"no jpeg at all", good[3]])
    refused("image 2: no sound picture: cannot identify")
    _archive(tmp_path, files=[good[0], good[1][:-200], *good[2:]])
    refused("image 1: no sound picture")
    _archive(tmp_path, files=[*good[:3], _jpeg((1, 2, 3), (32, 31))])
    refused("image 3: 31 x 32 pixels, want 32 x 32")
    file = _archive(tmp_path)
    file.write_bytes(file.read_bytes()[:-50])
    refused("damaged")
    file.write_text("hello")
    refused("damaged")
    _archive(tmp_path)
    with pytest.raises(PlutarchError, match=r"test\.npz: has 4 images, 5 were asked for"):
        data.load_split("cifar10-jpeg", "test", tmp_path, count=5)


def test_shifts_and_mirrors_move_pixels() -> None:
    x = torch.arange(2 * 1 * 4 * 5, dtype=torch.float32).reshape(2, 1, 4, 5) + 1
    generator = torch.Generator().manual_seed(1)
    wide = torch.nn.functional.pad(x, (1, 1, 1, 1))[1, 0]
    options = {(dy, dx, flip): part.flip(1) if flip else part
               for dy in range(3) for dx in range(3) for flip in (False, True)
               for part in [wide[dy:dy + 4, dx:dx + 5]]}
    seen = set()
    for _ in range(300):
        image = shifted(x, generator, reach=1, flip=True)[1, 0]
        hits = [key for key, value in options.items() if torch.equal(value, image)]
        assert len(hits) == 1
        seen.add(hits[0])
    assert len(seen) == 18


def test_mirrored_takes_about_half_of_the_images_whole() -> None:
    x = torch.arange(400 * 2 * 3 * 5, dtype=torch.int8).reshape(400, 2, 3, 5)
    y = mirrored(x, torch.Generator().manual_seed(2))
    same = (y == x).flatten(1).all(1)
    other = (y == x.flip(3)).flatten(1).all(1)
    assert bool((same ^ other).all()) and 150 < int(other.sum()) < 250 and y.dtype == x.dtype


def test_augmentation_repeats_with_its_generator() -> None:
    x = torch.randn(16, 3, 8, 8)
    one, two = (shifted(x, torch.Generator().manual_seed(5), 2, True) for _ in range(2))
    assert torch.equal(one, two) and not torch.equal(one, x)
