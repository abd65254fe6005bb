# SPDX-License-Identifier: Apache-2.0
"""Float weights of a torch state dict as codes: IOS-PoT and APoT of the same weights.

The one part of golden.compression that imports torch. Nothing is trained; scales are fitted.
"""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from golden.codes import check_bits, num_levels, project_real
from golden.compression.codes import BYTE, LayerCodes, codes_of
from golden.errors import PlutarchError
from golden.models.weights import UNSOUND, read_state, refusal
from golden.quantizers import Apot, Fixed, Pot

GRIDS = ("pot", "apot")


def from_state(path: Path, bits: int, alpha: float | None = None, normalise: bool = True,
               everything: bool = False) -> dict[str, list[LayerCodes]]:
    """Codes of the convolutions and linear layers of a state dict, by grid: "pot" and "apot".

    The first convolution and every linear layer are 8-bit fixed point, as in the paper, unless
    `everything`. normalise: (W - mean) / std of the layer first (paper-facts E4). alpha: largest
    level, in units of what is projected; for PoT the nearest power of two. None: least squared
    error. Raises PlutarchError naming file and tensor.
    """
    check_bits(bits)
    if alpha is not None and not (math.isfinite(alpha) and alpha > 0):
        raise PlutarchError(f"alpha = {alpha}: the largest level is a positive number")
    weights = _weights(path)
    first = next(name for name, w in weights.items() if w.ndim == 4)
    found: dict[str, list[LayerCodes]] = {grid: [] for grid in GRIDS}
    for name, weight in weights.items():
        if not everything and (name == first or weight.ndim == 2):
            layers = dict.fromkeys(GRIDS, _bytes(name, weight))
        else:
            x = _normalised(weight) if normalise else weight
            layers = {"pot": LayerCodes(name, bits, _pot(x, bits, alpha)),
                      "apot": LayerCodes(name, bits, _apot(x, bits, alpha), "apot")}
        for grid, layer in layers.items():
            found[grid].append(layer)
    return found


def _weights(path: Path) -> dict[str, Tensor]:
    """float64 (O, I, K, K) and (O, I), names without ".weight"; at least one convolution."""
    if not path.is_file():
        raise PlutarchError(f"{path}: missing; a torch state dict is due")
    try:
        state = read_state(path)
    except UNSOUND as error:
        raise refusal(path, "state dict", error) from error
    weights = {name.removesuffix(".weight"): value.double() for name, value in state.items()
               if name.endswith(".weight") and value.ndim in (2, 4) and value.numel()}
    if not any(w.ndim == 4 for w in weights.values()):
        raise PlutarchError(f"{path}: no convolution weights in it (a 4-dimensional tensor whose "
                            "name ends in .weight)")
    for name, value in weights.items():
        if not bool(torch.isfinite(value).all()):
            raise PlutarchError(f"{path}: {name}.weight holds NaN or infinity")
    return weights


def _normalised(w: Tensor) -> Tensor:
    """(W - mean) / std of the layer, n - 1 in the deviation; all equal: only the mean goes."""
    spread, centre = torch.std_mean(w) if w.numel() > 1 else (w.new_ones(()), w.new_zeros(()))
    return (w - centre) / (spread if spread > 0 else 1.0)


def _pot(x: Tensor, bits: int, alpha: float | None) -> np.ndarray[Any, np.dtype[np.uint8]]:
    quantizer = Pot(bits)
    quantizer.fit(x)
    top = num_levels(bits) - 1
    exponent = quantizer.exponent if alpha is None else math.floor(math.log2(alpha) + 0.5) - top
    return project_real(x.numpy(), bits, exponent)


def _apot(x: Tensor, bits: int, alpha: float | None) -> np.ndarray[Any, np.dtype[np.uint8]]:
    quantizer = Apot(bits)
    quantizer.fit(x)
    if alpha is not None:
        with torch.no_grad():
            quantizer.alpha.fill_(alpha)
    with torch.no_grad():
        return codes_of(quantizer(x).numpy(), quantizer.levels().numpy(), bits)


def _bytes(name: str, w: Tensor) -> LayerCodes:
    quantizer = Fixed(BYTE)
    quantizer.fit(w)
    with torch.no_grad():
        whole = torch.ldexp(quantizer(w), torch.tensor(-quantizer.exponent))
    return LayerCodes(name, BYTE, whole.to(torch.int8).numpy(), "int8")
