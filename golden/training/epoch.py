# SPDX-License-Identifier: Apache-2.0
"""One epoch of training, and how many images a model gets right."""

from __future__ import annotations

import time
from dataclasses import dataclass

import torch
from torch import nn
from torch.nn import functional

from golden.training.config import Config
from golden.training.feeding import Feed, varied
from golden.training.guard import check_step, check_values
from golden.training.logs import Row
from golden.training.optim import set_rate
from golden.training.pairs import weight_pairs
from golden.training.progress import Progress
from golden.training.regulariser import Regulariser, distribution_loss
from golden.training.repeat import epoch_generator
from golden.training.schedules import rate_at
from golden.training.stages import Phase


@dataclass(frozen=True)
class Score:
    """Right answers: the label is the first, or one of the first five."""

    images: int
    top1: int
    top5: int

    @property
    def accuracy(self) -> float:
        """Share of 0..1 right at the first answer."""
        return self.top1 / self.images

    @property
    def accuracy5(self) -> float:
        """Share of 0..1 right within five answers."""
        return self.top5 / self.images


def run_epoch(model: nn.Module, optimizer: torch.optim.SGD, regulariser: Regulariser, feed: Feed,
              phase: Phase, index: int, config: Config, progress: Progress) -> Row:
    """Train one epoch in place; index counts from 0 over the whole run. test_accuracy stays None.

    Raises DivergedError on the first loss, gradient, weight or statistic that is not finite; of a
    bad loss or gradient before it could change the model.
    """
    began = time.monotonic()
    generator = epoch_generator(config.seed, index)
    steps, due = feed.steps(config.batch), config.batch
    sums = [0.0, 0.0, 0.0]  # loss, cross entropy, right answers
    rate, seen = 0.0, 0
    model.train()
    for step, (x, labels) in enumerate(feed.epoch(due, generator)):
        x = varied(x, config.data, generator)
        rate = rate_at(phase.settings, (index - phase.first) * steps + step, steps)
        set_rate(optimizer, rate)
        logits = model(x)
        entropy = functional.cross_entropy(logits, labels)
        loss = entropy
        if regulariser.acts(phase.stage):
            loss = regulariser(entropy, distribution_loss(weight_pairs(model)))
        optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        check_step(model, loss, x)
        optimizer.step()
        regulariser.step()
        right = (logits.detach().argmax(1) == labels).sum()
        figures = torch.stack([loss.detach(), entropy.detach(), right]).tolist()  # one wait
        sums = [total + figure for total, figure in zip(sums, figures, strict=True)]
        seen += len(labels)
        progress.step(figures[0])
    check_values(model)
    with torch.no_grad():
        distance = float(distribution_loss(weight_pairs(model)))
    return Row(index + 1, phase.stage, phase.weight_bits, rate, sums[0] / steps, sums[1] / steps,
               distance, regulariser.coefficient(phase.stage), sums[2] / seen, None,
               time.monotonic() - began)


@torch.no_grad()
def evaluate(model: nn.Module, feed: Feed, batch: int = 256, count: int | None = None) -> Score:
    """Right answers on the first `count` (None: all) images; leaves the model in eval mode."""
    model.eval()
    first = five = 0
    for x, labels in feed.inorder(batch, count):
        logits = model(x)
        best = logits.topk(min(5, logits.shape[1]), dim=1).indices  # (n, 5)
        hits = best == labels[:, None]
        first += int((logits.argmax(1) == labels).sum())
        five += int(hits.sum())
    return Score(len(feed) if count is None else min(count, len(feed)), first, five)
