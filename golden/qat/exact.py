# SPDX-License-Identifier: Apache-2.0
"""Where a frozen model must equal its integer network, by bounds; where it does, by running both.

A sum of integers is exact in float32 while no partial sum can exceed 2^24, in float64 2^53. Both
bounds are taken over all inputs that can occur, so what they promise holds for every image.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import torch

from golden.codes import to_int
from golden.conv import FLOAT32_EXACT, FLOAT64_EXACT
from golden.layer import Int8s, LayerOutput
from golden.network import FC, Network
from golden.qat.export import logit_unit, network_name
from golden.qat.grid import exponents
from golden.qat.model import QuantModel
from golden.qat.plan import CONV


@dataclass(frozen=True)
class Bound:
    """Largest magnitudes of a layer: dot products, and t with what rounding adds to it.

    float32, float64: whether every number up to the outputs is exact in that type, for all images.
    """

    name: str
    acc: int
    t: int

    @property
    def float32(self) -> bool:
        """Both within 2^24."""
        return max(self.acc, self.t) <= FLOAT32_EXACT

    @property
    def float64(self) -> bool:
        """Both within 2^53."""
        return max(self.acc, self.t) <= FLOAT64_EXACT


def bounds(net: Network) -> list[Bound]:
    """The bounds of every convolution and of the linear layer, in order."""
    found = []
    for node in net.nodes:
        acc, t = node.layer.bounds()
        half = 1 << (node.layer.res_out_shift - 1) if node.layer.res_out_shift else 0
        found.append(Bound(node.layer.name, acc, t + half))
    pixels = next(work.in_shape[1] * work.in_shape[2] for work in net.work() if work.name == "pool")
    sums = np.abs(net.fc.weights.astype(np.int64)).sum(axis=1) * 128 * pixels  # (classes,)
    return [*found, Bound(FC, int(sums.max()), int((sums + np.abs(net.fc.bias)).max()))]


@dataclass(frozen=True)
class Agreement:
    """A frozen model against its integer network on some images.

    same: images whose logits are all equal. classes: images with the same answer. values: share of
    equal codes and words of each layer. first: for every image that differs, its first such layer.
    """

    dtype: str
    images: int
    same: int
    classes: int
    values: dict[str, float]
    first: dict[int, str]


@torch.no_grad()
def compare(model: QuantModel, net: Network, images: Int8s, batch: int = 64) -> Agreement:
    """Run both on images (N, C, H, W) int8, in the model's dtype, and count what is equal.

    Codes, words and logits are compared as integers; max pools as what comes out of them.
    """
    model.eval()
    weight = next(model.parameters())
    unit, found = logit_unit(model), exponents(model)
    equal: dict[str, list[int]] = {}
    same = classes = 0
    first: dict[int, str] = {}
    for start in range(0, len(images), batch):
        part = images[start:start + batch]
        x = torch.from_numpy(part).to(weight) * 2.0 ** net.input_exp
        outputs = net.run(part)
        right = np.ones(len(part), dtype=bool)
        for name, value in model.run(x):
            step = model.plan.named(name)
            place = network_name(step.settings.get("pool", {}).get("name", name))
            if name == model.plan.output:
                logits = np.rint(value.take("raw").double().cpu().numpy() / unit)
            if step.op != CONV:
                continue
            for form, exp in (("code", found[name].code), ("word", found[name].word)):
                tensor = getattr(value, form)
                if tensor is None or exp is None:
                    continue
                got = np.ldexp(tensor.double().cpu().numpy(), -exp)
                hits = got == _integers(outputs[place], form, net.bits)
                total = equal.setdefault(name, [0, 0])
                total[0] += int(hits.sum())
                total[1] += hits.size
                wrong = ~hits.reshape(len(part), -1).all(axis=1)
                for image in np.flatnonzero(wrong & right):
                    first[start + int(image)] = name
                right &= ~wrong
        want = outputs[FC].t
        alike = (logits == want).all(axis=1)
        for image in np.flatnonzero(~alike & right):
            first[start + int(image)] = FC
        same += int(alike.sum())
        classes += int((logits.argmax(axis=1) == want.argmax(axis=1)).sum())
    return Agreement(str(weight.dtype).removeprefix("torch."), len(images), same, classes,
                     {name: hit / size for name, (hit, size) in equal.items()}, first)


def _integers(output: LayerOutput, form: str, bits: int) -> Any:
    if form == "word":
        return output.res
    assert output.codes is not None  # export() lets a layer emit what is read
    return to_int(output.codes, bits)
