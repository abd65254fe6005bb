# SPDX-License-Identifier: Apache-2.0
"""Which build of a lane stands for it, and what is derived from a record."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from synth.records import Record
from synth.report.load import Origin, origin
from synth.report.model import Cell, number

LANES: Final = ("P1", "P2", "P3", "S0", "S1", "S2", "A1", "M3", "M4", "M8", "D4", "D8")
OURS: Final = ("P1", "P2", "P3")
"""P-LUT: P1 is the paper's own scheme."""
BASELINES: Final = ("S0", "S1", "S2")
NAMES: Final[Mapping[str, str]] = {
    "P1": "P-LUT, flat table (the paper's)", "P2": "P-LUT, product codes",
    "P3": "P-LUT in LUTRAM", "S0": "SHIFT on the same codes (fair: isolates the scheme)",
    "S1": "SHIFT, 8-bit activations, exact widths (fair: what prior work does)",
    "S2": "SHIFT, 32-bit data path (likely the paper's baseline)", "A1": "APoT, two shifts",
    "M3": "3-bit multipliers", "M4": "4-bit multipliers", "M8": "8-bit multipliers",
    "D4": "4-bit integers in DSP48E2", "D8": "8-bit integers in DSP48E2",
}  # fmt: skip
Place = tuple[int, int]
"""(bits, operands)."""


@dataclass(frozen=True)
class Metric:
    """A figure of a record by which lanes are compared; less is better unless `more`.

    meaning: which fields it is made of. estimate: said wherever the open flow's figure is shown.
    basis: what else has to be equal for two figures to be compared.
    """

    name: str
    meaning: str
    of: Callable[[Record], float | None]
    fields: tuple[str, ...]
    digits: int = 0
    more: bool = False
    estimate: str = ""
    basis: Callable[[Record], str] = lambda _: ""

    def caveat(self, where: Origin) -> str:
        """What to say of a figure from there: only the open flow's are estimates of ours."""
        return self.estimate if where.tool == "yosys" else ""

    def why(self, record: Record) -> str:
        """Why a record has no such figure."""
        for field in self.fields:
            if field in record.reasons:
                return f"{field}: {record.reasons[field]}"
        return f"no {' and '.join(self.fields)}"

    def cell(self, record: Record) -> Cell:
        """The figure with its meaning and origin; a dash with the reason."""
        where = origin(record)
        parts = [self.meaning, where.words, self.caveat(where)]
        if self.basis(record):
            parts.append(f"activations of package {record.extra['energy_package']}")
        note = "; ".join(part for part in parts if part)
        return number(self.of(record), self.digits, note, self.why(record))

    def better(self, one: float, other: float) -> bool:
        """Whether `one` is strictly better than `other`."""
        return one > other if self.more else one < other


def lut_ns(record: Record) -> float | None:
    """LUT sites per MAC times the shortest clock period, ns."""
    if record.lut_per_mac is None or not record.fmax_mhz_est:
        return None
    return record.lut_per_mac * 1000 / record.fmax_mhz_est


def activations(record: Record) -> str:
    """The network whose activations an energy is of: energies on two of them do not compare.

    Packages of one network at several bits do: M3 has no package of its own and takes another's
    layers, requantised, and leaving it out would hide where it wins.
    """
    package = record.extra.get("energy_package")
    return f"activations of {re.sub(r'-b[0-9]+$', '', str(package))}" if package else ""


CLOCK: Final = "the open flow's clock is an estimate"
ENERGY: Final = "estimate, uncalibrated"
LUT_PER_MAC: Final = Metric(
    "LUT/MAC", "(lut_packed + lutram) / products a cycle", lambda one: one.lut_per_mac,
    ("lut_packed", "lutram"), 2)  # fmt: skip
LUT_NS: Final = Metric(
    "LUT x ns", "LUT/MAC x 1000 / fmax_mhz_est", lut_ns, ("lut_packed", "lutram", "fmax_mhz_est"),
    1, estimate=CLOCK)  # fmt: skip
MHZ: Final = Metric("MHz est", "fmax_mhz_est", lambda one: one.fmax_mhz_est, ("fmax_mhz_est",),
                    more=True, estimate=CLOCK)  # fmt: skip
HELD: Final = Metric(
    "fJ/MAC, weights held", "energy_fj_per_mac_held", lambda one: one.energy_fj_per_mac_held,
    ("energy_fj_per_mac_held",), estimate=ENERGY, basis=activations)  # fmt: skip
CHANGING: Final = Metric(
    "fJ/MAC, weights changing", "energy_fj_per_mac_changing",
    lambda one: one.energy_fj_per_mac_changing, ("energy_fj_per_mac_changing",),
    estimate=ENERGY, basis=activations)  # fmt: skip
METRICS: Final = (LUT_PER_MAC, LUT_NS, HELD, CHANGING, MHZ)


def derived(record: Record, formula: str) -> str:
    """The note of a figure that is worked out with a record's clock."""
    where = origin(record)
    return "; ".join(part for part in (formula, where.words, MHZ.caveat(where)) if part)


@dataclass(frozen=True)
class Lanes:
    """The smallest build of each lane at each place, all of one origin."""

    origin: Origin
    best: Mapping[Place, Mapping[str, Record]]

    @property
    def places(self) -> list[Place]:
        """(bits, operands) with at least one lane, sorted."""
        return sorted(self.best)

    @property
    def largest(self) -> dict[int, int]:
        """Bits -> the operands at which lanes are compared: where most lanes are, the largest."""
        found: dict[int, int] = {}
        for b in sorted({b for b, _ in self.best}):
            found[b] = max((n for one, n in self.best if one == b),
                           key=lambda n: (len(self.best[b, n]), n))  # fmt: skip
        return found

    def get(self, b: int, n: int, lane: str) -> Record | None:
        """The build of a lane at a place, if there is one."""
        return self.best.get((b, n), {}).get(lane)


def choose(found: Iterable[Record]) -> Lanes | None:
    """The builds that stand for their lanes: those with the fewest LUT/MAC, then the fastest.

    One build stands for a lane in every comparison, so no lane has its clock from one tree of
    adders and its size from another. A build without LUT/MAC stands only where there is no other.
    """
    best: dict[Place, dict[str, Record]] = {}
    where: Origin | None = None
    for one in found:
        if one.lane is None or one.b is None or one.n is None:
            continue
        where = where or origin(one)
        row = best.setdefault((one.b, one.n), {})
        if one.lane not in row or _rank(one) < _rank(row[one.lane]):
            row[one.lane] = one
    return Lanes(where, best) if where is not None else None


def _rank(record: Record) -> tuple[float, float]:
    size = record.lut_per_mac
    return (float("inf") if size is None else size, -(record.fmax_mhz_est or 0))


def bench_command(b: int, n: int, lane: str) -> str:
    """What makes a missing record."""
    return f"`make bench PART=lanes LANE={lane} B={b} N={n}`"
