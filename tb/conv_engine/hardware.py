# SPDX-License-Identifier: Apache-2.0
"""The built device as the bench sees it."""

from __future__ import annotations

from host.target import Target
from tb.common.settings import Settings

Hardware = Target


def hardware(settings: Settings) -> Target:
    """The parameters of this simulation; plut_conv and mac_conv have no LANE."""
    number = settings.integer
    fixed = {"plut_conv": "P1", "mac_conv": "M8"}
    lane = str(settings.parameters.get("LANE", fixed.get(settings.toplevel, "P1")))
    return Target(bits=number("B"), kmax=number("KMAX"), pin=number("PIN"), pout=number("POUT"),
                  line_depth=number("LINE_DEPTH"), psum_depth=number("PSUM_DEPTH"),
                  cout_max=number("COUT_MAX"), lane=lane)
