# SPDX-License-Identifier: Apache-2.0
"""What a network is made of: convolutions in their place, max pools, the linear layer, shortcuts.

Integers only. A max pool is exact on codes and on residual words alike: projecting and rounding are
monotone, so the largest code of a window is the code of its largest t.
"""

from __future__ import annotations

import functools
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from golden.codes import BigInts, Codes, Ints
from golden.conv import INT64_EXACT, channel_bounds, out_size
from golden.errors import PlutarchError
from golden.layer import ConvLayer, Int8s, LayerOutput


@dataclass(frozen=True, eq=False)
class Node:
    """A layer, the layers it reads, and the exponents that give its integers a meaning.

    source: layer or max pool whose codes (act "pot") or residual words (act "int8") it reads, or
    "input". residual: layer or max pool whose residual words it adds, or None. as_values: with act
    "int8", read the codes of the source as the integers they stand for (golden.int8_values).
    Real value = integer * 2^exponent.
    """

    layer: ConvLayer
    source: str
    residual: str | None
    exp_w: int
    exp_a: int
    exp_t: int
    as_values: bool = False

    @property
    def exp_out(self) -> int:
        """Exponent of the emitted codes."""
        return self.exp_t + self.layer.proj_shift

    @property
    def exp_res(self) -> int:
        """Exponent of the emitted residual words."""
        return self.exp_t + self.layer.res_out_shift

    @property
    def reads_codes(self) -> bool:
        """True if it reads the codes of its source, false if the residual words (or the input)."""
        return self.layer.act == "pot" or self.as_values


@dataclass(frozen=True)
class MaxPool:
    """Largest value of every kernel x kernel window of what `source` emits (codes, words or both).

    Pixels outside the map never win. Exponents stay those of the source. Costs no multiplication;
    the host does it between two layers. Raises PlutarchError for a field out of its range.
    """

    name: str
    source: str
    kernel: int
    stride: int
    pad: int

    def __post_init__(self) -> None:
        for field, low, high in (("kernel", 1, 1 << 15), ("stride", 1, 1 << 15),
                                 ("pad", 0, self.kernel // 2 if self.kernel else 0)):
            value = getattr(self, field)
            if not isinstance(value, int) or not low <= value <= high:
                raise PlutarchError(f"max pool {self.name}: {field}: {value!r} is no integer from "
                                    f"{low} to {high}")

    def out_shape(self, height: int, width: int) -> tuple[int, int]:
        """(OH, OW) for an input of (height, width)."""
        return (out_size(height, self.kernel, self.stride, self.pad),
                out_size(width, self.kernel, self.stride, self.pad))

    def run(self, given: LayerOutput, bits: int) -> LayerOutput:
        """The pooled output of the source: acc = t = pooled t; codes and res where it has them."""
        t = self.largest(given.t)
        codes = None if given.codes is None else self.largest_code(given.codes, bits)
        return LayerOutput(t, t, codes, None if given.res is None else self.largest(given.res))

    def largest(self, x: npt.NDArray[Any]) -> npt.NDArray[Any]:
        """(N, C, H, W) integers to (N, C, OH, OW), same dtype."""
        oh, ow = self.out_shape(x.shape[2], x.shape[3])
        # a pixel repeated at the edge lies in every window that sees the copy: it changes nothing
        wide = np.pad(x, ((0, 0), (0, 0), (self.pad, self.pad), (self.pad, self.pad)), mode="edge")
        reach = self.stride * (oh - 1) + 1, self.stride * (ow - 1) + 1
        return functools.reduce(np.maximum, (
            wide[:, :, dy:dy + reach[0]:self.stride, dx:dx + reach[1]:self.stride]
            for dy in range(self.kernel) for dx in range(self.kernel)))

    def largest_code(self, codes: Codes, bits: int) -> Codes:
        """Codes (N, C, H, W) to the codes (N, C, OH, OW) of the largest values."""
        sign = 1 << (bits - 1)
        index = (codes & (sign - 1)).astype(np.int8)
        ranked = self.largest(np.where(codes & sign, -index, index))  # indices rank as values do
        return np.where(ranked < 0, sign - ranked, ranked).astype(np.uint8)


@dataclass(frozen=True, eq=False)
class FcLayer:
    """Linear layer on the pooled sums: logits = weights @ sums + bias, exact."""

    weights: Int8s  # (classes, C)
    bias: Ints  # (classes,)
    exp_w: int

    def run(self, sums: Ints) -> LayerOutput:
        """sums: (N, C) int64. Returns acc = weights @ sums and t = logits, both (N, classes)."""
        w = self.weights.astype(np.int64)
        largest = int(np.abs(sums).max()) if sums.size else 0
        if max(channel_bounds(w, largest)) + int(np.abs(self.bias).max()) >= INT64_EXACT:
            raise PlutarchError("layer fc: logits do not fit in 64 bits")
        acc: BigInts = sums @ w.T  # (N, classes)
        return LayerOutput(acc, acc + self.bias, None, None)


def shortcut(words: Int8s | None, shape: tuple[int, int, int]) -> Int8s:
    """Residual words (N, C, H, W) brought to (N, *shape): as they are, or by option A.

    Option A: every (H/OH)-th pixel from the first, zero channels added half before and half after.
    Raises PlutarchError if the shapes do not allow it.
    """
    if words is None:
        raise PlutarchError("shortcut: the layer it reads emits no residual words")
    channels, oh, ow = shape
    step = max(1, -(-words.shape[2] // oh))
    taken = words[:, :, ::step, ::step]  # (N, C, OH, OW)
    extra = channels - words.shape[1]
    if taken.shape[2:] != (oh, ow) or extra < 0:
        raise PlutarchError(f"shortcut: cannot bring {words.shape} to {shape}")
    return np.pad(taken, ((0, 0), (extra // 2, extra - extra // 2), (0, 0), (0, 0)))
