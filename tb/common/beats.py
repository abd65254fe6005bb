# SPDX-License-Identifier: Apache-2.0
"""Beats of a stream as numpy bytes, and the files of the HDL player and recorder.

A stream is `data` (beats, nbytes) uint8, least significant byte first, and `last` (beats,) bool.
"""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from host.packing import Bytes

Bools = NDArray[np.bool_]


class Stream(NamedTuple):
    """What went or goes over one AXI4-Stream port in one job."""

    data: Bytes  # (beats, nbytes)
    last: Bools  # (beats,)


def write_player(path: Path, stream: Stream) -> None:
    """Write the file that axis_player plays: per beat a flag byte, then data, high byte first.

    An older file is written over and then cut to size: emptying it first, which `write_bytes` does,
    makes ext4 wait for the disk, a millisecond for each of a test's thousands of small files.
    """
    flags = stream.last.astype(np.uint8)[:, None]
    data = np.concatenate([flags, stream.data[:, ::-1]], axis=1).tobytes()
    with path.open("r+b" if path.exists() else "wb") as file:
        file.write(data)
        file.truncate()


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
