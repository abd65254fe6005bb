# SPDX-License-Identifier: Apache-2.0
"""Jobs that are wrong on purpose, and a good one to come after each."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, fields, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from golden.layer import ConvLayer, LayerOutput
from host.compiler import compile_layer
from host.driver import Device, Report
from host.jobs import LayerJob, Registers, WeightStream
from host.packing import Bytes
from host.target import Target
from host.transports.base import Handle, Transport


@dataclass(frozen=True)
class Work:
    """A job with its tensors and golden's answer."""

    job: LayerJob
    a: NDArray[Any]
    residual: Any
    expected: LayerOutput

    def check(self, device: Device) -> Report:
        """Run it; AssertionError unless it is right. The device's own counters of it."""
        outputs, report = device.run(self.job, self.a, self.residual)
        assert np.array_equal(outputs.codes, self.expected.codes), "codes of a good job are wrong"
        assert np.array_equal(outputs.words, self.expected.res), "words of a good job are wrong"
        return report


def small_job(target: Target, seed: int = 1) -> Work:
    """Two output tiles and a part of a third, three input tiles, residual in, both outputs."""
    rng = np.random.default_rng(seed)
    cin, cout = 2 * target.pin + 1, min(2 * target.pout + 1, target.cout_max)
    legal = np.delete(np.arange(1 << target.bits), 1 << (target.bits - 1))
    shape = (cout, cin, 3, 3)
    weights = (rng.integers(-128, 128, shape).astype(np.int8) if target.wgt == "int8"
               else rng.choice(legal, shape).astype(np.uint8))
    layer = ConvLayer(
        "small", target.bits, weights, 1, 1, rng.integers(0, 3, cout), rng.integers(0, 3, cout),
        rng.integers(-1, 2, cout), rng.integers(-500, 500, cout), proj_shift=5, res_in=True,
        res_shift=4, emit_res=True, res_out_shift=6, act=target.act, wgt=target.wgt)
    a_shape = (2, cin, 5, 6)
    a = (rng.integers(-128, 128, a_shape).astype(np.int8) if target.act == "int8"
         else rng.choice(legal, a_shape).astype(np.uint8))
    residual = rng.integers(-128, 128, (2, cout, 5, 6)).astype(np.int8)
    job = next(iter(compile_layer(layer, (5, 6), {"main": target}, 2)))
    return Work(job, a, residual, layer.run(a, residual))


class BadJob(LayerJob):
    """A job whose parts go through functions first; see `spoiled`."""

    changes: dict[str, Callable[[Any], Any]]

    @property
    def registers(self) -> Registers:
        """The registers, changed."""
        return self.changes.get("registers", _same)(super().registers)

    def activations(self, a: NDArray[Any]) -> Bytes:
        """The activations, changed."""
        return self.changes.get("a", _same)(super().activations(a))

    def residuals(self, words: Any) -> list[Bytes]:
        """The residuals, changed."""
        return self.changes.get("r", _same)(super().residuals(words))


def _same(value: Any) -> Any:
    return value


class FixedStream(WeightStream):
    """A weight stream that is given."""

    def __init__(self, data: bytes) -> None:
        self.given = data

    @property
    def data(self) -> bytes:  # type: ignore[override]
        """The bytes."""
        return self.given


def spoiled(job: LayerJob, **changes: Callable[[Any], Any]) -> LayerJob:
    """The job with w, a, r or registers put through a function."""
    values = {field.name: getattr(job, field.name) for field in fields(job)}
    if "w" in changes:
        values["stream"] = FixedStream(changes["w"](job.stream.data))
    bad = BadJob(**values)
    object.__setattr__(bad, "changes", changes)
    return bad


def for_target(job: LayerJob, **other: Any) -> bytes:
    """The weights of a job as another target's stream."""
    return WeightStream(job.layer, replace(job.target, **other)).data


class Mute:
    """A transport on which one stream is never sent."""

    def __init__(self, inner: Transport, stream: str) -> None:
        self._inner = inner
        self._stream = stream

    def __getattr__(self, name: str) -> Any:
        return getattr(self._inner, name)

    def send(self, stream: str, beats: Any) -> Handle:
        """Send all but the muted stream."""
        if stream != self._stream:
            return self._inner.send(stream, beats)
        handle = Handle(stream, len(beats))
        handle.finish()
        return handle
