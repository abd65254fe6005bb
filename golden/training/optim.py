# SPDX-License-Identifier: Apache-2.0
"""SGD with momentum 0.9: decay on weights alone (and PACT's clips), scales at their own rate."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import torch
from torch import Tensor, nn

from golden.errors import PlutarchError
from golden.quantizers import Quantizer
from golden.training.config import StageConfig

MOMENTUM = 0.9  # as in the paper, section 4.2


def make_optimizer(model: nn.Module, stage: StageConfig) -> torch.optim.SGD:
    """SGD over what a stage trains, in four groups: weights, the rest, scales, decaying scales.

    Weights are the tensors of two or more dimensions; they decay, and of the scales those whose
    method says so (Quantizer.decays_scale: PACT). Scales are what quantisers call
    `scale_parameters`; their rate is stage.scale_rate times that of the weights.
    """
    scales = {id(p): module.decays_scale for module in model.modules()
              if isinstance(module, Quantizer) for p in module.scale_parameters()}
    trained = [p for p in model.parameters() if p.requires_grad]
    groups = [
        {"params": [p for p in trained if p.ndim > 1 and id(p) not in scales],
         "weight_decay": stage.decay, "over": 1.0},
        {"params": [p for p in trained if p.ndim <= 1 and id(p) not in scales],
         "weight_decay": 0.0, "over": 1.0},
        *({"params": [p for p in trained if scales.get(id(p)) is decays],
           "weight_decay": stage.decay if decays else 0.0, "over": stage.scale_rate}
          for decays in (False, True)),
    ]
    return torch.optim.SGD([group for group in groups if group["params"]], lr=stage.rate,
                           momentum=MOMENTUM)


def set_rate(optimizer: torch.optim.SGD, rate: float) -> None:
    """Give every group its rate, where that of weights is `rate`."""
    for group in optimizer.param_groups:
        group["lr"] = rate * group["over"]


def momentum_of(optimizer: torch.optim.SGD) -> dict[str, Tensor]:
    """The momentum buffers by position, for a checkpoint."""
    buffers = {str(i): optimizer.state[p].get("momentum_buffer")
               for i, p in enumerate(_parameters(optimizer)) if p in optimizer.state}
    return {name: value for name, value in buffers.items() if value is not None}


def put_momentum(optimizer: torch.optim.SGD, buffers: Mapping[str, Tensor], where: str) -> None:
    """Restore what momentum_of gave. Raises PlutarchError if it is of another model."""
    parameters = list(_parameters(optimizer))
    for name, value in buffers.items():
        place = int(name) if name.isdigit() else len(parameters)
        if place >= len(parameters) or parameters[place].shape != value.shape:
            raise PlutarchError(f"{where}: its momentum is of another model")
        p = parameters[place]
        optimizer.state[p]["momentum_buffer"] = value.to(p.device, p.dtype).clone()


def _parameters(optimizer: torch.optim.SGD) -> Iterable[nn.Parameter]:
    return (p for group in optimizer.param_groups for p in group["params"])
