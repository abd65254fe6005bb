# SPDX-License-Identifier: Apache-2.0
"""Which layer has how many bits: one width for all, 8-bit ends, exceptions by name."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Literal, get_args

from golden.cost.records import FLOAT_BITS, WORD_BITS, LayerCost, NetCost, fixops
from golden.errors import PlutarchError

Ends = Literal["int8", "float", "same"]
ENDS: tuple[str, ...] = get_args(Ends)
_END_BITS = {"int8": 8, "float": FLOAT_BITS}


def with_bits(net: NetCost, w_bits: int, a_bits: int | None = None, first_last: str = "int8",
              overrides: Mapping[str, tuple[int, int]] | None = None,
              word_bits: int = WORD_BITS) -> NetCost:
    """The same network with w_bits weights and a_bits activations (None: as the weights).

    first_last: first and last layer at 8/8 ("int8", the paper's ResNets), 32/32 ("float", its
    SqueezeNet and ShuffleNetV2), or as the others ("same"). overrides: layer name -> (w, a); they
    win over everything else. word_bits: width of the residual words.
    Raises PlutarchError for a layer that is not there or a width that is not 1 to 32.
    """
    if first_last not in ENDS:
        raise PlutarchError(f"first_last = {first_last!r}: want {', '.join(ENDS)}")
    given = overrides or {}
    names = [layer.name for layer in net.layers]
    for name in given:
        if name not in names:
            near = difflib.get_close_matches(name, names, 1)
            hint = f"did you mean {near[0]}?" if near else f"there are {', '.join(names)}"
            raise PlutarchError(f"{net.name}: no layer {name!r}: {hint}")
    made: list[LayerCost] = []
    for place, layer in enumerate(net.layers):
        pair = (w_bits, w_bits if a_bits is None else a_bits)
        if place in (0, len(net.layers) - 1) and first_last in _END_BITS:
            pair = (_END_BITS[first_last],) * 2
        pair = given.get(layer.name, pair)
        fixops(0, *pair)  # refuses widths out of range
        made.append(replace(layer, w_bits=pair[0], a_bits=pair[1]))
    fixops(0, word_bits, word_bits)
    path = tuple(replace(item, bits=word_bits) for item in net.path)
    return NetCost(net.name, tuple(made), path)


def parse_overrides(texts: Iterable[str]) -> dict[str, tuple[int, int]]:
    """{"layer1.0.conv1": (3, 4)} of "layer1.0.conv1=3,4" (or "=3" for both).

    Raises PlutarchError naming the text that is not of this form.
    """
    found: dict[str, tuple[int, int]] = {}
    for text in texts:
        name, _, bits = text.partition("=")
        parts = bits.split(",")
        if not name or len(parts) not in (1, 2) or not all(part.isdecimal() for part in parts):
            raise PlutarchError(f"layer {text!r}: want NAME=WEIGHTBITS,ACTBITS, such as conv1=3,4")
        found[name] = (int(parts[0]), int(parts[-1]))
    return found
