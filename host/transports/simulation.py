# SPDX-License-Identifier: Apache-2.0
"""The transport of a simulation: transfers are queued here, pins and clock belong to the bench.

Nothing runs while the host computes: simulated time passes only inside run() of the pins.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Collection, Sequence
from typing import Any, Protocol

from numpy.typing import NDArray

from host.transports.base import RECEIVED, SENT, Handle, TransportError

REGISTERS = "axil"  # the script of register writes, beside the letters of the streams


class Pins(Protocol):
    """One accelerator of a bench, with players and recorders at its ports."""

    def play(self, stream: str, transfers: Sequence[bytes]) -> None:
        """Put transfers, each to end with TLAST, where the stream's player finds them."""

    def record(self, stream: str, transfers: int) -> None:
        """Open the stream's recorder until so many transfers have ended."""

    def script(self, writes: Sequence[tuple[int, int]]) -> None:
        """Register writes (address, value), played in order."""

    def run(self, watch: Collection[str]) -> set[str]:
        """Run the clock until a stream (or the script) in `watch` is through or nothing moves.

        Returns all that are through.
        """

    def recorded(self, stream: str) -> list[bytes]:
        """The transfers of a recorder that is through."""

    def read(self, addresses: Sequence[int]) -> list[int]:
        """Run the script, then read registers. Raises TransportError on an error answer."""

    def abort(self) -> None:
        """Stop all players and recorders."""

    def reset(self) -> None:
        """Stop them and reset the device."""


class SimulationTransport:
    """See Transport."""

    def __init__(self, pins: Pins) -> None:
        self.pins = pins
        self._queued: dict[str, deque[tuple[Handle, bytes]]] = {}
        self._active: dict[str, list[Handle]] = {}
        self._writes: list[tuple[int, int]] = []
        self._held: dict[str, tuple[Any, bytes]] = {}  # last transfer given, and its bytes
        self._forget()

    def _forget(self) -> None:
        self._queued = {stream: deque() for stream in (*SENT, *RECEIVED)}
        self._active = {}

    def write(self, address: int, value: int) -> None:
        """Kept until something has to wait."""
        self._writes.append((address, value))

    def read(self, address: int) -> int:
        """Read a register, after all writes so far."""
        return self.read_many([address])[0]

    def read_many(self, addresses: Sequence[int]) -> list[int]:
        """Read registers in one run of the simulator."""
        self._script()
        return self.pins.read(addresses)

    def send(self, stream: str, beats: bytes | NDArray[Any]) -> Handle:
        """Queue a transfer."""
        held = self._held.get(stream)
        if held is None or held[0] is not beats:  # a plane is sent for each output tile
            held = beats, beats if isinstance(beats, bytes) else beats.tobytes()
            self._held[stream] = held
        handle = Handle(stream, len(held[1]))
        self._queued[stream].append((handle, held[1]))
        return handle

    def receive(self, stream: str, nbytes: int) -> Handle:
        """Queue a reception."""
        handle = Handle(stream, nbytes)
        self._queued[stream].append((handle, b""))
        return handle

    def wait(self, handle: Handle) -> bytes:
        """Run the simulation until the transfer is done."""
        while not handle.done:
            if not self.step({handle.stream}):
                raise TransportError(f"nothing moves any more, stream {handle.stream} waits")
        return handle.data

    def step(self, watch: Collection[str]) -> bool:
        """Start what is queued and run until a watched stream is through; False if none was."""
        for stream, queue in self._queued.items():
            if queue and stream not in self._active:
                self._active[stream] = [handle for handle, _ in queue]
                if stream in SENT:
                    self.pins.play(stream, [data for _, data in queue])
                else:
                    self.pins.record(stream, len(queue))
                queue.clear()
        self._script()
        through = self.pins.run(watch)
        for stream in through & self._active.keys():
            self._finish(stream, self._active.pop(stream))
        return bool(through & set(watch))

    @property
    def active(self) -> set[str]:
        """Streams with transfers that are queued or under way."""
        return {stream for stream, queue in self._queued.items() if queue} | set(self._active)

    def cancel(self) -> None:
        """Forget all transfers."""
        self._flush()
        self.pins.abort()
        self._forget()

    def reset(self) -> None:
        """Reset the device."""
        self._writes.clear()
        self.pins.reset()
        self._forget()

    def _finish(self, stream: str, handles: list[Handle]) -> None:
        if stream in SENT:
            for handle in handles:
                handle.finish()
            return
        for handle, data in zip(handles, self.pins.recorded(stream), strict=True):
            if len(data) > handle.nbytes:
                raise TransportError(f"stream {stream}: {len(data)} bytes came where "
                                     f"{handle.nbytes} are due")
            handle.finish(data)

    def _script(self) -> None:
        if self._writes:
            self.pins.script(self._writes)
            self._writes = []

    def _flush(self) -> None:
        if self._writes:
            self._script()
            if REGISTERS not in self.pins.run({REGISTERS}):
                raise TransportError("a register write is not answered")
