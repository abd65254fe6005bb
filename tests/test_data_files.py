# SPDX-License-Identifier: Apache-2.0
"""ImageNet folders and RAF-DB on a handful of pictures in the official layouts."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("PIL", reason="the extra `train` is not installed")

from PIL import Image

from golden import data
from golden.data.files import FileSplit, centre, random_part, whole
from golden.data.split import shuffled
from golden.errors import PlutarchError
from tests import data_forge as forge

RED, GREEN, BLUE, GREY = (200, 30, 30), (30, 200, 30), (30, 30, 200), (120, 120, 120)


def _imagenet(folder: Path) -> Path:
    base = folder / "imagenet"
    for split, per in (("train", 2), ("val", 1)):
        for wnid, colour in (("n01440764", RED), ("n01443537", GREEN), ("n02110341", BLUE)):
            for i in range(per):
                forge.picture(base / split / wnid / f"{wnid}_{i}.JPEG", colour, (300 + 40 * i, 260))
    forge.picture(base / "val" / "n01440764" / "n01440764_9.JPEG", GREY, (280, 500), "L")
    return base


def test_imagenet_folders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _imagenet(tmp_path)
    plain = Path.iterdir  # a file system may list in any order
    monkeypatch.setattr(Path, "iterdir", lambda path: iter(sorted(plain(path))[::-1]))
    training, test = data.load("imagenet", tmp_path)
    assert (len(training), len(test), training.shape, test.classes) == (6, 4, (3, 224, 224), 3)
    assert training.labels.tolist() == [0, 0, 1, 1, 2, 2] and test.labels.tolist() == [0, 0, 1, 2]
    images, labels = test.batch(np.array([3, 1]))
    assert images.dtype == np.int8 and images.shape == (2, 3, 224, 224)
    assert labels.tolist() == [2, 0]
    assert np.abs(np.array(forge.colour_of(images)) - [BLUE, GREY]).max() < 5


def test_validation_pictures_alone_are_enough(tmp_path: Path) -> None:
    base = _imagenet(tmp_path)
    (base / "train").rename(base / "elsewhere")
    assert data.load_split("imagenet", "test", tmp_path).labels.tolist() == [0, 0, 1, 2]
    with pytest.raises(PlutarchError, match=r"imagenet.train: missing; ImageNet .* PLUTARCH_DATA"):
        data.load("imagenet", tmp_path)


def test_few_pictures_are_a_mixture(tmp_path: Path) -> None:
    _imagenet(tmp_path)
    few = data.load_split("imagenet", "train", tmp_path, count=3)
    assert few.labels.tolist() == [[0, 0, 1, 1, 2, 2][i] for i in shuffled(6, 3)]
    colours = [RED, GREEN, BLUE]
    images, labels = few.batch(np.arange(3))
    assert np.abs(np.array(forge.colour_of(images))
                  - [colours[label] for label in labels]).max() < 5


def test_imagenet_missing_or_damaged(tmp_path: Path) -> None:
    with pytest.raises(PlutarchError, match=r"imagenet.train: missing; .*set PLUTARCH_DATA"):
        data.load("imagenet", tmp_path)
    base = _imagenet(tmp_path)
    forge.picture(base / "val" / "n09999999" / "n09999999_0.JPEG", GREY)
    with pytest.raises(PlutarchError, match=r"val.n09999999: no class of that name in .*train"):
        data.load("imagenet", tmp_path)
    (base / "val" / "n09999999" / "n09999999_0.JPEG").unlink()
    (base / "train" / "n09999999").mkdir()
    with pytest.raises(PlutarchError, match=r"train.n09999999: holds no pictures"):
        data.load("imagenet", tmp_path)
    (base / "train" / "n09999999").rmdir()
    (base / "val" / "n09999999").rmdir()
    file = base / "val" / "n01443537" / "n01443537_0.JPEG"
    whole_file = file.read_bytes()
    for bad in (whole_file[:len(whole_file) // 2], b"", b"text", whole_file[:20]):
        file.write_bytes(bad)
        split = data.load_split("imagenet", "test", tmp_path)
        split.batch(np.array([0, 3]))
        with pytest.raises(PlutarchError, match=r"n01443537_0\.JPEG: no sound picture: ") as told:
            split.batch(np.array([0, 2]))
        assert "\n" not in str(told.value) and "BytesIO" not in str(told.value)
    file.unlink()
    with pytest.raises(PlutarchError, match=r"n01443537_0\.JPEG: cannot read: No such file"):
        split.batch(np.array([2]))
    (tmp_path / "empty" / "imagenet" / "train").mkdir(parents=True)
    with pytest.raises(PlutarchError, match=r"train: holds no class folders"):
        data.load("imagenet", tmp_path / "empty")


@pytest.mark.parametrize("size", [(256, 256), (300, 260), (260, 300), (224, 224), (1000, 230),
                                  (64, 80)])
def test_the_centre_is_cut_out(size: tuple[int, int]) -> None:
    width, height = size
    ramp = np.zeros((height, width, 3), dtype=np.uint8)
    ramp[..., 0] = np.linspace(0, 255, width).round()[None]
    ramp[..., 1] = np.linspace(0, 255, height).round()[:, None]
    cut = np.asarray(centre(Image.fromarray(ramp))).astype(float)
    assert cut.shape == (224, 224, 3)
    short = min(size)
    for axis, colour, side in ((1, 0, width), (0, 1, height)):
        line = cut[:, :, colour].mean(axis=1 - axis)
        share = 224 / 256 * short / side  # of the side that is in view
        want = (0.5 + (np.arange(224) / 223 - 0.5) * share) * 255
        assert np.abs(line - want).max() < 255 / side + 255 * 0.01


def test_training_parts_repeat_and_differ() -> None:
    noise = np.random.default_rng(0).integers(0, 256, (60, 90, 3), dtype=np.uint8)
    picture = Image.fromarray(noise)
    one, two, three = (np.asarray(random_part(picture, np.random.default_rng(seed)))
                       for seed in (1, 1, 2))
    assert one.shape == (224, 224, 3) and (one == two).all() and not (one == three).all()
    thin = Image.new("RGB", (2000, 3))  # no such part fits: the centre, after ten misfits
    assert np.asarray(random_part(thin, np.random.default_rng(0))).shape == (224, 224, 3)


def test_parts_keep_their_area_and_half_are_mirrored() -> None:
    ramp = np.zeros((400, 400, 3), dtype=np.uint8)
    ramp[..., 0] = (np.arange(400) * 255 / 399).round()[None]
    ramp[..., 1] = (np.arange(400) * 255 / 399).round()[:, None]
    picture = Image.fromarray(ramp)
    turned, areas = 0, []
    for seed in range(200):
        part = np.asarray(random_part(picture, np.random.default_rng(seed))).astype(float)
        x = (part[:, -1, 0].mean() - part[:, 0, 0].mean()) / 255
        y = (part[-1, :, 1].mean() - part[0, :, 1].mean()) / 255
        turned += x < 0
        areas.append(abs(x) * y)
        assert 0.70 < abs(x) / y < 1.43
    assert 70 < turned < 130 and 0.06 < min(areas) < 0.15 and 0.85 < max(areas) <= 1.01


def test_a_batch_draws_its_parts_only_with_a_generator(tmp_path: Path) -> None:
    noise = np.random.default_rng(3).integers(0, 256, (260, 300, 3), dtype=np.uint8)
    Image.fromarray(noise).save(tmp_path / "a.png")
    split = FileSplit((tmp_path / "a.png",), np.array([0]), 1, centre)
    plain, again = (split.batch(np.array([0]))[0] for _ in range(2))
    drawn = split.batch(np.array([0]), np.random.default_rng(0))[0]
    assert (plain == again).all() and not (plain == drawn).all()


LIST = ["train_00001.jpg 5", "train_00002.jpg 1", "test_0001.jpg 7", "train_00003.jpg 4",
        "test_0002.jpg 2"]


def _rafdb(folder: Path, lines: list[str] = LIST) -> Path:
    base = folder / "rafdb" / "basic"
    (base / "EmoLabel").mkdir(parents=True, exist_ok=True)
    (base / "EmoLabel" / "list_patition_label.txt").write_text("\n".join(lines) + "\n")
    for i, line in enumerate(LIST):
        name = line.split(".")[0]
        forge.picture(base / "Image" / "aligned" / f"{name}_aligned.jpg", (40 * i, 100, 100))
    return base


def test_rafdb(tmp_path: Path) -> None:
    _rafdb(tmp_path)
    training, test = data.load("rafdb", tmp_path)
    assert training.labels.tolist() == [4, 0, 3] and test.labels.tolist() == [6, 1]
    assert training.classes == 7 and training.shape == (3, 224, 224)
    images, labels = training.batch(np.array([2, 0]))
    assert labels.tolist() == [3, 4]
    assert np.abs(np.array(forge.colour_of(images)) - [[120, 100, 100], [0, 100, 100]]).max() < 5


@pytest.mark.parametrize("line", ["train_00002.jpg 8", "train_00002.jpg 0", "train_00002.jpg",
                                  "../../secret.jpg 3", "train_00002.png 3", "train_x.jpg 3",
                                  "train_00002.jpg 3 4"])
def test_rafdb_wrong_lines_are_named(tmp_path: Path, line: str) -> None:
    _rafdb(tmp_path, [LIST[0], line, *LIST[2:]])
    with pytest.raises(PlutarchError, match=r"list_patition_label\.txt: line 2: '.*', want"):
        data.load("rafdb", tmp_path)


def test_rafdb_missing_or_damaged(tmp_path: Path) -> None:
    with pytest.raises(PlutarchError, match=r"EmoLabel.list_patition_label\.txt: missing; RAF-DB "
                                            r".*PLUTARCH_DATA"):
        data.load("rafdb", tmp_path)
    base = _rafdb(tmp_path)
    face = base / "Image" / "aligned" / "train_00002_aligned.jpg"
    sound = face.read_bytes()
    face.write_bytes(sound[:300])
    split = data.load_split("rafdb", "train", tmp_path)
    with pytest.raises(PlutarchError, match=r"train_00002_aligned\.jpg: no sound picture"):
        split.batch(np.arange(3))
    face.unlink()
    with pytest.raises(PlutarchError, match=r"train_00002_aligned\.jpg: missing; a face that"):
        data.load("rafdb", tmp_path)
    listing = base / "EmoLabel" / "list_patition_label.txt"
    listing.write_bytes(b"\xff\xfe\x00bad")
    with pytest.raises(PlutarchError, match=r"list_patition_label\.txt: cannot read"):
        data.load("rafdb", tmp_path)
    listing.write_text("\n")
    with pytest.raises(PlutarchError, match=r"list_patition_label\.txt: holds no images"):
        data.load("rafdb", tmp_path)


def test_whole_keeps_all_of_the_picture() -> None:
    ramp = np.zeros((100, 100, 3), dtype=np.uint8)
    ramp[..., 0] = (np.arange(100) * 255 / 99).round()[None]
    made = np.asarray(whole(Image.fromarray(ramp)))
    assert made.shape == (224, 224, 3) and made[0, 0, 0] <= 2 and made[0, -1, 0] >= 253
