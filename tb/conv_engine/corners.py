# SPDX-License-Identifier: Apache-2.0
"""Directed layers: the corners of numbers, shapes and buffers."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.random import Generator

from golden.codes import num_levels
from golden.layer import ConvLayer
from host.bands import Band, band
from tb.conv_engine.hardware import Hardware
from tb.conv_engine.layers import Mode, Shape, draw_activations, draw_layer, generator
from tb.conv_engine.work import Chain, LayerWork

Named = Iterator[tuple[str, LayerWork]]


def tile_shapes(hw: Hardware) -> list[Shape]:
    """Small layers over one, two and three tiles either way, each kernel at least once."""
    pin, pout, top = hw.pin, hw.pout, min(hw.kmax, 3)
    shapes = [
        Shape(4, 3, pin, pout, top, 1, top // 2),
        Shape(3, 4, 8 * pin, pout, 1, 1, 0),
        Shape(5, 5, 1, 2 * pout, top, 2, top // 2, 2),
        Shape(4, 4, pin + 1, pout + 1, top, 1, 0, 2),
        Shape(2, 3, 9 * pin, 2 * pout + 1, 1, 2, 0),
        Shape(3, 3, 2 * pin + 1, 3 * pout, top, 1, top // 2),
    ]
    shapes += [Shape(k, k + 1, pin, pout, k, 1, k // 2) for k in (5, 7) if k <= hw.kmax]
    return [replace(s, cout=min(s.cout, hw.cout_max)) for s in shapes]


def chain(first: LayerWork, rng: Generator, links: int) -> Chain:
    """The layer on `links` different inputs, with different weights each time."""
    works = []
    for _ in range(links):
        weights = rng.permuted(first.layer.weights)
        a = draw_activations(rng, first.hw, first.a.shape, "flat")
        residual = None if first.residual is None else rng.permuted(first.residual)
        works.append(LayerWork(replace(first.layer, weights=weights), a, residual, first.hw))
    last = works[-1]
    return Chain(last.layer, last.a, last.residual, last.hw, links=tuple(works))


def extremes(hw: Hardware, seed: int, quick: bool) -> Named:
    """Sums, scales and projections at their limits."""
    yield from _largest_sums(hw, quick)
    yield from _scales(hw, seed, quick)
    yield from _ties(hw, seed)


def _plain(hw: Hardware, weights: Any, **fields: Any) -> ConvLayer:
    """A layer that changes nothing: scale 1, bias 0, raw unless told otherwise."""
    zeros = np.zeros(len(weights), dtype=np.int64)
    return ConvLayer(**{"name": "corner", "bits": hw.bits, "weights": weights, "stride": 1,
                        "pad": 0, "shift1": zeros, "shift2": zeros, "term2": zeros, "bias": zeros,
                        "relu": False, "emit_code": False, "raw": True, "act": hw.act,
                        "wgt": hw.wgt, **fields})


def _largest(hw: Hardware, kind: str, negative: bool) -> int:
    """The weight or activation of largest magnitude with this sign, as code or int8 value."""
    if kind == "int8":
        return -128 if negative else 127
    return num_levels(hw.bits) | negative << (hw.bits - 1)


def _filled(hw: Hardware, kind: str, shape: tuple[int, ...], negative: bool) -> Any:
    dtype = np.int8 if kind == "int8" else np.uint8
    return np.full(shape, _largest(hw, kind, negative)).astype(dtype)


def _largest_sums(hw: Hardware, quick: bool) -> Named:
    """Every product at its largest, over all taps and as many channels as there can be."""
    k = hw.kmax
    for channels in (hw.pin, 8 * hw.pin + 1 if quick else 2048):
        for w_negative in (False, True):
            for a_negative in (False, True):
                if channels == 2048 and w_negative != a_negative:
                    continue
                shape = (1, channels, k, k)
                weights = _filled(hw, hw.wgt, shape, w_negative)
                a = _filled(hw, hw.act, shape, a_negative)
                signs = f"{'+-'[w_negative]}{'+-'[a_negative]}"
                yield (f"extreme/sum {channels} {signs}",
                       LayerWork(_plain(hw, weights), a, None, hw))
    full = _filled(hw, hw.wgt, (hw.pout, hw.pin, k, k), False)
    a = _filled(hw, hw.act, (1, hw.pin, k, k), False)
    yield "extreme/zero weights", LayerWork(_plain(hw, np.zeros_like(full)), a, None, hw)
    yield "extreme/zero activations", LayerWork(_plain(hw, full), np.zeros_like(a), None, hw)


def _scales(hw: Hardware, seed: int, quick: bool) -> Named:
    """Shifts of 15 both ways, largest bias and residual, output shifts at 0 and at their top."""
    limit = (1 << (hw.bias_bits - 1)) - 1
    k = min(hw.kmax, 3)
    for index, (term, sign, relu) in enumerate((t, s, r) for t in (-1, 0, 1) for s in (-1, 1)
                                               for r in (False, True)):
        if quick and index % 5:
            continue
        rng = generator(seed, "scales", index)
        shape = Shape(k, k + 1, hw.pin, hw.pout, k, 1, k // 2)
        base = draw_layer(rng, hw, f"scale{index}", shape, Mode(relu, True, "code+res"),
                          ("edge", "edge"))
        ones = np.ones(hw.pout, dtype=np.int64)
        residual = np.full(base.expected.acc.shape, 127 if sign > 0 else -128, np.int8)
        for name, shift1, shift2, top in (("equal", 15, 15, 0), ("apart", 15, 0, hw.t_bits - 2),
                                          ("small", 0, 15, hw.t_bits - 3)):
            layer = replace(base.layer, shift1=shift1 * ones, shift2=shift2 * ones,
                            term2=term * ones, bias=sign * limit * ones,
                            res_shift=hw.acc_bits + 8, proj_shift=top, res_out_shift=top)
            yield (f"extreme/scale {index} {name}", LayerWork(layer, base.a, residual, hw))


def _ties(hw: Hardware, seed: int) -> Named:
    """Place t one below, on and one above every cut of the projection and of the rounding.

    The activations are zero, so t is the bias: each channel gets its own t.
    """
    far = 20 if hw.t_bits < 60 else 40
    for shift, relu in ((0, False), (0, True), (1, False), (1, True), (5, False), (far, False)):
        cuts = {0}
        for level in range(num_levels(hw.bits)):
            half = 3 << (shift + level - 1) if shift + level else 3
            cuts |= {half // 2, (half + 1) // 2, 1 << (shift + level)}
        cuts |= {(1 << shift) * n // 2 for n in (1, 3, 253, 254, 255, 256, 257)}
        near = {sign * (cut + off) for cut in cuts for off in (-1, 0, 1) for sign in (-1, 1)}
        bound = 1 << (hw.bias_bits - 1)
        bias = np.array(sorted(t for t in near if -bound < t < bound), dtype=np.int64)
        for first in range(0, len(bias), hw.cout_max):
            part = bias[first:first + hw.cout_max]
            weights = np.ones((len(part), 1, 1, 1), np.int8 if hw.wgt == "int8" else np.uint8)
            layer = _plain(hw, weights, bias=part, raw=False, relu=relu, emit_code=True,
                           emit_res=True, proj_shift=shift, res_out_shift=shift)
            a = np.zeros((1, 1, 1, 1), np.int8 if hw.act == "int8" else np.uint8)
            name = f"extreme/ties {shift} {'relu ' * relu}{first}"
            yield name, LayerWork(layer, a, None, hw)


def bands(hw: Hardware, seed: int) -> Named:
    """Layers cut into bands of rows: every kernel and stride, uneven cuts, one row at a time."""
    kinds = [(k, s, p) for k in (1, 3, 5, 7) if k <= hw.kmax for s in (1, 2)
             for p in sorted({0, k // 2})]
    for index, (k, stride, pad) in enumerate(kinds):
        rng = generator(seed, "bands", index)
        images = 1 + index % 2 if hw.psum_depth >= 256 else 1
        shape = Shape(11, max(6, k + 1), hw.pin + 1, hw.pout + 1, k, stride, pad, images)
        mode = Mode(index % 2 == 0, index % 3 == 0, ("code", "code+res", "raw", "res")[index % 4])
        whole = draw_layer(rng, hw, f"bands{index}", shape, mode)
        oh = shape.out[0]
        cuts = [(0, 1), (1, oh - 1), (oh - 1, oh)] if index % 2 else [(0, oh // 2), (oh // 2, oh)]
        for start, stop in cuts:
            if start < stop:
                cut = band(whole.layer, shape.height, start, stop)
                name = f"bands/kernel {k}, stride {stride}, pad {pad}, rows {start}-{stop}"
                yield name, whole.rows(cut)
                if k > 1 and stride == 2 and cut.in_stop < shape.height:
                    more = cut._replace(in_stop=cut.in_stop + 1)
                    yield f"{name} and one that nothing reads", whole.rows(more)


def uneven(hw: Hardware, seed: int) -> Named:
    """Padding above, below and beside, each on its own: more than bands of a layer ever need.

    Golden runs the same layer without padding on a map with a border of zeros.
    """
    kinds = [(k, s, above, below, beside) for k in (3, 5, 7) if k <= hw.kmax for s in (1, 2)
             for above in range(k // 2 + 1) for below in range(k // 2 + 1)
             for beside in {0, k // 2} | {1}]
    for index, (k, stride, above, below, beside) in enumerate(kinds):
        if k > 3 and index % 3:
            continue
        rng = generator(seed, "uneven", index)
        h, w = int(rng.integers(k, k + 4)), int(rng.integers(k, k + 3))
        shape = Shape(h + above + below, w + 2 * beside, hw.pin, hw.pout, k, stride, 0)
        bordered = draw_layer(rng, hw, f"uneven{index}", shape, Mode(emit="raw"))
        a = np.zeros_like(bordered.a)
        inside = (..., slice(above, above + h), slice(beside, beside + w))
        a[inside] = bordered.a[inside]
        cut = Band(0, shape.out[0], 0, h, above, below)
        yield (f"bands/kernel {k}, stride {stride}, pads {above} {below} {beside}",
               LayerWork(replace(bordered.layer, pad=beside), a[inside], None, hw,
                         known=bordered.layer.run(a), band=cut))


def sizes(hw: Hardware, seed: int, quick: bool) -> Named:
    """Shapes at every edge that a parameter or a field sets."""
    kernels = [k for k in (1, 3, 5, 7) if k <= hw.kmax]
    line, pin, pout = hw.line_depth, hw.pin, hw.pout
    shapes = {}
    for k in kernels:
        shapes[f"1x1 map, kernel {k}"] = Shape(1, 1, 1, 1, k, 1, k // 2)
        shapes[f"1x1 map, kernel {k}, stride 2"] = Shape(1, 1, pin, pout, k, 2, k // 2, 3)
        shapes[f"map of kernel {k}"] = Shape(k, k, 1, pout, k, 1, 0)
        shapes[f"map of kernel {k}, stride 2"] = Shape(k, k, pin, 1, k, 2, 0, 2)
        shapes[f"one row, kernel {k}"] = Shape(1, 9, 2, 2, k, 1, k // 2)
        shapes[f"one column, kernel {k}"] = Shape(9, 1, 2, 2, k, 1, k // 2)
        shapes[f"two columns, kernel {k}"] = Shape(7, 2, 2, 2, k, 2, k // 2, 2)
        shapes[f"full line, kernel {k}"] = Shape(max(1, k - 1), line, 1, 1, k, 1, k // 2)
        if line > k:
            shapes[f"line less one, kernel {k}, stride 2"] = Shape(k, line - 1, 2, 1, k, 2, 0)
    shapes["256 rows"] = Shape(256, 1, 1, 1, kernels[-1], 2, kernels[-1] // 2)
    shapes["odd everything"] = Shape(7, 5, pin + 1, pout + 1, kernels[-1], 2, kernels[-1] // 2, 3)
    shapes["many images"] = Shape(1, 1, 1, 1, 1, 1, 0, 300)
    cout = hw.cout_max if not quick else min(hw.cout_max, 4 * pout)
    shapes[f"{cout} output channels"] = Shape(1, 1, 1, cout, 1, 1, 0)
    cin = 4 * pin + 1 if quick else 2048
    shapes[f"{cin} input channels"] = Shape(2, 1, cin, 1, 1, 1, 0)
    if not (quick and hw.psum_depth > 1024):
        shapes["full partial sums"] = _full_buffer(hw)
    if not quick:  # small maps wait for weights: a step a cycle, and not a cycle more for a tile
        shapes["weights without a pause"] = Shape(3, 3, 16 * hw.pin,
                                                  min(16 * hw.pout, hw.cout_max), 3, 1, 1)
    for index, (name, shape) in enumerate(shapes.items()):
        if shape.width > line:
            continue
        rng = generator(seed, "sizes", index)
        mode = Mode(index % 2 == 0, index % 3 == 0, ("code", "raw", "code+res", "res")[index % 4])
        styles = ("sparse", "flat") if name == "weights without a pause" else ("flat", "flat")
        yield f"size/{name}", draw_layer(rng, hw, name, shape, mode, styles)


def _full_buffer(hw: Hardware) -> Shape:
    """A layer over two input tiles whose positions fill the partial sum buffer exactly."""
    depth = hw.psum_depth
    width = max(n for n in range(1, hw.line_depth + 1) if depth % n == 0)
    height = max(n for n in range(1, 257) if (depth // width) % n == 0)
    return Shape(height, width, 4 * hw.pin + 1, 1, 1, 1, 0, depth // width // height)
