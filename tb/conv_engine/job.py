# SPDX-License-Identifier: Apache-2.0
"""The sequence item: one job of the device, and how the bench plays it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from pyuvm import uvm_sequence_item

from tb.common.beats import Stream
from tb.conv_engine.work import LayerWork


@dataclass(frozen=True)
class Stalls:
    """Back-pressure and droughts: of 256 draws, how many stall each stream.

    A draw holds for length + 1 cycles. q is the residual out. All zero: full speed.
    """

    w: int = 0
    a: int = 0
    r: int = 0
    y: int = 0
    q: int = 0
    length: int = 0
    seed: int = 1

    @property
    def any(self) -> bool:
        return any((self.w, self.a, self.r, self.y, self.q))


NO_STALLS = Stalls()


@dataclass(frozen=True)
class Faults:
    """What is wrong with a job on purpose; everything else of it is right.

    cfg: values that replace those of the layer; w, a, r: streams that replace the good ones;
    code: the error that the device must report; exact_prefix: outputs that still come must be the
    good ones (false when the weights themselves are damaged); clear: leave the error by `clear`
    (a refused layer may also be followed by the next start at once); early: give `clear` while
    the bad stream is still running.
    """

    code: int
    cfg: Mapping[str, int] = field(default_factory=dict)
    w: Stream | None = None
    a: Stream | None = None
    r: Stream | None = None
    exact_prefix: bool = True
    clear: bool = True
    early: bool = False

    @property
    def untouched(self) -> bool:
        """A configuration error: the device must not take a single beat."""
        return 16 <= self.code <= 19


class LayerJob(uvm_sequence_item):
    """One run of `work`. `number` names its files and is given by the driver.

    record: write the verdict to the results; channels: play the channel parameters (without, the
    device must still hold those of the job before); reset_after: pull rst so many cycles after
    `go`, in place of a verdict; reload: play the inputs from their beginning (without, what a
    refused job left goes on).
    """

    def __init__(self, name: str, work: LayerWork, *, stalls: Stalls = NO_STALLS,
                 faults: Faults | None = None, record: bool = True, channels: bool = True,
                 reset_after: int | None = None, reload: bool = True) -> None:
        super().__init__(name)
        self.name = name
        self.work = work
        self.stalls = stalls
        self.faults = faults
        self.record = record
        self.channels = channels
        self.reset_after = reset_after
        self.reload = reload
        self.number = -1
