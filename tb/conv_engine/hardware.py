# SPDX-License-Identifier: Apache-2.0
"""The built device as the bench sees it: parameters, derived widths, limits of a layer."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from golden.codes import num_levels
from golden.layer import ConvLayer
from tb.common.settings import Settings


@dataclass(frozen=True)
class Hardware:
    """Compile-time parameters; the derived widths follow the header of rtl/engine/conv_engine.v."""

    bits: int
    kmax: int
    pin: int
    pout: int
    line_depth: int
    psum_depth: int
    cout_max: int
    lane: str

    @classmethod
    def of(cls, settings: Settings) -> Hardware:
        """Take the parameters of this simulation; plut_conv has no LANE, it is P1."""
        number = settings.integer
        return cls(bits=number("B"), kmax=number("KMAX"), pin=number("PIN"), pout=number("POUT"),
                   line_depth=number("LINE_DEPTH"), psum_depth=number("PSUM_DEPTH"),
                   cout_max=number("COUT_MAX"), lane=str(settings.parameters.get("LANE", "P1")))

    @property
    def act(self) -> Literal["pot", "int8"]:
        """ConvLayer.act of layers for this device."""
        return "int8" if self.lane == "S1" else "pot"

    @property
    def act_bits(self) -> int:
        return 8 if self.act == "int8" else self.bits

    @property
    def acc_bits(self) -> int:
        levels = num_levels(self.bits)
        return levels + 7 + 18 if self.act == "int8" else 2 * levels - 1 + 17

    @property
    def bias_bits(self) -> int:
        return self.acc_bits + 16

    @property
    def t_bits(self) -> int:
        return self.acc_bits + 18

    @property
    def a_bytes(self) -> int:
        return (self.pin * self.act_bits + 7) // 8

    @property
    def y_bytes(self) -> int:
        return (self.pout * self.acc_bits + 7) // 8

    @property
    def ch_bytes(self) -> int:
        """A record of the channel parameter file: {channel (12), parameters}."""
        return (12 + self.bias_bits + 10 + 7) // 8

    def tiles(self, layer: ConvLayer) -> tuple[int, int]:
        """(output tiles, input tiles) of a layer."""
        return -(-layer.out_channels // self.pout), -(-layer.in_channels // self.pin)

    def misfit(self, layer: ConvLayer, height: int, width: int) -> str | None:
        """Why a layer on maps of this size cannot run on this device, or None."""
        if layer.kernel > self.kmax:
            return f"a {layer.kernel}x{layer.kernel} kernel, the device has K={self.kmax}"
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
