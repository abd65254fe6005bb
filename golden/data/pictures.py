# SPDX-License-Identifier: Apache-2.0
"""One compressed picture to colours, by pillow, which is asked for only when one is met."""

from __future__ import annotations

import io
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


def decode(data: bytes, item: str, size: tuple[int, int] | None = None) -> Pixels:
    """A picture file's bytes to (H, W, 3) uint8.

    size: (H, W) that it must have, None for any. Raises PlutarchError naming the item.
    """
    image = pillow()
    try:
        with image.open(io.BytesIO(data)) as opened:
            pixels = np.asarray(opened.convert("RGB"))
    except (OSError, ValueError, SyntaxError, image.DecompressionBombError) as error:
        raise PlutarchError(f"{item}: no sound picture: {str(error).splitlines()[0]}") from error
    if size is not None and pixels.shape[:2] != size:
        raise PlutarchError(f"{item}: {pixels.shape[0]} x {pixels.shape[1]} pixels, want "
                            f"{size[0]} x {size[1]}")
    return pixels
