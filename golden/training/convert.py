# SPDX-License-Identifier: Apache-2.0
"""A frozen model to a Network of integers: signs into weights, scales to shifts, offsets to biases.

After this nothing is real-valued; the integer network is the reference and its accuracy is the one
that is stated.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from golden.codes import Ints
from golden.errors import PlutarchError
from golden.fold import ACCUMULATOR_BITS, fold
from golden.layer import Int8s
from golden.network import INPUT, FcLayer, Network, Node
from golden.training.models import ConvUnit, ResNet

__all__ = ["ACCUMULATOR_BITS", "to_network"]



def to_network(model: ResNet, name: str, input_exp: int, images: Int8s, labels: Ints,
               about: Mapping[str, Any]) -> Network:
    """The integer network of a frozen model; images and labels are the samples it carries.

    Raises PlutarchError if a layer does not fit the hardware's widths or shift fields.
    """
    if model.mode != "frozen":
        raise PlutarchError("convert: freeze the model first")
    nodes = [_node(model.first, INPUT, input_exp, None)]
    block_end = nodes[0]
    for one, two in model.pairs:
        inner = _node(one, block_end.layer.name, block_end.exp_out, None)
        block_end = _node(two, inner.layer.name, inner.exp_out, block_end)
        nodes += [inner, block_end]
    for node in nodes:
        node.layer.check_fits(ACCUMULATOR_BITS[model.bits])
    fc = _fc(model, block_end, _last_pixels(nodes, images))
    return Network(name, model.bits, tuple(nodes), block_end.layer.name, fc, input_exp, images,
                   labels, about)


def _node(unit: ConvUnit, source: str, exp_a: int, residual: Node | None) -> Node:
    """One unit as integers."""
    assert unit.terms is not None
    return fold(unit.name, unit.bits, unit.int_weights(), unit.terms,
                unit.bias.detach().double().numpy(), stride=unit.stride, exp_w=unit.exp_w,
                exp_a=exp_a, exp_out=unit.exp_out, exp_res=unit.exp_res, source=source,
                residual=(residual.layer.name, residual.exp_res) if residual else None,
                emit_code=unit.emit_code, emit_res=unit.emit_words,
                kind="int8" if unit.first else "pot")


def _last_pixels(nodes: list[Node], images: Int8s) -> int:
    """Pixels of the last layer's output plane."""
    height, width = int(images.shape[2]), int(images.shape[3])
    for node in nodes:
        height, width = node.layer.out_shape(height, width)
    return height * width


def _fc(model: ResNet, last: Node, pixels: int) -> FcLayer:
    """FC on sums: the division by the number of pixels goes into the exponent."""
    if pixels & (pixels - 1):
        raise PlutarchError(f"pool of {pixels} pixels is not a power of two")
    exp = model.exp_fc + last.exp_res - (pixels.bit_length() - 1)
    w = model.linear.weight.detach().double().numpy() * 2.0 ** -model.exp_fc
    bias = model.linear.bias.detach().double().numpy()
    return FcLayer(np.floor(w + 0.5).clip(-128, 127).astype(np.int8),
                   np.floor(np.ldexp(bias, -exp) + 0.5).astype(np.int64), model.exp_fc)
