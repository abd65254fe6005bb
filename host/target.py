# SPDX-License-Identifier: Apache-2.0
"""The built accelerator as software sees it: parameters, derived widths, limits of a layer."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from golden.codes import num_levels
from golden.layer import ConvLayer

QUAD = 4  # pixels, or groups of PIN channels, in one beat of activations


def power_of_two_bits(bits: int) -> int:
    """The bus width that carries `bits` bits: a power of two, at least 32."""
    return max(32, 1 << (bits - 1).bit_length())


@dataclass(frozen=True)
class Target:
    """Compile-time parameters; the derived widths follow the header of rtl/engine/conv_engine.v."""

    bits: int
    kmax: int
    pin: int
    pout: int
    line_depth: int
    psum_depth: int
    cout_max: int
    lane: str

    @property
    def act(self) -> Literal["pot", "int8"]:
        """ConvLayer.act of layers for this device."""
        return "int8" if self.lane in ("S1", "M8") else "pot"

    @property
    def wgt(self) -> Literal["pot", "int8"]:
        """ConvLayer.wgt of layers for this device."""
        return "int8" if self.lane == "M8" else "pot"

    @property
    def act_bits(self) -> int:
        """Bits of an activation."""
        return 8 if self.act == "int8" else self.bits

    @property
    def weight_bits(self) -> int:
        """Bits of a decoded weight."""
        return 8 if self.wgt == "int8" else self.bits

    @property
    def product_bits(self) -> int:
        """Bits of a product's magnitude."""
        if self.lane == "M8":
            return 15
        levels = num_levels(self.bits)
        return levels + 7 if self.lane == "S1" else 2 * levels - 1

    @property
    def acc_bits(self) -> int:
        """Bits of an accumulator: any sum of 2048 x 7 x 7 products fits."""
        return self.product_bits + (18 if self.lane == "S1" else 17)

    @property
    def bias_bits(self) -> int:
        """Bits of a channel's bias."""
        return self.acc_bits + 16

    @property
    def t_bits(self) -> int:
        """Bits of a sum t after scale, bias and residual."""
        return self.acc_bits + 18

    @property
    def a_bits(self) -> int:
        """Bits of a beat of activations at the engine."""
        return QUAD * self.pin * self.act_bits

    @property
    def a_bytes(self) -> int:
        """Bytes of a beat of activations at the engine, rounded up."""
        return (self.a_bits + 7) // 8

    @property
    def w_bits(self) -> int:
        """Bits of a word of the weight stream."""
        return max(32, 4 * self.pout)

    @property
    def y_bytes(self) -> int:
        """Bytes of a beat of outputs at the engine (not at the top), rounded up."""
        return (self.pout * self.acc_bits + 7) // 8

    @property
    def ch_bytes(self) -> int:
        """A record of the channel parameter file: {channel (12), parameters}."""
        return (12 + self.bias_bits + 10 + 7) // 8

    @property
    def lanes(self) -> int:
        """Multiplications a cycle when every tap is in use."""
        return self.kmax**2 * self.pin * self.pout

    def in_tile_size(self, kernel: int) -> int:
        """Input channels of a pass: 1x1 layers use four taps for four groups of PIN channels."""
        return QUAD * self.pin if kernel == 1 else self.pin

    def tiles(self, layer: ConvLayer) -> tuple[int, int]:
        """(output tiles, input tiles) of a layer."""
        size = self.in_tile_size(layer.kernel)
        return -(-layer.out_channels // self.pout), -(-layer.in_channels // size)

    def misfit(self, layer: ConvLayer, height: int, width: int) -> str | None:
        """Why a layer on maps of this size cannot run on this device in one piece, or None."""
        if layer.kernel > self.kmax:
            return f"a {layer.kernel}x{layer.kernel} kernel, the device has K={self.kmax}"
        if layer.act != self.act or layer.wgt != self.wgt:
            return (f"{layer.wgt} weights on {layer.act} activations, lane {self.lane} takes "
                    f"{self.wgt} on {self.act}")
        if width > self.line_depth:
            return f"maps {width} wide, the device has LINE_DEPTH={self.line_depth}"
        if layer.out_channels > self.cout_max:
            return f"{layer.out_channels} output channels, the device has COUT_MAX={self.cout_max}"
        if not self.max_images(layer, height, width):
            return f"more partial sums an image than PSUM_DEPTH={self.psum_depth}"
        return None

    def max_images(self, layer: ConvLayer, height: int, width: int) -> int:
        """How many images one job may hold (0: the layer's map does not fit at all)."""
        oh, ow = layer.out_shape(height, width)
        if self.tiles(layer)[1] == 1:
            return 65535
        return self.psum_depth // (oh * ow)
