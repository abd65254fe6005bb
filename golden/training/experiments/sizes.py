# SPDX-License-Identifier: Apache-2.0
"""Weight sizes of any quantised model, whatever its method: raw, S-Huff where it can, LZMA."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import torch

from golden.compression import LayerCodes, codes_of
from golden.compression import measure as measured
from golden.compression.measure import RAW
from golden.errors import PlutarchError
from golden.qat import QuantModel
from golden.quantizers import Fixed, Quantizer
from golden.shuff.squeeze import squeeze

FLOAT_BITS = 32


@dataclass(frozen=True)
class Sizes:
    """Bits of all weights of convolutions and linear layers; biases and batch norm left out.

    raw: codes at their width (FP32 layers at 32). shuff: S-Huff streams as shipped, None where the
    method's levels are no {sign, magnitude} codes. lzma: S-Huff and then LZMA, or LZMA on the raw
    codes where there is no S-Huff; FP32 layers as they are.
    """

    weights: int
    raw: float
    shuff: float | None
    lzma: float

    @property
    def float_bits(self) -> int:
        """The same weights in FP32."""
        return FLOAT_BITS * self.weights


def weight_sizes(model: QuantModel, jobs: int = 1) -> Sizes:
    """Sizes of a quantised model in its present mode. Raises PlutarchError without such layers."""
    coded: list[LayerCodes] = []
    count = 0
    plain = raw = lzma = 0.0  # raw, lzma: of layers that S-Huff does not take
    takes = True
    for name, values, quantizer in _layers(model):
        count += values.size
        if quantizer is None:
            plain += FLOAT_BITS * values.size
        elif isinstance(quantizer, Fixed):
            coded.append(LayerCodes(name, quantizer.bits, _words(values, quantizer), "int8"))
        else:
            try:
                coded.append(LayerCodes(name, quantizer.bits, codes_of(
                    values, quantizer.levels().numpy(), quantizer.bits), model.spec.method))
            except PlutarchError:
                takes = False
                raw += quantizer.bits * values.size
                lzma += 8 * len(squeeze(_packed(values, quantizer)))
    if not count:
        raise PlutarchError("no weights: nothing to measure")
    if takes and any(layer.bits != 8 for layer in coded):
        found = measured(coded, jobs=jobs)
        return Sizes(count, plain + found.network(RAW), plain + found.network(),
                     plain + found.network(lzma=True))
    for layer in coded:
        raw += layer.bits * layer.codes.size
        lzma += 8 * len(squeeze(layer.codes.tobytes()))
    return Sizes(count, plain + raw, None, plain + lzma)


@torch.no_grad()
def _layers(model: QuantModel) -> Iterator[tuple[str, npt.NDArray[Any], Quantizer | None]]:
    """(name, quantised weights (O, I, ...) float64, quantiser or None for FP32)."""
    for name, layer in model.layers():
        values = layer.used_weight().double().cpu().numpy()
        yield name, values, layer.weight_quantizer


def _words(values: npt.NDArray[Any], quantizer: Fixed) -> npt.NDArray[np.int8]:
    """The integers of fixed-point weights."""
    words: npt.NDArray[np.int8] = np.rint(np.ldexp(values, -quantizer.exponent)).astype(np.int8)
    return words


def _packed(values: npt.NDArray[Any], quantizer: Quantizer) -> bytes:
    """Numbers of the nearest levels in `bits` bits each, the first in the highest bits."""
    levels = quantizer.levels().numpy()
    cuts = (levels[1:] + levels[:-1]) / 2
    index = np.searchsorted(cuts, values.reshape(-1), side="right").astype(np.uint8)
    places = np.unpackbits(index[:, None], axis=1)[:, -quantizer.bits:]  # (n, bits)
    return np.packbits(places.reshape(-1)).tobytes()
