# SPDX-License-Identifier: Apache-2.0
"""Images: scikit-learn's digits, and CIFAR-10 (JPEG) where the user has it."""

from __future__ import annotations

import io
import os
import zipfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from golden.codes import Ints
from golden.errors import PlutarchError
from golden.layer import Int8s

ROOT = Path(__file__).resolve().parents[2]
DIGITS_EXP = -4  # pixels are 0..16
CIFAR_EXP = -5  # normalised colours lie within -4..4
# Means and deviations that the checkpoints were trained with (akamaster/pytorch_resnet_cifar10).
CIFAR_MEAN = (0.485, 0.456, 0.406)
CIFAR_STD = (0.229, 0.224, 0.225)


@dataclass(frozen=True, eq=False)
class Split:
    """Images as the integers that enter the network, (N, C, H, W) int8, and labels (N,) int64."""

    images: Int8s
    labels: Ints

    def __len__(self) -> int:
        return len(self.labels)


def digits() -> tuple[Split, Split]:
    """(training, test): 1437 and 360 of scikit-learn's 8x8 digits, the same split every time."""
    try:
        from sklearn.datasets import load_digits
    except ImportError as error:
        raise PlutarchError("digits: scikit-learn is not installed (extra `train`)") from error
    found = load_digits()
    images = found.images.astype(np.int8)[:, None]  # (1797, 1, 8, 8), pixels 0..16
    labels = found.target.astype(np.int64)
    order = np.random.Generator(np.random.PCG64(0)).permutation(len(labels))
    test, train = order[:360], order[360:]
    return Split(images[train], labels[train]), Split(images[test], labels[test])


def data_folder(given: str | os.PathLike[str] | None = None) -> Path:
    """PLUTARCH_DATA, or ../shared/data beside the repository; PlutarchError if there is none."""
    chosen = given or os.environ.get("PLUTARCH_DATA") or ROOT.parent / "shared" / "data"
    folder = Path(chosen)
    if not folder.is_dir():
        raise PlutarchError(f"PLUTARCH_DATA: {folder} is no folder; set it to where "
                            "cifar10_jpeg/ and checkpoints/ are")
    return folder


def cifar(folder: Path, split: str, count: int) -> Split:
    """`count` images of CIFAR-10 (JPEG), split "train" or "test", normalised.

    The files are sorted by class, so the images are taken in one fixed shuffled order.

    Raises PlutarchError naming the file if it is missing, damaged or too short.
    """
    try:
        from PIL import Image
    except ImportError as error:
        raise PlutarchError("CIFAR-10 (JPEG): pillow is not installed (extra `train`)") from error
    file = folder / "cifar10_jpeg" / f"{split}.npz"
    try:
        with file.open("rb") as opened, np.load(opened, allow_pickle=False) as archive:
            jpeg, offset, label = archive["jpeg"], archive["offset"], archive["label"]
    except FileNotFoundError as error:
        raise PlutarchError(f"{file}: missing; CIFAR-10 (JPEG) is needed for quantize") from error
    except (OSError, ValueError, EOFError, KeyError, zipfile.BadZipFile) as error:
        raise PlutarchError(f"{file}: damaged: {error}") from error
    if not 0 < count <= len(label):
        raise PlutarchError(f"{file}: has {len(label)} images, {count} were asked for")
    chosen = np.random.Generator(np.random.PCG64(0)).permutation(len(label))[:count]
    pixels = np.empty((count, 32, 32, 3), dtype=np.uint8)
    for place, i in enumerate(chosen):
        data = jpeg[int(offset[i]):int(offset[i + 1])].tobytes()
        try:
            with Image.open(io.BytesIO(data)) as image:
                pixels[place] = np.asarray(image.convert("RGB"))
        except (OSError, ValueError) as error:
            raise PlutarchError(f"{file}: image {i}: {error}") from error
    return Split(cifar_ints(pixels), label[chosen].astype(np.int64))


def cifar_ints(pixels: np.ndarray[tuple[int, ...], np.dtype[np.uint8]]) -> Int8s:
    """(N, 32, 32, 3) uint8 colours to (N, 3, 32, 32) int8 in units of 2^CIFAR_EXP deviations."""
    real = (pixels.transpose(0, 3, 1, 2) / 255.0
            - np.array(CIFAR_MEAN)[:, None, None]) / np.array(CIFAR_STD)[:, None, None]
    words: Int8s = np.clip(np.floor(real * 2.0 ** -CIFAR_EXP + 0.5), -128, 127).astype(np.int8)
    return words
