# SPDX-License-Identifier: Apache-2.0
"""Random layers with random tensors, drawn so that outputs spread over all codes."""

from __future__ import annotations

import math
import zlib
from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from golden.layer import ConvLayer
from tb.conv_engine.coverage_model import legal_codes
from tb.conv_engine.hardware import Hardware
from tb.conv_engine.work import LayerWork

EMIT = {"code": (True, False, False), "res": (False, True, False),
        "code+res": (True, True, False), "raw": (False, False, True)}


@dataclass(frozen=True)
class Shape:
    """What a layer looks like from outside."""

    height: int = 5
    width: int = 5
    cin: int = 3
    cout: int = 3
    kernel: int = 3
    stride: int = 1
    pad: int = 1
    images: int = 1

    @property
    def out(self) -> tuple[int, int]:
        """(OH, OW)."""
        height, width = (n + 2 * self.pad - self.kernel for n in (self.height, self.width))
        return height // self.stride + 1, width // self.stride + 1


@dataclass(frozen=True)
class Mode:
    """What is done with the sums."""

    relu: bool = True
    res_in: bool = False
    emit: str = "code"


def generator(seed: int, *names: str | int) -> Generator:
    """A generator for one named thing: the same on every device and simulator."""
    name = "/".join(map(str, names)).encode()
    return np.random.default_rng([seed & 0xFFFFFFFF, zlib.crc32(name)])


def draw_codes(rng: Generator, bits: int, shape: tuple[int, ...], style: str) -> NDArray[np.uint8]:
    """Codes without negative zero. Styles: flat, sparse (most zero), edge (0 and largest), one."""
    codes = np.array(legal_codes(bits), dtype=np.uint8)
    top = (1 << (bits - 1)) - 1
    if style == "flat":
        return rng.choice(codes, size=shape)
    if style == "sparse":
        return np.where(rng.random(shape) < 0.7, 0, rng.choice(codes, size=shape)).astype(np.uint8)
    if style == "edge":
        edge = np.array([0, top, top | 1 << (bits - 1)], dtype=np.uint8)
        return rng.choice(edge, size=shape, p=[0.2, 0.4, 0.4])
    return np.full(shape, rng.choice(codes), dtype=np.uint8)


def draw_weights(rng: Generator, hw: Hardware, shape: tuple[int, ...], style: str) -> NDArray[Any]:
    """Codes, or int8 values for lane M8, in the same styles."""
    if hw.wgt == "pot":
        return draw_codes(rng, hw.bits, shape, style)
    return draw_int8(rng, shape, style)


def draw_activations(rng: Generator, hw: Hardware, shape: tuple[int, ...],
                     style: str) -> NDArray[Any]:
    """Codes, or int8 values for lane S1, in the same styles."""
    if hw.act == "pot":
        return draw_codes(rng, hw.bits, shape, style)
    return draw_int8(rng, shape, style)


def draw_int8(rng: Generator, shape: tuple[int, ...], style: str) -> NDArray[np.int8]:
    """Signed bytes in the styles of draw_codes."""
    if style == "edge":
        return rng.choice(np.array([-128, 0, 127], dtype=np.int8), size=shape)
    if style == "one":
        return np.full(shape, rng.integers(-128, 128), dtype=np.int8)
    values = rng.integers(-128, 128, size=shape, dtype=np.int8)
    return np.where(rng.random(shape) < 0.6, 0, values).astype(np.int8) if style == "sparse" \
        else values


def draw_layer(rng: Generator, hw: Hardware, name: str, shape: Shape, mode: Mode,
               styles: tuple[str, str] = ("flat", "flat"),
               table: Literal["joint", "flag", "raw"] = "joint") -> LayerWork:
    """One layer of this shape and mode with random numbers everywhere.

    Scales are drawn first; the output shifts then follow from the sums that really occur, so codes
    and residual words are neither all zero nor all saturated (now and then they are, on purpose).
    """
    s = shape
    code, res, raw = EMIT[mode.emit]
    weights = draw_weights(rng, hw, (s.cout, s.cin, s.kernel, s.kernel), styles[0])
    a = draw_activations(rng, hw, (s.images, s.cin, s.height, s.width), styles[1])
    residual = None
    if mode.res_in:
        residual = rng.integers(-128, 128, (s.images, s.cout, *s.out), dtype=np.int8)
    top = rng.choice([0, 4, 15])  # small scales are the usual case, 15 the limit
    layer = ConvLayer(
        name=name, bits=hw.bits, weights=weights, stride=s.stride, pad=s.pad,
        shift1=_ints(rng, 0, top, s.cout), shift2=_ints(rng, 0, top, s.cout),
        term2=_ints(rng, -1, 1, s.cout), bias=np.zeros(s.cout, dtype=np.int64), relu=mode.relu,
        emit_code=code, emit_res=res, raw=raw, res_in=mode.res_in, res_shift=0,
        act=hw.act, wgt=hw.wgt)
    spread = _bits(replace(layer, emit_code=False, emit_res=False, raw=True, res_in=False,
                           relu=False).run(a).t)
    limit = hw.bias_bits - 1
    size = min(max(spread + int(rng.integers(-3, 2)), 1), limit)
    bias = _ints(rng, -(1 << size), (1 << size) - 1, s.cout)
    bias[rng.random(s.cout) < 0.2] = 0
    if rng.random() < 0.1:
        bias[rng.integers(s.cout)] = rng.choice([1, -1]) * ((1 << limit) - 1)
    res_shift = _shift(rng, spread - 7, hw.acc_bits + 8)
    layer = replace(layer, bias=bias, res_shift=res_shift if mode.res_in else 0)
    reach = _bits(layer.run(a, residual).t)
    top_level = int(rng.integers(1, 1 << (hw.bits - 1)))  # what the usual large t projects to
    layer = replace(layer,
                    proj_shift=_shift(rng, reach - top_level, hw.t_bits - 2) if code else 0,
                    res_out_shift=_shift(rng, reach - 7, hw.t_bits - 2) if res else 0)
    return LayerWork(layer, a, residual, hw, table)


def _shift(rng: Generator, middle: int, top: int) -> int:
    """Around the useful value; one in four is anywhere, small shifts as often as large ones."""
    if rng.random() < 1 / 4:
        low, high = [(0, 0), (1, 1), (2, 7), (8, 15), (16, top)][rng.integers(5)]
        return int(rng.integers(low, high, endpoint=True))
    return int(np.clip(middle + rng.integers(-3, 4), 0, top))


def _ints(rng: Generator, low: int, high: int, count: int) -> NDArray[np.int64]:
    return rng.integers(low, high, size=count, endpoint=True, dtype=np.int64)


def _bits(values: NDArray[Any]) -> int:
    """Bits of a usual large magnitude: the 90 % point, not the single largest."""
    flat = np.sort(np.abs(values).ravel())
    return math.ceil(math.log2(max(int(flat[int(0.9 * (len(flat) - 1))]), 1) + 1))
