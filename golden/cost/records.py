# SPDX-License-Identifier: Apache-2.0
"""What a layer costs: FIXOPS, weight size, traffic. Plain numbers; needs no torch.

One FIXOPS is one product of 8-bit weight and 8-bit activation, that is 64 binary operations, so a
layer has MACs * b_w * b_a / 64 of them and an FP32 product 32 * 32 / 64 = 16 (the paper, section
4.1, whose formula is lost; the reading gives the 781M and 357M that APoT prints for ResNet18).
Batch norm, ReLU, pools and additions count nothing.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from golden.errors import PlutarchError

FLOAT_BITS = 32
FIXOPS_BITS = 64  # binary operations of one FIXOPS
WORD_BITS = 8  # residual words
MOST_BITS = 32


def fixops(macs: int, w_bits: int, a_bits: int) -> float:
    """FIXOPS of `macs` products; exact (a multiple of 1/64 below 2^47).

    Raises PlutarchError unless both widths are 1 to 32.
    """
    for field, bits in (("weight bits", w_bits), ("activation bits", a_bits)):
        if not isinstance(bits, int) or not 1 <= bits <= MOST_BITS:
            raise PlutarchError(f"{field} = {bits!r}: want 1 to {MOST_BITS}")
    return macs * w_bits * a_bits / FIXOPS_BITS


@dataclass(frozen=True)
class LayerCost:
    """One layer with weights, for one image. in_size, out_size: numbers of activations.

    written: activations that somebody has to store so that this layer can read them, 0 where
    another layer reads the same ones or the input image is read.
    """

    name: str
    kind: str
    macs: int
    weights: int
    biases: int
    in_size: int
    out_size: int
    written: int
    w_bits: int = FLOAT_BITS
    a_bits: int = FLOAT_BITS

    @property
    def fixops(self) -> float:
        """FIXOPS at the layer's widths."""
        return fixops(self.macs, self.w_bits, self.a_bits)

    @property
    def weight_bits(self) -> int:
        """Bits of weights and biases, both at the weights' width (as the paper's tables do)."""
        return (self.weights + self.biases) * self.w_bits

    @property
    def traffic_bits(self) -> int:
        """Activations read, and written for it, at the activations' width."""
        return (self.in_size + self.written) * self.a_bits


@dataclass(frozen=True)
class PathCost:
    """One reader of 8-bit residual words: an addition, or the pool over a whole map.

    written: words stored for it, 0 where they are stored for an earlier reader. read: words that it
    reads; the zero channels of an option A shortcut are not read. Costs no multiplication.
    """

    name: str
    kind: str
    written: int
    read: int
    bits: int = WORD_BITS

    @property
    def traffic_bits(self) -> int:
        """Words written and read."""
        return (self.written + self.read) * self.bits


@dataclass(frozen=True)
class NetCost:
    """All layers in the order in which they ran, and the residual path."""

    name: str
    layers: tuple[LayerCost, ...]
    path: tuple[PathCost, ...] = ()

    @property
    def macs(self) -> int:
        """Multiplications of one image."""
        return sum(layer.macs for layer in self.layers)

    @property
    def parameters(self) -> int:
        """Weights and biases of convolutions and linear layers; batch norm is folded away."""
        return sum(layer.weights + layer.biases for layer in self.layers)

    @property
    def fixops(self) -> float:
        """FIXOPS of one image."""
        return sum(layer.fixops for layer in self.layers)

    @property
    def fp32_fixops(self) -> float:
        """FIXOPS of one image if everything were FP32: 16 a multiplication."""
        return fixops(self.macs, FLOAT_BITS, FLOAT_BITS)

    @property
    def weight_bytes(self) -> float:
        """Size of the weights, before any entropy coding."""
        return sum(layer.weight_bits for layer in self.layers) / 8

    @property
    def fp32_bytes(self) -> int:
        """Size of the weights in FP32."""
        return self.parameters * FLOAT_BITS // 8

    def weight_rate(self, coded_bytes: float | None = None) -> float:
        """FP32 size over size; coded_bytes: the size to compare, None for weight_bytes."""
        return ratio(self.fp32_bytes, self.weight_bytes if coded_bytes is None else coded_bytes)

    @property
    def fixops_rate(self) -> float:
        """FP32 FIXOPS over FIXOPS."""
        return ratio(self.fp32_fixops, self.fixops)

    @property
    def activation_bytes(self) -> float:
        """Traffic of the activations that layers read, one image: each written once, read by all.

        Max pools, concatenations and shuffles are taken as part of the layer before them.
        """
        return sum(layer.traffic_bits for layer in self.layers) / 8

    @property
    def path_bytes(self) -> float:
        """Traffic of the residual words, one image."""
        return total(self.path) / 8

    @property
    def path_words(self) -> int:
        """Additions of residual words, one image: one a word read by an adder."""
        return sum(item.read for item in self.path if item.kind == "add")

    @property
    def path_fixops(self) -> float:
        """The additions in units of FIXOPS, one binary operation a bit of a word (our definition).

        Not part of fixops, which counts products alone, as the paper does.
        """
        return sum(item.read * item.bits for item in self.path if item.kind == "add") / FIXOPS_BITS

    @property
    def traffic_bytes(self) -> float:
        """Weights once, activations and residual words: all that moves for one image."""
        return self.weight_bytes + self.activation_bytes + self.path_bytes


def total(path: Iterable[PathCost]) -> int:
    """Bits of traffic of these readers."""
    return sum(item.traffic_bits for item in path)


def ratio(before: float, after: float) -> float:
    """Compression rate before / after. Raises PlutarchError if after is not positive."""
    if not after > 0:
        raise PlutarchError(f"compression rate: nothing is left ({after})")
    return before / after
