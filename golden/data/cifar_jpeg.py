# SPDX-License-Identifier: Apache-2.0
"""CIFAR-10 (JPEG): the project's lossy copy of CIFAR-10, <folder>/cifar10_jpeg/{train,test}.npz.

Arrays: `jpeg` (uint8, all files end to end), `offset` (N + 1), `label` (N). Accuracies on it are
never those of CIFAR-10 proper.
"""

from __future__ import annotations

import zipfile
from pathlib import Path

import numpy as np

from golden.data.folders import enough, missing
from golden.data.pictures import decode
from golden.data.split import COLOUR_EXP, Split, colour_words, shuffled
from golden.errors import PlutarchError

SIZE = 32


def cifar10_jpeg(folder: Path, split: str, count: int | None = None) -> Split:
    """`count` images (None: all) of split "train" or "test", (3, 32, 32) each, normalised.

    The file is sorted by class, so they come in one fixed shuffled order.
    Raises PlutarchError naming the file (and the image) if it is missing, damaged or too short.
    """
    file = folder / "cifar10_jpeg" / f"{split}.npz"
    try:
        with file.open("rb") as opened, np.load(opened, allow_pickle=False) as archive:
            jpeg, offset, label = archive["jpeg"], archive["offset"], archive["label"]
    except FileNotFoundError as error:
        raise missing(file, "CIFAR-10 (JPEG)") from error
    except (OSError, ValueError, EOFError, KeyError, AttributeError,
            zipfile.BadZipFile) as error:
        raise PlutarchError(f"{file}: damaged: {str(error).splitlines()[0]}") from error
    _check(file, jpeg, offset, label)
    enough(file, len(label), count)
    chosen = shuffled(len(label), count)
    pixels = np.empty((len(chosen), SIZE, SIZE, 3), dtype=np.uint8)
    for place, i in enumerate(chosen):
        data = jpeg[int(offset[i]):int(offset[i + 1])].tobytes()
        pixels[place] = decode(data, f"{file}: image {i}", (SIZE, SIZE))
    return Split(colour_words(pixels), label[chosen].astype(np.int64), COLOUR_EXP)


def _check(file: Path, jpeg: np.ndarray, offset: np.ndarray, label: np.ndarray) -> None:
    for name, array, kinds in (("jpeg", jpeg, "u"), ("offset", offset, "iu"),
                               ("label", label, "iu")):
        if array.ndim != 1 or array.dtype.kind not in kinds:
            raise PlutarchError(f"{file}: {name} is {array.dtype} {array.shape}, want a row of "
                                "integers")
    if len(offset) != len(label) + 1:
        raise PlutarchError(f"{file}: {len(offset)} offsets for {len(label)} labels, want one more")
    steps = np.diff(offset.astype(np.int64))
    wrong = np.flatnonzero(steps <= 0)
    if len(wrong) or int(offset[0]) < 0 or int(offset[-1]) > len(jpeg):
        at = int(wrong[0]) if len(wrong) else len(label) - 1
        raise PlutarchError(f"{file}: image {at}: offsets {offset[at]} to {offset[at + 1]} of "
                            f"{len(jpeg)} bytes")
    strange = np.flatnonzero((label < 0) | (label > 9))
    if len(strange):
        raise PlutarchError(f"{file}: image {strange[0]}: label {label[strange[0]]}, want 0 to 9")
