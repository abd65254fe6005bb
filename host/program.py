# SPDX-License-Identifier: Apache-2.0
"""A whole network on the accelerators: what `driver` does for a job, done for every layer.

The host's own share is bookkeeping: shortcuts, max pools, the sum over the pixels, and the sums and
bias behind the linear layer's raw outputs.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from golden.codes import Codes, Ints, to_int
from golden.errors import PlutarchError
from golden.layer import Int8s
from golden.network import INPUT, FcLayer, MaxPool, Network, Node, shortcut
from host.compiler import Step
from host.driver import Device, Report
from host.jobs import LayerJob, Outputs


class Tensors(NamedTuple):
    """What a step hands on, over all images; None where it has none.

    codes, words: (N, C, H, W). sums: raw sums (N, O, OH, OW) of fc. logits: (N, classes) of fc.
    """

    codes: Codes | None = None
    words: Int8s | None = None
    sums: Ints | None = None
    logits: Ints | None = None


@dataclass
class Done:
    """A finished step."""

    step: Step
    tensors: Tensors
    reports: list[Report] = field(default_factory=list)


Watch = Callable[[LayerJob, Outputs, Report], None]


class Program:
    """A compiled network on its devices. run_step() once for every step, in order."""

    def __init__(self, net: Network, devices: Mapping[str, Device]) -> None:
        self.net = net
        self.devices = devices

    def check(self) -> None:
        """Check every device. Raises PlutarchError."""
        for device in self.devices.values():
            device.check()

    def run_step(self, step: Step, images: Int8s, earlier: Mapping[str, Tensors],
                 watch: Watch | None = None) -> Done:
        """Run one step on images (N, C, H, W) int8, given what the steps before it handed on.

        watch: told of every job that is done. Raises PlutarchError naming the layer.
        """
        if isinstance(step.op, MaxPool):
            return Done(step, self._max_pool(step.op, earlier[step.op.source]))
        if step.kind == "pool":  # the linear layer reads the map itself
            return Done(step, Tensors(words=_words(self.net.pool_source, earlier)))
        if isinstance(step.op, FcLayer):
            words = _words(self.net.pool_source, earlier)
            done = self._jobs(step, words, None, watch)
            sums = done.tensors.sums
            assert sums is not None  # raw jobs give nothing else
            logits = sums.sum(axis=(2, 3)) + step.op.bias
            return Done(step, Tensors(sums=sums, logits=logits), done.reports)
        assert isinstance(step.op, Node)
        a, residual = inputs_of(step.op, images, earlier, self.net.bits)
        return self._jobs(step, a, residual, watch)

    def _max_pool(self, pool: MaxPool, given: Tensors) -> Tensors:
        codes = None if given.codes is None else pool.largest_code(given.codes, self.net.bits)
        return Tensors(codes, None if given.words is None else pool.largest(given.words))

    def _jobs(self, step: Step, a: NDArray[Any], residual: Int8s | None,
              watch: Watch | None) -> Done:
        """Run the jobs of a layer and put their pieces together."""
        shape = (len(a), *step.out_shape)
        layer = step.jobs[0].layer
        codes = np.zeros(shape, np.uint8) if layer.emit_code else None
        words = np.zeros(shape, np.int8) if layer.emit_res else None
        sums = np.zeros(shape, np.int64) if layer.raw else None
        reports = []
        for job in step.jobs:
            result = self.devices[job.device].run(job, a, residual)
            for whole, part in zip((codes, words, sums), result.outputs, strict=True):
                if whole is not None and part is not None:
                    job.place(whole, part)
            reports.append(result.report)
            if watch is not None:
                watch(job, result.outputs, result.report)
        return Done(step, Tensors(codes, words, sums), reports)


def inputs_of(node: Node, images: Int8s, earlier: Mapping[str, Tensors],
              bits: int) -> tuple[NDArray[Any], Int8s | None]:
    """Activations and residual words of a layer, out of what the steps before it handed on."""
    layer = node.layer
    a: Any = images
    if node.source != INPUT:
        source = earlier[node.source]
        a = source.codes if node.reads_codes else source.words
        if node.as_values:
            a = to_int(a, bits).astype(np.int8)
    if node.residual is None:
        return a, None
    shape = (layer.out_channels, *layer.out_shape(a.shape[2], a.shape[3]))
    return a, shortcut(earlier[node.residual].words, shape)


def _words(name: str, earlier: Mapping[str, Tensors]) -> Int8s:
    words = earlier[name].words
    if words is None:
        raise PlutarchError(f"layer {name} emits no residual words to pool")
    return words
