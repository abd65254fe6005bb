# SPDX-License-Identifier: Apache-2.0
"""Sequences: where the jobs of a test come from."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.random import Generator
from pyuvm import uvm_sequence

from golden.errors import PlutarchError
from golden.int8_values import with_int8_values
from golden.jobs import ConvJob
from golden.network import Network
from tb.conv_engine.coverage_model import EMITS
from tb.conv_engine.hardware import Hardware
from tb.conv_engine.job import NO_STALLS, LayerJob, Stalls
from tb.conv_engine.layers import Mode, Shape, draw_layer, generator
from tb.conv_engine.work import LayerWork

STYLES = ("flat", "flat", "sparse", "edge", "one")
TABLES = ("joint", "joint", "flag", "raw")


class JobSequence(uvm_sequence):
    """Plays any jobs, one after the other, each to its end."""

    def __init__(self, name: str, jobs: Iterable[LayerJob]) -> None:
        super().__init__(name)
        self.jobs = jobs

    async def body(self) -> None:
        for job in self.jobs:
            await self.start_item(job)
            await self.finish_item(job)


def network_jobs(net: Network, hw: Hardware, images: int, layers: int) -> Iterator[LayerJob]:
    """The first PoT layers of a trained network on its first samples, batched to fit the device.

    images: samples, at most those that the network carries. layers: 0 for all.
    """
    samples = net.images[:images]
    if not len(samples):
        raise PlutarchError(f"network {net.name} carries no sample images")
    for given in _jobs_for(net, hw, samples)[: layers or None]:
        misfit = hw.misfit(given.layer, *given.a.shape[2:])
        if misfit:
            raise PlutarchError(f"network {net.name}: layer {given.layer.name} has {misfit}")
        work = LayerWork(given.layer, given.a, given.residual, hw, known=given.expected)
        batch = min(hw.max_images(given.layer, *given.a.shape[2:]), len(samples))
        for start in range(0, len(samples), batch):
            stop = min(start + batch, len(samples))
            name = f"{net.name}/{given.layer.name}/{start}-{stop - 1}"
            yield LayerJob(name, work.images(start, stop))


def _jobs_for(net: Network, hw: Hardware, samples: Any) -> list[ConvJob]:
    """The layers that this device can run, as its lane computes them."""
    if hw.wgt == "int8":  # the same integers, as bytes; the first layer is one of them
        return [job for job in with_int8_values(net).jobs(samples) if isinstance(job, ConvJob)]
    return net.int8_activation_jobs(samples) if hw.act == "int8" else net.conv_jobs(samples)


def random_jobs(seed: int, hw: Hardware, count: int, budget: int) -> Iterator[LayerJob]:
    """`count` random layers. Kernel, tiles and mode go round systematically, the rest is drawn.

    budget: about how many pixel beats a layer may take.
    """
    for index in range(count):
        rng = generator(seed, "random", index)
        shape = random_shape(rng, hw, index, budget)
        mode = Mode(relu=bool(index & 1), res_in=bool(index & 2), emit=EMITS[index // 4 % 4])
        work = draw_layer(rng, hw, f"random{index}", shape, mode,
                          (str(rng.choice(STYLES)), str(rng.choice(STYLES))),
                          rng.choice(TABLES))
        if mode.res_in and index // 4 % 6 < 2:  # the smallest shifts, never left to chance
            work = replace(work, layer=replace(work.layer, res_shift=index // 4 % 6))
        rates = random_stalls(rng, index)
        if mode.res_in and index % 5 == 0:
            rates = replace(rates, r=230, length=7)  # starve the residual, FIFO and all
        yield LayerJob(f"random/{index}", work, stalls=rates)


def random_stalls(rng: Generator, index: int) -> Stalls:
    """Two of three jobs are stalled, each stream for itself."""
    if index % 3 == 0:
        return NO_STALLS
    w, a, r, y, q = map(int, rng.choice([0, 0, 40, 128, 200, 230], size=5))
    return Stalls(w, a, r, y, q, length=int(rng.choice([0, 0, 0, 3, 20])),
                  seed=int(rng.integers(1 << 31)))


def random_shape(rng: Generator, hw: Hardware, index: int, budget: int) -> Shape:
    """A legal shape; small maps, as corners are near there, and full lines now and then."""
    kernels = [(k, s, p) for k in (1, 3, 5, 7) if k <= hw.kmax for s in (1, 2)
               for p in range(k // 2 + 1)]
    kernel, stride, pad = kernels[index % len(kernels)]
    out_tiles, in_tiles = index % 3 + 1, index // 3 % 3 + 1
    cout = _channels(rng, hw.pout, out_tiles)
    cin = _channels(rng, hw.in_tile_size(kernel), in_tiles)
    height, width = random_map(rng, hw, max(kernel - 2 * pad, 1), budget // (out_tiles * in_tiles))
    images = int(rng.integers(1, 5))
    shape = Shape(height, width, min(cin, 2048), min(cout, hw.cout_max), kernel, stride, pad)
    fits = budget // (out_tiles * in_tiles * height * width)
    if in_tiles > 1:
        fits = min(fits, hw.psum_depth // int(np.prod(shape.out)))
    return replace(shape, images=max(1, min(images, fits)))


def random_map(rng: Generator, hw: Hardware, smallest: int, area: int) -> tuple[int, int]:
    """(height, width), each at least `smallest`, of about `area` pixels at most."""
    kind = rng.integers(8)
    widest = hw.line_depth
    if kind == 0:
        return smallest, smallest
    if kind == 1:
        return smallest, int(rng.integers(smallest, min(widest, 40) + 1))
    if kind == 2 and smallest <= widest:
        return int(rng.integers(smallest, 41)), smallest
    if kind == 3 and widest * smallest <= 2 * area:
        return smallest, widest
    side = max(smallest, min(int(area**0.5), 12))
    return (int(rng.integers(smallest, side + 1)),
            int(rng.integers(smallest, min(side, widest) + 1)))


def _channels(rng: Generator, lanes: int, tiles: int) -> int:
    """A channel count that needs so many tiles: full, with a remainder, or a single channel."""
    full = tiles * lanes
    if lanes == 1 or rng.random() < 0.3:
        return full
    return 1 if tiles == 1 and rng.random() < 0.3 else full - int(rng.integers(1, lanes))


def several(works: Iterable[tuple[str, LayerWork]], **options: Any) -> Iterator[LayerJob]:
    """One plain job per named work."""
    for name, work in works:
        yield LayerJob(name, work, **options)
