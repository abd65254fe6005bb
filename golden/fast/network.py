# SPDX-License-Identifier: Apache-2.0
"""A whole network in exact arithmetic at the speed of floating-point convolutions."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor
from torch.nn import functional

from golden.codes import Ints
from golden.conv import FLOAT64_EXACT, channel_bounds
from golden.errors import PlutarchError
from golden.fast.plan import LayerPlan
from golden.fast.steps import FastConv, Pass, Values, Workspace, as_stored, from_numpy
from golden.layer import Int8s, LayerOutput
from golden.network import FC, INPUT, POOL, MaxPool, Network

_CHUNK_PIXELS = 1 << 14  # images computed together: 16 of 32 x 32, one of 224 x 224


class FastNetwork:
    """`network` prepared for many images: `logits`, `correct` and `layers` give what it gives.

    Exact for every image, by the bounds in `plans` (one for each convolution). Besides, the first
    image of every new input shape is convolved in float64 too, and a torch whose float32
    convolution differs (one that rounds on the way, as Winograd's algorithm does) is refused with a
    PlutarchError that names the layer. threads: of torch, set only while it computes. Not to be
    called from two threads at a time: the layers share buffers.
    """

    def __init__(self, network: Network, threads: int = 2) -> None:
        if threads < 1:
            raise PlutarchError(f"threads = {threads}: at least 1")
        self.network = network
        self.threads = threads
        self._convs = {node.layer.name: FastConv(node.layer) for node in network.nodes}
        self._work = Workspace()
        self._checked: set[tuple[int, ...]] = set()
        fc = network.fc
        self._fc_bound = max(channel_bounds(fc.weights.astype(np.int64), 128))  # for one pixel
        self._fc_bias = max((abs(int(b)) for b in fc.bias), default=0)
        self._fc_weights = torch.from_numpy(fc.weights).double().T.contiguous()  # (C, classes)

    @property
    def plans(self) -> list[LayerPlan]:
        """The arithmetic of each convolution and the bounds that allow it, in order."""
        return [conv.plan for conv in self._convs.values()]

    def logits(self, images: Int8s) -> Ints:
        """(N, classes) int64 of images (N, C, H, W) int8, equal to those of the network."""
        self._look_at(images)
        step = max(1, _CHUNK_PIXELS // max(1, images.shape[2] * images.shape[3]))
        parts = [self._logits(images[i:i + step]) for i in range(0, len(images), step)]
        return np.concatenate([np.zeros((0, len(self.network.fc.bias)), np.int64), *parts])

    def correct(self, images: Int8s, labels: Ints) -> int:
        """How many of the images get their label; of equal logits the lowest class counts."""
        return int((self.logits(images).argmax(axis=1) == labels).sum())

    def layers(self, images: Int8s) -> dict[str, LayerOutput]:
        """Every intermediate of the images, all at a time: what Network.run gives, for comparison.

        Slower than logits, which runs the same operations on the same values.
        """
        self._look_at(images)
        trace: dict[str, LayerOutput] = {}
        with _settings(self.threads):
            words = self._run(images, Pass(self._work, trace))
            sums = self._sums(words).to(torch.int64).numpy()
        trace[POOL] = LayerOutput(sums, sums, None, None)
        trace[FC] = self.network.fc.run(sums)
        return trace

    def _look_at(self, images: Int8s) -> None:
        if images.dtype != np.int8 or images.ndim != 4:
            raise PlutarchError(f"network {self.network.name}: images are {images.dtype} "
                                f"{images.shape}, want int8 (N, C, H, W)")

    def _logits(self, images: Int8s) -> Ints:
        with _settings(self.threads):
            words = self._run(images, Pass(self._work, None, images.shape not in self._checked))
            self._checked.add(images.shape)
            pixels = words.shape[2] * words.shape[3]
            sums = self._sums(words)  # (N, C)
            if self._fc_bound * pixels + self._fc_bias > FLOAT64_EXACT:
                return self.network.fc.run(sums.to(torch.int64).numpy()).t.astype(np.int64)
            acc: npt.NDArray[np.int64] = (sums @ self._fc_weights).to(torch.int64).numpy()
        return acc + self.network.fc.bias

    def _run(self, images: Int8s, run: Pass) -> Tensor:
        """Residual words (N, C, H, W) of the layer before the sum pool."""
        out: dict[str, Values] = {INPUT: Values(None, from_numpy(images, torch.float32))}
        for step in self.network.steps():
            if isinstance(step, MaxPool):
                out[step.name] = _pooled(step, out[step.source], self.network.bits, run)
            else:
                source = out[step.source]
                a = source.codes if step.reads_codes and step.source != INPUT else source.words
                residual = None if step.residual is None else out[step.residual].words
                assert a is not None  # checked when the network was built
                out[step.layer.name] = self._convs[step.layer.name].run(a, residual, run)
        words = out[self.network.pool_source].words
        assert words is not None  # likewise
        return words

    @staticmethod
    def _sums(words: Tensor) -> Tensor:
        return words.sum(dim=(2, 3), dtype=torch.float64)  # (N, C), exact: below 2^53


def _pooled(pool: MaxPool, source: Values, bits: int, run: Pass) -> Values:
    """The largest of each window; on values of codes it is the value of the largest code."""
    pool.out_shape(*next(x for x in source if x is not None).shape[2:])  # refuses small inputs
    out = Values(*(None if x is None else functional.max_pool2d(x, pool.kernel, pool.stride,
                                                                pool.pad) for x in source))
    if run.trace is not None:
        t = pool.largest(run.trace[pool.source].t)
        run.trace[pool.name] = LayerOutput(t, t, *as_stored(out, bits))
    return out


@contextmanager
def _settings(threads: int) -> Iterator[None]:
    """No gradients, `threads` threads, and no NNPACK (its convolutions may be Winograd's)."""
    before = torch.get_num_threads()
    if before != threads:
        torch.set_num_threads(threads)
    try:
        with torch.inference_mode(), torch.backends.nnpack.flags(enabled=False):
            yield
    finally:
        if before != threads:
            torch.set_num_threads(before)
