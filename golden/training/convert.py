# SPDX-License-Identifier: Apache-2.0
"""A frozen model to a Network of integers: signs into weights, scales to shifts, offsets to biases.

After this nothing is real-valued; the integer network is the reference and its accuracy is the one
that is stated.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from golden.codes import Ints, from_int
from golden.errors import PlutarchError
from golden.layer import MAX_CHANNEL_SHIFT, ConvLayer, Int8s
from golden.network import INPUT, FcLayer, Network, Node
from golden.training.models import ConvUnit, ResNet

ACCUMULATOR_BITS = {3: 22, 4: 30, 5: 46}  # of the RTL (docs/formats.md)
_GUARD = 3  # t is at least 2^3 times finer than what is made of it, so the bias keeps its place


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
    terms = unit.terms
    assert terms is not None
    exp_acc = unit.exp_w + exp_a
    low, high = terms.span()
    ceiling = min(exp_acc + low, unit.exp_out - _GUARD, unit.exp_res - _GUARD)
    if residual is not None:
        ceiling = min(ceiling, residual.exp_res)
    exp_t = max(ceiling, exp_acc + high - MAX_CHANNEL_SHIFT)
    outputs = [exp for exp, used in ((unit.exp_out, unit.emit_code),
                                      (unit.exp_res, unit.emit_words)) if used]
    if exp_t > min([exp_acc + low, *outputs, *([residual.exp_res] if residual else [])]):
        raise PlutarchError(f"layer {unit.name}: no exponent for t: scales 2^{low}..2^{high} on "
                            f"2^{exp_acc}, outputs on 2^{unit.exp_out} and 2^{unit.exp_res}")
    values = unit.int_weights() * np.where(terms.sign < 0, -1, np.abs(terms.sign))[:, None, None,
                                                                                   None]
    weights: Any = (values.clip(-128, 127).astype(np.int8) if unit.first
                    else from_int(values, unit.bits))
    bias = unit.bias.detach().double().numpy()
    layer = ConvLayer(
        unit.name, unit.bits, weights, unit.stride, 1,
        shift1=terms.power1 + (exp_acc - exp_t),
        shift2=np.where(terms.term2 != 0, terms.power2 + (exp_acc - exp_t), 0),
        term2=terms.term2, bias=np.floor(np.ldexp(bias, -exp_t) + 0.5).astype(np.int64),
        relu=True, proj_shift=unit.exp_out - exp_t if unit.emit_code else 0,
        res_in=residual is not None, res_shift=residual.exp_res - exp_t if residual else 0,
        emit_code=unit.emit_code, emit_res=unit.emit_words,
        res_out_shift=unit.exp_res - exp_t if unit.emit_words else 0,
        act="int8" if unit.first else "pot", wgt="int8" if unit.first else "pot")
    return Node(layer, source, residual.layer.name if residual else None, unit.exp_w, exp_a, exp_t)


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
