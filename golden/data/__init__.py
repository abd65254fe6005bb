# SPDX-License-Identifier: Apache-2.0
"""Data sets by name; docs/models.md says where each one's files go."""

from __future__ import annotations

import difflib
import os
from collections.abc import Callable
from pathlib import Path

from golden.data.cifar import cifar10, cifar100
from golden.data.cifar_jpeg import cifar10_jpeg
from golden.data.digits import digits
from golden.data.folders import data_folder, enough
from golden.data.imagenet import imagenet
from golden.data.rafdb import rafdb
from golden.data.split import Images, Split
from golden.errors import PlutarchError

__all__ = ["NAMES", "Images", "Split", "data_folder", "load", "load_split"]

Loader = Callable[[Path, str, "int | None"], Images]

# Sets that lie in the user's folder: (folder, "train" or "test", count) -> images.
LOADERS: dict[str, Loader] = {
    "cifar10-jpeg": cifar10_jpeg,
    "cifar10": cifar10,
    "cifar100": cifar100,
    "imagenet": imagenet,
    "rafdb": rafdb,
}
NAMES = ("digits", *LOADERS)


def load(name: str, folder: str | os.PathLike[str] | None = None, count: int | None = None,
         test_count: int | None = None) -> tuple[Images, Images]:
    """(training, test) set of that name; count and test_count: how many images, None for all.

    Folder and errors: those of load_split().
    """
    return (load_split(name, "train", folder, count),
            load_split(name, "test", folder, test_count))


def load_split(name: str, split: str, folder: str | os.PathLike[str] | None = None,
               count: int | None = None) -> Images:
    """Split "train" or "test" of the set of that name.

    folder: where the sets are, None for PLUTARCH_DATA or ../shared/data (digits needs none).
    count: how many images, always the same ones; None for all.
    Raises PlutarchError for an unknown name, and naming the file that is missing or damaged.
    """
    if split not in ("train", "test"):
        raise PlutarchError(f"no split {split!r}: there are train and test")
    if name == "digits":
        found = digits()[split == "test"]
        enough(Path(name), len(found), count)
        return found if count is None else found.head(count)
    if name not in LOADERS:
        near = difflib.get_close_matches(name, NAMES, 1)
        hint = f"did you mean {near[0]}?" if near else f"there are {', '.join(NAMES)}"
        raise PlutarchError(f"no data set {name!r}: {hint}")
    return LOADERS[name](data_folder(folder), split, count)
