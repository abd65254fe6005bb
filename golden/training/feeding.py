# SPDX-License-Identifier: Apache-2.0
"""Images to batches of real values on the device; in memory, or decoded one batch ahead."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import torch
from torch import Tensor

from golden.data import Images, Split
from golden.data.augment import mirrored, shifted
from golden.training.config import DataConfig

Batch = tuple[Tensor, Tensor]


class Feed:
    """A set of images on a device. Batches are (x (n, C, H, W) float32, labels (n,) int64).

    Pixels are integers times a power of two, so x is exact. Sets in memory go to the device whole,
    as bytes; others are decoded by `workers` threads while the batch before is worked on.
    """

    def __init__(self, images: Images, device: torch.device, workers: int = 1) -> None:
        self.images, self.device, self.workers = images, device, max(workers, 1)
        self.scale = 2.0 ** images.exp
        self._labels = torch.from_numpy(images.labels).to(device)
        self._pixels = (torch.from_numpy(images.images).to(device) if isinstance(images, Split)
                        else None)

    def __len__(self) -> int:
        return len(self.images)

    @property
    def exp(self) -> int:
        """Exponent of the pixels."""
        return self.images.exp

    def steps(self, batch: int) -> int:
        """Steps of an epoch: whole batches; one smaller batch if there are fewer images."""
        return max(len(self) // batch, 1)

    def epoch(self, batch: int, generator: torch.Generator) -> Iterator[Batch]:
        """The batches of one epoch, in a new order; a rest that fills no batch is left out."""
        order = torch.randperm(len(self), generator=generator)
        yield from self._take(order[:self.steps(batch) * batch], batch, generator.initial_seed())

    def inorder(self, batch: int, count: int | None = None) -> Iterator[Batch]:
        """The first `count` (None: all) images as they lie."""
        yield from self._take(torch.arange(len(self) if count is None
                                           else min(count, len(self))), batch)

    def head(self, count: int) -> Tensor:
        """Batch of the first `count` images (all, if there are fewer), x (n, C, H, W)."""
        return next(self.inorder(max(min(count, len(self)), 1), count))[0]

    def _take(self, order: Tensor, batch: int, seed: int | None = None) -> Iterator[Batch]:
        pieces = torch.split(order, batch)
        if self._pixels is not None:
            for piece in pieces:
                place = piece.to(self.device)
                yield self._pixels[place].float() * self.scale, self._labels[place]
            return
        with ThreadPoolExecutor(self.workers) as pool:
            ahead = [pool.submit(self._decode, part, seed) for part in self._parts(pieces[0])]
            for i, piece in enumerate(pieces):
                ready = torch.cat([part.result() for part in ahead])
                ahead = [pool.submit(self._decode, part, seed)
                         for next_piece in pieces[i + 1:i + 2] for part in self._parts(next_piece)]
                x = ready.to(self.device).float() * self.scale
                yield x, self._labels[piece.to(self.device)]

    def _parts(self, piece: Tensor) -> list[Tensor]:
        return list(piece.chunk(self.workers))

    def _decode(self, piece: Tensor, seed: int | None) -> Tensor:
        """(n, C, H, W) int8; seed: of the cuts out of larger pictures, None for the middle."""
        rng = None if seed is None else np.random.default_rng([seed, *piece[:1].tolist()])
        images, _ = self.images.batch(piece.numpy(), rng)
        return torch.from_numpy(np.ascontiguousarray(images))


def varied(x: Tensor, config: DataConfig, generator: torch.Generator) -> Tensor:
    """Training images moved and mirrored as the config says; same shape, exact."""
    if config.shift:
        return shifted(x, generator, config.shift, config.mirror)
    return mirrored(x, generator) if config.mirror else x
