# SPDX-License-Identifier: Apache-2.0
"""Where P-LUT does not win: computed from the records, each rival, each metric."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final

from synth.identity import OWN_BITS
from synth.report.choose import LANES, METRICS, NAMES, OURS, Lanes, Metric
from synth.report.model import Cell, Section, Table, number, words

RIVALS: Final = tuple(lane for lane in LANES if lane not in OURS)
BEST: Final = "best of " + ", ".join(OURS)


@dataclass(frozen=True)
class Loss:
    """One of ours against one rival in one metric, at one width.

    lost: operands -> how much better the rival is, in per cent (0: a tie). compared: all operands
    at which both have the figure.
    """

    ours: str
    rival: str
    metric: Metric
    b: int
    rival_bits: int
    lost: dict[int, float]
    compared: tuple[int, ...]


def losses(lanes: Lanes) -> Iterator[Loss]:
    """Every pair in which P-LUT is not strictly better somewhere.

    A rival has to carry as many bits as ours or more: fewer bits would be another accuracy. What
    stands for P-LUT is each lane by itself, and the best of them at each place.
    """
    widths = sorted({b for b, _ in lanes.best if b <= 5})
    for metric, b, ours, rival in itertools.product(METRICS, widths, (*OURS, BEST), RIVALS):
        bits = OWN_BITS.get(rival, b)
        if bits >= b and (found := _against(lanes, metric, b, ours, rival, bits)):
            yield found


def _figure(lanes: Lanes, metric: Metric, b: int, n: int, lane: str) -> tuple[float, str] | None:
    """(the figure of one lane, its basis), if there is one."""
    record = lanes.get(b, n, lane)
    value = None if record is None else metric.of(record)
    return None if record is None or value is None else (value, metric.basis(record))


def _ours(lanes: Lanes, metric: Metric, b: int, n: int, ours: str, basis: str) -> float | None:
    """P-LUT's figure on that basis: of one lane, or the best of all."""
    seen = [found[0] for one in (OURS if ours == BEST else (ours,))
            if (found := _figure(lanes, metric, b, n, one)) and found[1] == basis]  # fmt: skip
    return (max if metric.more else min)(seen, default=None)


def _against(lanes: Lanes, metric: Metric, b: int, ours: str, rival: str,
             rival_bits: int) -> Loss | None:  # fmt: skip
    compared, lost = [], {}
    for n in sorted({n for one, n in lanes.best if one == b}):
        its = _figure(lanes, metric, rival_bits, n, rival)
        mine = _ours(lanes, metric, b, n, ours, its[1]) if its else None
        if mine is None or its is None:
            continue
        compared.append(n)
        if not metric.better(mine, its[0]):
            small, large = sorted((mine, its[0]))
            lost[n] = 100 * (large / small - 1) if small else 100.0 * bool(large)
    if not lost:
        return None
    return Loss(ours, rival, metric, b, rival_bits, lost, tuple(compared))


def section(lanes: Iterable[Lanes]) -> Section:
    """The best of P-LUT first, then each lane of it."""
    tables, absent = [], []
    for one in lanes:
        found = list(losses(one))
        best = tuple(_row(loss) for loss in found if loss.ours == BEST)
        each = tuple(_row(loss) for loss in found if loss.ours != BEST)
        about = (f"{one.origin.words}. Clock and energy: estimates, uncalibrated. The P lane that "
                 "is best is chosen anew for each figure, which favours P-LUT.",)  # fmt: skip
        if not any(lane in row for row in one.best.values() for lane in OURS):
            absent.append("No record of a P-LUT lane: `make bench PART=lanes`.")
            continue
        tables.append(Table(f"No P-LUT lane is better ({one.origin.words})", _HEAD, best, about,
                            docs=True))  # fmt: skip
        tables.append(Table(f"Single P-LUT lanes that a rival matches or beats "
                            f"({one.origin.words})", _HEAD, each, long=True))  # fmt: skip
    return Section("losses", "Where P-LUT does not win", (
        "Computed from the records: a row for each rival that is as good or better in a figure at "
        "some number of operands. Rivals carry as many bits as P-LUT or more. An empty table "
        "means that no record shows one. D4 and D8 spend DSP slices beside their LUTs.",
    ), tuple(tables), absent=tuple(absent), docs=True)  # fmt: skip


_HEAD: Final = (
    ("figure", "what is compared"), ("b", "bits of P-LUT's codes"), ("P-LUT", ""), ("rival", ""),
    ("bits", "of the rival"), ("not better at N =", ""), ("of N =", "where both have the figure"),
    ("rival ahead by up to %", "0: a tie"),
)  # fmt: skip


def _row(loss: Loss) -> tuple[Cell, ...]:
    return (words(loss.metric.name, loss.metric.meaning), number(loss.b), words(loss.ours),
            words(loss.rival, NAMES[loss.rival]), number(loss.rival_bits),
            words(", ".join(map(str, loss.lost))), words(", ".join(map(str, loss.compared))),
            number(max(loss.lost.values()), 1, "larger over smaller figure, less 1"))  # fmt: skip
