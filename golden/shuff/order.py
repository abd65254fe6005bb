# SPDX-License-Identifier: Apache-2.0
"""The order in which the hardware consumes the weights of a layer."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from golden.errors import PlutarchError


def _tiles(cout: int, cin: int, pin: int, pout: int) -> Iterator[tuple[slice, slice]]:
    if pin < 1 or pout < 1:
        raise PlutarchError(f"PIN={pin} and POUT={pout} must be at least 1")
    for o in range(0, cout, pout):
        for i in range(0, cin, pin):
            yield slice(o, min(o + pout, cout)), slice(i, min(i + pin, cin))


def order_weights(weights: NDArray[np.uint8], pin: int, pout: int) -> NDArray[np.uint8]:
    """Weights (O, I, ...) as one row in hardware order; the dtype is kept.

    For each tile of `pout` output channels, for each tile of `pin` input channels: the tile in C
    order (o, i, ky, kx), clipped at O and I; no weights are added.
    """
    if weights.ndim < 2:
        raise PlutarchError(f"weights have shape {weights.shape}, need (O, I, ...)")
    cout, cin = weights.shape[:2]
    parts = [weights[o, i].ravel() for o, i in _tiles(cout, cin, pin, pout)]
    return np.concatenate(parts) if parts else weights.ravel()  # (O*I*...,)


def restore_weights(
    flat: NDArray[np.uint8], shape: Sequence[int], pin: int, pout: int
) -> NDArray[np.uint8]:
    """Inverse of `order_weights`: (O*I*...,) in hardware order -> `shape`.

    Raises PlutarchError when `flat` has another number of weights than `shape`.
    """
    weights = np.empty(tuple(shape), dtype=flat.dtype)
    if weights.ndim < 2 or flat.shape != (weights.size,):
        raise PlutarchError(f"{flat.shape} weights do not make a layer of shape {tuple(shape)}")
    at = 0
    for o, i in _tiles(shape[0], shape[1], pin, pout):
        tile = weights[o, i]
        weights[o, i] = flat[at : at + tile.size].reshape(tile.shape)  # (pout, pin, ...)
        at += tile.size
    return weights


def bank_steps(weights: NDArray[Any], pout: int) -> NDArray[Any]:
    """Weights (O, I, ...) as steps of a decoder bank (steps, pout); the dtype is kept.

    For each tile of `pout` output channels the others in C order (i, ky, kx), one output channel a
    lane; lanes beyond O carry 0. Tiles of input channels make no difference to this order.
    """
    if weights.ndim < 2 or pout < 1:
        raise PlutarchError(f"weights {weights.shape} and POUT={pout}: need (O, I, ...) and 1 up")
    cout = weights.shape[0]
    rows = weights.reshape(cout, -1)
    rows = np.pad(rows, ((0, -cout % pout), (0, 0)))  # (tiles * pout, steps of a tile)
    tiles = rows.reshape(-1, pout, rows.shape[1])
    return np.ascontiguousarray(tiles.transpose(0, 2, 1).reshape(-1, pout))
