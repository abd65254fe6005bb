# SPDX-License-Identifier: Apache-2.0
"""pot_project against golden.codes.project_int, one value a cycle."""

from __future__ import annotations

import random
from typing import Any

import cocotb
import numpy as np

from golden import codes
from tb.common import clocking, results, settings, vectors

BITS = settings.load().integer("B")
TW = settings.load().integer("TW")
LOW, HIGH = -(1 << (TW - 1)), (1 << (TW - 1)) - 1
SHIFTS = range(TW)
BEHIND = 4  # cycles by which `none` follows the value that it clears

Case = tuple[int, int]


def expected(cases: list[Case]) -> np.ndarray[Any, Any]:
    """Golden codes of (t, shift) pairs; the golden function takes one shift a call."""
    out = np.zeros(len(cases), dtype=np.int64)
    shifts = np.array([shift for _, shift in cases])
    values = np.array([t for t, _ in cases], dtype=object)
    for shift in np.unique(shifts):
        here = np.flatnonzero(shifts == shift)
        out[here] = codes.project_int(values[here], BITS, int(shift))
    return out


async def run(dut: Any, what: str, cases: list[Case]) -> np.ndarray[Any, Any]:
    """Stream the cases, compare, return the expected codes. Latency 5."""
    assert cases and all(LOW <= t <= HIGH for t, _ in cases)
    edge = clocking.start_clock(dut)
    played = [*cases, *[(0, 0)] * BEHIND]
    zero, none = (np.array([random.random() < 0.01 for _ in played]) for _ in range(2))
    inputs = [(dut.t, [t % (1 << TW) for t, _ in played]), (dut.shift, [s for _, s in played]),
              (dut.zero, [int(z) for z in zero]), (dut.none, [int(n) for n in none])]  # fmt: skip
    seen = await vectors.stream(edge, inputs, dut.code, 5)
    got = np.array(seen[5 : 5 + len(cases)], dtype=np.int64)
    want = np.where(zero[: len(cases)] | none[BEHIND:], 0, expected(cases))
    wrong = np.flatnonzero(got != want)
    if len(wrong):
        t, shift = cases[int(wrong[0])]
        raise AssertionError(
            f"{what}: {len(wrong)} of {len(cases)} differ, first t = {t}, shift = {shift}: "
            f"code {got[wrong[0]]}, expected {want[wrong[0]]}"
        )
    assert len(got) == len(cases)
    results.add_metric(what, vectors=len(cases))
    return want


@cocotb.test()
async def small_values(dut: Any) -> None:
    """Every t of -130..130 at every shift."""
    await run(dut, "small", [(t, s) for s in SHIFTS for t in range(-130, 131)])


@cocotb.test()
async def every_cut(dut: Any) -> None:
    """On each side of each cut and on it, both signs, every shift; all codes must appear.

    2|t| = 2^d is the tie that goes to zero, 2|t| = 3 * 2^(d+k-1) the ties that go up.
    """
    cases: set[Case] = set()
    for shift in SHIFTS:
        cuts = [1 << shift] + [3 << (shift + k - 1) if shift + k else 1
                               for k in range(1, codes.num_levels(BITS) + 2)]  # fmt: skip
        for cut in cuts:
            for near in (-2, -1, 0, 1, 2):
                for t in (cut // 2 + near, -(cut // 2 + near), (cut + 1) // 2 + near):
                    cases.add((max(LOW, min(HIGH, t)), shift))
    want = await run(dut, "cuts", sorted(cases))
    negative_zero = 1 << (BITS - 1)
    assert set(want.tolist()) == set(range(1 << BITS)) - {negative_zero}, "a code never came up"


@cocotb.test()
async def random_values(dut: Any) -> None:
    """VECTORS random values of every size; shift near the size, so that all codes are frequent."""
    cases = []
    for _ in range(settings.load().integer("VECTORS")):
        size = random.randrange(TW)
        t = random.getrandbits(size)
        shift = max(0, min(TW - 1, size - random.randrange(-1, codes.num_levels(BITS) + 3)))
        cases.append((t if random.getrandbits(1) else -t, shift))
    await run(dut, "random", cases)


@cocotb.test()
async def extremes(dut: Any) -> None:
    """Zero, the ends of the range and powers of two at every shift, also beyond TW - 1."""
    ends = [0, 1, -1, HIGH, HIGH - 1, LOW, LOW + 1]
    ends += [sign << k for k in range(TW - 1) for sign in (1, -1)]
    await run(dut, "extremes", [(t, s) for s in range(128) for t in ends])
