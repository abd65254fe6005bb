# SPDX-License-Identifier: Apache-2.0
"""One training loop for every stage, and the settings that make it repeat itself."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator

import torch
from torch import Tensor, nn
from torch.nn import functional

from golden.training.data import Split

Augment = Callable[[Tensor, torch.Generator], Tensor]


@contextlib.contextmanager
def repeatable(seed: int, threads: int = 1) -> Iterator[torch.Generator]:
    """Seeded, deterministic torch on `threads` threads; what was set before is restored.

    Yields the generator of shuffling and augmentation. One thread repeats to the bit on one
    machine; more may round sums in another order.
    """
    before = torch.get_num_threads(), torch.are_deterministic_algorithms_enabled()
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        torch.set_num_threads(threads)
        torch.use_deterministic_algorithms(True)
        try:
            yield torch.Generator().manual_seed(seed)
        finally:
            torch.set_num_threads(before[0])
            torch.use_deterministic_algorithms(before[1])


def real_input(images: Tensor, exp: int) -> Tensor:
    """Integers (N, C, H, W) int8 to the real values they stand for, float32, exact."""
    return images.float() * 2.0 ** exp


def train(model: nn.Module, split: Split, exp: int, steps: int, rate: float,
          generator: torch.Generator, augment: Augment, batch: int = 64, decay: float = 5e-4,
          progress: Callable[[int, float], None] | None = None) -> None:
    """`steps` minibatches of SGD (momentum 0.9, one-cycle rate up to `rate`) on cross entropy.

    Images are shuffled anew each time all have been seen. progress(step, loss) is called about
    ten times.
    """
    images, labels = torch.from_numpy(split.images), torch.from_numpy(split.labels)
    decayed = [p for p in model.parameters() if p.requires_grad and p.ndim > 1]
    plain = [p for p in model.parameters() if p.requires_grad and p.ndim <= 1]
    optimizer = torch.optim.SGD([{"params": decayed, "weight_decay": decay},
                                 {"params": plain, "weight_decay": 0.0}], lr=rate, momentum=0.9)
    warm = max(0.2, min(0.5, 2 / max(steps, 1)))  # the rise takes at least a step or two
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, rate, total_steps=max(steps, 4),
                                                   pct_start=warm, cycle_momentum=False)
    model.train()
    order = torch.empty(0, dtype=torch.long)
    for step in range(steps):
        if len(order) < batch:
            order = torch.randperm(len(labels), generator=generator)
        chosen, order = order[:batch], order[batch:]
        x = augment(real_input(images[chosen], exp), generator)
        loss = functional.cross_entropy(model(x), labels[chosen])
        optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        optimizer.step()
        schedule.step()
        if progress and (step % max(1, steps // 10) == 0 or step == steps - 1):
            progress(step + 1, float(loss.detach()))


@torch.no_grad()
def correct(model: nn.Module, split: Split, exp: int, batch: int = 256) -> int:
    """How many images the float or fake-quantised model gets right."""
    model.eval()
    images, labels = torch.from_numpy(split.images), torch.from_numpy(split.labels)
    return sum(int((model(real_input(images[i:i + batch], exp)).argmax(1)
                    == labels[i:i + batch]).sum()) for i in range(0, len(labels), batch))


def shifted(x: Tensor, generator: torch.Generator, reach: int = 1, flip: bool = False) -> Tensor:
    """The batch moved by up to `reach` pixels (zeros enter), and mirrored half of the time.

    One draw per batch row: x (N, C, H, W) -> same shape.
    """
    n, _, height, width = x.shape
    moves = torch.randint(0, 2 * reach + 1, (n, 2), generator=generator)
    padded = functional.pad(x, (reach, reach, reach, reach))
    rows = moves[:, :1] + torch.arange(height)  # (N, H)
    columns = moves[:, 1:] + torch.arange(width)  # (N, W)
    if flip:
        mirrored = torch.rand(n, 1, generator=generator) < 0.5
        columns = torch.where(mirrored, columns.flip(1), columns)
    place = torch.arange(n)[:, None, None], rows[:, :, None], columns[:, None, :]
    moved = padded.permute(0, 2, 3, 1)[place]  # (N, H, W, C)
    return moved.permute(0, 3, 1, 2)  # (N, C, H, W)
