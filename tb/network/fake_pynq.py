# SPDX-License-Identifier: Apache-2.0
"""PYNQ's interface as the host program uses it, answered by the simulation.

Only what the board's own classes have (pynq 3: Overlay, MMIO, allocate, the DMA driver in direct
mode), with their rules: one transfer at a time, lengths and alignment checked, a buffer that is not
written back or not invalidated shows old bytes, as with a real cache.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from host.transports.base import Handle
from host.transports.simulation import SimulationTransport

MAX_LENGTH = (1 << 26) - 1
_DMACR, _SOFT_RESET = 0x00, 0x4
BASE = 0xA000_0000  # of the first accelerator; each has 4 KiB


class Buffer(np.ndarray):  # type: ignore[type-arg]
    """What pynq.allocate returns: an array and, behind it, what the DMA sees."""

    memory: Any
    physical_address: int

    def flush(self) -> None:
        """Write the cache back."""
        self.memory[:] = np.asarray(self).view(np.uint8).ravel()

    def invalidate(self) -> None:
        """Drop the cache."""
        np.asarray(self).view(np.uint8).ravel()[:] = self.memory

    def freebuffer(self) -> None:
        """Give it back; nobody may use it afterwards."""
        self.memory = None


class Channel:
    """sendchannel or recvchannel of a DMA in direct mode."""

    def __init__(self, transport: SimulationTransport, stream: str) -> None:
        self._transport = transport
        self._stream = stream
        self._receives = stream in ("y", "q")
        self._handle: Handle | None = None
        self._buffer: Any = None
        self._first = True
        self.running = True
        self.transferred = 0
        self.error = False

    @property
    def idle(self) -> bool:
        """Time passes while somebody polls."""
        if self._handle is None:
            return not self._first
        if not self._handle.done:
            self._transport.step(self._transport.active)  # until any transfer ends
        return self._handle.done

    def start(self) -> None:
        """Run; also after a reset of the DMA."""
        self.running, self._first, self._handle = True, True, None

    def transfer(self, array: Any, start: int = 0, nbytes: int = 0) -> None:
        """Start a transfer."""
        if not self.running:
            raise RuntimeError("DMA channel not started")
        if self._handle is not None and not self._handle.done:
            raise RuntimeError("DMA channel not idle")
        nbytes = nbytes or array.nbytes - start
        if nbytes > MAX_LENGTH or nbytes + start > array.nbytes:
            raise ValueError(f"Transfer size is {nbytes} bytes")
        if (array.physical_address + start) % 16:
            raise RuntimeError("DMA does not support unaligned transfers")
        self._buffer, self._first, self.transferred = array, False, 0
        if self._receives:
            self._handle = self._transport.receive(self._stream, nbytes)
        else:
            array.flush()
            data = array.memory[start:start + nbytes].tobytes()
            self._handle = self._transport.send(self._stream, data)

    def wait(self) -> None:
        """Wait for the end of the transfer."""
        assert self._handle is not None, "wait() without a transfer"
        data = self._transport.wait(self._handle)
        self.transferred = self._handle.nbytes
        if self._receives:
            self._buffer.memory[: len(data)] = np.frombuffer(data, np.uint8)
            self._buffer.invalidate()
            self.transferred = len(data)


class Dma:
    """The DMA driver: channels, and registers for a soft reset."""

    def __init__(self, transport: SimulationTransport, send: str, receive: str | None) -> None:
        self._transport = transport
        self.sendchannel = Channel(transport, send)
        self.recvchannel = Channel(transport, receive) if receive else None
        self.resets = 0

    def write(self, offset: int, value: int) -> None:
        """Only the soft reset exists here."""
        assert (offset, value) == (_DMACR, _SOFT_RESET), f"DMA register {offset:#x} = {value:#x}"
        self.resets += 1
        self._transport.cancel()
        for channel in (self.sendchannel, self.recvchannel):
            if channel is not None:
                channel.running = False

    def read(self, offset: int) -> int:
        """DMACR; the reset is over at once."""
        assert offset == _DMACR
        return 0


class FakePynq:
    """The module `pynq` with an overlay of these accelerators: blocks <name>, DMAs <name>_dma_*."""

    def __init__(self, transports: Mapping[str, SimulationTransport]) -> None:
        fake = self
        self.transports = dict(transports)
        self.downloads = 0
        self._next = 0x6000_0000
        self._blocks = {name: BASE + 0x1000 * i for i, name in enumerate(self.transports)}

        class Overlay:
            """A loaded bitstream."""

            def __init__(self, bitfile: str, download: bool = True) -> None:
                assert bitfile.endswith(".bit"), bitfile
                self.ip_dict: dict[str, dict[str, Any]] = {
                    name: {"phys_addr": base, "addr_range": 0x1000, "type": "plutarch:conv:1.0"}
                    for name, base in fake._blocks.items()}
                for name, transport in fake.transports.items():
                    for send, receive in (("w", None), ("a", "y"), ("r", "q")):
                        dma = Dma(transport, send, receive)
                        setattr(self, f"{name}_dma_{send}", dma)

            def download(self) -> None:
                """Load it again: everything is reset."""
                fake.downloads += 1
                for transport in fake.transports.values():
                    transport.reset()

        class MMIO:
            """Registers at an address range."""

            def __init__(self, base_addr: int, length: int = 4) -> None:
                name = next(n for n, base in fake._blocks.items() if base == base_addr)
                self._transport = fake.transports[name]
                self._length = length

            def _check(self, offset: int) -> None:
                if offset % 4:
                    raise MemoryError("Unaligned access: offset must be multiple of 4.")
                assert 0 <= offset < self._length

            def read(self, offset: int = 0) -> int:
                """Read 32 bits."""
                self._check(offset)
                return self._transport.read(offset)

            def write(self, offset: int, data: int) -> None:
                """Write 32 bits; only a plain int will do."""
                self._check(offset)
                if type(data) is not int:
                    raise ValueError("Data type must be int or bytes.")
                self._transport.write(offset, data)

        self.Overlay: Callable[..., Any] = Overlay
        self.MMIO: Callable[..., Any] = MMIO

    def allocate(self, shape: Any, dtype: Any = "u4") -> Any:
        """Memory that the DMA sees, page aligned."""
        buffer = np.zeros(shape, dtype).view(Buffer)
        buffer.memory = np.full(buffer.nbytes, 0xCD, np.uint8)
        buffer.physical_address = self._next
        self._next += -(-buffer.nbytes // 4096) * 4096
        return buffer
