# SPDX-License-Identifier: Apache-2.0
"""ImageNet (ILSVRC 2012) as folders: <folder>/imagenet/{train,val}/<wnid>/*.JPEG."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from golden.data.files import FileSplit, centre
from golden.data.folders import enough, missing
from golden.data.split import shuffled
from golden.errors import PlutarchError

WHAT = "ImageNet (imagenet/train/<wnid>/*.JPEG and imagenet/val/<wnid>/*.JPEG)"
SUFFIXES = (".jpeg", ".jpg", ".png")


def imagenet(folder: Path, split: str, count: int | None = None) -> FileSplit:
    """`count` pictures (None: all) of split "train" or "test" (the folder val).

    Class = place of the wnid in the sorted list of train's folders (of val's if there is no train).
    All in sorted order; fewer in one fixed shuffled order. Any number of classes goes.
    Raises PlutarchError naming the folder that is missing, empty or of no known class; a damaged
    file is named when its batch is read.
    """
    base = folder / "imagenet"
    top = base / ("train" if split == "train" else "val")
    if not top.is_dir():
        raise missing(top, WHAT)
    names = _classes(base / "train" if (base / "train").is_dir() else top)
    number = {name: place for place, name in enumerate(names)}
    files: list[Path] = []
    labels: list[int] = []
    for name in _classes(top):
        if name not in number:
            raise PlutarchError(f"{top / name}: no class of that name in {base / 'train'}")
        found = sorted(file for file in (top / name).iterdir()
                       if file.suffix.lower() in SUFFIXES)
        if not found:
            raise PlutarchError(f"{top / name}: holds no pictures ({', '.join(SUFFIXES)})")
        files += found
        labels += [number[name]] * len(found)
    enough(top, len(files), count)
    chosen = np.arange(len(files)) if count is None else shuffled(len(files), count)
    return FileSplit(tuple(files[i] for i in chosen), np.array(labels, dtype=np.int64)[chosen],
                     len(names), centre)


def _classes(top: Path) -> list[str]:
    names = sorted(entry.name for entry in top.iterdir() if entry.is_dir())
    if not names:
        raise PlutarchError(f"{top}: holds no class folders")
    return names
