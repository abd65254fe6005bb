# SPDX-License-Identifier: Apache-2.0
"""Coverage groups: named bins with counts, unreachable ones left out with a reason."""

from __future__ import annotations

from collections.abc import Hashable, Iterable
from typing import Any


class Group:
    """One coverage point (or cross). Bins are fixed beforehand; a hit on no bin is an error.

    needs: hits that a bin wants before it counts as covered.
    """

    def __init__(self, name: str, bins: Iterable[Hashable], needs: int = 1) -> None:
        self.name = name
        self.needs = needs
        self.counts: dict[Hashable, int] = dict.fromkeys(bins, 0)
        if not self.counts:
            raise ValueError(f"coverage group {name} has no bins")

    def hit(self, key: Hashable, times: int = 1) -> None:
        """Count a bin; KeyError if the model has no such bin."""
        self.counts[key] += times

    @property
    def covered(self) -> int:
        return sum(count >= self.needs for count in self.counts.values())

    @property
    def missing(self) -> list[str]:
        return [str(key) for key, count in self.counts.items() if count < self.needs]


class Model:
    """All groups of a bench, over a whole simulation."""

    def __init__(self, groups: Iterable[Group]) -> None:
        self.groups = {group.name: group for group in groups}

    def __getitem__(self, name: str) -> Group:
        return self.groups[name]

    def add(self, other: Model) -> None:
        """Add the counts of a model of the same shape."""
        for name, group in other.groups.items():
            for key, count in group.counts.items():
                self.groups[name].hit(key, count)

    def missing(self, names: Iterable[str] | None = None) -> dict[str, list[str]]:
        """Bins not covered, by group; only of `names` if given."""
        chosen = self.groups if names is None else names
        return {n: self.groups[n].missing for n in chosen if self.groups[n].missing}

    def table(self) -> dict[str, Any]:
        """What goes to the results: covered and total, per group and in sum, and what is open."""
        rows: dict[str, Any] = {
            name: f"{group.covered}/{len(group.counts)}" for name, group in self.groups.items()
        }
        rows["covered"] = sum(g.covered for g in self.groups.values())
        rows["bins"] = sum(len(g.counts) for g in self.groups.values())
        open_bins = [f"{n}: {', '.join(bins)}" for n, bins in self.missing().items()]
        rows["missing"] = "; ".join(open_bins)[:500]
        return rows
