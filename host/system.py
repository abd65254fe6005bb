# SPDX-License-Identifier: Apache-2.0
"""The system that networks run on: a main accelerator and mac_conv, out of build parameters."""

from __future__ import annotations

from collections.abc import Mapping

from golden.int8_acts import with_int8_activations
from golden.int8_values import with_int8_values
from golden.network import Network
from host.target import Target

_CALIBRATION = 32  # images that set the shifts of a network with 8-bit activations


def targets_of(parameters: Mapping[str, int | str]) -> dict[str, Target]:
    """Both accelerators as software sees them, the main one first.

    parameters: those of tb/network/network_bench.v; MAC_ ones are mac_conv's.
    """
    def target(prefix: str, lane: str) -> Target:
        def number(name: str) -> int:
            return int(parameters[name])

        return Target(bits=number("B"), kmax=number(f"{prefix}KMAX"), pin=number(f"{prefix}PIN"),
                      pout=number(f"{prefix}POUT"), line_depth=number("LINE_DEPTH"),
                      psum_depth=number("PSUM_DEPTH"), cout_max=number("COUT_MAX"), lane=lane)

    return {"main": target("", str(parameters["LANE"])), "mac": target("MAC_", "M8")}


def for_lane(net: Network, lane: str) -> Network:
    """The network as this lane computes it. Raises PlutarchError if there is no such form."""
    if lane == "M8":
        return with_int8_values(net)
    if lane == "S1":
        return with_int8_activations(net, net.images[:_CALIBRATION])
    return net
