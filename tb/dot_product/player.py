# SPDX-License-Identifier: Apache-2.0
"""Files in, files out: one job of dot_family. Python sleeps while the clock runs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
from cocotb.triggers import RisingEdge

from host.packing import pack_lanes
from tb.common import clocking, results, settings
from tb.common.lane_kinds import Kind
from tb.common.vectors import Ints

SIZES = (1, 2, 9, 16, 25, 49, 64)
_PLACES, _PLACE_BYTES = 4, 6
_jobs = iter(range(1 << 30))


def weight_bytes(kind: Kind, w: Ints) -> npt.NDArray[np.uint8]:
    """Weight codes (vectors, outs, 64) as the bytes of a record, (vectors, bytes)."""
    flat = w.reshape(len(w), -1)
    return pack_lanes(flat, kind.weight_bits, (flat.shape[1] * kind.weight_bits + 7) // 8)


def beat_bytes(beats: Sequence[int], bits: int) -> npt.NDArray[np.uint8]:
    """Beats of a load bus as the bytes of a record, (beats, bytes)."""
    count = (bits + 7) // 8
    raw = b"".join(beat.to_bytes(count, "little") for beat in beats)
    return np.frombuffer(raw, np.uint8).reshape(len(beats), count)


async def play(dut: Any, kind: Kind, load: Ints, w: npt.NDArray[np.uint8], a: Ints) -> Ints:
    """Play one record a cycle; return all samples, (cycles, sizes, outs * pixels) int64.

    load: (vectors,) 0 or 1; w: (vectors, bytes); a: (vectors, pixels, 64) codes.
    """
    flat = a.reshape(len(a), -1)
    acts = pack_lanes(flat, kind.act_bits, (flat.shape[1] * kind.act_bits + 7) // 8)
    # The HDL reads the first byte of the file into the highest place.
    record = np.concatenate([load.astype(np.uint8)[:, None], w[:, ::-1], acts[:, ::-1]], axis=1)
    folder, job = settings.load().data_dir, next(_jobs)
    (folder / f"dots_{job}.bin").write_bytes(record.tobytes())

    edge = clocking.start_clock(dut)
    dut.go.value = 0
    for _ in range(2):
        await edge
    dut.job.value = job
    dut.go.value = 1
    await RisingEdge(dut.done)
    assert not int(dut.failed.value), "the record file could not be played"
    dut.go.value = 0

    path = folder / f"sums_{job}.bin"
    raw = np.frombuffer(path.read_bytes(), np.uint8)
    places = raw.reshape(-1, len(SIZES), _PLACES, _PLACE_BYTES)
    wide = np.zeros((*places.shape[:3], 8), np.uint8)
    wide[..., 2:] = places  # the sign ends up in the highest byte
    sums: Ints = wide.view(np.int64)[..., 0] >> 16
    path.unlink()
    (folder / f"dots_{job}.bin").unlink()
    return sums[:, :, : kind.outs * kind.pixels]


class Tally:
    """What one test compares, size by size: all sizes are looked at, then the test fails or not."""

    def __init__(self, what: str, kind: Kind) -> None:
        self._what = f"{what}, lane {kind.name}, B = {kind.bits}"
        self._short = what
        self._sums = self._mismatches = 0
        self._wrong: list[str] = []

    def add(self, terms: int, got: Ints, expected: Ints) -> None:
        """Compare the sums of one size, (vectors,) or (vectors, outs * pixels)."""
        name = f"{self._what}, N = {terms}"
        assert got.shape == expected.shape and got.size > 0, f"{name}: {got.shape} {expected.shape}"
        wrong = np.argwhere(got != expected)
        self._sums += got.size
        self._mismatches += len(wrong)
        if len(wrong):
            at = tuple(int(i) for i in wrong[0])
            place = f"vector {at[0]}" + (f" (output {at[1]})" if len(at) > 1 else "")
            self._wrong.append(f"{name}: {len(wrong)} of {got.size} sums differ, first in {place}: "
                               f"{got[at]}, expected {expected[at]}")  # fmt: skip

    def close(self, **counts: int) -> None:
        """Record what was compared; fail with the first difference of each size."""
        results.add_metric(self._short, sums=self._sums, mismatches=self._mismatches, **counts)
        assert not self._wrong, "; ".join(self._wrong)
