# SPDX-License-Identifier: Apache-2.0
"""What a step gave back against golden: counts, and the place of the first difference."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from golden.jobs import ConvJob, FcJob, Job, MaxPoolJob
from host.compiler import Step, fc_layer
from host.program import Tensors


@dataclass(frozen=True)
class Mismatch:
    """The first value that differs. part: codes, words, sums or logits; image as in the package."""

    layer: str
    part: str
    image: int
    channel: int
    row: int
    column: int
    expected: int
    got: int

    def __str__(self) -> str:
        return (f"layer {self.layer}, {self.part}: image {self.image}, channel {self.channel}, "
                f"row {self.row}, column {self.column}: expected {self.expected}, got {self.got}")

    def as_dict(self) -> dict[str, Any]:
        """Plain values, for a record."""
        return asdict(self)


@dataclass
class Verdict:
    """outputs: values compared; mismatches: how many differ; first: the first of them."""

    outputs: int = 0
    mismatches: int = 0
    first: Mismatch | None = None

    def compare(self, where: tuple[str, str, int], got: NDArray[Any] | None,
                want: NDArray[Any] | None, channel: int = 0) -> None:
        """Count differences of maps (N, C, H, W) or vectors (N, C). where: layer, part, image 0.

        channel: the number of the first channel.
        """
        if got is None and want is None:
            return
        if got is None or want is None or got.shape != want.shape:
            raise AssertionError(f"layer {where[0]}: {where[1]}: "
                                 f"{None if got is None else got.shape} came, "
                                 f"{None if want is None else want.shape} are due")
        self.outputs += want.size
        wrong = np.argwhere(got != want)
        self.mismatches += len(wrong)
        if len(wrong) and self.first is None:
            at = tuple(int(i) for i in wrong[0])
            place = (*at, 0, 0)[:4]
            layer, part, image = where
            self.first = Mismatch(layer, part, image + place[0], channel + place[1], place[2],
                                  place[3], int(want[at]), int(got[at]))


def judge(step: Step, tensors: Tensors, job: Job, bits: int, image: int) -> Verdict:
    """Compare everything a step hands on. image: number of the first one."""
    verdict = Verdict()
    want = job.expected
    if isinstance(job, FcJob):
        assert tensors.words is None and tensors.sums is not None
        verdict.compare((step.name, "logits", image), tensors.logits, want.t)
        return verdict
    if isinstance(job, (ConvJob, MaxPoolJob)):
        verdict.compare((step.name, "codes", image), tensors.codes, want.codes)
        verdict.compare((step.name, "words", image), tensors.words, want.res)
        if isinstance(job, ConvJob) and job.layer.raw:
            verdict.compare((step.name, "sums", image), tensors.sums, want.acc)
    return verdict


def judge_fc_sums(step: Step, tensors: Tensors, words: NDArray[Any], fc: Any, bits: int,
                  image: int, verdict: Verdict) -> None:
    """Compare the raw sums behind the logits, pixel by pixel."""
    verdict.compare((step.name, "sums", image), tensors.sums, fc_layer(fc, bits).run(words).acc)


def golden_tensors(job: Job) -> Tensors:
    """What golden says that a step hands on."""
    want = job.expected
    if isinstance(job, FcJob):
        return Tensors(logits=want.t)
    return Tensors(want.codes, want.res)
