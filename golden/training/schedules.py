# SPDX-License-Identifier: Apache-2.0
"""Learning rates as a function of the step: nothing to store, so a resumed run cannot differ.

One-cycle after Smith and Topin (1708.07120) with cosine halves; multistep is the paper's schedule
(section 4.5: 0.04, a tenth of it from epochs 60, 120, 160, 200 and 260 on).
"""

from __future__ import annotations

import math

from golden.training.config import StageConfig

_START = 1 / 25  # one-cycle: the rate of the first step over the highest
_END = 1e-4  # one-cycle: that of the last step over the highest


def rate_at(stage: StageConfig, step: int, steps_per_epoch: int) -> float:
    """The rate of weights at a step (0 is the first) of a stage of stage.epochs epochs.

    multistep falls at whole epochs; the other schedules change at every step.
    """
    total = stage.epochs * steps_per_epoch
    if stage.schedule == "constant" or total <= 0:
        return stage.rate
    if stage.schedule == "multistep":
        epoch = step // steps_per_epoch
        return stage.rate * stage.factor ** sum(epoch >= mark for mark in stage.milestones)
    place = step / max(total - 1, 1)  # 0 at the first step, 1 at the last
    if stage.schedule == "cosine":
        return stage.rate * _cosine(1.0, 0.0, place)
    if place < stage.warm:
        return stage.rate * _cosine(_START, 1.0, place / stage.warm)
    return stage.rate * _cosine(1.0, _END, (place - stage.warm) / (1.0 - stage.warm))


def _cosine(start: float, end: float, place: float) -> float:
    """Half a cosine from start (place 0) to end (place 1)."""
    return end + (start - end) * (1.0 + math.cos(math.pi * place)) / 2.0
