# SPDX-License-Identifier: Apache-2.0
"""The S-Huff encoder: code table, header, and a bit packer in plain numpy."""

from __future__ import annotations

import zlib

import numpy as np
from numpy.typing import NDArray

from golden.errors import PlutarchError
from golden.shuff.header import LIMIT, MODES, RAW, Header
from golden.shuff.huffman import canonical_codes, code_lengths, flag_lengths


def table_for(counts: NDArray[np.int64], mode: str, limit: int = LIMIT) -> list[int]:
    """Code lengths of the 2^m magnitude indices with these `counts` (2^m,) in one of MODES."""
    if mode == "joint":
        return code_lengths(counts.tolist(), limit)
    if mode == "flag":
        return flag_lengths(counts.tolist(), limit)
    if mode == "raw":
        return [len(counts).bit_length() - 1] * len(counts)
    raise PlutarchError(f"S-Huff mode is {mode!r}, must be one of {', '.join(MODES)}")


def signed_book(lengths: list[int], mode: int) -> tuple[NDArray[np.uint64], NDArray[np.uint8]]:
    """Value and length of the bits of each code {sign, index}: the index's code, then its sign.

    Returns (2^b,) uint64 values and (2^b,) uint8 lengths; 0 bits for codes that cannot occur.
    """
    size = len(lengths)
    values = np.zeros(2 * size, dtype=np.uint64)
    widths = np.zeros(2 * size, dtype=np.uint8)
    for index, code in enumerate(canonical_codes(lengths)):
        if not lengths[index]:
            continue
        if index == 0 and mode != RAW:
            values[0], widths[0] = code, lengths[0]
            continue
        for sign in (0, 1) if index else (0,):
            values[sign * size + index] = 2 * code + sign
            widths[sign * size + index] = lengths[index] + 1
    return values, widths


def pack_bits(
    symbols: NDArray[np.uint8], values: NDArray[np.uint64], widths: NDArray[np.uint8]
) -> tuple[bytes, int]:
    """Concatenate values[s] of widths[s] bits, MSB first in 32-bit words; (payload, bit count)."""
    width = widths[symbols].astype(np.int64)
    value = values[symbols]
    ends = np.cumsum(width)
    total = int(ends[-1]) if len(ends) else 0
    starts = ends - width
    out = np.zeros((total + 63) // 64 * 2 + 2, dtype=np.uint32)
    for back in range(int(widths.max(initial=0))):
        here = width > back
        at = starts[here] + back
        bit = value[here] >> (width[here] - 1 - back).astype(np.uint64) & np.uint64(1)
        np.bitwise_or.at(out, at >> 5, (bit << (31 - (at & 31)).astype(np.uint64)).astype("u4"))
    return out[: (total + 31) // 32].astype("<u4").tobytes(), total


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
    if not 2 <= bits <= 6:
        raise PlutarchError(f"S-Huff bits is {bits}, must be 2..6")
    if codes.ndim != 1 or codes.dtype != np.uint8:
        raise PlutarchError(f"codes are {codes.dtype} of shape {codes.shape}, need uint8 (n,)")
    if mode not in MODES:
        raise PlutarchError(f"S-Huff mode is {mode!r}, must be one of {', '.join(MODES)}")
    size = 1 << (bits - 1)
    counts = np.bincount(codes, minlength=2 * size)
    if len(counts) > 2 * size or counts[size]:
        at = int(np.argmax((codes >= 2 * size) | (codes == size)))
        raise PlutarchError(f"weight {at}: code {int(codes[at])} is no {bits}-bit code")
    lengths = table_for(counts[:size] + counts[size:], mode, limit)
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
