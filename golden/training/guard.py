# SPDX-License-Identifier: Apache-2.0
"""NaN and infinity in training: found before a checkpoint could keep them, and named by layer."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn

from golden.errors import PlutarchError


class DivergedError(PlutarchError):
    """Training met NaN or infinity. where: the layer and what of it is not finite."""

    def __init__(self, where: str) -> None:
        super().__init__(where)
        self.where = where


def check_step(model: nn.Module, loss: Tensor, x: Tensor) -> None:
    """Between backward and step: loss and all gradients are finite, else DivergedError."""
    gradients = [p.grad for p in model.parameters() if p.grad is not None]
    norm = torch.nn.utils.get_total_norm(gradients) if gradients else loss.detach()
    if bool(torch.isfinite(norm.to(loss.device) + loss.detach())):
        return
    if not bool(torch.isfinite(loss.detach())):
        raise DivergedError(bad_value(model) or bad_output(model, x) or "the loss is not finite")
    for name, p in model.named_parameters():
        if p.grad is not None and not bool(torch.isfinite(p.grad).all()):
            raise DivergedError(f"layer {owner(name)}: the gradient of {leaf(name)} is not finite")
    raise DivergedError("the gradients overflow in their sum")


def check_values(model: nn.Module) -> None:
    """Before a checkpoint: every parameter and buffer is finite, else DivergedError."""
    if bad := bad_value(model):
        raise DivergedError(bad)


def bad_value(model: nn.Module) -> str | None:
    """The first parameter or buffer with NaN or infinity, or None."""
    for name, value in (*model.named_parameters(), *model.named_buffers()):
        if value.is_floating_point() and not bool(torch.isfinite(value).all()):
            return f"layer {owner(name)}: {leaf(name)} is not finite"
    return None


@torch.no_grad()
def bad_output(model: nn.Module, x: Tensor) -> str | None:
    """The first module, in the order of the forward pass, that gives NaN or infinity on x."""
    found: list[str] = []

    def look(name: str) -> Any:
        def hook(_: nn.Module, __: Any, output: Any) -> None:
            values = output if isinstance(output, tuple) else (output,)
            if not found and any(isinstance(v, Tensor) and not bool(torch.isfinite(v).all())
                                 for v in values):
                found.append(name)
        return hook

    if not bool(torch.isfinite(x).all()):
        return "the input images are not finite"
    handles = [module.register_forward_hook(look(name)) for name, module in model.named_modules()
               if name and not any(True for _ in module.children())]
    try:
        model(x)
    except PlutarchError as error:  # a quantiser that refuses a scale of NaN
        return str(error)
    finally:
        for handle in handles:
            handle.remove()
    return f"layer {found[0]}: its output is not finite" if found else None


def owner(name: str) -> str:
    """The module of a parameter: layer1.0.conv1 of layer1.0.conv1.weight."""
    return name.rpartition(".")[0] or "(model)"


def leaf(name: str) -> str:
    """The parameter's own name: weight of layer1.0.conv1.weight."""
    return name.rpartition(".")[2]
