# SPDX-License-Identifier: Apache-2.0
"""The steps of a network as work to be done: with real tensors (jobs) and as a list (work).

A host program runs the jobs in order and compares every `expected`; a compiler reads the list.
"""

from __future__ import annotations

from typing import Any, Literal, NamedTuple

import numpy.typing as npt

from golden.codes import Codes, Ints
from golden.layer import ConvLayer, Int8s, LayerOutput
from golden.nodes import FcLayer, MaxPool, Node

INPUT, POOL, FC = "input", "pool", "fc"  # names a layer may not have
Shape = tuple[int, int, int]  # channels, height, width


class ConvJob(NamedTuple):
    """One layer with real inputs: what a testbench drives and what it must get back."""

    layer: ConvLayer
    a: npt.NDArray[Any]  # (N, I, H, W) uint8 codes, or int8 values when layer.act = "int8"
    residual: Int8s | None  # (N, O, OH, OW)
    expected: LayerOutput

    @property
    def name(self) -> str:
        """The layer's name."""
        return self.layer.name


class MaxPoolJob(NamedTuple):
    """One max pool: pools codes and words, each None where the source emits none."""

    pool: MaxPool
    codes: Codes | None  # (N, C, H, W)
    words: Int8s | None  # (N, C, H, W)
    expected: LayerOutput  # codes and res of (N, C, OH, OW)

    @property
    def name(self) -> str:
        """The pool's name."""
        return self.pool.name


class SumJob(NamedTuple):
    """The sum pool over all pixels of the last layer's residual words."""

    source: str
    words: Int8s  # (N, C, H, W)
    expected: LayerOutput  # acc = t = sums, (N, C) int64
    name: str = POOL


class FcJob(NamedTuple):
    """The linear layer on the sums."""

    fc: FcLayer
    sums: Ints  # (N, C)
    expected: LayerOutput  # acc = weights @ sums, t = acc + bias = logits, (N, classes)
    name: str = FC


Job = ConvJob | MaxPoolJob | SumJob | FcJob


class Work(NamedTuple):
    """One step without tensors. macs and shapes are for one image; padding taps count as macs."""

    name: str
    kind: Literal["conv", "maxpool", "pool", "fc"]
    op: Node | MaxPool | FcLayer | None  # None: the sum pool
    source: str
    residual: str | None
    in_shape: Shape
    out_shape: Shape
    weights: int  # without biases
    macs: int
