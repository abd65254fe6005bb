# SPDX-License-Identifier: Apache-2.0
"""The same network with PoT weights and activations as plain int8 values: work for `mac_conv`.

A code of up to 4 bits stands for an integer of at most 64, which fits 8 bits. Sums, scales, codes
and residual words stay what they were, to the bit.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from golden.codes import max_value
from golden.errors import PlutarchError
from golden.network import INPUT, Network, Node


def with_int8_values(net: Network) -> Network:
    """Return net with act = wgt = "int8" everywhere; layers read codes as the values they have.

    Every output of the new network equals that of net. A layer that reads residual words or the
    image keeps doing so. Raises PlutarchError if the values of a b-bit code do not fit 8 bits.
    """
    largest = max_value(net.bits)
    if largest > 127:
        raise PlutarchError(f"network {net.name}: B={net.bits}: values up to {largest} do not fit "
                            "8 bits; int8 values exist for B = 2, 3 or 4")
    return replace(net, nodes=tuple(_with_values(node) for node in net.nodes))


def _with_values(node: Node) -> Node:
    layer = replace(node.layer, act="int8", wgt="int8",
                    weights=node.layer.weights_int.astype(np.int8))
    return replace(node, layer=layer, as_values=node.reads_codes and node.source != INPUT)
