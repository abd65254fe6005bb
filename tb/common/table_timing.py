# SPDX-License-Identifier: Apache-2.0
"""When the tables of lane P3 are written: table_bank.v cycle by cycle, without its data."""

from __future__ import annotations

import functools
from collections.abc import Iterable

QUEUE = 8  # taps that wait


def bus_of(tap: int, pin: int, buses: int) -> int:
    """The maker that writes the tables of a tap."""
    return (tap // pin + tap % pin) % buses


class TableTiming:
    """State of the makers and of the taps that wait in front of them.

    bits: of a code; pin: input channels a beat; buses: makers. A new one has nothing to do.
    """

    def __init__(self, bits: int, pin: int, buses: int) -> None:
        self._sweep = 1 << bits  # cycles of a tap
        self._pin = pin
        self._left = [0] * buses  # cycles that a maker still needs
        self._waiting: int | None = None  # the bus that the next tap waits for
        self._queue: list[int] = []  # the buses of those behind it
        self.ready = True  # w_ready: a tap may be written now, or in the two cycles after

    @property
    def quiet(self) -> bool:
        """Nothing waits, nothing is being made: what was taken up to now is in the tables."""
        return self._waiting is None and not self._queue and not any(self._left)

    def cycle(self, tap: int | None = None, swap: bool = False, rst: bool = False) -> None:
        """One clock, with this tap written."""
        self.ready = rst or len(self._queue) <= 4
        went = self._waiting
        if went is None or self._left[went] <= 1:
            self._waiting = self._queue.pop(0) if self._queue else None
        else:
            went = None
        self._left = [max(0, left - 1) for left in self._left]
        if went is not None:
            self._left[went] = self._sweep
        if swap or rst:
            self._left = [self._sweep] * len(self._left)
            self._waiting, self._queue = None, []
        if tap is not None and not rst:
            self._queue.append(bus_of(tap, self._pin, len(self._left)))
            assert len(self._queue) <= QUEUE, "written without room"


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
        timing.cycle(todo.pop() if todo and timing.ready else None, swap=swap and cycles == 0)
        cycles += 1
    return cycles
