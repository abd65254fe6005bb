# SPDX-License-Identifier: Apache-2.0
"""Few numbers honestly: mean, range, and whether a difference between two arms shows at all."""

from __future__ import annotations

import math
import statistics
from collections.abc import Sequence
from dataclasses import dataclass

from golden.errors import PlutarchError

# Student's t, two-sided 95 %, for 1, 2, 3 ... degrees of freedom (any statistics table).
_T95 = (12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228, 2.201, 2.179, 2.160,
        2.145, 2.131, 2.120, 2.110, 2.101, 2.093, 2.086)


@dataclass(frozen=True)
class Spread:
    """Mean, lowest and highest of some values, and their standard deviation (n - 1; 0 of one)."""

    mean: float
    low: float
    high: float
    deviation: float
    count: int

    def text(self, digits: int = 2) -> str:
        """`98.61 (97.78 .. 99.17)`."""
        if self.count == 1:
            return f"{self.mean:.{digits}f}"
        return f"{self.mean:.{digits}f} ({self.low:.{digits}f} .. {self.high:.{digits}f})"


def spread(values: Sequence[float]) -> Spread:
    """Of one value or more. Raises PlutarchError of none."""
    if not values:
        raise PlutarchError("no values: nothing to take the mean of")
    return Spread(statistics.fmean(values), min(values), max(values),
                  statistics.stdev(values) if len(values) > 1 else 0.0, len(values))


@dataclass(frozen=True)
class Difference:
    """Mean of paired differences (one pair a seed) and half the width of its 95 % interval."""

    mean: float
    half: float  # infinite for one pair
    count: int

    @property
    def shows(self) -> bool:
        """Whether the interval leaves out 0."""
        return abs(self.mean) > self.half

    def sentence(self, one: str, two: str, unit: str) -> str:
        """What may be said of it, in one sentence."""
        start = f"{one} - {two}: {self.mean:+.2f} {unit}"
        if self.count < 2:
            return f"{start}; one seed: nothing can be said of chance"
        verdict = "shows" if self.shows else "does not show: 0 lies within"
        return (f"{start} +- {self.half:.2f} (95 %, {self.count} seeds): a difference {verdict}"
                + ("" if self.shows else " the interval"))


def paired(one: Sequence[float], two: Sequence[float]) -> Difference:
    """One - two, seed by seed. Raises PlutarchError unless both have the same seeds' number."""
    if len(one) != len(two) or not one:
        raise PlutarchError(f"cannot pair {len(one)} values with {len(two)}")
    gaps = [a - b for a, b in zip(one, two, strict=True)]
    if len(gaps) == 1:
        return Difference(gaps[0], math.inf, 1)
    t = _T95[len(gaps) - 2] if len(gaps) - 2 < len(_T95) else 1.96
    half = t * statistics.stdev(gaps) / math.sqrt(len(gaps))
    return Difference(statistics.fmean(gaps), half, len(gaps))
