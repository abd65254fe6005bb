# SPDX-License-Identifier: Apache-2.0
"""The fast S-Huff decoder; anything it does not like goes to the specification for the verdict."""

from __future__ import annotations

import struct

import numpy as np
from numpy.typing import NDArray

from golden import errors
from golden.errors import ShuffError
from golden.shuff.header import LIMIT
from golden.shuff.reference import decode_serial


def words_of(data: bytes) -> list[int]:
    """The whole 32-bit words of a stream on disk."""
    return list(struct.unpack_from(f"<{len(data) // 4}I", data))


def decode(
    data: bytes,
    bits: int | None = None,
    pin: int | None = None,
    pout: int | None = None,
    limit: int = LIMIT,
) -> NDArray[np.uint8]:
    """Codes (count,) uint8 of one stream; bits, pin, pout None accept what the header says.

    Raises ShuffError of the same class as `decode_serial`. Bytes after the last whole word are
    TLAST_LATE if the words before them are a good stream.
    """
    words = words_of(data)
    b = bits if bits is not None else words[1] >> 8 & 255 if len(words) > 1 else 4
    if bits is None and not 2 <= b <= 6:
        b = 4
    codes = decode_serial(
        words,
        b,
        pin if pin is not None else words[2] & 255 if len(words) > 2 else 1,
        pout if pout is not None else words[2] >> 8 & 255 if len(words) > 2 else 1,
        limit,
    )
    if len(data) % 4:
        raise ShuffError(errors.TLAST_LATE, len(data) // 4 * 4, "part of a word after the end")
    return codes
