# SPDX-License-Identifier: Apache-2.0
"""One start of an accelerator: a piece of a layer with everything that it needs, tensors aside."""

from __future__ import annotations

import functools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from numpy.typing import NDArray

from golden.codes import Codes, Ints
from golden.layer import ConvLayer, Int8s
from golden.shuff.order import bank_steps
from host import layout
from host.bands import Band
from host.packing import Bytes
from host.target import Target

Registers = Mapping[str, Mapping[str, int]]  # register -> field -> value


class WeightStream:
    """The weights of a layer (or of a group of its output channels) as their device's stream.

    Coded when first asked for, then kept: bands and image ranges of a layer share it.
    """

    def __init__(self, layer: ConvLayer, target: Target) -> None:
        self._layer = layer
        self._target = target

    @functools.cached_property
    def data(self) -> bytes:
        """The stream, whole words, ready to send."""
        from golden.shuff import bank  # here: jobs of layers that run elsewhere need no encoder

        steps = bank_steps(self._layer.weights, self._target.pout)
        if self._target.lane == "M8":
            return bank.encode_bytes(steps, self._target.pin)
        return bank.encode_bank(steps, self._target.bits, self._target.pin)

    @property
    def raw_bits(self) -> int:
        """Bits of the weights as fixed-width codes, without header."""
        return int(self._layer.weights.size) * self._target.weight_bits


class Outputs(NamedTuple):
    """What a layer gave back; None where it does not emit it."""

    codes: Codes | None  # (N, O, OH, OW) uint8
    words: Int8s | None  # (N, O, OH, OW) int8
    sums: Ints | None  # (N, O, OH, OW) int64, raw layers


@dataclass(frozen=True, eq=False)
class LayerJob:
    """A layer, or one group of its output channels, on one band of some images.

    name: the layer's; layer: as the device runs it (cut to the group). device: who runs it.
    first: first output channel of the group. images: (first, one behind the last).
    width, out_width: columns of the maps; the rows are the band's.
    """

    name: str
    layer: ConvLayer
    device: str
    target: Target
    first: int
    band: Band
    images: tuple[int, int]
    width: int
    out_width: int
    stream: WeightStream = field(repr=False)

    @property
    def count(self) -> int:
        """Images of this job."""
        return self.images[1] - self.images[0]

    @property
    def shape(self) -> tuple[int, int, int, int]:
        """(N, O, OH, OW) of what it puts out."""
        return (self.count, self.layer.out_channels, self.band.out_stop - self.band.out_start,
                self.out_width)

    @property
    def positions(self) -> int:
        """Output positions of one output tile."""
        return self.shape[0] * self.shape[2] * self.shape[3]

    @property
    def tiles(self) -> int:
        """Output tiles."""
        return self.target.tiles(self.layer)[0]

    @property
    def macs(self) -> int:
        """Multiply-accumulates of the definition, padding taps included."""
        return self.count * self.shape[2] * self.shape[3] * int(self.layer.weights.size)

    @property
    def what(self) -> str:
        """The layer and, where it is cut, the piece: for messages."""
        band = f", rows {self.band.out_start}..{self.band.out_stop - 1}"
        return (f"layer {self.name} (images {self.images[0]}..{self.images[1] - 1}"
                f"{f', channels {self.first}..' if self.first else ''}{band})")

    @property
    def registers(self) -> Registers:
        """Values of the configuration registers, by name and field."""
        layer, band = self.layer, self.band
        return {
            "MAP": {"h": band.in_stop - band.in_start, "w": self.width},
            "CHANNELS": {"cin": layer.in_channels, "cout": layer.out_channels},
            "KERNEL": {"k": layer.kernel, "stride": layer.stride, "pad": layer.pad,
                       "pad_top": band.pad_top, "pad_bottom": band.pad_bottom},
            "IMAGES": {"count": self.count},
            "MODE": {"relu": int(layer.relu and not layer.raw), "res_in": int(layer.res_in),
                     "emit_code": int(layer.emit_code), "emit_res": int(layer.emit_res),
                     "raw": int(layer.raw)},
            "SHIFTS": {"proj": layer.proj_shift if layer.emit_code else 0,
                       "res": layer.res_shift if layer.res_in else 0,
                       "res_out": layer.res_out_shift if layer.emit_res else 0},
        }

    @property
    def channels(self) -> list[int]:
        """Channel parameters in order of the channels; none for raw layers, which use none."""
        if self.layer.raw:
            return []
        return [layout.channel_word(self.layer, c, self.target)
                for c in range(self.layer.out_channels)]

    @property
    def y_bytes(self) -> int:
        """Bytes of one output tile's transfer on m_axis_y, 0 if there is none."""
        return layout.y_bytes(self.layer, self.target, self.positions)

    @property
    def q_bytes(self) -> int:
        """Bytes of one output tile's transfer on m_axis_r, 0 if there is none."""
        return layout.q_bytes(self.layer, self.target, self.positions)

    def activations(self, a: NDArray[Any]) -> Bytes:
        """The transfer that every output tile gets, out of the layer's whole input (N, C, H, W)."""
        part = a[self.images[0]:self.images[1], :, self.band.in_start:self.band.in_stop]
        return layout.activation_beats(part, self.layer, self.target, self.shape[2:])

    def residuals(self, words: Int8s | None) -> list[Bytes]:
        """A transfer for each output tile, out of the layer's whole residual (N, O, OH, OW)."""
        if words is None:
            return []
        last = self.first + self.layer.out_channels
        part = words[self.images[0]:self.images[1], self.first:last,
                     self.band.out_start:self.band.out_stop]
        return layout.residual_beats(part, self.target)

    def outputs(self, y: Sequence[bytes], q: Sequence[bytes]) -> Outputs:
        """What came back, a transfer for each output tile, as maps of `shape`."""
        raw = self.layer.raw
        return Outputs(layout.codes_of(y, self.shape, self.target) if y and not raw else None,
                       layout.words_of(q, self.shape, self.target) if q else None,
                       layout.sums_of(y, self.shape, self.target) if y and raw else None)

    def place(self, whole: NDArray[Any], part: NDArray[Any]) -> None:
        """Put a map of this job where it belongs in the layer's whole map (N, O, OH, OW)."""
        last = self.first + self.layer.out_channels
        whole[self.images[0]:self.images[1], self.first:last,
              self.band.out_start:self.band.out_stop] = part
