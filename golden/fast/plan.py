# SPDX-License-Identifier: Apache-2.0
"""Which arithmetic is exact for a layer: decided from its integers alone, before any image is seen.

An integer of magnitude at most 2^24 is a float32, one of at most 2^53 a float64. If
sum|w| * max|a| of a layer stays within that, so does every partial sum of its convolution in any
order, with or without fused multiply-add, and no rounding can happen (our argument; the same
limits as golden.conv).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal

import numpy as np

from golden.codes import Ints
from golden.conv import FLOAT32_EXACT, FLOAT64_EXACT
from golden.layer import ConvLayer

Arithmetic = Literal["float32", "float64", "integers"]
LIMITS: Final[Mapping[Arithmetic, int]] = {"float32": FLOAT32_EXACT, "float64": FLOAT64_EXACT}
MAX_SCALING = 500  # powers of two that t is scaled by: far from float64's own limit of 1022


@dataclass(frozen=True)
class LayerPlan:
    """How a layer is computed, and the bounds that allow it.

    conv: type of the convolution; "integers" hands the whole layer to golden.layer. acc_bound and
    t_bound: bounds of the accumulator and of t with its rounding constant, over all inputs.
    Scale, bias, residual, ReLU and projection are always float64.
    """

    name: str
    conv: Arithmetic
    acc_bound: int
    t_bound: int

    def row(self) -> dict[str, str | int]:
        """Plain values for JSON: bounds as integers, and the bits of each."""
        return {"layer": self.name, "conv": self.conv, "acc_bound": self.acc_bound,
                "acc_bits": self.acc_bound.bit_length(), "t_bound": self.t_bound,
                "t_bits": self.t_bound.bit_length()}


def plan_layer(layer: ConvLayer) -> LayerPlan:
    """The narrowest exact arithmetic for a layer, for every input that it accepts.

    float32 for an accumulator bound of at most 2^24, float64 up to 2^53; "integers" (slow) beyond,
    or where t needs more than 53 bits.
    """
    acc, t = layer.bounds()
    if layer.emit_res and layer.res_out_shift:
        t += 1 << (layer.res_out_shift - 1)
    fitting = [name for name, limit in LIMITS.items() if acc <= limit]
    scaling = max(layer.proj_shift, layer.res_out_shift)
    if not fitting or t > FLOAT64_EXACT or scaling > MAX_SCALING:
        return LayerPlan(layer.name, "integers", acc, t)
    return LayerPlan(layer.name, fitting[0], acc, t)


def channel_scale(layer: ConvLayer) -> Ints:
    """The factor of each channel, 2^shift1 + term2 * 2^shift2: (O,) int64, exact."""
    one = np.int64(1)
    return np.asarray((one << layer.shift1) + layer.term2 * (one << layer.shift2))
