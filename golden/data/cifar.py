# SPDX-License-Identifier: Apache-2.0
"""CIFAR-10 and CIFAR-100 as published: the "python version" archives, packed or unpacked.

<folder>/cifar-10-python.tar.gz or <folder>/cifar-10-batches-py/ (five training batches), and
cifar-100-python.tar.gz or cifar-100-python/ (one), from https://www.cs.toronto.edu/~kriz/cifar.html.
"""

from __future__ import annotations

import gzip
import tarfile
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from golden.codes import Ints
from golden.data.folders import enough, missing
from golden.data.split import COLOUR_EXP, Split, colour_words, shuffled
from golden.data.unpickle import read_dict
from golden.errors import PlutarchError

SIZE = 32


@dataclass(frozen=True)
class Layout:
    """File names of one of the two sets, as published."""

    what: str
    archive: str
    inner: str
    train: tuple[str, ...]
    test: tuple[str, ...]
    label: str
    classes: int


CIFAR10 = Layout("CIFAR-10", "cifar-10-python.tar.gz", "cifar-10-batches-py",
                 tuple(f"data_batch_{i}" for i in range(1, 6)), ("test_batch",), "labels", 10)
CIFAR100 = Layout("CIFAR-100", "cifar-100-python.tar.gz", "cifar-100-python", ("train",),
                  ("test",), "fine_labels", 100)


def cifar10(folder: Path, split: str, count: int | None = None) -> Split:
    """`count` images (None: all) of split "train" or "test", (3, 32, 32) each, normalised.

    All in the order of the files; fewer in one fixed shuffled order. Raises PlutarchError naming
    the file that is missing or damaged, and the item in it.
    """
    return _cifar(CIFAR10, folder, split, count)


def cifar100(folder: Path, split: str, count: int | None = None) -> Split:
    """As cifar10(), with the 100 fine labels."""
    return _cifar(CIFAR100, folder, split, count)


def _cifar(layout: Layout, folder: Path, split: str, count: int | None) -> Split:
    names = layout.train if split == "train" else layout.test
    unpacked, archive = folder / layout.inner, folder / layout.archive
    if unpacked.is_dir():
        where, files = unpacked, _from_folder(layout, unpacked, names)
    elif archive.is_file():
        where, files = archive, _from_archive(layout, archive, names)
    else:
        raise missing(archive, f"{layout.what} (or unpacked, {layout.inner}/)")
    parts = [_batch(layout, f"{where}: {name}", files[name]) for name in names]
    pixels = np.concatenate([part[0] for part in parts])
    labels = np.concatenate([part[1] for part in parts])
    enough(where, len(labels), count)
    if count is not None:
        chosen = shuffled(len(labels), count)
        pixels, labels = pixels[chosen], labels[chosen]
    planes = pixels.reshape(-1, 3, SIZE, SIZE).transpose(0, 2, 3, 1)  # (N, 32, 32, 3)
    return Split(colour_words(planes), labels, COLOUR_EXP, layout.classes)


def _from_folder(layout: Layout, folder: Path, names: tuple[str, ...]) -> Mapping[str, bytes]:
    found = {}
    for name in names:
        try:
            found[name] = (folder / name).read_bytes()
        except FileNotFoundError as error:
            raise PlutarchError(f"{folder / name}: missing; {layout.what} has {len(names)} such "
                                "file(s)") from error
        except OSError as error:
            raise PlutarchError(f"{folder / name}: cannot read: {error.strerror}") from error
    return found


def _from_archive(layout: Layout, archive: Path, names: tuple[str, ...]) -> Mapping[str, bytes]:
    """One pass through the archive to its end, where its CRC is; nothing is unpacked to disk."""
    wanted = {f"{layout.inner}/{name}": name for name in names}
    found: dict[str, bytes] = {}
    try:
        with gzip.open(archive) as raw, tarfile.open(fileobj=raw, mode="r:") as packed:
            for member in packed:
                name = wanted.get(member.name.removeprefix("./"))
                opened = packed.extractfile(member) if name and member.isfile() else None
                if name and opened:
                    found[name] = opened.read()
            while raw.read(1 << 20):
                pass
    except (tarfile.TarError, OSError, EOFError, zlib.error, ValueError) as error:
        raise PlutarchError(f"{archive}: damaged: {str(error).splitlines()[0]}") from error
    for path, name in wanted.items():
        if name not in found:
            raise PlutarchError(f"{archive}: has no {path}")
    return found


def _batch(layout: Layout, where: str, data: bytes) -> tuple[npt.NDArray[np.uint8], Ints]:
    """Pixels (n, 3072) uint8, planes red, green, blue, and labels (n,) of one file."""
    try:
        batch = read_dict(data)
    except ValueError as error:
        raise PlutarchError(f"{where}: damaged: {error}") from error
    pixels: Any = batch.get("data")
    if not isinstance(pixels, np.ndarray) or pixels.shape[1:] != (3 * SIZE * SIZE,):
        found = f"shape {pixels.shape}" if isinstance(pixels, np.ndarray) else "no array"
        raise PlutarchError(f"{where}: data: {found}, want (n, {3 * SIZE * SIZE})")
    labels: Any = batch.get(layout.label)
    if not isinstance(labels, list) or len(labels) != len(pixels):
        found = f"{len(labels)}" if isinstance(labels, list) else "no list"
        raise PlutarchError(f"{where}: {layout.label}: {found}, want {len(pixels)}")
    for place, label in enumerate(labels):
        if type(label) is not int or not 0 <= label < layout.classes:
            raise PlutarchError(f"{where}: {layout.label}: item {place} is {label!r}, want 0 to "
                                f"{layout.classes - 1}")
    return pixels, np.array(labels, dtype=np.int64)
