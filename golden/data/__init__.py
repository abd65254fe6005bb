# SPDX-License-Identifier: Apache-2.0
"""Data sets by name; docs/models.md says where each one's files go."""

from __future__ import annotations

import difflib
import os
from collections.abc import Callable
from pathlib import Path

from golden.data.cifar_jpeg import cifar10_jpeg
from golden.data.digits import digits
from golden.data.folders import data_folder, enough
from golden.data.split import Images, Split
from golden.errors import PlutarchError

__all__ = ["NAMES", "Images", "Split", "data_folder", "load"]

Loader = Callable[[Path, str, "int | None"], Images]

# Sets that lie in the user's folder: (folder, "train" or "test", count) -> images.
LOADERS: dict[str, Loader] = {
    "cifar10-jpeg": cifar10_jpeg,
}
NAMES = ("digits", *LOADERS)


def load(name: str, folder: str | os.PathLike[str] | None = None, count: int | None = None,
         test_count: int | None = None) -> tuple[Images, Images]:
    """(training, test) set of that name.

    folder: where the sets are, None for PLUTARCH_DATA or ../shared/data (digits needs none).
    count, test_count: how many images of each, always the same ones; None for all.
    Raises PlutarchError for an unknown name, and naming the file that is missing or damaged.
    """
    if name == "digits":
        training, test = digits()
        where = Path("digits")
        enough(where, len(training), count)
        enough(where, len(test), test_count)
        return (training if count is None else training.head(count),
                test if test_count is None else test.head(test_count))
    if name not in LOADERS:
        near = difflib.get_close_matches(name, NAMES, 1)
        hint = f"did you mean {near[0]}?" if near else f"there are {', '.join(NAMES)}"
        raise PlutarchError(f"no data set {name!r}: {hint}")
    found = data_folder(folder)
    return LOADERS[name](found, "train", count), LOADERS[name](found, "test", test_count)
