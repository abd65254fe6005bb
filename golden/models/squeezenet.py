# SPDX-License-Identifier: Apache-2.0
"""SqueezeNet (Iandola et al. 2016): 1.1 for ImageNet, and a form for 32x32 images.

1.1 has torchvision's parameter names, no batch norm, and ends in ReLU and pool as published; the
dropout before the last convolution, which has no parameters, is left out. Max pools round down,
which at 224x224 is what torchvision's rounding up gives.

The CIFAR form is our definition (the paper does not say which it used): fire modules and places of
the pools of version 1.0 and its 96 channels at the start, but a 3x3 stem of stride 1, pools of 2x2,
batch norm behind every convolution of stem and fire modules, no bypass, and no ReLU on the logits.
"""

from __future__ import annotations

from collections import OrderedDict

import torch
from torch import Tensor, nn

from golden.models.layers import start

# Fire modules 2 to 9, equal in 1.0 and 1.1: channels squeezed to, channels of each expansion.
FIRES = ((16, 64), (16, 64), (32, 128), (32, 128), (48, 192), (48, 192), (64, 256), (64, 256))


class Fire(nn.Module):
    """1x1 squeeze, then 1x1 and 3x3 expansions side by side: (N, cin, H, W) to (N, 2*expand, H, W).

    norm: batch norm behind each convolution, which then has no bias.
    """

    def __init__(self, cin: int, squeeze: int, expand: int, norm: bool) -> None:
        super().__init__()
        self.squeeze = nn.Conv2d(cin, squeeze, 1, bias=not norm)
        self.squeeze_bn = nn.BatchNorm2d(squeeze) if norm else None
        self.squeeze_relu = nn.ReLU()
        self.expand1x1 = nn.Conv2d(squeeze, expand, 1, bias=not norm)
        self.expand1x1_bn = nn.BatchNorm2d(expand) if norm else None
        self.expand1x1_relu = nn.ReLU()
        self.expand3x3 = nn.Conv2d(squeeze, expand, 3, padding=1, bias=not norm)
        self.expand3x3_bn = nn.BatchNorm2d(expand) if norm else None
        self.expand3x3_relu = nn.ReLU()

    def forward(self, x: Tensor) -> Tensor:
        """x: (N, cin, H, W)."""
        y = self.squeeze(x)
        y = self.squeeze_relu(y if self.squeeze_bn is None else self.squeeze_bn(y))
        one = self.expand1x1(y)
        one = self.expand1x1_relu(one if self.expand1x1_bn is None else self.expand1x1_bn(one))
        three = self.expand3x3(y)
        three = self.expand3x3_relu(three if self.expand3x3_bn is None
                                    else self.expand3x3_bn(three))
        return torch.cat([one, three], 1)


class SqueezeNet11(nn.Module):
    """Version 1.1 on images of `channels` planes, 224x224: features.0 .. features.12, classifier.1.

    The pools of 3x3 and stride 2 stand behind the stem and fire modules 3 and 5.
    """

    def __init__(self, classes: int, channels: int) -> None:
        super().__init__()
        parts: list[nn.Module] = [nn.Conv2d(channels, 64, 3, 2), nn.ReLU(), nn.MaxPool2d(3, 2)]
        width = 64
        for number, (squeeze, expand) in enumerate(FIRES, start=2):
            parts.append(Fire(width, squeeze, expand, norm=False))
            width = 2 * expand
            if number in (3, 5):
                parts.append(nn.MaxPool2d(3, 2))
        self.features = nn.Sequential(*parts)
        self.classifier = nn.Sequential(OrderedDict([  # torchvision has its dropout at place 0
            ("1", nn.Conv2d(width, classes, 1)), ("2", nn.ReLU()), ("3", nn.AdaptiveAvgPool2d(1))]))
        start(self)

    def forward(self, x: Tensor) -> Tensor:
        """x: (N, channels, H, W) real. Returns logits (N, classes), none negative."""
        return torch.flatten(self.classifier(self.features(x)), 1)


class SqueezeNetCifar(nn.Module):
    """The CIFAR form: pools behind the stem and fire modules 4 and 8, logits the mean of a map."""

    def __init__(self, classes: int, channels: int) -> None:
        super().__init__()
        width = 96
        parts: OrderedDict[str, nn.Module] = OrderedDict()
        parts["conv1"] = nn.Conv2d(channels, width, 3, 1, 1, bias=False)
        parts["bn1"] = nn.BatchNorm2d(width)
        parts["relu1"] = nn.ReLU()
        parts["pool1"] = nn.MaxPool2d(2)
        for number, (squeeze, expand) in enumerate(FIRES, start=2):
            parts[f"fire{number}"] = Fire(width, squeeze, expand, norm=True)
            width = 2 * expand
            if number in (4, 8):
                parts[f"pool{number}"] = nn.MaxPool2d(2)
        self.features = nn.Sequential(parts)
        self.conv10 = nn.Conv2d(width, classes, 1)
        self.avgpool = nn.AdaptiveAvgPool2d(1)
        start(self)

    def forward(self, x: Tensor) -> Tensor:
        """x: (N, channels, 32, 32) real. Returns logits (N, classes)."""
        return torch.flatten(self.avgpool(self.conv10(self.features(x))), 1)
