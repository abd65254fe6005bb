# SPDX-License-Identifier: Apache-2.0
"""Integers of any width side by side in the bytes of a beat, and back."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

Bytes = NDArray[np.uint8]


def pack_lanes(values: NDArray[Any], bits: int, nbytes: int) -> Bytes:
    """Pack integers (beats, lanes) into (beats, nbytes): lane i in bits [i*bits +: bits].

    Negative values in two's complement; unused bits are zero. bits <= 64; object arrays may hold
    any integers that fit. Values are cut to `bits` bits, so check ranges before.
    """
    beats, lanes = values.shape
    if lanes * bits > 8 * nbytes:
        raise ValueError(f"{lanes} lanes of {bits} bits do not fit {nbytes} bytes")
    if values.dtype == object:
        values = (values & ((1 << bits) - 1)).astype(np.uint64)
    width = 1 if bits <= 8 else 8
    cut = values.astype("u1" if width == 1 else "<u8")  # two's complement, low bits kept
    raw = np.ascontiguousarray(cut).view(np.uint8).reshape(beats, lanes, width)
    one = np.unpackbits(raw, axis=2, bitorder="little")[:, :, :bits]  # (beats, lanes, bits)
    row = np.zeros((beats, 8 * nbytes), dtype=np.uint8)
    row[:, : lanes * bits] = one.reshape(beats, lanes * bits)
    return np.packbits(row, axis=1, bitorder="little")


def unpack_lanes(data: Bytes, bits: int, lanes: int, *, signed: bool) -> NDArray[np.int64]:
    """Inverse of pack_lanes for lanes of up to 63 bits: (beats, lanes) int64."""
    one = np.unpackbits(data, axis=1, bitorder="little")[:, : lanes * bits]
    row = np.zeros((len(data), lanes, 64), dtype=np.uint8)
    row[:, :, :bits] = one.reshape(len(data), lanes, bits)
    raw = np.packbits(row, axis=2, bitorder="little")  # (beats, lanes, 8)
    values = np.ascontiguousarray(raw).view("<i8").reshape(len(data), lanes).astype(np.int64)
    if signed:
        values -= (values >> (bits - 1)) << bits
    return values
