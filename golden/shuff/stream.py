# SPDX-License-Identifier: Apache-2.0
"""S-Huff streams in files: written whole or not at all, and errors that name the file."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from golden.errors import PlutarchError, ShuffError
from golden.files import write_atomic
from golden.shuff.decoder import decode
from golden.shuff.encoder import encode
from golden.shuff.header import LIMIT


def write_stream(
    path: str | os.PathLike[str],
    codes: NDArray[np.uint8],
    bits: int,
    pin: int,
    pout: int,
    mode: str = "joint",
    limit: int = LIMIT,
) -> int:
    """Encode `codes` (n,) into the file `path`, under a temporary name first; its size in bytes.

    Raises PlutarchError naming the file, for codes that `encode` refuses too.
    """
    try:
        data = encode(codes, bits, pin, pout, mode, limit)
    except PlutarchError as error:
        raise PlutarchError(f"{path}: {error}") from error
    write_atomic(path, data)
    return len(data)


def read_stream(
    path: str | os.PathLike[str],
    bits: int | None = None,
    pin: int | None = None,
    pout: int | None = None,
    limit: int = LIMIT,
) -> NDArray[np.uint8]:
    """Codes (count,) uint8 of the stream in the file `path`; None accepts what the header says.

    Raises ShuffError naming file and byte for a bad stream, PlutarchError if it cannot be read.
    """
    try:
        data = Path(path).read_bytes()
    except OSError as error:
        raise PlutarchError(f"{path}: cannot read: {error.strerror or error}") from error
    try:
        return decode(data, bits, pin, pout, limit)
    except ShuffError as error:
        raise error.in_file(str(path)) from error
