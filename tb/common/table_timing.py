# SPDX-License-Identifier: Apache-2.0
"""When the tables of lane P3 are written: table_bank.v cycle by cycle, without its data."""

from __future__ import annotations

import functools
from collections.abc import Iterable


def bus_of(tap: int, pin: int, buses: int) -> int:
    """The maker that writes the tables of a tap."""
    return (tap // pin + tap % pin) % buses


class TableTiming:
    """State of the makers and of the tap that waits in front of them.

    bits: of a code; pin: input channels a beat; buses: makers. A new one has nothing to do.
    """

    def __init__(self, bits: int, pin: int, buses: int) -> None:
        self._sweep = 1 << bits  # cycles of a tap
        self._pin = pin
        self._left = [0] * buses  # cycles that a maker still needs
        self._waiting: int | None = None  # the bus it waits for

    @property
    def quiet(self) -> bool:
        """Nothing waits, nothing is being made: what was taken up to now is in the tables."""
        return self._waiting is None and not any(self._left)

    @property
    def _go(self) -> bool:
        return self._waiting is not None and self._left[self._waiting] <= 1

    @property
    def ready(self) -> bool:
        """Whether a tap offered in this cycle is taken (w_ready)."""
        return self._waiting is None or self._go

    def cycle(self, tap: int | None = None, swap: bool = False, rst: bool = False) -> bool:
        """One clock, with this tap offered; True if it is taken."""
        taken = tap is not None and self.ready and not rst
        went = self._waiting if self._go else None
        self._left = [max(0, left - 1) for left in self._left]
        if went is not None:
            self._left[went] = self._sweep
        if swap or rst:
            self._left = [self._sweep] * len(self._left)
        if went is not None or swap or rst:
            self._waiting = None
        if tap is not None and taken:
            self._waiting = bus_of(tap, self._pin, len(self._left))
        return taken


def load_cycles(bits: int, pin: int, buses: int, taps: Iterable[int], *, swap: bool = True) -> int:
    """Cycles from a w_swap to the w_settled of the tile behind it, its taps always at hand.

    swap False: from a first tap to a bank at rest.
    """
    return _load_cycles(bits, pin, buses, tuple(taps), swap)


@functools.lru_cache(maxsize=1024)
def _load_cycles(bits: int, pin: int, buses: int, taps: tuple[int, ...], swap: bool) -> int:
    timing = TableTiming(bits, pin, buses)
    todo = list(reversed(taps))
    cycles = 0
    while todo or not timing.quiet:
        if timing.cycle(todo[-1] if todo else None, swap=swap and cycles == 0):
            todo.pop()
        cycles += 1
    return cycles
