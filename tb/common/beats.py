# SPDX-License-Identifier: Apache-2.0
"""Beats of a stream as numpy bytes, and the files of the HDL player and recorder.

A stream is `data` (beats, nbytes) uint8, least significant byte first, and `last` (beats,) bool.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

Bytes = NDArray[np.uint8]
Bools = NDArray[np.bool_]


class Stream(NamedTuple):
    """What went or goes over one AXI4-Stream port in one job."""

    data: Bytes  # (beats, nbytes)
    last: Bools  # (beats,)


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


def write_player(path: Path, stream: Stream) -> None:
    """Write the file that axis_player plays: per beat a flag byte, then data, high byte first."""
    flags = stream.last.astype(np.uint8)[:, None]
    path.write_bytes(np.concatenate([flags, stream.data[:, ::-1]], axis=1).tobytes())


def read_player(path: Path, nbytes: int) -> Stream:
    """Read a player's file back: what was on the port, for coverage."""
    rows = np.frombuffer(path.read_bytes(), dtype=np.uint8).reshape(-1, nbytes + 1)
    return Stream(rows[:, :0:-1], (rows[:, 0] & 1).astype(bool))


def read_recorder(path: Path, nbytes: int) -> Stream:
    """Read what axis_recorder wrote; a file that ends inside a record raises ValueError."""
    size = (nbytes + 4) // 4 * 4  # data, flag byte, up to a multiple of four
    raw = np.frombuffer(path.read_bytes(), dtype=np.uint8)
    if len(raw) % size:
        raise ValueError(f"{path.name}: {len(raw)} bytes are no multiple of {size}")
    rows = raw.reshape(-1, size)
    return Stream(rows[:, :nbytes], (rows[:, nbytes] & 1).astype(bool))
