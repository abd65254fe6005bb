# SPDX-License-Identifier: Apache-2.0
"""Runs jobs on one accelerator through its registers: plain blocking Python, as on the board."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from numpy.typing import NDArray

from golden.errors import ENGINE_ERRORS, SHUFF_ERRORS, PlutarchError
from golden.layer import Int8s
from host import layout, registers
from host.jobs import LayerJob, Outputs
from host.target import Target
from host.transports.base import Handle, Transport, TransportError

LANES = {"P1": 1, "S0": 2, "S1": 3, "M8": 4, "P2": 5, "P3": 6}  # BUILD.lane
MAJOR = 1  # VERSION.major that this driver knows
STALLS = {"w": "STALL_W", "a": "STALL_A", "r": "STALL_R", "y": "STALL_Y"}
COUNTERS = ("CYCLES", "BUSY", "WEIGHTS")
POLLS = 1000  # of STATUS, once every transfer is done; the engine needs a few cycles more


class AcceleratorError(PlutarchError):
    """The hardware refused or aborted a job.

    code, name: number and name of docs/formats.md; out_tile, in_tile: where it happened.
    """

    def __init__(self, code: int, job: LayerJob, out_tile: int, in_tile: int,
                 detail: str = "") -> None:
        names = {**SHUFF_ERRORS, **ENGINE_ERRORS}
        self.code = code
        self.name = names.get(code, "UNKNOWN")
        self.layer = job.name
        self.out_tile = out_tile
        self.in_tile = in_tile
        more = f"; {detail}" if detail else ""
        super().__init__(f"{job.what} on {job.device}: hardware error {code} {self.name} at output "
                         f"tile {out_tile}, input tile {in_tile}{more}")


@dataclass(frozen=True)
class Report:
    """Counters of one job. stalls: cycles by cause; sent and received: bytes by stream."""

    device: str
    cycles: int
    busy: int
    weights: int
    macs: int
    lanes: int
    stalls: dict[str, int] = field(default_factory=dict)
    sent: dict[str, int] = field(default_factory=dict)
    received: dict[str, int] = field(default_factory=dict)
    seconds: float = 0.0  # from the first register write to the last counter read


class Result(NamedTuple):
    """What a job gave back."""

    outputs: Outputs
    report: Report


class Device:
    """One accelerator. Blocking; one job at a time. Call check() before the first."""

    def __init__(self, name: str, target: Target, transport: Transport) -> None:
        self.name = name
        self.target = target
        self.transport = transport
        self._sent: list[Handle] = []

    def check(self) -> None:
        """See that the hardware is the one that the jobs are compiled for.

        Raises PlutarchError naming the first thing that differs.
        """
        target = self.target
        found = self.fields("ID")["magic"]
        magic = registers.register("ID").field("magic").value
        if found != magic:
            raise PlutarchError(f"{self.name}: no accelerator there: ID reads {found:#010x}, "
                                f"not {magic:#010x}")
        major = self.fields("VERSION")["major"]
        if major != MAJOR:
            raise PlutarchError(f"{self.name}: registers of version {major}, this program knows "
                                f"{MAJOR}")
        want = {"BUILD": {"b": target.bits, "kmax": target.kmax, "pin": target.pin,
                          "pout": target.pout, "lane": LANES[target.lane]},
                "LINE_DEPTH": {"width": target.line_depth},
                "PSUM_DEPTH": {"positions": target.psum_depth},
                "COUT_MAX": {"channels": target.cout_max}}
        for name, fields in want.items():
            got = self.fields(name)
            for key, value in fields.items():
                if got[key] != value:
                    raise PlutarchError(f"{self.name}: built with {name}.{key} = {got[key]}, the "
                                        f"network was compiled for {value}")

    def run(self, job: LayerJob, a: NDArray[Any], residual: Int8s | None = None) -> Result:
        """Run one job on the layer's whole input and residual; blocks until it is done.

        Raises AcceleratorError when the hardware reports an error and TransportError when it does
        not answer; the device is usable again after either.
        """
        begin = time.perf_counter()
        self._idle_before(job)
        self._configure(job)
        with self._usable_afterwards(job):
            y, q = self._stream(job, a, residual)
        outputs = job.outputs(y, q)
        return Result(outputs, self._report(job, time.perf_counter() - begin))

    def fields(self, name: str) -> dict[str, int]:
        """Read a register: value of each field."""
        register = registers.register(name)
        return register.unpack(self.transport.read(register.offset))

    def set(self, name: str, **fields: int) -> None:
        """Write a register, fields that are not named as 0."""
        register = registers.register(name)
        self.transport.write(register.offset, register.pack(fields))

    def _idle_before(self, job: LayerJob) -> None:
        status = self.fields("STATUS")
        if status["busy"]:
            raise PlutarchError(f"{job.what}: start refused, {self.name} is busy with another job")
        if status["err"]:
            self.recover()

    def _configure(self, job: LayerJob) -> None:
        for name, fields in job.registers.items():
            self.set(name, **fields)
        words = job.channels
        if words:
            self.set("CHANNEL", addr=0)
        data = [registers.register(f"CHANNEL_DATA{i}").offset for i in range(3)]
        for word in words:
            for i, offset in enumerate(data):
                self.transport.write(offset, word >> 32 * i & 0xFFFFFFFF)

    def _stream(self, job: LayerJob, a: NDArray[Any],
                residual: Int8s | None) -> tuple[list[bytes], list[bytes]]:
        """Queue every transfer, start, wait for all; the y and q transfers, tile by tile."""
        send, receive = self.transport.send, self.transport.receive
        tiles = range(job.tiles)
        y = [receive("y", job.y_bytes) for _ in tiles if job.y_bytes]
        q = [receive("q", job.q_bytes) for _ in tiles if job.q_bytes]
        self._sent = sent = [send("w", job.stream.data)]
        sent += [send("r", part) for part in job.residuals(residual)]
        plane = job.activations(a)
        sent += [send("a", plane) for _ in tiles]
        self.set("CONTROL", start=1)
        parts = [[self._wait(job, handle) for handle in handles] for handles in (y, q)]
        for handle in sent:
            self.transport.wait(handle)
        for _ in range(POLLS):
            status = self.fields("STATUS")
            self._raise(job, status)
            if status["done"] and not status["busy"]:
                return parts[0], parts[1]
        raise TransportError(f"{job.what}: every transfer is done, but {self.name} is still busy")

    def _wait(self, job: LayerJob, handle: Handle) -> bytes:
        """Wait for a reception; a short one means an error, which STATUS explains."""
        data = self.transport.wait(handle)
        if len(data) != handle.nbytes:
            self._raise(job, self.fields("STATUS"))
            raise TransportError(f"{job.what}: {len(data)} bytes on {handle.stream}, "
                                 f"{handle.nbytes} are due")
        return data

    def _raise(self, job: LayerJob, status: dict[str, int], detail: str = "") -> None:
        if status["err"]:
            tile = self.fields("ERROR_TILE")
            raise AcceleratorError(status["err"], job, tile["out_tile"], tile["in_tile"], detail)
        if status["refused_start"]:
            raise PlutarchError(f"{job.what}: start refused, {self.name} was busy")
        if status["refused_write"]:
            raise PlutarchError(f"{job.what}: {self.name} refused a configuration write while busy")

    @contextmanager
    def _usable_afterwards(self, job: LayerJob) -> Iterator[None]:
        """Turn silence into the error that the hardware shows, and clean up after any error."""
        silent = False
        try:
            try:
                yield
            except TransportError as silence:
                silent = True
                self._raise(job, self.fields("STATUS"))
                raise TransportError(f"{job.what} on {self.name}: {silence}") from silence
        except PlutarchError:
            self.recover(silent)
            raise

    def recover(self, silent: bool = False) -> None:
        """Make the device ready for a job: clear, and reset if that is not enough.

        After an error on a stream the engine takes and drops the rest, so nothing of it is left.
        After a refused configuration it touches no stream: what waits at its ports must go.
        silent: nothing moves any more, waiting would be in vain.
        """
        sent, self._sent = self._sent, []
        try:
            for handle in sent if not silent else ():
                self.transport.wait(handle)
        except TransportError:
            pass  # judged by what is done
        self.transport.cancel()
        if all(handle.done for handle in sent):
            self.set("CONTROL", clear=1)
            for _ in range(POLLS):
                status = self.fields("STATUS")
                if not (status["busy"] or status["err"]):
                    return
        self.transport.reset()

    def _report(self, job: LayerJob, seconds: float) -> Report:
        names = [*COUNTERS, *STALLS.values(), *(f"BEATS_{stream}" for stream in "WAR")]
        offsets = [registers.register(name).offset for name in names]
        count = dict(zip(names, self.transport.read_many(offsets), strict=True))
        size = layout.bus_bytes(job.target)
        received = {"y": job.tiles * job.y_bytes, "q": job.tiles * job.q_bytes}
        return Report(
            device=self.name, cycles=count["CYCLES"], busy=count["BUSY"],
            weights=count["WEIGHTS"], macs=job.macs, lanes=job.target.lanes,
            stalls={cause: count[name] for cause, name in STALLS.items()},
            sent={s: count[f"BEATS_{s.upper()}"] * size[s] for s in ("w", "a", "r")},
            received=received, seconds=seconds)
