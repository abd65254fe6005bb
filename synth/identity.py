# SPDX-License-Identifier: Apache-2.0
"""Which lane a module is or holds, and how many products it makes a cycle."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

_LANES: Final[Mapping[str, str]] = {"plut_conv": "P1", "shift_conv": "S0", "mac_conv": "M8"}
OWN_BITS: Final[Mapping[str, int]] = {"M3": 3, "M4": 4, "M8": 8, "D4": 4, "D8": 8}
"""Lanes whose width is in their name: B does not change them."""
NO_LANE: Final = "the module is no lane and holds none"


@dataclass(frozen=True)
class Identity:
    """What a record says a module is; None where that makes no sense for it.

    lane, b, n, tree: scheme, bits of a weight, operands of a dot product, operands of an adder.
    macs: products a cycle of the whole module.
    """

    lane: str | None = None
    b: int | None = None
    n: int | None = None
    tree: int | None = None
    macs: int | None = None

    def reasons(self) -> dict[str, str]:
        """Why what is None is None."""
        return {name: NO_LANE for name, value in vars(self).items() if value is None}


def identify(top: str, parameters: Mapping[str, Any]) -> Identity:
    """The identity of a module with all its parameters, derived ones included."""
    if top == "dot_product":
        lane = str(parameters["LANE"])
        macs = parameters["N"] * parameters.get("OUTS", 1) * parameters.get("PIX", 1)
        return Identity(lane, OWN_BITS.get(lane, parameters["B"]), parameters["N"],
                        parameters["TREE"], macs)  # fmt: skip
    if top in _LANES:
        lane = str(parameters.get("LANE", _LANES[top]))
        taps = parameters["KMAX"] ** 2 * parameters["PIN"]
        bits = OWN_BITS.get(lane, parameters["B"])
        return Identity(lane, bits, taps, parameters.get("TREE", 2), taps * parameters["POUT"])
    return Identity()
