# SPDX-License-Identifier: Apache-2.0
"""lane_mac: the dot product of signed 8-bit weights with signed 8-bit activations."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import cocotb
import numpy as np

from tb.common import lane_bench
from tb.common.lane_bench import Lane
from tb.common.vectors import Ints


def signed(raw: Ints) -> Ints:
    """Bytes 0..255 as the integers -128..127 that they stand for."""
    return np.asarray(raw.astype(np.uint8).view(np.int8).astype(np.int64))


@dataclass(frozen=True)
class Mac(Lane):
    """Both operands are two's complement bytes; no code, no table."""

    bits: int = 8
    int8: bool = True

    def sum_bits(self, terms: int) -> int:
        return 16 + (terms - 1).bit_length()

    def sums(self, w: Ints, a: Ints) -> Ints:
        return np.asarray((signed(w) * signed(a)).sum(axis=1))  # (vectors,)


LANE = Mac()


@cocotb.test()
async def every_pair(dut: Any) -> None:
    """Exhaustive over all 65536 pairs of bytes."""
    await lane_bench.every_pair(dut, LANE)


@cocotb.test()
async def uniform(dut: Any) -> None:
    """Largest and smallest sums: -128 times -128 in every term is the one that needs all bits."""
    await lane_bench.uniform(dut, LANE)


@cocotb.test()
async def random_vectors(dut: Any) -> None:
    """VECTORS random vectors, one a cycle."""
    await lane_bench.random_vectors(dut, LANE)


@cocotb.test()
async def impulse(dut: Any) -> None:
    """One vector among zeros shows in one cycle only: nothing is held, nothing leaks."""
    bench = lane_bench.LaneBench(dut, LANE)
    w = np.zeros((40, bench.terms), dtype=np.int64)
    a = np.zeros_like(w)
    w[20], a[20] = 127, 128
    await bench.run("impulse", w, a)
