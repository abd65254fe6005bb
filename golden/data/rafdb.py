# SPDX-License-Identifier: Apache-2.0
"""RAF-DB, single-label subset, as published: <folder>/rafdb/basic/{EmoLabel,Image}/...

EmoLabel/list_patition_label.txt (its spelling) has a line "train_00001.jpg 5" for each picture;
Image/aligned/train_00001_aligned.jpg is the aligned face (100 x 100). The paper's size is lost; the
faces are brought to 224 x 224, as the Self-Cure Network does.
"""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np

from golden.data.files import FileSplit, whole
from golden.data.folders import enough, missing
from golden.data.split import shuffled
from golden.errors import PlutarchError

# Label 1 is surprise, 7 neutral; ours count from 0.
CLASSES = ("surprise", "fear", "disgust", "happiness", "sadness", "anger", "neutral")
_LINE = re.compile(r"((?:train|test)_\d+)\.jpg\s+([1-7])")


def rafdb(folder: Path, split: str, count: int | None = None) -> FileSplit:
    """`count` faces (None: all) of split "train" or "test"; fewer come in a fixed shuffled order.

    Raises PlutarchError naming the file that is missing, or the line of the list that is wrong; a
    damaged picture is named when its batch is read.
    """
    base = folder / "rafdb" / "basic"
    listing = base / "EmoLabel" / "list_patition_label.txt"
    try:
        lines = listing.read_text(encoding="utf-8").splitlines()
    except FileNotFoundError as error:
        raise missing(listing, "RAF-DB (rafdb/basic/EmoLabel, rafdb/basic/Image)") from error
    except (OSError, ValueError) as error:
        raise PlutarchError(f"{listing}: cannot read: {error}") from error
    names: list[str] = []
    labels: list[int] = []
    for number, line in enumerate(lines, start=1):
        found = _LINE.fullmatch(line.strip())
        if found is None and line.strip():
            raise PlutarchError(f"{listing}: line {number}: {line[:60]!r}, want "
                                "'train_00001.jpg 5' with a label from 1 to 7")
        if found is not None and found[1].startswith(f"{split}_"):
            names.append(found[1])
            labels.append(int(found[2]) - 1)
    enough(listing, len(names), count)
    chosen = np.arange(len(names)) if count is None else shuffled(len(names), count)
    files = tuple(base / "Image" / "aligned" / f"{names[i]}_aligned.jpg" for i in chosen)
    for file in files:
        if not file.is_file():
            raise missing(file, f"a face that {listing.name} lists")
    return FileSplit(files, np.array(labels, dtype=np.int64)[chosen], len(CLASSES), whole)
