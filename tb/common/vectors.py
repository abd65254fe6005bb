# SPDX-License-Identifier: Apache-2.0
"""Vectors through units without handshake: one a cycle in, one a cycle out, fixed latency."""

from __future__ import annotations

import random
from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
from cocotb.triggers import FallingEdge

from host.packing import pack_lanes, unpack_lanes
from tb.common import clocking

Ints = npt.NDArray[np.int64]
Inputs = Sequence[tuple[Any, Sequence[int]]]


def to_words(values: npt.NDArray[Any], bits: int) -> list[int]:
    """Pack (vectors, lanes) integers into one unsigned word a vector, lane i at bit i * bits."""
    nbytes = (values.shape[1] * bits + 7) // 8
    return [
        int.from_bytes(row, "little")
        for part in np.array_split(values, len(values) // 4096 + 1)
        for row in pack_lanes(part, bits, nbytes)
    ]


def from_words(words: Sequence[int], bits: int, lanes: int) -> Ints:
    """Unpack signed lanes of up to 63 bits: (vectors, lanes) int64."""
    nbytes = (lanes * bits + 7) // 8
    raw = np.frombuffer(b"".join(word.to_bytes(nbytes, "little") for word in words), np.uint8)
    return unpack_lanes(raw.reshape(len(words), nbytes), bits, lanes, signed=True)


async def stream(edge: FallingEdge, inputs: Inputs, output: Any, latency: int) -> list[int]:
    """Feed one vector a cycle, return the output of `len(vectors) + latency` cycles.

    Item k is what stood on `output` after the clock edge that took vector k - 1, so vector i with
    latency n is item i + n. Random values go before and after the vectors: nothing is held for the
    unit, and what is X before the first clock has left the pipeline when reading begins.
    """
    count = len(inputs[0][1])
    assert count > 0 and all(len(words) == count for _, words in inputs), "no vectors"
    seen = []
    await edge
    for at in range(-latency, count + latency):
        if at >= 0:
            seen.append(clocking.known(output, f"vector {at}"))
        for handle, words in inputs:
            inside = 0 <= at < count
            handle.value = words[at] if inside else random.getrandbits(len(handle))
        await edge
    return seen


def report(what: str, got: Ints, expected: Ints) -> int:
    """Fail with the first difference; return how many values were compared (never 0)."""
    assert got.shape == expected.shape and got.size > 0, f"{what}: {got.shape} {expected.shape}"
    wrong = np.argwhere(got != expected)
    if len(wrong):
        at = tuple(int(i) for i in wrong[0])
        raise AssertionError(f"{what}: {len(wrong)} of {got.size} differ, first at {at}: "
                             f"{got[at]}, expected {expected[at]}")  # fmt: skip
    return int(got.size)
