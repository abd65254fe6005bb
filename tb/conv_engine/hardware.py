# SPDX-License-Identifier: Apache-2.0
"""The built device as the bench sees it."""

from __future__ import annotations

from dataclasses import dataclass

from host.target import Target
from tb.common.settings import Settings


@dataclass(frozen=True)
class Hardware(Target):
    """What software sees, and what only shows in cycles.

    tree: operands of the lanes' adders; buses: ways to write the tables of lane P3.
    """

    tree: int = 2
    buses: int = 4


def hardware(settings: Settings) -> Hardware:
    """The parameters of this simulation; mac_conv has no LANE."""
    number = settings.integer
    lane = str(settings.parameters.get("LANE", "M8"))
    buses = number("BUSES") if "BUSES" in settings.parameters else Hardware.buses
    return Hardware(bits=number("B"), kmax=number("KMAX"), pin=number("PIN"), pout=number("POUT"),
                  line_depth=number("LINE_DEPTH"), psum_depth=number("PSUM_DEPTH"),
                  cout_max=number("COUT_MAX"), lane=lane, tree=number("TREE"), buses=buses)
