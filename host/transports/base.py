# SPDX-License-Identifier: Apache-2.0
"""What the driver asks of whatever connects it to an accelerator.

Streams are named by a letter: w, a, r go in; y and q (m_axis_r) come out.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol

from numpy.typing import NDArray

from golden.errors import PlutarchError

SENT, RECEIVED = ("w", "a", "r"), ("y", "q")


class TransportError(PlutarchError):
    """A transfer or an access did not come about; the message says which."""


class Handle:
    """A transfer on its way. `data` is what was received, complete once `done`."""

    def __init__(self, stream: str, nbytes: int) -> None:
        self.stream = stream
        self.nbytes = nbytes
        self.done = False
        self.data = b""

    def finish(self, data: bytes = b"") -> None:
        """Mark as done."""
        self.data = data
        self.done = True


class Transport(Protocol):
    """Registers and streams of one accelerator.

    Transfers of a stream go one after the other, in the order asked for; each ends with TLAST.
    """

    def write(self, address: int, value: int) -> None:
        """Write a 32-bit register at a byte address. May take effect with the next other call."""

    def read(self, address: int) -> int:
        """Read a 32-bit register."""

    def read_many(self, addresses: Sequence[int]) -> list[int]:
        """Read registers, in order; what read() would give one by one."""

    def send(self, stream: str, beats: bytes | NDArray[Any]) -> Handle:
        """Queue bytes (whole beats) for an input; the caller leaves them as they are until done."""

    def receive(self, stream: str, nbytes: int) -> Handle:
        """Queue the reception of at most nbytes; TLAST ends it, early too."""

    def wait(self, handle: Handle) -> bytes:
        """Move all streams until this transfer is done; return what it received.

        Raises TransportError when nothing moves any more.
        """

    def cancel(self) -> None:
        """Forget all transfers that are not done."""

    def reset(self) -> None:
        """Reset the accelerator and forget all transfers."""
