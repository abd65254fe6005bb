# SPDX-License-Identifier: Apache-2.0
"""ResNet18 (He et al. 2015, table 1) with 1x1 projections (option B).

Parameter names are those of torchvision, so its state dicts load as they are. The CIFAR form has a
3x3 stem of stride 1 and no max pool, as is usual for 32x32 images.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from golden.models.layers import start

WIDTHS = (64, 128, 256, 512)


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
        self.downsample = (nn.Sequential(nn.Conv2d(cin, cout, 1, stride, bias=False),
                                         nn.BatchNorm2d(cout))
                           if stride != 1 or cin != cout else None)

    def forward(self, x: Tensor) -> Tensor:
        """x: (N, cin, H, W)."""
        y = self.relu1(self.bn1(self.conv1(x)))
        y = self.bn2(self.conv2(y))
        out: Tensor = self.relu2(y + (x if self.downsample is None else self.downsample(x)))
        return out


class ResNet18(nn.Module):
    """Four stages of two blocks. imagenet: 7x7 stem of stride 2 and a 3x3 max pool of stride 2."""

    def __init__(self, classes: int, channels: int, imagenet: bool) -> None:
        super().__init__()
        width = WIDTHS[0]
        self.conv1 = (nn.Conv2d(channels, width, 7, 2, 3, bias=False) if imagenet
                      else nn.Conv2d(channels, width, 3, 1, 1, bias=False))
        self.bn1 = nn.BatchNorm2d(width)
        self.relu1 = nn.ReLU()
        self.maxpool = nn.MaxPool2d(3, 2, 1) if imagenet else None
        self.layer1 = nn.Sequential(Block(width, width, 1), Block(width, width, 1))
        self.layer2 = nn.Sequential(Block(64, 128, 2), Block(128, 128, 1))
        self.layer3 = nn.Sequential(Block(128, 256, 2), Block(256, 256, 1))
        self.layer4 = nn.Sequential(Block(256, 512, 2), Block(512, 512, 1))
        self.avgpool = nn.AdaptiveAvgPool2d(1)
        self.fc = nn.Linear(WIDTHS[-1], classes)
        start(self)

    def forward(self, x: Tensor) -> Tensor:
        """x: (N, channels, H, W) real. Returns logits (N, classes)."""
        y = self.relu1(self.bn1(self.conv1(x)))
        if self.maxpool is not None:
            y = self.maxpool(y)
        y = self.layer4(self.layer3(self.layer2(self.layer1(y))))  # (N, 512, H/32, W/32), CIFAR /8
        logits: Tensor = self.fc(torch.flatten(self.avgpool(y), 1))
        return logits
