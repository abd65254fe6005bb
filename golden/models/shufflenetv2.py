# SPDX-License-Identifier: Apache-2.0
"""ShuffleNetV2 x1.0 (Ma et al. 2018, table 5), ImageNet form and one for 32x32 images.

Parameter names are those of torchvision. The CIFAR form is our definition (the paper does not say
which it used): stem of stride 1 and no max pool, the rest as it is.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from golden.models.layers import ChannelShuffle, start

STEM, LAST = 24, 1024
STAGES = ((4, 116), (8, 232), (4, 464))  # units, channels


class Unit(nn.Module):
    """(N, cin, H, W) to (N, cout, H/stride, W/stride): two branches, joined and shuffled.

    Stride 1 (cin = cout): half of the channels pass as they are. Stride 2: both branches read all.
    """

    def __init__(self, cin: int, cout: int, stride: int) -> None:
        super().__init__()
        half = cout // 2
        self.split = stride == 1
        inner = half if self.split else cin
        self.branch1 = None if self.split else nn.Sequential(
            *_depthwise(cin, stride), *_pointwise(cin, half))
        self.branch2 = nn.Sequential(*_pointwise(inner, half), *_depthwise(half, stride),
                                     *_pointwise(half, half))
        self.shuffle = ChannelShuffle(2)

    def forward(self, x: Tensor) -> Tensor:
        """x: (N, cin, H, W)."""
        if self.branch1 is None:
            kept, moved = x.chunk(2, dim=1)  # each (N, cin/2, H, W)
            joined = torch.cat([kept, self.branch2(moved)], 1)
        else:
            joined = torch.cat([self.branch1(x), self.branch2(x)], 1)
        out: Tensor = self.shuffle(joined)
        return out


class ShuffleNetV2(nn.Module):
    """Stem, three stages, 1x1 convolution to 1024 channels, pool and linear layer."""

    def __init__(self, classes: int, channels: int, imagenet: bool) -> None:
        super().__init__()
        self.conv1 = nn.Sequential(
            nn.Conv2d(channels, STEM, 3, 2 if imagenet else 1, 1, bias=False),
            nn.BatchNorm2d(STEM), nn.ReLU())
        self.maxpool = nn.MaxPool2d(3, 2, 1) if imagenet else None
        width = STEM
        stages = []
        for units, out in STAGES:
            stages.append(nn.Sequential(Unit(width, out, 2), *(Unit(out, out, 1)
                                                               for _ in range(units - 1))))
            width = out
        self.stage2, self.stage3, self.stage4 = stages
        self.conv5 = nn.Sequential(*_pointwise(width, LAST))
        self.avgpool = nn.AdaptiveAvgPool2d(1)
        self.fc = nn.Linear(LAST, classes)
        start(self)

    def forward(self, x: Tensor) -> Tensor:
        """x: (N, channels, H, W) real. Returns logits (N, classes)."""
        y = self.conv1(x)
        if self.maxpool is not None:
            y = self.maxpool(y)
        y = self.conv5(self.stage4(self.stage3(self.stage2(y))))  # (N, 1024, H/32, W/32), CIFAR /8
        logits: Tensor = self.fc(torch.flatten(self.avgpool(y), 1))
        return logits


def _pointwise(cin: int, cout: int) -> list[nn.Module]:
    return [nn.Conv2d(cin, cout, 1, bias=False), nn.BatchNorm2d(cout), nn.ReLU()]


def _depthwise(width: int, stride: int) -> list[nn.Module]:
    return [nn.Conv2d(width, width, 3, stride, 1, groups=width, bias=False), nn.BatchNorm2d(width)]
