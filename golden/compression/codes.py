# SPDX-License-Identifier: Apache-2.0
"""Weights as codes: the shared values of a layer, and which of them each weight has.

This is the paper's weight sharing. A code {sign, index} points into a table of 2^(b-1) magnitudes:
powers of two (IOS-PoT), sums of them (APoT) or any other symmetric level set.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from golden.codes import check_bits
from golden.errors import PlutarchError
from golden.package import load_package

BYTE = 8  # bits of the fixed-point weights of first and last layers


@dataclass(frozen=True, eq=False)
class LayerCodes:
    """One layer: codes (O, I, ...) uint8 {sign, index} of `bits` bits, or int8 where bits is 8.

    grid: what the codes stand for: "pot", "apot", another method's name, or "int8".
    Raises PlutarchError naming the layer for another dtype, shape or width.
    """

    name: str
    bits: int
    codes: npt.NDArray[Any]
    grid: str = "pot"

    def __post_init__(self) -> None:
        wanted = np.int8 if self.bits == BYTE else np.uint8
        if self.codes.dtype != wanted or self.codes.ndim < 2:
            raise PlutarchError(f"layer {self.name}: codes are {self.codes.dtype} "
                                f"{self.codes.shape}, want {np.dtype(wanted)} (O, I, ...)")
        if self.bits != BYTE:
            check_bits(self.bits)


def codes_of(values: npt.ArrayLike, levels: npt.ArrayLike, bits: int) -> npt.NDArray[np.uint8]:
    """Codes, same shape, of values that lie on a level set: the index is the magnitude's rank.

    levels: (L,) ascending reals, symmetric about 0, at most 2^(bits-1) magnitudes with zero. A
    value takes the nearest level, in a tie the larger one (values from a quantiser are on a level,
    but for float32 rounding). Raises PlutarchError for NaN, and for a level set that such codes
    cannot hold.
    """
    check_bits(bits)
    grid = np.asarray(levels, dtype=np.float64)
    magnitudes = np.unique(np.abs(grid))  # (M,) ascending
    if not magnitudes.size or magnitudes[0] != 0 or magnitudes.size > 1 << (bits - 1) or not (
            np.array_equal(grid, -grid[::-1])):
        raise PlutarchError(f"levels {grid.tolist()}: {bits}-bit codes hold zero and up to "
                            f"{(1 << (bits - 1)) - 1} magnitudes of both signs")
    x = np.asarray(values, dtype=np.float64)
    if np.isnan(x).any():
        raise PlutarchError("NaN has no code")
    index = np.searchsorted((magnitudes[1:] + magnitudes[:-1]) / 2, np.abs(x), side="right")
    sign = ((x < 0) & (index > 0)).astype(np.int64) << (bits - 1)
    codes: npt.NDArray[np.uint8] = (sign | index).astype(np.uint8)
    return codes


def from_package(path: Path, bits: int | None = None) -> list[LayerCodes]:
    """The layers of a package in order, the 8-bit ones and the linear layer included.

    Raises PlutarchError naming what is missing or damaged, or if its width is not `bits`.
    """
    network = load_package(path)
    if bits is not None and bits != network.bits:
        raise PlutarchError(f"{path}: holds {network.bits}-bit codes, --bits says {bits}")
    found = []
    for node in network.nodes:
        layer = node.layer
        pot = layer.wgt == "pot"
        found.append(LayerCodes(layer.name, layer.bits if pot else BYTE, layer.weights,
                                "pot" if pot else "int8"))
    return [*found, LayerCodes("fc", BYTE, network.fc.weights, "int8")]
