# SPDX-License-Identifier: Apache-2.0
"""Small networks and the digits for tests of golden.qat."""

from __future__ import annotations

import functools
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from golden import data
from golden.models.layers import ChannelShuffle, OptionA
from golden.network import Network
from golden.qat import QuantModel, QuantSpec, export, quantise

EXP = -4  # digits are 0..16


class Tiny(nn.Module):
    """Every part that can be exported: stem with max pool, projection, option A, identity."""

    def __init__(self, classes: int = 10) -> None:
        super().__init__()
        self.stem = nn.Conv2d(1, 8, 3, 1, 1, bias=False)
        self.norm = nn.BatchNorm2d(8)
        self.act = nn.ReLU()  # used again and again: it holds no weights
        self.maxpool = nn.MaxPool2d(3, 1, 1)
        self.a = nn.Conv2d(8, 16, 3, 2, 1, bias=False)
        self.a_norm = nn.BatchNorm2d(16)
        self.down = nn.Sequential(nn.Conv2d(8, 16, 1, 2, bias=False), nn.BatchNorm2d(16))
        self.b = nn.Conv2d(16, 16, 3, 1, 1)  # a bias and a norm
        self.b_norm = nn.BatchNorm2d(16)
        self.c = nn.Conv2d(16, 24, 3, 2, 1, bias=False)
        self.c_norm = nn.BatchNorm2d(24)
        self.short = OptionA(2, 4, 4)
        self.d = nn.Conv2d(24, 24, 1)  # a bias alone
        self.drop = nn.Dropout(0.1)
        self.pool = nn.AdaptiveAvgPool2d(1)  # a name that the integer network keeps for itself
        self.fc = nn.Linear(24, classes)

    def forward(self, x: Tensor) -> Tensor:
        y = self.maxpool(self.act(self.norm(self.stem(x))))
        z = self.act(self.a_norm(self.a(y)))
        z = self.act(self.b_norm(self.b(z)) + self.down(y))
        z = self.act(self.c_norm(self.c(z)) + self.short(z))
        z = self.act(z + self.d(z))
        z = self.drop(torch.flatten(self.pool(z), 1))
        logits: Tensor = self.fc(z)
        return logits


class Odd(nn.Module):
    """Parts that train but are not exported, written as functions and methods where it goes."""

    def __init__(self) -> None:
        super().__init__()
        self.stem = nn.Conv2d(1, 8, 3, padding="same")
        self.first_norm = nn.BatchNorm2d(8, affine=False)
        self.depthwise = nn.Conv2d(4, 4, 3, padding=1, groups=4, bias=False)
        self.norm = nn.BatchNorm2d(4)
        self.point = nn.Conv2d(4, 4, (1, 1), bias=False)
        self.shuffle = ChannelShuffle(2)
        self.own_norm = nn.BatchNorm2d(8)
        self.wide = nn.Conv2d(8, 6, (3, 1), (1, 2), (2, 0), dilation=(2, 1))
        self.hidden = nn.Linear(6 * 4 * 2, 12)
        self.last = nn.Linear(12, 10)

    def forward(self, x: Tensor) -> Tensor:
        y = functional.relu(self.first_norm(self.stem(x)))
        kept, moved = y.chunk(2, dim=1)
        moved = self.point(self.norm(self.depthwise(moved)))  # no ReLU between the two
        y = self.shuffle(torch.cat([kept, moved], 1))
        y = torch.relu(self.own_norm(y))
        y = functional.avg_pool2d(y, 2)
        y += y[:, :, ::1, ::1]
        y = self.wide(functional.max_pool2d(y, 3, stride=1, padding=1)).relu()
        y = y.view(y.size(0), -1)
        y = functional.dropout(functional.relu(self.hidden(y)), 0.2, self.training)
        logits: Tensor = self.last(y)
        return logits


@functools.cache
def digits() -> tuple[Any, Any]:
    """(training, test) images as int8 with labels."""
    return data.load("digits")


def real(images: Any) -> Tensor:
    """int8 (N, 1, 8, 8) to float32 values."""
    return torch.from_numpy(np.asarray(images)).float() * 2.0 ** EXP


def used(model: nn.Module, seed: int = 0) -> nn.Module:
    """The model with norms of uneven gains (one negative, one zero) and measured statistics."""
    generator = torch.Generator().manual_seed(seed)
    for module in model.modules():
        if isinstance(module, nn.BatchNorm2d) and module.affine:
            with torch.no_grad():
                module.weight.uniform_(0.5, 1.5, generator=generator)
                module.bias.uniform_(-0.3, 0.3, generator=generator)
                module.weight[0] *= -1
                module.weight[1] = 0
    model.train()
    images = real(digits()[0].images[:128])
    with torch.no_grad():
        for _ in range(20):
            model(images)
    return model.eval()


def made(bits: int = 4, seed: int = 0, **spec: Any) -> QuantModel:
    """A calibrated Tiny with random weights."""
    torch.manual_seed(seed)
    images = real(digits()[0].images[:128])
    found = quantise(used(Tiny()), images[:2], QuantSpec(weight_bits=bits, act_bits=bits, **spec),
                     EXP)
    found.calibrate(images)
    return found


def train(model: nn.Module, steps: int, rate: float = 0.05, seed: int = 0) -> float:
    """A few minibatches of SGD; returns the last loss."""
    training = digits()[0]
    images, labels = real(training.images), torch.from_numpy(training.labels)
    generator = torch.Generator().manual_seed(seed)
    groups = model.parameter_groups(1e-4) if isinstance(model, QuantModel) else list(
        model.parameters())
    optimizer = torch.optim.SGD(groups, lr=rate, momentum=0.9)
    model.train()
    loss = torch.zeros(())
    for _ in range(steps):
        pick = torch.randint(0, len(labels), (64,), generator=generator)
        loss = functional.cross_entropy(model(images[pick]), labels[pick])
        optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        optimizer.step()
    model.eval()
    return float(loss.detach())


def exported(model: QuantModel, count: int = 360) -> Network:
    """The integer network of a frozen model, with digits as its samples."""
    test = digits()[1]
    return export(model, "tiny", test.images[:count], test.labels[:count], {"seed": 0})


def frozen(model: nn.Module, spec: QuantSpec, shape: tuple[int, ...] = (1, 8, 8)) -> QuantModel:
    """The model calibrated on random images and frozen."""
    torch.manual_seed(0)
    x = torch.rand(16, *shape).mul(16).floor() * 2.0 ** EXP
    found = quantise(model.eval(), x[:2], spec, EXP)
    found.calibrate(x)
    found.freeze()
    return found


def training_images(count: int = 64) -> Tensor:
    """The first training digits as real values."""
    return real(digits()[0].images[:count])
