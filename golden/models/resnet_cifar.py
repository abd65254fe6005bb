# SPDX-License-Identifier: Apache-2.0
"""ResNets for small images: three stages of 16, 32 and 64 channels, option A shortcuts.

He et al. 2015, section 4.2. Parameter names are those of akamaster/pytorch_resnet_cifar10, so its
checkpoints load as they are.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from golden.models.layers import OptionA, start

WIDTHS = (16, 32, 64)


class Block(nn.Module):
    """Two 3x3 convolutions and a shortcut: (N, cin, H, W) to (N, cout, H/stride, W/stride)."""

    def __init__(self, cin: int, cout: int, stride: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(cin, cout, 3, stride, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(cout)
        self.relu1 = nn.ReLU()
        self.conv2 = nn.Conv2d(cout, cout, 3, 1, 1, bias=False)
        self.bn2 = nn.BatchNorm2d(cout)
        self.relu2 = nn.ReLU()
        extra = cout - cin
        self.shortcut = (OptionA(stride, extra // 2, extra - extra // 2)
                         if stride != 1 or extra else None)

    def forward(self, x: Tensor) -> Tensor:
        """x: (N, cin, H, W)."""
        y = self.relu1(self.bn1(self.conv1(x)))
        y = self.bn2(self.conv2(y))
        out: Tensor = self.relu2(y + (x if self.shortcut is None else self.shortcut(x)))
        return out


class ResNetCifar(nn.Module):
    """6*blocks + 2 layers on images of `channels` planes: ResNet20 has 3 blocks, ResNet56 nine."""

    def __init__(self, blocks: int, classes: int, channels: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(channels, WIDTHS[0], 3, 1, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(WIDTHS[0])
        self.relu1 = nn.ReLU()
        self.layer1 = _stage(WIDTHS[0], WIDTHS[0], blocks, 1)
        self.layer2 = _stage(WIDTHS[0], WIDTHS[1], blocks, 2)
        self.layer3 = _stage(WIDTHS[1], WIDTHS[2], blocks, 2)
        self.pool = nn.AdaptiveAvgPool2d(1)
        self.linear = nn.Linear(WIDTHS[2], classes)
        start(self)

    def forward(self, x: Tensor) -> Tensor:
        """x: (N, channels, H, W) real. Returns logits (N, classes)."""
        y = self.relu1(self.bn1(self.conv1(x)))
        y = self.pool(self.layer3(self.layer2(self.layer1(y))))  # (N, 64, 1, 1)
        logits: Tensor = self.linear(torch.flatten(y, 1))
        return logits


def _stage(cin: int, cout: int, blocks: int, stride: int) -> nn.Sequential:
    return nn.Sequential(Block(cin, cout, stride), *(Block(cout, cout, 1)
                                                     for _ in range(blocks - 1)))
