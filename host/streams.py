# SPDX-License-Identifier: Apache-2.0
"""Tensors in the order and packing of the accelerator's streams (docs/engine.md), and back.

Everything here is for ONE output tile's round of activations or for whole output maps; nothing is
computed, values only change places.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from golden.layer import ConvLayer
from host.packing import Bytes, pack_lanes
from host.target import QUAD, Target


def activation_quads(a: NDArray[Any], layer: ConvLayer, target: Target,
                     out_shape: tuple[int, int] | None = None) -> Bytes:
    """Activations (N, C, H, W) as the beats of one output tile's round: (beats, a_bytes) uint8.

    Input tile by input tile; inside a tile the order follows kernel and stride (docs/engine.md).
    out_shape: (OH, OW) where the padding is not the layer's own (bands); only 1x1 layers need it.
    """
    if layer.kernel == 1:
        oh, ow = out_shape or layer.out_shape(*a.shape[2:])
        step = layer.stride
        read = a[:, :, : step * (oh - 1) + 1 : step, : step * (ow - 1) + 1 : step]
        lanes = tiled(read, QUAD * target.pin)  # (it*N*OH*OW, 4*PIN)
    elif layer.stride == 2:
        lanes = _blocks(tiled_maps(a, target.pin))  # (it*N*HB*WB, 4*PIN)
    else:
        tiles = tiled_maps(a, target.pin)
        pixels = tiles.reshape(len(tiles), -1, target.pin)  # (it, N*H*W, PIN)
        filled = np.pad(pixels, ((0, 0), (0, -pixels.shape[1] % QUAD), (0, 0)))
        lanes = filled.reshape(-1, QUAD * target.pin)  # (it*ceil(N*H*W/4), 4*PIN)
    return pack_lanes(lanes, target.act_bits, target.a_bytes)


def position_lanes(values: NDArray[Any], pout: int) -> NDArray[Any]:
    """Output maps (N, O, OH, OW) as (ot*N*OH*OW, POUT): output tile, image, raster position."""
    return tiled(values, pout)


def maps_of(lanes: NDArray[Any], shape: tuple[int, int, int, int]) -> NDArray[Any]:
    """Inverse of position_lanes: (ot*N*OH*OW, POUT) to maps of `shape` (N, O, OH, OW)."""
    n, channels, height, width = shape
    split = lanes.reshape(-1, n, height, width, lanes.shape[1])  # (ot, N, OH, OW, POUT)
    full = split.transpose(1, 0, 4, 2, 3).reshape(n, -1, height, width)
    return np.ascontiguousarray(full[:, :channels])


def tiled_maps(values: NDArray[Any], lanes: int) -> NDArray[Any]:
    """(N, C, H, W) -> (tiles, N, H, W, lanes), channels beyond C zero."""
    n, channels, height, width = values.shape
    tiles = -(-channels // lanes)
    full = np.zeros((n, tiles * lanes, height, width), dtype=values.dtype)
    full[:, :channels] = values
    split = full.reshape(n, tiles, lanes, height, width)
    return np.ascontiguousarray(split.transpose(1, 0, 3, 4, 2))


def tiled(values: NDArray[Any], lanes: int) -> NDArray[Any]:
    """(N, C, H, W) -> (tiles*N*H*W, lanes), channels beyond C zero."""
    return tiled_maps(values, lanes).reshape(-1, lanes)


def _blocks(tiles: NDArray[Any]) -> NDArray[Any]:
    """(tiles, N, H, W, PIN) -> (tiles*N*HB*WB, 4*PIN): 2x2 blocks, pixels outside zero."""
    t, n, height, width, pin = tiles.shape
    even = np.pad(tiles, ((0, 0), (0, 0), (0, height % 2), (0, width % 2), (0, 0)))
    split = even.reshape(t, n, (height + 1) // 2, 2, (width + 1) // 2, 2, pin)
    return split.transpose(0, 1, 2, 4, 3, 5, 6).reshape(-1, QUAD * pin)
