# SPDX-License-Identifier: Apache-2.0
"""One convolution layer in integers only: accumulate, scale, bias, residual, ReLU, project.

The arithmetic is design section 2, to the bit. Nothing wraps: int64 is used where the bound of a
layer allows it and Python integers beyond, so every result is exact.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal, NamedTuple

import numpy as np
import numpy.typing as npt

from golden.codes import BigInts, Codes, Ints, check_bits, max_value, project_int, to_int
from golden.conv import channel_bounds, conv2d_int, out_size
from golden.errors import PlutarchError

Int8s = npt.NDArray[np.int8]
MAX_CHANNEL_SHIFT = 15  # shift1 and shift2 are 4-bit fields


class LayerOutput(NamedTuple):
    """What a layer computes; codes and res are None where the layer does not emit them."""

    acc: BigInts  # (N, O, OH, OW) exact dot products
    t: BigInts  # (N, O, OH, OW) after scale, bias, residual and ReLU
    codes: Codes | None  # (N, O, OH, OW) uint8 PoT codes
    res: Int8s | None  # (N, O, OH, OW) int8 residual words


@dataclass(frozen=True, eq=False)
class ConvLayer:
    """A layer's integers. Arrays are indexed by output channel; scalars hold for the layer.

    weights: (O, I, K, K), uint8 PoT codes, or int8 values when wgt = "int8" (first layer).
    act: "pot" = activations are b-bit codes, "int8" = signed 8-bit fixed point (lane S1).
    Raises PlutarchError naming layer and field when a field is out of its range.
    """

    name: str
    bits: int
    weights: npt.NDArray[Any]
    stride: int
    pad: int
    shift1: Ints  # (O,) 0..15
    shift2: Ints  # (O,) 0..15
    term2: Ints  # (O,) -1, 0 or 1
    bias: Ints  # (O,) in units of 2^e_t
    relu: bool = True
    proj_shift: int = 0  # e_out - e_t
    res_in: bool = False
    res_shift: int = 0  # e_residual - e_t
    emit_code: bool = True
    emit_res: bool = False
    res_out_shift: int = 0
    raw: bool = False  # emits the accumulators themselves, then neither codes nor residual
    act: Literal["pot", "int8"] = "pot"
    wgt: Literal["pot", "int8"] = "pot"

    def __post_init__(self) -> None:
        check_bits(self.bits)
        if self.weights.ndim != 4 or self.weights.shape[2] != self.weights.shape[3]:
            raise self._bad("weights", f"shape {self.weights.shape} is not (O, I, K, K)")
        wanted = np.uint8 if self.wgt == "pot" else np.int8
        if self.weights.dtype != wanted:
            raise self._bad("weights", f"{self.weights.dtype} where {wanted.__name__} is due")
        for field, low, high in (("shift1", 0, MAX_CHANNEL_SHIFT), ("shift2", 0, MAX_CHANNEL_SHIFT),
                                 ("term2", -1, 1), ("bias", -(1 << 63), (1 << 63) - 1)):
            values = getattr(self, field)
            if values.shape != (self.out_channels,) or values.dtype != np.int64:
                raise self._bad(field, f"{values.dtype} {values.shape} where int64 "
                                       f"({self.out_channels},) is due")
            if values.size and not low <= int(values.min()) <= int(values.max()) <= high:
                raise self._bad(field, f"beyond {low}..{high}")
        for field, least in (("stride", 1), ("pad", 0), ("proj_shift", 0), ("res_shift", 0),
                             ("res_out_shift", 0)):
            value = getattr(self, field)
            if not isinstance(value, int) or value < least:
                raise self._bad(field, f"{value!r} is no integer from {least} up")
        for field, kind in (("act", "activations"), ("wgt", "weights")):
            if getattr(self, field) not in ("pot", "int8"):
                raise self._bad(field, f"no such {kind}: {getattr(self, field)!r}")
        if self.raw == (self.emit_code or self.emit_res):
            raise self._bad("raw", "a layer emits either raw accumulators or codes and/or residual")

    def _bad(self, field: str, what: str) -> PlutarchError:
        return PlutarchError(f"layer {self.name}: {field}: {what}")

    @property
    def out_channels(self) -> int:
        """O of the weights (O, I, K, K)."""
        return int(self.weights.shape[0])

    @property
    def in_channels(self) -> int:
        """I of the weights (O, I, K, K)."""
        return int(self.weights.shape[1])

    @property
    def kernel(self) -> int:
        """K of the weights (O, I, K, K)."""
        return int(self.weights.shape[2])

    @property
    def weights_int(self) -> Ints:
        """Integer values of the weights, (O, I, K, K) int64."""
        if self.wgt == "pot":
            return to_int(self.weights, self.bits)
        return self.weights.astype(np.int64)

    @property
    def max_abs_act(self) -> int:
        """Largest magnitude an input activation can have."""
        return max_value(self.bits) if self.act == "pot" else 128

    def out_shape(self, height: int, width: int) -> tuple[int, int]:
        """(OH, OW) for an input of (height, width)."""
        return (out_size(height, self.kernel, self.stride, self.pad),
                out_size(width, self.kernel, self.stride, self.pad))

    def macs(self, height: int, width: int) -> int:
        """Multiply-accumulates of one image, padding taps included."""
        oh, ow = self.out_shape(height, width)
        return oh * ow * self.weights.size

    def bounds(self) -> tuple[int, int]:
        """(bound of |acc|, bound of |t|) over all inputs that can occur, Python integers."""
        acc = channel_bounds(self.weights_int, self.max_abs_act)
        residual = 128 << self.res_shift if self.res_in else 0
        scaled = [a * ((1 << int(s1)) + abs(int(term)) * (1 << int(s2))) + abs(int(b)) + residual
                  for a, s1, s2, term, b in zip(acc, self.shift1, self.shift2, self.term2,
                                                self.bias, strict=True)]
        return max(acc, default=0), max(scaled, default=0)

    def check_fits(self, accw: int) -> None:
        """Raise PlutarchError unless this layer fits hardware with accw-bit accumulators.

        t has accw+18 bits, the bias accw+16 (contract of the RTL: nothing can wrap).
        """
        acc, t = self.bounds()
        bias = max((abs(int(b)) for b in self.bias), default=0)
        for field, value, width in (("accumulator", acc, accw), ("bias", bias, accw + 16),
                                    ("t", t, accw + 18)):
            if value >= 1 << (width - 1):
                raise self._bad(field, f"needs {value.bit_length() + 1} bits, there are {width}")
        if self.res_in and self.res_shift > accw + 8:
            raise self._bad("res_shift", f"{self.res_shift} is beyond {accw + 8}")
        for field in ("proj_shift", "res_out_shift"):
            if getattr(self, field) > 127:
                raise self._bad(field, f"{getattr(self, field)} is beyond 127")

    def run(self, a: npt.NDArray[Any], residual: Int8s | None = None) -> LayerOutput:
        """Run the layer on a (N, I, H, W): uint8 codes, or int8 values when act = "int8".

        residual: (N, O, OH, OW) int8, given if and only if res_in. Exact for every input.
        Raises PlutarchError when the inputs do not belong to this layer.
        """
        values = self._activations(a)
        acc = conv2d_int(values, self.weights_int, self.stride, self.pad)
        t = self._scale(acc, self._residual(residual, acc.shape))
        if self.raw:
            return LayerOutput(acc, t, None, None)
        codes = project_int(t, self.bits, self.proj_shift) if self.emit_code else None
        return LayerOutput(acc, t, codes, residual_word(t, self.res_out_shift)
                           if self.emit_res else None)

    def _activations(self, a: npt.NDArray[Any]) -> Ints:
        wanted = np.uint8 if self.act == "pot" else np.int8
        if a.dtype != wanted or a.ndim != 4 or a.shape[1] != self.in_channels:
            raise self._bad("activations", f"{a.dtype} {a.shape} where {wanted.__name__} "
                                           f"(N, {self.in_channels}, H, W) is due")
        return to_int(a, self.bits) if self.act == "pot" else a.astype(np.int64)

    def _residual(self, residual: Int8s | None, shape: tuple[int, ...]) -> Int8s | None:
        if (residual is not None) != self.res_in:
            raise self._bad("residual", "missing" if self.res_in else "given, but res_in is false")
        if residual is not None and (residual.dtype != np.int8 or residual.shape != shape):
            raise self._bad("residual", f"{residual.dtype} {residual.shape} where int8 {shape} "
                                        "is due")
        return residual

    def _scale(self, acc: BigInts, residual: Int8s | None) -> BigInts:
        """The t of design section 2; int64 where 2*|t| cannot leave it, else Python integers."""
        dtype: Any = np.int64 if self.bounds()[1] < 1 << 62 else object
        shift1, shift2, term2, bias = (
            field.astype(dtype)[:, None, None]  # (O, 1, 1)
            for field in (self.shift1, self.shift2, self.term2, self.bias))
        wide = acc.astype(dtype)
        t: BigInts = (wide << shift1) + term2 * (wide << shift2) + bias
        if residual is not None:
            t = t + (residual.astype(dtype) << self.res_shift)
        if self.relu:
            t = np.maximum(t, 0)
        return t


def residual_word(t: BigInts, shift: int) -> Int8s:
    """saturate((t + half) >> shift) to signed 8 bits, half = 2^(shift-1) or 0 for shift 0.

    t: any shape, int64 below 2^62 in magnitude or Python integers. Exact; >> is the floor.
    """
    if shift > 62:  # the rounding constant alone would leave int64
        t = t.astype(object)
    half = 1 << (shift - 1) if shift else 0
    words: Int8s = np.clip((t + half) >> shift, -128, 127).astype(np.int8)
    return words
