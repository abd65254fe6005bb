# SPDX-License-Identifier: Apache-2.0
"""Two operations that torch has no module for; classes of their own, so that a graph shows them."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional


class OptionA(nn.Module):
    """Shortcut without weights (He et al. 2015, section 4.1, option A).

    (N, C, H, W) to (N, before + C + after, ceil(H/step), ceil(W/step)): every step-th pixel from
    the first, `before` zero channels before and `after` behind. Exact for every dtype;
    golden.nodes.shortcut is the same in integers, with the extra channels halved (the smaller half
    before).
    """

    def __init__(self, step: int, before: int, after: int) -> None:
        super().__init__()
        self.step, self.before, self.after = step, before, after

    def forward(self, x: Tensor) -> Tensor:
        """x: (N, C, H, W)."""
        return functional.pad(x[:, :, ::self.step, ::self.step],
                              (0, 0, 0, 0, self.before, self.after))

    def extra_repr(self) -> str:
        """What print(model) shows."""
        return f"step={self.step}, before={self.before}, after={self.after}"


class ChannelShuffle(nn.Module):
    """Channels taken in turn from each of `groups` equal groups (Zhang et al. 2018, ShuffleNet).

    (N, C, H, W) to the same shape: output channel i*groups + g is input channel g*(C/groups) + i.
    Exact. C must be a multiple of groups.
    """

    def __init__(self, groups: int) -> None:
        super().__init__()
        self.groups = groups

    def forward(self, x: Tensor) -> Tensor:
        """x: (N, C, H, W)."""
        grouped = torch.unflatten(x, 1, (self.groups, -1))  # (N, groups, C/groups, H, W)
        return grouped.transpose(1, 2).flatten(1, 2)

    def extra_repr(self) -> str:
        """What print(model) shows."""
        return f"groups={self.groups}"


def start(model: nn.Module) -> None:
    """He-normal convolutions (He et al. 2015), their biases zero; the rest as torch has it."""
    for module in model.modules():
        if isinstance(module, nn.Conv2d):
            nn.init.kaiming_normal_(module.weight)
            if module.bias is not None:
                nn.init.zeros_(module.bias)
