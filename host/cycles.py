# SPDX-License-Identifier: Apache-2.0
"""How many cycles a convolution takes at least on an accelerator, from its shape alone.

A pass holds one tile of weights and issues one position a cycle; the next tile's weights come in
its shadow, POUT of them a cycle, one step for each input channel and tap. So a pass lasts as long
as the longer of the two. Filling, draining and waits of the streams come on top
(tb/conv_engine/cycle_model.py has all of them for one job; `make network` counts the real ones).
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass

from golden.resnet18 import MAX_POOL, SIZE, convs
from host.target import Target


@dataclass(frozen=True)
class Shape:
    """A convolution on real maps: out and in channels, kernel, stride, output rows and columns."""

    name: str
    outs: int
    ins: int
    kernel: int
    stride: int
    oh: int
    ow: int

    @property
    def macs(self) -> int:
        """Products of one image; taps in the padding count, as everywhere."""
        return self.outs * self.ins * self.kernel**2 * self.oh * self.ow


def resnet18() -> Iterator[Shape]:
    """The convolutions of ResNet18 at 224 x 224 in the order of golden.resnet18."""
    sides = {"input": SIZE}
    for conv in convs():
        outs, ins, kernel, _ = conv.shape
        side = -(-sides[conv.source] // conv.stride)
        sides[conv.name] = side
        if conv.name == MAX_POOL.source:
            sides[MAX_POOL.name] = -(-side // MAX_POOL.stride)
        yield Shape(conv.name, outs, ins, kernel, conv.stride, side, side)


def least_cycles(target: Target, shape: Shape) -> int:
    """Cycles of one image of this layer that nothing can save; in bands where PSUM_DEPTH asks.

    A band is a job of its own; the weights of its first tile come before its first position and
    hide behind nothing.
    """
    size = target.in_tile_size(shape.kernel)
    steps = [min(size, shape.ins - first) * shape.kernel**2
             for first in range(0, shape.ins, size)]  # of each input tile
    out_tiles = -(-shape.outs // target.pout)
    rows = shape.oh
    if len(steps) > 1:
        rows = min(rows, max(1, target.psum_depth // shape.ow))
    bands = -(-shape.oh // rows)
    edges = [shape.oh * i // bands for i in range(bands + 1)]
    total = 0
    for begin, end in itertools.pairwise(edges):
        positions = (end - begin) * shape.ow
        passes = steps * out_tiles
        total += steps[0] + positions + sum(max(positions, later) for later in passes[1:])
    return total
