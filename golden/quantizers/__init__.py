# SPDX-License-Identifier: Apache-2.0
"""Quantisers of one tensor: level sets, projections and straight-through gradients.

One file a method, all behind `base.Quantizer`; `METHODS` names the pairs for weights and
activations that are compared. Facts and formulas: docs/quantizers.md.
"""

from __future__ import annotations

import difflib
from collections.abc import Callable
from dataclasses import dataclass

from golden.errors import PlutarchError
from golden.quantizers.base import Quantizer
from golden.quantizers.fixed import Fixed
from golden.quantizers.identity import Identity
from golden.quantizers.pot import Pot

__all__ = ["METHODS", "Fixed", "Identity", "Method", "Pot", "Quantizer", "find_method"]


@dataclass(frozen=True)
class Method:
    """A published way to quantise a network's weights and activations.

    weight(bits), act(bits): new quantisers of that width (act: of values after a ReLU).
    normalise_weights: whether the method's layers quantise (W - mean) / std. source: paper.
    """

    name: str
    weight: Callable[[int], Quantizer]
    act: Callable[[int], Quantizer]
    normalise_weights: bool
    source: str


METHODS: dict[str, Method] = {method.name: method for method in (
    Method("iospot", Pot, lambda bits: Pot(bits, masked=True), True,
           "10.32604/cmc.2024.053632 (equations lost: our definition)"),
    Method("float", Identity, lambda bits: Identity(bits, signed=False), False,
           "no quantisation"),
)}


def find_method(name: str) -> Method:
    """The method of that name; PlutarchError with the nearest name if there is none."""
    if name in METHODS:
        return METHODS[name]
    near = difflib.get_close_matches(str(name).lower(), METHODS, n=1, cutoff=0.0)[0]
    raise PlutarchError(f"method = {name!r}: no such quantiser, did you mean {near!r}? "
                        f"There are {', '.join(METHODS)}")
