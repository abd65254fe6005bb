# SPDX-License-Identifier: Apache-2.0
"""Steps without weights: those that make new values (sum, norm, average) and those that move some.

A move (max pool, flatten, cat, part, shuffle, option A, ReLU, dropout) is done on each form of a
value: on quantised values it gives what quantising its real result would give.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from golden.models.layers import ChannelShuffle, OptionA
from golden.qat.layers import Emit, Mode, Value, max_pool
from golden.qat.plan import Step


class SumStep(nn.Module):
    """Addition [+ ReLU] of two values that no convolution could take in."""

    def __init__(self, settings: Mapping[str, Any], emit: Emit) -> None:
        super().__init__()
        self.emit, self.relu = emit, bool(settings.get("relu"))

    def forward(self, a: Tensor, b: Tensor) -> Value:
        """a, b: one shape."""
        y = a + b
        emitted: Value = self.emit(functional.relu(y) if self.relu else y)
        return emitted


class NormStep(nn.Module):
    """Batch norm [+ ReLU] that follows no convolution; with its running statistics when frozen."""

    def __init__(self, settings: Mapping[str, Any], emit: Emit) -> None:
        super().__init__()
        self.emit, self.relu = emit, bool(settings.get("relu"))
        self.norm = nn.BatchNorm2d(settings["out"], settings["eps"], settings["momentum"],
                                   settings["affine"])
        self.mode: Mode = "float"

    def forward(self, a: Tensor) -> Value:
        """a: (N, C, H, W)."""
        n = self.norm
        y = functional.batch_norm(a, n.running_mean, n.running_var, n.weight, n.bias, False,
                                  0.0, n.eps) if self.mode == "frozen" else n(a)
        emitted: Value = self.emit(functional.relu(y) if self.relu else y)
        return emitted


class AverageStep(nn.Module):
    """Average pool, done as the model did it; its words are averages of words, not rounded."""

    def __init__(self, settings: Mapping[str, Any], emit: Emit) -> None:
        super().__init__()
        self.settings, self.emit = settings, emit

    def forward(self, a: Tensor) -> Value:
        """a: (N, C, H, W)."""
        s = self.settings
        if s["how"] == "adaptive":
            y = functional.adaptive_avg_pool2d(a, s["size"])
        elif s["how"] == "mean":
            y = a.mean(dim=(2, 3), keepdim=s["keep"])
        else:
            y = functional.avg_pool2d(a, s["kernel"], s["stride"], s["pad"], s["ceil"],
                                      s["count_pad"])
        emitted: Value = self.emit(y)
        return emitted


def move(step: Step, values: Sequence[Value], training: bool) -> Value:
    """A moving step on every form that its inputs have; one that serves twice moves once."""
    done: dict[tuple[int, ...], Tensor] = {}

    def moved(parts: tuple[Tensor | None, ...]) -> Tensor | None:
        given = [part for part in parts if part is not None]
        if len(given) < len(parts):
            return None
        key = tuple(id(part) for part in given)
        if key not in done:
            done[key] = _moved(step, given, training)
        return done[key]

    return Value(*(moved(parts) for parts in zip(*values, strict=True)))


def _moved(step: Step, x: Sequence[Tensor], training: bool) -> Tensor:
    s = step.settings
    if step.op == "maxpool":
        return max_pool(x[0], s)
    if step.op == "flatten":
        return torch.flatten(x[0], 1)
    if step.op == "relu":
        return functional.relu(x[0])
    if step.op == "cat":
        return torch.cat(list(x), 1)
    if step.op == "part":
        return x[0].narrow(1, s["start"], s["length"])
    if step.op == "shuffle":
        shuffled: Tensor = ChannelShuffle(s["groups"])(x[0])
        return shuffled
    if step.op == "option_a":
        short: Tensor = OptionA(s["step"], s["before"], s["after"])(x[0])
        return short
    assert step.op == "dropout", step.op
    drop = functional.dropout2d if s["planes"] else functional.dropout
    return drop(x[0], s["p"], training)
