# SPDX-License-Identifier: Apache-2.0
"""Any torch model of the known operations to a quantised model with the same weights."""

from __future__ import annotations

import copy

import torch
from torch import Tensor, nn

from golden.errors import PlutarchError
from golden.qat.layers import ConvLayer, Layer
from golden.qat.model import QuantModel
from golden.qat.moves import NormStep
from golden.qat.spec import QuantSpec
from golden.qat.trace import trace
from golden.qat.units import find_units


def quantise(model: nn.Module, example: Tensor, spec: QuantSpec, input_exp: int) -> QuantModel:
    """A quantised model in mode "float", which gives the logits of `model` to the bit.

    model: any torch model of the operations of golden.qat.operations; left as it was. example:
    (N, C, H, W) real images it can run on. input_exp: pixels are integers times 2^input_exp. The
    result has the model's dtype, device and training flag. Raises PlutarchError naming the first
    module or function that cannot be converted, or an override that fits no layer.
    """
    whole = copy.deepcopy(model).eval()
    plan, modules = find_units(trace(whole, example))
    if not plan.roles():
        raise PlutarchError(f"{type(model).__name__}: has no convolution and no linear layer")
    made = QuantModel(plan, spec, input_exp)
    first = next((p for p in whole.parameters() if p.is_floating_point()), example)
    made.to(device=first.device, dtype=first.dtype)
    for step in plan.steps:
        _fill(made.step_module(step.name), modules[step.name])
    _compare(whole, made, example)
    made.train(model.training)
    return made


@torch.no_grad()
def _fill(target: nn.Module | None, sources: list[nn.Module]) -> None:
    """Copy weights, biases and batch norms from the modules of a unit."""
    norm = target.norm if isinstance(target, (ConvLayer, NormStep)) else None
    for source in sources:
        if isinstance(source, nn.BatchNorm2d):
            assert norm is not None  # find_units put it there
            norm.load_state_dict(source.state_dict())
        elif isinstance(target, Layer):
            assert isinstance(source, (nn.Conv2d, nn.Linear))
            target.weight.copy_(source.weight)
            if target.bias is not None and source.bias is not None:
                target.bias.copy_(source.bias)


@torch.no_grad()
def _compare(model: nn.Module, made: QuantModel, example: Tensor) -> None:
    """Raise PlutarchError unless both give the same logits on the example, to the bit."""
    made.eval()
    given, found = model(example), made(example)
    if not torch.equal(torch.nan_to_num(given), torch.nan_to_num(found)):
        worst = float((given - found).abs().max())
        raise PlutarchError(f"{type(model).__name__}: the converted model differs from it by up to "
                            f"{worst:.3g} on the example; an operation in place (ReLU(inplace="
                            "True), +=) that changes a value which is read again can do that")
