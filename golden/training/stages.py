# SPDX-License-Identifier: Apache-2.0
"""The phases of a run: float -> quant (one phase per bit-width) -> frozen, and where one begins.

quant: behind the quantisers, batch norm as usual. Progressive widths (stages.quant.through, as
APoT trains: 1909.13144 section 4.1) go through wider codes first; at each width the scales are
fitted anew. frozen: batch norm statistics measured behind the quantisers, then folded into one or
two signed powers of two per channel, so that what is trained from there on is the integer network.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Literal

from golden.training.config import Config, StageConfig

Stage = Literal["float", "quant", "frozen"]
FLOAT_BITS = 32


@dataclass(frozen=True)
class Phase:
    """Some epochs with one way of computing. first: epochs of the run before it."""

    stage: Stage
    weight_bits: int
    act_bits: int
    first: int
    settings: StageConfig

    @property
    def epochs(self) -> int:
        """How many epochs; 0 converts the model and trains nothing."""
        return self.settings.epochs

    @property
    def title(self) -> str:
        """As it is shown."""
        return self.stage if self.stage == "float" else f"{self.stage} {self.weight_bits} bit"


def phases(config: Config) -> tuple[Phase, ...]:
    """The phases of a run in order; method "float" has the first alone."""
    return tuple(_numbered(_unnumbered(config)))


def _unnumbered(config: Config) -> Iterator[Phase]:
    stages, quantizer = config.stages, config.quantizer
    yield Phase("float", FLOAT_BITS, FLOAT_BITS, 0, stages.float)
    if not config.quantised:
        return
    for bits in stages.quant.through:
        acts = max(bits, quantizer.act_bits)
        settings = replace(stages.quant, epochs=stages.quant.through_epochs, milestones=())
        yield Phase("quant", bits, acts, 0, settings)
    yield Phase("quant", quantizer.weight_bits, quantizer.act_bits, 0, stages.quant)
    yield Phase("frozen", quantizer.weight_bits, quantizer.act_bits, 0, stages.frozen)


def _numbered(found: Iterator[Phase]) -> Iterator[Phase]:
    first = 0
    for phase in found:
        yield replace(phase, first=first)
        first += phase.epochs
