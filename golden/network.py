# SPDX-License-Identifier: Apache-2.0
"""A whole network in integers: convolution layers in order, a sum pool and an 8-bit linear layer.

Max pools may stand between the layers. Residual shortcuts add the 8-bit residual words of any
earlier layer: as they are (identity, or a 1x1 convolution that emits words), or by "option A",
which is bookkeeping: every stride-th pixel, channels padded with zeros. Nothing here is floating
point.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from golden.codes import Ints, to_int
from golden.errors import PlutarchError
from golden.jobs import FC, INPUT, POOL, ConvJob, FcJob, Job, MaxPoolJob, Shape, SumJob, Work
from golden.layer import ConvLayer, Int8s, LayerOutput
from golden.nodes import FcLayer, MaxPool, Node, shortcut

__all__ = ["FC", "INPUT", "POOL", "ConvJob", "FcJob", "FcLayer", "Job", "MaxPool", "MaxPoolJob",
           "Network", "Node", "SumJob", "Work", "shortcut"]

_CHUNK_IMAGES = 64  # that logits() keeps all intermediates of, at a time
_CHUNK_PIXELS = 1 << 16  # and as many pixels: 64 images of 32 x 32, one of 224 x 224


@dataclass(frozen=True, eq=False)
class Network:
    """Name, layers in order, and the samples its accuracy is stated on.

    nodes: the convolution layers. pools: the max pools; each runs right after its source.
    images: (N, C, H, W) int8, labels: (N,) int64: the test samples the package carries.
    about: provenance (command, seed, accuracy counts, versions), plain JSON values.
    Raises PlutarchError if the layers do not fit together (names, exponents).
    """

    name: str
    bits: int
    nodes: tuple[Node, ...]
    pool_source: str
    fc: FcLayer
    input_exp: int
    images: Int8s
    labels: Ints
    about: Mapping[str, Any] = field(default_factory=dict)
    pools: tuple[MaxPool, ...] = ()

    def __post_init__(self) -> None:
        taken = {INPUT, POOL, FC}
        for name in (*(node.layer.name for node in self.nodes), *(p.name for p in self.pools)):
            if name in taken:
                raise PlutarchError(f"network {self.name}: layer name {name!r} used twice")
            taken.add(name)
        seen: dict[str, Node] = {}  # a pool's name gives the layer whose values it hands on
        for step in self.steps():
            if isinstance(step, MaxPool):
                seen[step.name] = seen[step.source]
            else:
                self._check(step, seen)
                seen[step.layer.name] = step
        for pool in self.pools:
            if pool.name not in seen:
                raise PlutarchError(f"max pool {pool.name}: reads {pool.source!r}, no layer")
        pooled = seen.get(self.pool_source)
        if pooled is None or not pooled.layer.emit_res:
            raise PlutarchError(f"network {self.name}: nothing to pool in {self.pool_source!r}")

    def _check(self, node: Node, seen: Mapping[str, Node]) -> None:
        """Raise PlutarchError unless the node fits what it reads."""
        layer = node.layer
        if node.as_values and (layer.act != "int8" or node.source == INPUT):
            raise PlutarchError(f"layer {layer.name}: reads codes as values, so act is int8 and "
                                "its source a layer")
        if node.source == INPUT:
            given = self.input_exp
        else:
            source = self._earlier(seen, node.source, layer)
            given = source.exp_out if node.reads_codes else source.exp_res
            if not (source.layer.emit_code if node.reads_codes else source.layer.emit_res):
                raise PlutarchError(f"layer {layer.name}: {node.source} does not emit "
                                    "what it reads")
        if given != node.exp_a:
            raise PlutarchError(f"layer {layer.name}: exp_a {node.exp_a}, but its input has "
                                f"exponent {given}")
        if (node.residual is None) == layer.res_in:
            raise PlutarchError(f"layer {layer.name}: residual {node.residual!r} with res_in "
                                f"{layer.res_in}")
        if node.residual is not None:
            residual = self._earlier(seen, node.residual, layer)
            if residual.exp_res != node.exp_t + layer.res_shift or not residual.layer.emit_res:
                raise PlutarchError(f"layer {layer.name}: res_shift {layer.res_shift} does not "
                                    f"fit the exponents of {node.residual}")

    @staticmethod
    def _earlier(seen: Mapping[str, Node], name: str, layer: ConvLayer) -> Node:
        if name not in seen:
            raise PlutarchError(f"layer {layer.name}: reads {name!r}, no earlier layer")
        return seen[name]

    def steps(self) -> Iterator[Node | MaxPool]:
        """Layers and max pools in the order in which they run."""
        for node in self.nodes:
            yield node
            yield from self._pools_of(node.layer.name)

    def _pools_of(self, name: str) -> Iterator[MaxPool]:
        for pool in self.pools:
            if pool.source == name:
                yield pool
                yield from self._pools_of(pool.name)

    def run(self, images: Int8s) -> dict[str, LayerOutput]:
        """Every intermediate of images (N, C, H, W) int8, by layer name, in order; exact.

        Besides the layers: "pool" (acc = t = sums, (N, C)) and "fc" (t = logits). A max pool has
        acc = t = its largest t.
        """
        return {job.name: job.expected for job in self.jobs(images)}

    def jobs(self, images: Int8s) -> Iterator[Job]:
        """Every step in order with its real inputs on these images and what comes out.

        Convolutions (the 8-bit first one too), max pools, then the sum pool and the linear layer.
        """
        if images.dtype != np.int8 or images.ndim != 4:
            raise PlutarchError(f"network {self.name}: images are {images.dtype} {images.shape}, "
                                "want int8 (N, C, H, W)")
        outputs: dict[str, LayerOutput] = {}
        for step in self.steps():
            job = self.job(step, images, outputs)
            outputs[job.name] = job.expected
            yield job
        words = outputs[self.pool_source].res
        assert words is not None  # checked when the network was built
        sums = words.astype(np.int64).sum(axis=(2, 3))  # (N, C)
        yield SumJob(self.pool_source, words, LayerOutput(sums, sums, None, None))
        yield FcJob(self.fc, sums, self.fc.run(sums))

    def job(self, step: Node | MaxPool, images: Int8s,
            outputs: Mapping[str, LayerOutput]) -> ConvJob | MaxPoolJob:
        """One step on images, outputs being those of the steps before it, by name."""
        if isinstance(step, MaxPool):
            given = outputs[step.source]
            return MaxPoolJob(step, given.codes, given.res, step.run(given, self.bits))
        layer = step.layer
        a: Any = images
        if step.source != INPUT:
            source = outputs[step.source]
            a = source.codes if step.reads_codes else source.res
            if step.as_values:
                a = to_int(a, self.bits).astype(np.int8)
        residual = None
        if step.residual is not None:
            shape = (layer.out_channels, *layer.out_shape(a.shape[2], a.shape[3]))
            residual = shortcut(outputs[step.residual].res, shape)
        return ConvJob(layer, a, residual, layer.run(a, residual))

    def conv_jobs(self, images: Int8s) -> list[ConvJob]:
        """The layers with PoT weights, their real inputs on these images and what comes out."""
        return [job for job in self.jobs(images)
                if isinstance(job, ConvJob) and job.layer.wgt == "pot"]

    def int8_activation_jobs(self, images: Int8s) -> list[ConvJob]:
        """conv_jobs with 8-bit fixed-point activations chained from layer to layer (lane S1)."""
        from golden.int8_acts import with_int8_activations

        return with_int8_activations(self, images).conv_jobs(images)

    def work(self, image: Shape | None = None) -> list[Work]:
        """Every step in order for one image of shape (C, H, W), default that of the samples."""
        shapes: dict[str, Shape] = {INPUT: image or (
            int(self.images.shape[1]), int(self.images.shape[2]), int(self.images.shape[3]))}
        found: list[Work] = []
        for step in self.steps():
            given = shapes[step.source]
            if isinstance(step, MaxPool):
                out = (given[0], *step.out_shape(*given[1:]))
                found.append(Work(step.name, "maxpool", step, step.source, None, given, out, 0, 0))
            else:
                layer = step.layer
                out = (layer.out_channels, *layer.out_shape(*given[1:]))
                found.append(Work(layer.name, "conv", step, step.source, step.residual, given, out,
                                  int(layer.weights.size), layer.macs(*given[1:])))
            shapes[found[-1].name] = out
        last = shapes[self.pool_source]
        sums, size = (last[0], 1, 1), int(self.fc.weights.size)
        return [*found, Work(POOL, "pool", None, self.pool_source, None, last, sums, 0, 0),
                Work(FC, "fc", self.fc, POOL, None, sums, (len(self.fc.bias), 1, 1), size, size)]

    def logits(self, images: Int8s) -> Ints:
        """(N, classes) int64, a few images at a time."""
        pixels = int(np.prod(images.shape[2:]))
        step = max(1, min(_CHUNK_IMAGES, _CHUNK_PIXELS // max(1, pixels)))
        parts = [self.run(images[i:i + step])[FC].t for i in range(0, len(images), step)]
        return np.concatenate(parts).astype(np.int64)

    def correct(self, images: Int8s, labels: Ints) -> int:
        """How many of the images get their label; of equal logits the lowest class counts."""
        return int((self.logits(images).argmax(axis=1) == labels).sum())
