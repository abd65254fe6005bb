# SPDX-License-Identifier: Apache-2.0
"""Where the user's files are, and the one line for a file that is not there or not sound."""

from __future__ import annotations

import os
from pathlib import Path

from golden.errors import PlutarchError

VARIABLE = "PLUTARCH_DATA"
ROOT = Path(__file__).resolve().parents[2]


def data_folder(given: str | os.PathLike[str] | None = None) -> Path:
    """The given folder, or PLUTARCH_DATA, or ../shared/data beside the repository.

    Raises PlutarchError if it is no folder.
    """
    folder = Path(given or os.environ.get(VARIABLE) or ROOT.parent / "shared" / "data")
    if not folder.is_dir():
        raise PlutarchError(f"{folder}: no such folder; set {VARIABLE} (or `folder`) to where the "
                            "data sets are")
    return folder


def missing(file: Path, what: str) -> PlutarchError:
    """The line for a file that is not there."""
    return PlutarchError(f"{file}: missing; {what} is looked for there, set {VARIABLE} "
                         "(or `folder`) to the folder above it")


def enough(where: Path, have: int, count: int | None) -> None:
    """Raise PlutarchError naming `where` unless 1 <= count <= have (None: all; some must be)."""
    if not have:
        raise PlutarchError(f"{where}: holds no images")
    if count is not None and not 1 <= count <= have:
        raise PlutarchError(f"{where}: has {have} images, {count} were asked for")
