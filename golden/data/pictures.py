# SPDX-License-Identifier: Apache-2.0
"""Compressed pictures to colours, by pillow, which is asked for only when one is met."""

from __future__ import annotations

import contextlib
import io
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from golden.errors import PlutarchError

Pixels = npt.NDArray[np.uint8]


def pillow() -> Any:
    """The module PIL.Image; PlutarchError if pillow is not installed."""
    try:
        from PIL import Image
    except ImportError as error:
        raise PlutarchError("images: pillow is not installed (extra `train`)") from error
    return Image


@contextlib.contextmanager
def opened(data: bytes, item: str) -> Iterator[Any]:
    """A picture file's bytes as a pillow image in RGB, decoded. PlutarchError naming the item."""
    image = pillow()
    try:
        with image.open(io.BytesIO(data)) as raw:
            picture = raw.convert("RGB")
    except (OSError, ValueError, SyntaxError, image.DecompressionBombError) as error:
        text = str(error).splitlines()[0].split(" <")[0] if str(error) else type(error).__name__
        raise PlutarchError(f"{item}: no sound picture: {text}") from error
    yield picture


@contextlib.contextmanager
def open_picture(file: Path) -> Iterator[Any]:
    """opened() of a file; PlutarchError naming it if it cannot be read or is damaged."""
    try:
        data = file.read_bytes()
    except OSError as error:
        raise PlutarchError(f"{file}: cannot read: {error.strerror}") from error
    with opened(data, str(file)) as picture:
        yield picture


def decode(data: bytes, item: str, size: tuple[int, int]) -> Pixels:
    """A picture file's bytes to (H, W, 3) uint8, which must have that (H, W).

    Raises PlutarchError naming the item.
    """
    with opened(data, item) as picture:
        if (picture.height, picture.width) != size:
            raise PlutarchError(f"{item}: {picture.height} x {picture.width} pixels, want "
                                f"{size[0]} x {size[1]}")
        return np.asarray(picture)
