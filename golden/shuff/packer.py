# SPDX-License-Identifier: Apache-2.0
"""Bits of a prefix code into 32-bit words, in plain numpy.

Eight symbols are joined into one value of at most 56 bits by a table of symbol pairs and two
shifts, so that the placing of values into words runs over an eighth of the data.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

_BLOCK = 1 << 16  # symbol pairs at a time: the work arrays stay in the second-level cache
_MANY = 1 << 14  # symbols from which the pair table (65,536 entries) pays
_VALUE_BITS = 26  # of a pair table entry; its width is above


def pack_bits(
    symbols: NDArray[np.uint8], values: NDArray[np.uint64], widths: NDArray[np.uint8]
) -> tuple[bytes, int]:
    """Concatenate values[s] in widths[s] bits for each symbol (n,), first bit at the top.

    Returns the bytes of the little-endian 32-bit words, the last one padded with zeros, and the
    number of bits. Exact for widths of 1 to 63 bits; every symbol must index the tables.
    """
    if not len(symbols):
        return b"", 0
    if len(symbols) >= _MANY and widths.max() <= 7:
        return _place(*_join_eight(symbols, values, widths))
    return _place(values[symbols], widths[symbols].astype(np.uint64))


def count_symbols(symbols: NDArray[np.uint8]) -> NDArray[np.int64]:
    """Histogram (256,) of the symbols (n,); twice as quick as bincount because it counts pairs."""
    if len(symbols) < _MANY:
        return np.bincount(symbols, minlength=256)
    even = len(symbols) & ~1
    pairs = np.bincount(symbols[:even].view(np.uint16), minlength=1 << 16).reshape(256, 256)
    odd = np.bincount(symbols[even:], minlength=256)
    return np.asarray(pairs.sum(axis=0) + pairs.sum(axis=1) + odd)


def _join_eight(
    symbols: NDArray[np.uint8], values: NDArray[np.uint64], widths: NDArray[np.uint8]
) -> tuple[NDArray[np.uint64], NDArray[np.uint64]]:
    """Values and widths of each eight symbols: (ceil(n/8),) twice. Widths are at most 7."""
    value = np.zeros(256, dtype=np.uint32)
    width = np.zeros(256, dtype=np.uint32)
    value[: len(values)] = values
    width[: len(widths)] = widths
    nothing = np.full(-len(symbols) % 8, 255, dtype=np.uint8)  # width 0: 64 symbols at most
    pairs = np.concatenate([symbols, nothing]).view("<u2")  # (n/2,) first symbol in the low byte
    joined = value[None, :] << width[:, None] | value[:, None]  # [second, first]
    table = (joined | (width[None, :] + width[:, None]) << _VALUE_BITS).ravel()  # (65536,)

    out_value = np.empty(len(pairs) // 4, dtype=np.uint64)
    out_width = np.empty(len(pairs) // 4, dtype=np.uint64)
    for at in range(0, len(pairs), _BLOCK):
        four = table.take(pairs[at : at + _BLOCK]).reshape(-1, 4)  # (eights, pairs)
        w0, w1, w2, w3 = (four >> _VALUE_BITS).T
        v0, v1, v2, v3 = (four & (1 << _VALUE_BITS) - 1).T
        half = slice(at // 4, at // 4 + len(four))
        upper = (v0 << w1 | v1).astype(np.uint64)
        out_value[half] = upper << (w2 + w3) | (v2 << w3 | v3)
        out_width[half] = w0 + w1 + w2 + w3
    return out_value, out_width


def _place(values: NDArray[np.uint64], widths: NDArray[np.uint64]) -> tuple[bytes, int]:
    """Values (n,) of widths (n,) bits, 1..63, one behind the other: (bytes, bit count).

    No value is as wide as a 64-bit word, so in every word at least one value begins and only the
    last one that begins there can reach into the next.
    """
    ends = np.cumsum(widths)
    total = int(ends[-1])
    begins = ends - widths
    shift = begins & 63
    top = values << (64 - widths)
    first = np.flatnonzero(np.diff(begins >> 6, prepend=np.uint64(2**64 - 1)))
    last = np.append(first[1:], len(values)) - 1
    words = np.zeros(len(first) + 1, dtype=np.uint64)
    words[:-1] = np.bitwise_or.reduceat(top >> shift, first)
    words[1:] |= top[last] << (63 - shift[last]) << 1  # in two steps: a shift by 64 is undefined
    halves = words.astype(">u8").view(">u4")[: (total + 31) // 32]
    return halves.astype("<u4").tobytes(), total
