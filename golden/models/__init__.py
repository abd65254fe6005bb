# SPDX-License-Identifier: Apache-2.0
"""Plain float networks of torch modules, traceable by torch.fx; docs/models.md has the table."""

from __future__ import annotations

import difflib
from collections.abc import Callable
from dataclasses import dataclass

from torch import nn

from golden.errors import PlutarchError
from golden.models.resnet18 import ResNet18
from golden.models.resnet_cifar import ResNetCifar
from golden.models.shufflenetv2 import ShuffleNetV2
from golden.models.squeezenet import SqueezeNet11, SqueezeNetCifar

__all__ = ["NAMES", "NETS", "Net", "build", "find"]


@dataclass(frozen=True)
class Net:
    """make(classes, channels) gives the module; image is the (C, H, W) it is meant for."""

    make: Callable[[int, int], nn.Module]
    classes: int
    image: tuple[int, int, int]


NETS: dict[str, Net] = {
    "digits": Net(lambda n, c: ResNetCifar(1, n, c), 10, (1, 8, 8)),
    "resnet20": Net(lambda n, c: ResNetCifar(3, n, c), 10, (3, 32, 32)),
    "resnet56": Net(lambda n, c: ResNetCifar(9, n, c), 10, (3, 32, 32)),
    "resnet18-cifar": Net(lambda n, c: ResNet18(n, c, imagenet=False), 100, (3, 32, 32)),
    "resnet18-imagenet": Net(lambda n, c: ResNet18(n, c, imagenet=True), 1000, (3, 224, 224)),
    "squeezenet": Net(SqueezeNetCifar, 100, (3, 32, 32)),
    "squeezenet-imagenet": Net(SqueezeNet11, 1000, (3, 224, 224)),
    "shufflenetv2": Net(lambda n, c: ShuffleNetV2(n, c, imagenet=False), 100, (3, 32, 32)),
    "shufflenetv2-imagenet": Net(lambda n, c: ShuffleNetV2(n, c, imagenet=True), 1000,
                                 (3, 224, 224)),
}
NAMES = tuple(NETS)


def find(name: str) -> Net:
    """The entry of that name; PlutarchError with the nearest name if there is none."""
    if name not in NETS:
        near = difflib.get_close_matches(name, NAMES, 1)
        hint = f"did you mean {near[0]}?" if near else f"there are {', '.join(NAMES)}"
        raise PlutarchError(f"no network {name!r}: {hint}")
    return NETS[name]


def build(name: str, classes: int | None = None, channels: int | None = None) -> nn.Module:
    """A new network with random weights from torch's generator, float32, in training mode.

    classes, channels: None for those the network is known by (Net.classes, Net.image[0]).
    Raises PlutarchError for an unknown name or a count below 1.
    """
    net = find(name)
    counts = (net.classes if classes is None else classes,
              net.image[0] if channels is None else channels)
    for field, value in zip(("classes", "channels"), counts, strict=True):
        if value < 1:
            raise PlutarchError(f"network {name}: {field} = {value}, want 1 or more")
    return net.make(*counts)
