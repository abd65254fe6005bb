# SPDX-License-Identifier: Apache-2.0
"""Sets of picture files, decoded batch by batch: they need not fit into memory."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from golden.codes import Ints
from golden.data.pictures import Pixels, open_picture
from golden.data.split import COLOUR_EXP, colour_words
from golden.layer import Int8s

SIDE = 224  # what the networks for such pictures take
SHORT = 256  # length that the shorter side is brought to before the centre is cut out

Cut = Callable[[Any, "np.random.Generator | None"], Any]


@dataclass(frozen=True, eq=False)
class FileSplit:
    """Picture files and their labels (N,) int64; every batch reads its files anew.

    cut: makes SIDE x SIDE pixels of a pillow image; with a generator it may draw the part.
    """

    files: tuple[Path, ...]
    labels: Ints
    classes: int
    cut: Cut
    exp: int = COLOUR_EXP
    shape: tuple[int, int, int] = (3, SIDE, SIDE)

    def __len__(self) -> int:
        return len(self.labels)

    def batch(self, places: npt.NDArray[Any],
              rng: np.random.Generator | None = None) -> tuple[Int8s, Ints]:
        """Images (n, 3, 224, 224) int8, normalised, and labels (n,) at these positions.

        rng: draw the parts at random, as in training. Raises PlutarchError naming the file that
        is missing or damaged.
        """
        pixels: Pixels = np.empty((len(places), SIDE, SIDE, 3), dtype=np.uint8)
        for row, place in enumerate(places):
            with open_picture(self.files[int(place)]) as picture:
                pixels[row] = np.asarray(self.cut(picture, rng))
        return colour_words(pixels), self.labels[places]


def centre(picture: Any, rng: np.random.Generator | None = None) -> Any:
    """Shorter side to 256 (bilinear), the 224 x 224 in the middle; rng: random_part() instead."""
    if rng is not None:
        return random_part(picture, rng)
    width, height = picture.size
    short = min(width, height)
    size = (SHORT * width // short, SHORT * height // short)
    left, top = (round((side - SIDE) / 2) for side in size)
    return picture.resize(size, _BILINEAR).crop((left, top, left + SIDE, top + SIDE))


def whole(picture: Any, rng: np.random.Generator | None = None) -> Any:
    """The whole picture, brought to 224 x 224 (bilinear); with rng half of them mirrored."""
    made = picture.resize((SIDE, SIDE), _BILINEAR)
    return made.transpose(_MIRROR) if rng is not None and rng.random() < 0.5 else made


def random_part(picture: Any, rng: np.random.Generator) -> Any:
    """A part of 8 to 100 % of the area, sides 3:4 to 4:3, to 224 x 224, half of them mirrored.

    The usual augmentation for ImageNet (Szegedy et al. 2014); after ten misfits the centre.
    """
    width, height = picture.size
    for _ in range(10):
        area = width * height * rng.uniform(0.08, 1.0)
        ratio = np.exp(rng.uniform(np.log(3 / 4), np.log(4 / 3)))
        w, h = round(float(np.sqrt(area * ratio))), round(float(np.sqrt(area / ratio)))
        if 0 < w <= width and 0 < h <= height:
            left, top = int(rng.integers(width - w + 1)), int(rng.integers(height - h + 1))
            return whole(picture.crop((left, top, left + w, top + h)), rng)
    made = centre(picture)
    return made.transpose(_MIRROR) if rng.random() < 0.5 else made


_BILINEAR, _MIRROR = 2, 0  # pillow's Resampling.BILINEAR and Transpose.FLIP_LEFT_RIGHT
