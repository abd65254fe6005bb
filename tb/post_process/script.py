# SPDX-License-Identifier: Apache-2.0
"""What post_process is played: sums with their parameters under modes that stand still for a while.

The arithmetic is that of the contract (design section 2) in Python's integers; codes and residual
words are golden's.
"""

from __future__ import annotations

import random
from dataclasses import dataclass, field

import numpy as np

from golden.codes import num_levels, project_int
from golden.layer import residual_word

IDLE_BEFORE, IDLE_BEHIND = 3, 12  # cycles: the mode is taken in, the pipeline empties


@dataclass(frozen=True)
class Sizes:
    """Of the build: bits of a code, channels, bits of a sum."""

    bits: int
    pout: int
    accw: int

    @property
    def biasw(self) -> int:
        return self.accw + 16

    @property
    def tw(self) -> int:
        return self.accw + 18


@dataclass(frozen=True)
class Mode:
    """What stands still during a layer."""

    raw: bool = False
    relu: bool = False
    res_in: bool = False
    proj_shift: int = 0
    res_shift: int = 0
    res_out_shift: int = 0


@dataclass(frozen=True)
class Channel:
    """One channel's inputs in one cycle."""

    acc: int
    shift1: int
    shift2: int
    term2: int
    bias: int
    res: int
    on: bool = True

    def value(self, mode: Mode) -> int:
        """The t of the contract, before relu."""
        if not self.on:
            return 0
        t = (self.acc << self.shift1) + self.term2 * (self.acc << self.shift2) + self.bias
        return t + (self.res << mode.res_shift if mode.res_in else 0)

    def param(self, sizes: Sizes) -> int:
        """{bias, term2, shift2, shift1}."""
        bias = self.bias % (1 << sizes.biasw)
        return (bias << 10) | ((self.term2 % 4) << 8) | (self.shift2 << 4) | self.shift1


@dataclass(frozen=True)
class Row:
    """One cycle. channels: () where no sum comes; what stands at the ports then is garbage."""

    mode: Mode
    channels: tuple[Channel, ...] = ()
    end: bool = field(default_factory=lambda: random.random() < 0.1)


def results(channels: tuple[Channel, ...], mode: Mode, sizes: Sizes) -> tuple[list[int], list[int]]:
    """(y, words) of a sum, a value a channel: raw sums signed, or codes; words are 0 beside raw."""
    if mode.raw:
        return [c.acc if c.on else 0 for c in channels], [0] * len(channels)
    every = [c.value(mode) for c in channels]
    t = np.array([max(v, 0) if mode.relu else v for v in every], dtype=object)
    codes = project_int(t, sizes.bits, mode.proj_shift)
    return [int(c) for c in codes], [int(w) for w in residual_word(t, mode.res_out_shift)]


def signed(bits: int) -> int:
    """A value of up to `bits` bits of two's complement: of any size, or at an end of its range."""
    top = (1 << (bits - 1)) - 1
    if random.random() < 0.1:
        return random.choice((0, 1, -1, top, -top - 1))
    value = random.getrandbits(random.randrange(bits))
    return value if random.random() < 0.5 else -value


def draw_mode(sizes: Sizes) -> Mode:
    """Shifts of every size; in a third of the modes so small that each unit of t counts."""
    raw = random.random() < 0.15
    small = random.random() < 0.33
    top = 8 if small else sizes.tw - 1
    return Mode(raw, random.random() < 0.5, random.random() < 0.5, random.randrange(top),
                random.randrange(top if small else sizes.accw + 9), random.randrange(top))


def near_a_cut(mode: Mode, sizes: Sizes) -> int:
    """A t on one side of a place where the code or the word changes, or on it."""
    if random.random() < 0.5:
        k = random.randrange(1, num_levels(sizes.bits) + 2)
        cut = (3 << (mode.proj_shift + k - 1)) // 2
    else:
        cut = (2 * random.randrange(130) + 1 << mode.res_out_shift) // 2
    return random.choice((1, -1)) * (cut + random.choice((-1, 0, 1)))


def draw_channel(mode: Mode, sizes: Sizes) -> Channel:
    """Any fields; half of the biases put t near a cut, as far as they can."""
    drawn = Channel(signed(sizes.accw), random.randrange(16), random.randrange(16),
                    random.randrange(-1, 2), signed(sizes.biasw), random.randrange(-128, 128),
                    random.random() < 0.95)  # fmt: skip
    if random.random() < 0.5:
        acc = drawn.acc >> random.randrange(sizes.accw)
        moved = Channel(acc, drawn.shift1, drawn.shift2, drawn.term2, 0, drawn.res, drawn.on)
        bias = near_a_cut(mode, sizes) - moved.value(mode)
        if -(1 << (sizes.biasw - 1)) <= bias < 1 << (sizes.biasw - 1):
            return Channel(acc, drawn.shift1, drawn.shift2, drawn.term2, bias, drawn.res, drawn.on)
    return drawn


def layer(mode: Mode, sizes: Sizes, sums: int, gaps: float) -> list[Row]:
    """The rows of a layer: `sums` sums, a share of `gaps` of the cycles without one."""
    rows = [Row(mode)] * IDLE_BEFORE
    for _ in range(sums):
        while random.random() < gaps:
            rows.append(Row(mode))
        rows.append(Row(mode, tuple(draw_channel(mode, sizes) for _ in range(sizes.pout))))
    return [*rows, *[Row(mode)] * IDLE_BEHIND]
