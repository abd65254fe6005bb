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
from golden.quantizers.apot import Apot
from golden.quantizers.base import Quantizer
from golden.quantizers.deepshift import ShiftActs, ShiftWeights
from golden.quantizers.fixed import Fixed
from golden.quantizers.identity import Identity
from golden.quantizers.lqnets import LqNets
from golden.quantizers.lsq import Lsq
from golden.quantizers.pact import DorefaWeights, PactActs
from golden.quantizers.pot import Pot
from golden.quantizers.uniform import Uniform

__all__ = ["METHODS", "Apot", "DorefaWeights", "Fixed", "Identity", "LqNets", "Lsq", "Method",
           "PactActs", "Pot", "Quantizer", "ShiftActs", "ShiftWeights", "Uniform", "find_method"]


@dataclass(frozen=True)
class Method:
    """A published way to quantise a network's weights and activations.

    weight(bits), act(bits), act_signed(bits): new quantisers of that width, for weights, for
    values after a ReLU, and for activations of both signs (no paper but IOS-PoT's has such: the
    method's weight levels with its gradients for activations). normalise_weights: whether the
    method's layers quantise (W - mean) / std. source: paper.
    """

    name: str
    weight: Callable[[int], Quantizer]
    act: Callable[[int], Quantizer]
    act_signed: Callable[[int], Quantizer]
    normalise_weights: bool
    source: str


_METHODS = (
    Method("iospot", Pot,
           act=lambda bits: Pot(bits, masked=True),
           act_signed=lambda bits: Pot(bits, masked=True),
           normalise_weights=True,
           source="10.32604/cmc.2024.053632 (equations lost: our definition)"),
    Method("apot", Apot,
           act=lambda bits: Apot(bits, signed=False, masked=True),
           act_signed=lambda bits: Apot(bits, masked=True),
           normalise_weights=True, source="1909.13144"),
    Method("deepshift", ShiftWeights, act=ShiftActs, act_signed=ShiftActs,
           normalise_weights=False, source="1905.13298 (DeepShift-Q)"),
    Method("pact", DorefaWeights,
           act=PactActs,
           act_signed=lambda bits: PactActs(bits, signed=True),
           normalise_weights=False, source="1805.06085, weights: DoReFa 1606.06160"),
    Method("lqnets", LqNets,
           act=lambda bits: LqNets(bits, signed=False, clipped=True),
           act_signed=lambda bits: LqNets(bits, clipped=True),
           normalise_weights=False, source="1807.10029"),
    Method("lsq", Lsq,
           act=lambda bits: Lsq(bits, signed=False, batched=True),
           act_signed=lambda bits: Lsq(bits, batched=True),
           normalise_weights=False, source="1902.08153"),
    Method("uniform", Uniform,
           act=lambda bits: Uniform(bits, signed=False, masked=True),
           act_signed=lambda bits: Uniform(bits, masked=True),
           normalise_weights=True, source="1909.13144 (its uniform baseline)"),
    Method("float", Identity,
           act=lambda bits: Identity(bits, signed=False), act_signed=Identity,
           normalise_weights=False, source="no quantisation"),
)

METHODS: dict[str, Method] = {method.name: method for method in _METHODS}


def find_method(name: str) -> Method:
    """The method of that name; PlutarchError with the nearest name if there is none."""
    if name in METHODS:
        return METHODS[name]
    near = difflib.get_close_matches(str(name).lower(), METHODS, n=1, cutoff=0.0)[0]
    raise PlutarchError(f"method = {name!r}: no such quantiser, did you mean {near!r}? "
                        f"There are {', '.join(METHODS)}")
