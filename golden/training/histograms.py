# SPDX-License-Identifier: Apache-2.0
"""Weights of a run before and after quantisation, as plots and tables take them."""

from __future__ import annotations

from collections.abc import Sequence

import torch

from golden.errors import PlutarchError
from golden.qat import QuantModel
from golden.training.fields import unknown
from golden.training.plots import Weights


@torch.no_grad()
def layer_weights(model: QuantModel, names: Sequence[str] = ()) -> list[Weights]:
    """What each layer's quantiser reads and gives, as flat float64 arrays, with its levels.

    names: which layers; () for the inner layers with the fewest, the middle and the most weights.
    Raises PlutarchError for a layer that is not there or is not of the method.
    """
    found = {name: (w.detach().double().cpu().reshape(-1), q.detach().double().cpu().reshape(-1))
             for name, w, q in model.weight_pairs()}
    if not found:
        raise PlutarchError("this model has no layer with the method's quantiser")
    for name in names:
        if name not in found:
            raise unknown("layer", name, found)
    if not names:
        ordered = sorted(found, key=lambda name: (len(found[name][0]), name))
        names = list(dict.fromkeys([ordered[0], ordered[len(ordered) // 2], ordered[-1]]))
    layers = dict(model.layers())
    result = []
    for name in names:
        quantizer = layers[name].weight_quantizer
        assert quantizer is not None  # weight_pairs() gives no other
        before, after = found[name]
        result.append(Weights(name, before.numpy(), after.numpy(), quantizer.levels().numpy()))
    return result
