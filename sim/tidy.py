# SPDX-License-Identifier: Apache-2.0
"""Folders of which those used last stay. Other processes may tidy the same place at once."""

from __future__ import annotations

import os
import shutil
from collections.abc import Sequence
from pathlib import Path


def touch(folder: Path) -> bool:
    """Mark a folder as used now; return whether it is there."""
    try:
        os.utime(folder)
    except FileNotFoundError:
        return False
    return True


def last_use(path: Path) -> float:
    """When it was used last, in seconds since the epoch; 0.0 where it is gone."""
    try:
        return path.stat().st_mtime
    except FileNotFoundError:
        return 0.0


def keep_latest(folders: Sequence[Path], most: int) -> None:
    """Remove all but the `most` folders that were used last."""
    if len(folders) <= most:
        return
    for old in sorted(folders, key=last_use, reverse=True)[most:]:
        shutil.rmtree(old, ignore_errors=True)
