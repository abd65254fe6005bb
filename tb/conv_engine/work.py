# SPDX-License-Identifier: Apache-2.0
"""One layer with its tensors, as streams for the built device and as the golden result."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from golden.layer import ConvLayer, Int8s, LayerOutput
from golden.shuff.bank import encode_bank, encode_bytes
from golden.shuff.order import bank_steps
from host.bands import Band
from host.packing import pack_lanes
from host.streams import activation_quads, position_lanes
from tb.common.beats import Stream
from tb.conv_engine.hardware import Hardware


@dataclass(frozen=True, eq=False)
class LayerWork:
    """A layer and its inputs. Streams and result are computed once and shared by every run.

    a: (N, I, H, W) uint8 codes (int8 values for lane S1); residual: (N, O, OH, OW) int8 or None.
    """

    layer: ConvLayer
    a: NDArray[Any]
    residual: Int8s | None
    hw: Hardware
    mode: str = "joint"  # of the S-Huff table
    known: LayerOutput | None = None  # the result where golden has computed it already
    band: Band | None = None  # a, residual and known are those of a band of rows

    def __post_init__(self) -> None:
        self.layer.check_fits(self.hw.acc_bits)

    @cached_property
    def expected(self) -> LayerOutput:
        return self.known or self.layer.run(self.a, self.residual)

    @property
    def pads(self) -> tuple[int, int]:
        """Padding (above, below) the rows that the device gets."""
        return (self.band.pad_top, self.band.pad_bottom) if self.band else (self.layer.pad,) * 2

    @property
    def out_shape(self) -> tuple[int, int]:
        """(OH, OW) that the device puts out."""
        oh, ow = self.layer.out_shape(*self.a.shape[2:])
        return (self.band.out_stop - self.band.out_start if self.band else oh), ow

    def rows(self, cut: Band) -> LayerWork:
        """The same layer on a band of its rows."""
        residual = None
        if self.residual is not None:
            residual = self.residual[:, :, cut.out_start : cut.out_stop]
        return replace(self, a=self.a[:, :, cut.in_start : cut.in_stop], residual=residual,
                       known=some_rows(self.expected, cut.out_start, cut.out_stop), band=cut)

    def images(self, start: int, stop: int) -> LayerWork:
        """The same layer on images start..stop-1."""
        known = self.known and some_images(self.known, start, stop)
        residual = None if self.residual is None else self.residual[start:stop]
        return replace(self, a=self.a[start:stop], residual=residual, known=known)

    @property
    def map_shape(self) -> tuple[int, int, int, int, int]:
        """(output tiles, images, OH, OW, POUT): the shape of the y beats' lanes."""
        return self.hw.tiles(self.layer)[0], len(self.a), *self.out_shape, self.hw.pout

    @property
    def cfg(self) -> dict[str, int]:
        """Values of the cfg_* ports."""
        layer = self.layer
        images, cin, height, width = self.a.shape
        return {
            "h": height, "w": width, "cin": cin, "cout": layer.out_channels, "k": layer.kernel,
            "stride": layer.stride, "pad": layer.pad, "pad_top": self.pads[0],
            "pad_bottom": self.pads[1], "images": images, "relu": int(layer.relu),
            "res_in": int(layer.res_in), "emit_code": int(layer.emit_code),
            "emit_res": int(layer.emit_res), "raw": int(layer.raw),
            "proj_shift": layer.proj_shift, "res_shift": layer.res_shift,
            "res_out_shift": layer.res_out_shift,
        }

    @property
    def repeats(self) -> int:
        """How often `start` is given."""
        return 1

    @property
    def final(self) -> LayerWork:
        """What the last start runs: the counters belong to it."""
        return self

    @property
    def macs(self) -> int:
        outs, ins, k, _ = self.layer.weights.shape
        return len(self.a) * int(np.prod(self.out_shape)) * outs * ins * k * k

    @property
    def outputs(self) -> int:
        """Values that leave the device: every kind that the layer emits counts."""
        kinds = self.layer.raw + self.layer.emit_code + self.layer.emit_res
        return kinds * int(np.prod(self.expected.acc.shape))

    @cached_property
    def steps(self) -> NDArray[Any]:
        """Weights in the order of the decoder bank, (steps, POUT)."""
        return bank_steps(self.layer.weights, self.hw.pout)

    @cached_property
    def weight_bytes(self) -> bytes:
        if self.hw.wgt == "int8":
            return encode_bytes(self.steps, self.hw.pin)
        return encode_bank(self.steps, self.hw.bits, self.hw.pin, self.mode)

    @cached_property
    def w(self) -> Stream:
        return word_stream(self.weight_bytes, self.hw.w_bits // 8)

    @cached_property
    def a_stream(self) -> Stream:
        """The round of one output tile, again for each output tile."""
        out_tiles = self.hw.tiles(self.layer)[0]
        once = activation_quads(self.a, self.layer, self.hw, self.out_shape)
        last = np.zeros(len(once), dtype=bool)
        last[-1] = True
        return Stream(np.tile(once, (out_tiles, 1)), np.tile(last, out_tiles))

    @cached_property
    def r(self) -> Stream:
        if self.residual is None:
            return empty_stream(self.hw.pout)
        return self._output(self.residual, 8, self.hw.pout)

    @cached_property
    def channels(self) -> Stream:
        """One record per output channel: {channel, bias, term2, shift2, shift1}."""
        layer, bits = self.layer, self.hw.bias_bits
        fields = [(layer.shift1, 4), (layer.shift2, 4), (layer.term2, 2), (layer.bias, bits),
                  (np.arange(layer.out_channels), 12)]
        word = sum((int_column(v, n) << at for (v, n), at in
                    zip(fields, (0, 4, 8, 10, 10 + bits), strict=True)),
                   np.zeros(layer.out_channels, dtype=object))
        size = self.hw.ch_bytes
        data = np.array([list(int(x).to_bytes(size, "little")) for x in word], dtype=np.uint8)
        return Stream(data, np.zeros(len(data), dtype=bool))

    @cached_property
    def y(self) -> Stream:
        """The beats that m_axis_y must show: codes or raw accumulators."""
        if self.layer.raw:
            return self._output(self.expected.acc, self.hw.acc_bits, self.hw.y_bytes)
        if self.expected.codes is not None:
            return self._output(self.expected.codes, self.hw.bits, self.hw.y_bytes)
        return empty_stream(self.hw.y_bytes)

    @cached_property
    def q(self) -> Stream:
        """The beats that m_axis_r must show: residual words."""
        if self.expected.res is None:
            return empty_stream(self.hw.pout)
        return self._output(self.expected.res, 8, self.hw.pout)

    def _output(self, values: NDArray[Any], bits: int, nbytes: int) -> Stream:
        """(N, O, OH, OW) -> output tile by output tile, TLAST at the end of each."""
        lanes = position_lanes(values, self.hw.pout)  # (ot*N*OH*OW, POUT)
        out_tiles = self.hw.tiles(self.layer)[0]
        last = np.zeros(len(lanes), dtype=bool)
        last[len(lanes) // out_tiles - 1 :: len(lanes) // out_tiles] = True
        return Stream(pack_lanes(lanes, bits, nbytes), last)


@dataclass(frozen=True, eq=False)
class Chain(LayerWork):
    """The same layer several times, each on its own tensors, with no cycle between the starts.

    `layer`, `a` and `residual` are those of the last link; the streams are all links' in a row.
    """

    links: tuple[LayerWork, ...] = ()

    @property
    def repeats(self) -> int:
        return len(self.links)

    @property
    def final(self) -> LayerWork:
        return self.links[-1]

    @property
    def map_shape(self) -> tuple[int, int, int, int, int]:
        tiles, *rest = super().map_shape
        return (tiles * self.repeats, *rest)  # type: ignore[return-value]

    @property
    def macs(self) -> int:
        return sum(link.macs for link in self.links)

    @property
    def outputs(self) -> int:
        return sum(link.outputs for link in self.links)

    @cached_property
    def w(self) -> Stream:
        return joined([link.w for link in self.links])

    @cached_property
    def a_stream(self) -> Stream:
        return joined([link.a_stream for link in self.links])

    @cached_property
    def r(self) -> Stream:
        return joined([link.r for link in self.links])

    @cached_property
    def y(self) -> Stream:
        return joined([link.y for link in self.links])

    @cached_property
    def q(self) -> Stream:
        return joined([link.q for link in self.links])


def some_images(output: LayerOutput, start: int, stop: int) -> LayerOutput:
    """What a layer computes for images start..stop-1."""
    codes, res = output.codes, output.res
    return LayerOutput(output.acc[start:stop], output.t[start:stop],
                       None if codes is None else codes[start:stop],
                       None if res is None else res[start:stop])


def some_rows(output: LayerOutput, start: int, stop: int) -> LayerOutput:
    """Rows start..stop-1 of what a layer computes."""
    cut = [None if part is None else part[:, :, start:stop] for part in output]
    return LayerOutput(*cut)  # type: ignore[arg-type]


def joined(streams: Sequence[Stream]) -> Stream:
    """Streams one after the other."""
    return Stream(np.concatenate([s.data for s in streams]),
                  np.concatenate([s.last for s in streams]))


def int_column(values: NDArray[Any], bits: int) -> NDArray[Any]:
    """Python integers in two's complement of `bits` bits, (n,) object."""
    return np.array([int(v) & ((1 << bits) - 1) for v in values], dtype=object)


def word_stream(data: bytes, nbytes: int = 4) -> Stream:
    """Words of `nbytes` bytes, one a beat, TLAST on the last."""
    words = np.frombuffer(data, dtype=np.uint8).reshape(-1, nbytes)
    last = np.zeros(len(words), dtype=bool)
    last[-1:] = True
    return Stream(words, last)


def empty_stream(nbytes: int) -> Stream:
    """No beat at all."""
    return Stream(np.zeros((0, nbytes), dtype=np.uint8), np.zeros(0, dtype=bool))
