# SPDX-License-Identifier: Apache-2.0
"""Horizontal bands of a map that does not fit the accelerator in one piece."""

from __future__ import annotations

import itertools
from typing import NamedTuple

from golden.layer import ConvLayer


class Band(NamedTuple):
    """Output rows out_start..out_stop-1 and the input rows and padding that they need."""

    out_start: int
    out_stop: int
    in_start: int
    in_stop: int
    pad_top: int
    pad_bottom: int


def band(layer: ConvLayer, height: int, out_start: int, out_stop: int) -> Band:
    """The band of output rows out_start..out_stop-1 of a layer on maps of `height` rows."""
    first = out_start * layer.stride - layer.pad
    last = (out_stop - 1) * layer.stride - layer.pad + layer.kernel  # one behind
    return Band(out_start, out_stop, max(first, 0), min(last, height),
                max(-first, 0), max(last - height, 0))


def split_rows(layer: ConvLayer, height: int, width: int, positions: int) -> list[Band]:
    """Bands of at most `positions` output positions each, as equal as possible, top to bottom.

    Empty when not even one output row fits.
    """
    oh, ow = layer.out_shape(height, width)
    if positions < ow:
        return []
    count = -(-oh // (positions // ow))
    edges = [oh * i // count for i in range(count + 1)]
    return [band(layer, height, a, b) for a, b in itertools.pairwise(edges)]
