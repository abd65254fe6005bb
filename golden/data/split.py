# SPDX-License-Identifier: Apache-2.0
"""Labelled images as the integers that enter a network: in memory, or decoded batch by batch."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from golden.codes import Ints
from golden.layer import Int8s

COLOUR_EXP = -5  # normalised colours lie within -4..4: steps of 1/32 deviation
# Means and deviations of ImageNet's colours, which ResNets (akamaster's too) are trained with.
COLOUR_MEAN = (0.485, 0.456, 0.406)
COLOUR_STD = (0.229, 0.224, 0.225)


class Images(Protocol):
    """What a training loop needs of a set; real pixel = integer * 2^exp."""

    @property
    def exp(self) -> int:
        """Exponent of the pixels."""

    @property
    def labels(self) -> Ints:
        """(N,) int64, all of them, without reading an image."""

    @property
    def classes(self) -> int:
        """Labels are below it."""

    @property
    def shape(self) -> tuple[int, int, int]:
        """(C, H, W) of every image."""

    def __len__(self) -> int:
        """N."""

    def batch(self, places: npt.NDArray[Any],
              rng: np.random.Generator | None = None) -> tuple[Int8s, Ints]:
        """Images (n, C, H, W) int8 and labels (n,) int64 at these positions (integers, (n,)).

        rng: for training; a set of pictures larger than its images draws the part that it cuts out.
        """


@dataclass(frozen=True, eq=False)
class Split:
    """Images (N, C, H, W) int8 in memory, labels (N,) int64; real pixel = integer * 2^exp."""

    images: Int8s
    labels: Ints
    exp: int
    classes: int = 10

    def __len__(self) -> int:
        return len(self.labels)

    @property
    def shape(self) -> tuple[int, int, int]:
        """(C, H, W) of every image."""
        return int(self.images.shape[1]), int(self.images.shape[2]), int(self.images.shape[3])

    def batch(self, places: npt.NDArray[Any],
              rng: np.random.Generator | None = None) -> tuple[Int8s, Ints]:
        """Images (n, C, H, W) int8 and labels (n,) int64 at these positions; rng is not used."""
        return self.images[places], self.labels[places]

    def head(self, count: int) -> Split:
        """The first `count` images (all, if there are fewer), the same memory."""
        return Split(self.images[:count], self.labels[:count], self.exp, self.classes)


def colour_words(pixels: npt.NDArray[np.uint8]) -> Int8s:
    """(N, H, W, 3) uint8 colours to (N, 3, H, W) int8: normalised, in steps of 2^COLOUR_EXP.

    floor(x / 2^COLOUR_EXP + 1/2), saturated; by table, one entry a colour and value.
    """
    value = np.arange(256)[None] / 255.0  # (1, 256)
    real = (value - np.array(COLOUR_MEAN)[:, None]) / np.array(COLOUR_STD)[:, None]
    table = np.clip(np.floor(real * 2.0 ** -COLOUR_EXP + 0.5), -128, 127).astype(np.int8)
    words = np.empty((pixels.shape[0], 3, *pixels.shape[1:3]), dtype=np.int8)
    for colour in range(3):
        words[:, colour] = table[colour][pixels[..., colour]]
    return words


def shuffled(length: int, count: int | None) -> Ints:
    """`count` (None: all) of the positions below length in one fixed order, the same every time.

    For files that are sorted by class: the first images of it are a fair sample.
    """
    return np.random.Generator(np.random.PCG64(0)).permutation(length)[:count].astype(np.int64)
