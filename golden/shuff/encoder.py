# SPDX-License-Identifier: Apache-2.0
"""The S-Huff encoder: count, choose the code table, pack, put the header in front."""

from __future__ import annotations

import zlib
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from golden.errors import PlutarchError
from golden.shuff.header import LIMIT, MODES, RAW, Header, check_range
from golden.shuff.huffman import canonical_codes, code_lengths, flag_lengths
from golden.shuff.packer import count_symbols, pack_bits


def table_for(counts: NDArray[np.int64], mode: str, limit: int = LIMIT) -> list[int]:
    """Code lengths of the 2^m magnitude indices with these `counts` (2^m,) in one of MODES."""
    if mode == "joint":
        return code_lengths(counts.tolist(), limit)
    if mode == "flag":
        return flag_lengths(counts.tolist(), limit)
    if mode == "raw":
        return [len(counts).bit_length() - 1] * len(counts)
    raise PlutarchError(f"S-Huff mode is {mode!r}, must be one of {', '.join(MODES)}")


def signed_book(lengths: Sequence[int], mode: int) -> tuple[NDArray[np.uint64], NDArray[np.uint8]]:
    """Value and width of the bits of each code {sign, index}: the index's code, then its sign.

    Returns (2^b,) uint64 values and (2^b,) uint8 widths, 0 for codes that cannot occur. In raw mode
    that includes the negative zero, which no encoder writes but a decoder may meet.
    """
    size = len(lengths)
    values = np.zeros(2 * size, dtype=np.uint64)
    widths = np.zeros(2 * size, dtype=np.uint8)
    for index, (code, length) in enumerate(zip(canonical_codes(lengths), lengths, strict=True)):
        if length and index == 0 and mode != RAW:
            values[0], widths[0] = code, length
        elif length:
            for sign in (0, 1):
                values[sign * size + index] = 2 * code + sign
                widths[sign * size + index] = length + 1
    return values, widths


def encode(
    codes: NDArray[np.uint8],
    bits: int,
    pin: int,
    pout: int,
    mode: str = "joint",
    limit: int = LIMIT,
) -> bytes:
    """One S-Huff stream of `codes` (n,) uint8 {sign, index}, already in hardware order.

    `pin` and `pout` are the target that the order was made for. Raises PlutarchError for codes that
    are out of range or a negative zero (naming the position), and for illegal parameters.
    """
    check_range("bits", bits, 2, 6)
    check_range("limit", limit, bits - 1, 15)
    if codes.ndim != 1 or codes.dtype != np.uint8:
        raise PlutarchError(f"codes are {codes.dtype} of shape {codes.shape}, need uint8 (n,)")
    if mode not in MODES:
        raise PlutarchError(f"S-Huff mode is {mode!r}, must be one of {', '.join(MODES)}")
    codes = np.ascontiguousarray(codes)
    size = 1 << (bits - 1)
    counts = count_symbols(codes)
    if counts[2 * size :].any() or counts[size]:
        at = int(np.argmax((codes >= 2 * size) | (codes == size)))
        raise PlutarchError(f"weight {at}: {int(codes[at])} is no {bits}-bit code")
    lengths = table_for(counts[:size] + counts[size : 2 * size], mode, limit)
    payload, _ = pack_bits(codes, *signed_book(lengths, MODES.index(mode)))
    header = Header(
        bits=bits,
        mode=MODES.index(mode),
        pin=pin,
        pout=pout,
        limit=limit,
        count=len(codes),
        payload_words=len(payload) // 4,
        lengths=tuple(lengths),
        payload_crc=zlib.crc32(payload),
    )
    return np.array(header.pack(), dtype="<u4").tobytes() + payload
