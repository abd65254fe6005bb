# SPDX-License-Identifier: Apache-2.0
"""A layer through both stages, S-Huff and LZMA, and back: lossless."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from golden.compression.codes import BYTE, LayerCodes
from golden.errors import PlutarchError
from golden.shuff import decode, encode, order_weights, restore_weights
from golden.shuff.squeeze import expand, squeeze

PIN = POUT = 8  # target of the weight order, as in a package


def stream(layer: LayerCodes, mode: str = "joint", pin: int = PIN, pout: int = POUT) -> bytes:
    """Stage one: the S-Huff stream as shipped, or the bytes of an 8-bit layer as they are."""
    if layer.bits == BYTE:
        return np.ascontiguousarray(layer.codes).tobytes()
    return encode(order_weights(layer.codes, pin, pout), layer.bits, pin, pout, mode)


def compress(layer: LayerCodes, mode: str = "joint", pin: int = PIN, pout: int = POUT) -> bytes:
    """Both stages. Raises PlutarchError for illegal codes or parameters (golden.shuff.encode)."""
    return squeeze(stream(layer, mode, pin, pout))


def decompress(data: bytes, shape: Sequence[int], bits: int, pin: int = PIN,
               pout: int = POUT) -> npt.NDArray[Any]:
    """The codes of compress(), `shape` (O, I, ...): uint8, or int8 for bits = 8. Exact.

    Raises PlutarchError for a damaged stream or one of another size, width or target.
    """
    found = expand(data)
    if bits != BYTE:
        return restore_weights(decode(found, bits, pin, pout), shape, pin, pout)
    if len(found) != np.prod(shape):
        raise PlutarchError(f"{len(found)} bytes do not make a layer of shape {tuple(shape)}")
    return np.frombuffer(found, dtype=np.int8).reshape(tuple(shape))
