# SPDX-License-Identifier: Apache-2.0
"""The same network with 8-bit fixed-point activations: real tensors for lane S1.

The PoT weights stay; each layer reads the 8-bit residual words of the layer before it instead of
its codes, so shifts, biases and exponents move to the finer grid. How far the words are shifted
right is chosen per layer from the values that occur on calibration images.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from golden.codes import BigInts, Ints
from golden.layer import MAX_CHANNEL_SHIFT, Int8s, LayerOutput, residual_word
from golden.network import INPUT, FcLayer, MaxPool, Network, Node


def with_int8_activations(net: Network, images: Int8s) -> Network:
    """Return net with act = "int8" everywhere, calibrated on images (N, C, H, W) int8.

    Integers only and deterministic. The result is a Network like any other (its accuracy can be
    measured); layers emit residual words and no codes.
    """
    nodes: dict[str, Node] = {}
    outputs: dict[str, LayerOutput] = {}
    before: dict[str, Node] = {}  # the layer, or the one whose values a max pool hands on
    for old in net.steps():
        if isinstance(old, MaxPool):
            before[old.name], nodes[old.name] = before[old.source], nodes[old.source]
            outputs[old.name] = net.job(old, images, outputs).expected
            continue
        node = _moved(old, net.input_exp if old.source == INPUT else nodes[old.source].exp_res)
        if node.residual is not None:
            shift = nodes[node.residual].exp_res - node.exp_t
            node = replace(node, layer=replace(node.layer, res_shift=shift))
        t = net.job(node, images, outputs).expected.t
        layer = replace(node.layer, res_out_shift=best_word_shift(t))
        before[layer.name], nodes[layer.name] = old, replace(node, layer=layer)
        outputs[layer.name] = LayerOutput(t, t, None, residual_word(t, layer.res_out_shift))
    grown = nodes[net.pool_source].exp_res - before[net.pool_source].exp_res
    fc = FcLayer(net.fc.weights, _rescaled(net.fc.bias, grown), net.fc.exp_w)
    return replace(net, nodes=tuple(nodes[node.layer.name] for node in net.nodes), fc=fc)


def _moved(node: Node, exp_a: int) -> Node:
    """The node reading int8 words of exponent exp_a: shifts and bias on the grid that follows."""
    grown = exp_a - node.exp_a
    layer = node.layer
    used = np.where(layer.term2 != 0, np.maximum(layer.shift1, layer.shift2), layer.shift1)
    # a coarser input grid is first met by larger left shifts, then by a coarser t
    left = min(max(grown, 0), MAX_CHANNEL_SHIFT - int(used.max()))
    rest = grown - left
    moved = replace(layer, act="int8", emit_code=False, emit_res=True, proj_shift=0,
                    shift1=layer.shift1 + left,
                    shift2=np.where(layer.term2 != 0, layer.shift2 + left, 0),
                    bias=_rescaled(layer.bias, rest))
    return replace(node, layer=moved, exp_a=exp_a, exp_t=node.exp_t + rest, as_values=False)


def _rescaled(values: Ints, grown: int) -> Ints:
    """Return values * 2^-grown, exact for grown <= 0, else rounded half up."""
    if grown <= 0:
        return values << -grown
    return (values + (1 << (grown - 1))) >> grown


def best_word_shift(t: BigInts) -> int:
    """The right shift whose 8-bit words lose least: smallest sum of squared errors, then shift."""
    largest = max(int(t.max()), -int(t.min()), 1)
    top = max(0, largest.bit_length() - 7)  # nothing saturates from here on
    exact = t.astype(object)

    def loss(shift: int) -> int:
        words = residual_word(t, shift).astype(object) << shift
        return int(((words - exact) ** 2).sum())

    return min(range(max(0, top - 3), top + 1), key=loss)
