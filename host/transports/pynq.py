# SPDX-License-Identifier: Apache-2.0
"""The transport of the board: PYNQ on the KV260, AXI DMA for streams, MMIO for registers.

`pynq` is imported here and nowhere else, and only when a board is opened. Each stream has a channel
of an AXI DMA in direct mode (one transfer at a time, 26-bit length register): dma_w sends weights,
dma_a sends activations and receives y, dma_r sends residuals and receives q. Queued transfers start
one after the other as channels become idle; the program polls, interrupts are not needed.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from golden.errors import PlutarchError
from host.transports.base import RECEIVED, SENT, Handle, TransportError

DMAS = {"w": "dma_w", "a": "dma_a", "r": "dma_r"}  # y comes over dma_a, q over dma_r
_CONTROL, _RESET = 0x00, 0x4  # DMACR and its soft reset, which stops both channels at once


class PynqTransport:
    """See Transport. overlay: a loaded pynq.Overlay; names of the IP blocks in it are given.

    patience: seconds without an end of any transfer before wait() gives up.
    """

    def __init__(self, overlay: Any, ip: str, dmas: Mapping[str, str] = DMAS, *, mmio: Any,
                 allocate: Callable[..., Any], patience: float = 10.0) -> None:
        self._overlay = overlay
        if ip not in overlay.ip_dict:
            raise PlutarchError(f"the overlay has no block {ip!r}, only "
                                f"{', '.join(sorted(overlay.ip_dict))}")
        block = overlay.ip_dict[ip]
        self._mmio = mmio(block["phys_addr"], block["addr_range"])
        self._allocate = allocate
        self._patience = patience
        self._dmas = {stream: getattr(overlay, name) for stream, name in dmas.items()}
        self._channels = {s: self._dmas[s].sendchannel for s in SENT}
        self._channels |= {"y": self._dmas["a"].recvchannel, "q": self._dmas["r"].recvchannel}
        self._buffers: dict[str, Any] = {}
        self._held: dict[str, Any] = {}  # what a send buffer holds: a plane is sent many times
        self._queued: dict[str, deque[tuple[Handle, Any]]] = {s: deque() for s in self._channels}
        self._active: dict[str, Handle] = {}

    @classmethod
    def open(cls, bitstream: str, ip: str, dmas: Mapping[str, str] = DMAS) -> PynqTransport:
        """Load a bitstream and take the accelerator `ip`. Raises PlutarchError without PYNQ."""
        try:
            import pynq  # type: ignore[import-not-found]
        except ImportError as error:
            raise PlutarchError("PYNQ is not installed: this program runs on the board") from error
        overlay = pynq.Overlay(bitstream)
        return cls(overlay, ip, dmas, mmio=pynq.MMIO, allocate=pynq.allocate)

    def write(self, address: int, value: int) -> None:
        """Write a register."""
        self._mmio.write(address, int(value))

    def read(self, address: int) -> int:
        """Read a register."""
        return int(self._mmio.read(address))

    def read_many(self, addresses: Sequence[int]) -> list[int]:
        """Read registers, in order."""
        return [self.read(address) for address in addresses]

    def send(self, stream: str, beats: bytes | NDArray[Any]) -> Handle:
        """Queue a transfer."""
        data = np.frombuffer(beats, np.uint8) if isinstance(beats, bytes) else beats
        return self._queue(stream, data.nbytes, beats)

    def receive(self, stream: str, nbytes: int) -> Handle:
        """Queue a reception."""
        return self._queue(stream, nbytes, None)

    def wait(self, handle: Handle) -> bytes:
        """Poll the channels, start what waits, until the transfer is done."""
        limit = time.monotonic() + self._patience
        while not handle.done:
            if self._pump():
                limit = time.monotonic() + self._patience
            elif time.monotonic() > limit:
                raise TransportError(f"nothing moves any more, stream {handle.stream} waits")
        return handle.data

    def cancel(self) -> None:
        """Reset the DMAs: an S2MM channel that waits for data can only be stopped so."""
        for dma in {id(dma): dma for dma in self._dmas.values()}.values():
            dma.write(_CONTROL, _RESET)
            while dma.read(_CONTROL) & _RESET:
                pass
        for channel in self._channels.values():
            channel.start()
        for queue in self._queued.values():
            queue.clear()
        self._active.clear()

    def reset(self) -> None:
        """Load the bitstream again: it resets everything in it."""
        self._overlay.download()
        self.cancel()

    def close(self) -> None:
        """Give the buffers back."""
        for buffer in self._buffers.values():
            buffer.freebuffer()
        self._buffers.clear()
        self._held.clear()

    def _queue(self, stream: str, nbytes: int, beats: Any) -> Handle:
        handle = Handle(stream, nbytes)
        self._queued[stream].append((handle, beats))
        self._start(stream)
        return handle

    def _pump(self) -> bool:
        """Finish the transfers whose channels are idle, start the next; True if one was."""
        ended = [stream for stream in self._active if self._ended(stream)]
        for stream in ended:
            channel, handle = self._channels[stream], self._active.pop(stream)
            channel.wait()  # returns at once; makes the data visible and `transferred` valid
            if stream in RECEIVED:
                handle.finish(bytes(self._buffers[stream][: int(channel.transferred)]))
            else:
                handle.finish()
            self._start(stream)
        return bool(ended)

    def _ended(self, stream: str) -> bool:
        channel = self._channels[stream]
        if channel.error:
            raise TransportError(f"the DMA of stream {stream} reports an error (transfer longer "
                                 "than asked for, or no memory there)")
        return bool(channel.idle)

    def _start(self, stream: str) -> None:
        if stream in self._active or not self._queued[stream]:
            return
        handle, beats = self._queued[stream].popleft()
        buffer = self._buffer(stream, handle.nbytes)
        if beats is not None and self._held.get(stream) is not beats:
            data = np.frombuffer(beats, np.uint8)
            buffer[: handle.nbytes] = data
            self._held[stream] = beats
        self._active[stream] = handle
        self._channels[stream].transfer(buffer, 0, handle.nbytes)  # writes the cache back first

    def _buffer(self, stream: str, nbytes: int) -> Any:
        """The stream's buffer in memory that the DMA sees, made larger when it has to be."""
        found = self._buffers.get(stream)
        if found is not None and found.nbytes >= nbytes:
            return found
        if found is not None:
            found.freebuffer()
        self._held.pop(stream, None)
        size = max(4096, 1 << (nbytes - 1).bit_length())
        self._buffers[stream] = self._allocate(shape=(size,), dtype=np.uint8)
        return self._buffers[stream]
