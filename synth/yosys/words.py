# SPDX-License-Identifier: Apache-2.0
"""Bits of many streams side by side in 64-bit words, and logic on all of them at once.

A net's value is a row of words: bit i of word j is its value in stream 64 * j + i.
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np
import numpy.typing as npt

Bytes = npt.NDArray[np.uint8]
Words = npt.NDArray[np.uint64]
ONES: Final = np.uint64(0xFFFFFFFFFFFFFFFF)


def packed(bits: Bytes) -> Words:
    """(..., streams) of 0 and 1 -> (..., words); streams that fill no word leave zeros."""
    streams = bits.shape[-1]
    short = np.packbits(bits, axis=-1, bitorder="little")
    whole = np.zeros((*bits.shape[:-1], 8 * (-(-streams // 64))), np.uint8)
    whole[..., : short.shape[-1]] = short
    return np.asarray(whole.view("<u8"), np.uint64)


def unpacked(words: Words, streams: int) -> Bytes:
    """(..., words) -> (..., streams) of 0 and 1."""
    raw = np.ascontiguousarray(words).astype("<u8", copy=False).view(np.uint8)
    return np.unpackbits(raw, axis=-1, count=streams, bitorder="little")


def spread(bits: Any) -> Words:
    """0 -> no bit set, 1 -> every bit set."""
    return np.where(np.asarray(bits, bool), ONES, np.uint64(0))


def mux(no: Words, yes: Words, select: Words) -> Words:
    """`yes` where select has a bit, else `no`."""
    return no ^ ((no ^ yes) & select)


def chosen(choices: Words, address: Words) -> Words:
    """Of choices (2^k, ..., words) the one that address (k, ..., words), lowest bit first, names in
    each stream: (..., words).
    """
    left = choices
    for select in address:
        left = mux(left[0::2], left[1::2], select)
    found: Words = left[0]
    return found


def one_hot(address: Words) -> Words:
    """(k, ..., words), lowest bit first -> (2^k, ..., words): a bit in the word that it names."""
    found = np.full((1, *address.shape[1:]), ONES)
    for select in address[::-1]:  # the highest bit splits first
        found = np.stack([found & ~select, found & select], axis=1).reshape(
            2 * len(found), *address.shape[1:])  # fmt: skip
    return found


def signed(bits: Bytes) -> npt.NDArray[np.int64]:
    """(cells, width, streams) of 0 and 1 in two's complement, LSB first -> (cells, streams)."""
    weights = np.left_shift(np.int64(1), np.arange(bits.shape[1], dtype=np.int64))
    weights[-1] = -weights[-1]
    return np.asarray(np.einsum("cws,w->cs", bits.astype(np.int64), weights))
