# SPDX-License-Identifier: Apache-2.0
"""The bytes of a TOPLEVEL's transfers: what goes into each stream port and what comes out of it.

A transfer ends with TLAST. Activations, residuals and outputs are one transfer for each output
tile, weights are one transfer for a job. Beats here are padded to the bus (docs/formats.md).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from golden.codes import Codes, Ints
from golden.layer import ConvLayer, Int8s
from host.packing import Bytes, pack_lanes
from host.streams import activation_quads, maps_of, position_lanes
from host.target import QUAD, Target, power_of_two_bits

SUM_BYTES = 8  # a raw sum on the y stream
Shape = tuple[int, int, int, int]


def a_bus_bytes(target: Target) -> int:
    """Bytes of a beat of s_axis_a."""
    return power_of_two_bits(target.a_bits) // 8


def y_bus_bytes(target: Target) -> int:
    """Bytes of a beat of m_axis_y."""
    return power_of_two_bits(QUAD * target.pout * target.bits) // 8


def w_bus_bytes(target: Target) -> int:
    """Bytes of a beat of s_axis_w."""
    return target.w_bits // 8


def bus_bytes(target: Target) -> dict[str, int]:
    """Bytes of a beat of every stream port, by its letter."""
    return {"w": w_bus_bytes(target), "a": a_bus_bytes(target), "r": target.pout,
            "y": y_bus_bytes(target), "q": target.pout}


def activation_beats(a: NDArray[Any], layer: ConvLayer, target: Target,
                     out_shape: tuple[int, int]) -> Bytes:
    """Activations (N, C, H, W) as ONE output tile's transfer: (beats, bus bytes) uint8."""
    quads = activation_quads(a, layer, target, out_shape)
    beats = np.zeros((len(quads), a_bus_bytes(target)), dtype=np.uint8)
    beats[:, : quads.shape[1]] = quads
    return beats


def residual_beats(words: Int8s, target: Target) -> list[Bytes]:
    """Residual words (N, O, OH, OW) as a transfer for each output tile: (positions, POUT)."""
    lanes = position_lanes(words, target.pout).view(np.uint8)
    return np.split(lanes, -(-words.shape[1] // target.pout))


def y_bytes(layer: ConvLayer, target: Target, positions: int) -> int:
    """Bytes of one output tile's transfer on m_axis_y; 0 if the layer emits residuals only."""
    if layer.raw:
        return positions * target.pout * SUM_BYTES
    return -(-positions // QUAD) * y_bus_bytes(target) if layer.emit_code else 0


def q_bytes(layer: ConvLayer, target: Target, positions: int) -> int:
    """Bytes of one output tile's transfer on m_axis_r; 0 if the layer emits no residuals."""
    return positions * target.pout if layer.emit_res else 0


def codes_of(parts: Sequence[bytes], shape: Shape, target: Target) -> Codes:
    """The y transfers of a job (one for each output tile) as codes of `shape` (N, O, OH, OW)."""
    positions = shape[0] * shape[2] * shape[3]
    lanes = [small_lanes(np.frombuffer(part, np.uint8).reshape(-1, y_bus_bytes(target)),
                         target.bits, QUAD * target.pout).reshape(-1, target.pout)[:positions]
             for part in parts]
    return maps_of(np.concatenate(lanes), shape)


def sums_of(parts: Sequence[bytes], shape: Shape, target: Target) -> Ints:
    """The y transfers of a raw job as accumulators of `shape` (N, O, OH, OW) int64."""
    lanes = np.concatenate([np.frombuffer(part, "<i8") for part in parts]).astype(np.int64)
    return maps_of(lanes.reshape(-1, target.pout), shape)


def words_of(parts: Sequence[bytes], shape: Shape, target: Target) -> Int8s:
    """The q transfers of a job as residual words of `shape` (N, O, OH, OW) int8."""
    lanes = np.concatenate([np.frombuffer(part, np.int8) for part in parts])
    return maps_of(lanes.reshape(-1, target.pout), shape)


def small_lanes(data: Bytes, bits: int, lanes: int) -> Bytes:
    """Unsigned lanes of up to 8 bits: (beats, bytes) to (beats, lanes) uint8."""
    if bits == 8:
        return data[:, :lanes]
    if bits == 4:  # the usual case, twenty times faster
        return np.stack([data & 15, data >> 4], axis=2).reshape(len(data), -1)[:, :lanes]
    one = np.unpackbits(data, axis=1, bitorder="little")[:, : lanes * bits]
    split = one.reshape(len(data), lanes, bits)
    return np.packbits(split, axis=2, bitorder="little")[:, :, 0]


def channel_word(layer: ConvLayer, channel: int, target: Target) -> int:
    """{bias, term2, shift2, shift1} of one output channel, an integer of acc_bits + 26 bits."""
    bias = int(layer.bias[channel]) & ((1 << target.bias_bits) - 1)
    term = {0: 0, 1: 1, -1: 3}[int(layer.term2[channel])]
    return bias << 10 | term << 8 | int(layer.shift2[channel]) << 4 | int(layer.shift1[channel])


def code_beats(codes: Codes, target: Target) -> list[Bytes]:
    """Codes (N, O, OH, OW) as the y transfers that a device answers with: inverse of codes_of."""
    tiles = np.split(position_lanes(codes, target.pout), -(-codes.shape[1] // target.pout))
    filled = [np.pad(tile, ((0, -len(tile) % QUAD), (0, 0))) for tile in tiles]
    return [pack_lanes(tile.reshape(-1, QUAD * target.pout), target.bits, y_bus_bytes(target))
            for tile in filled]
