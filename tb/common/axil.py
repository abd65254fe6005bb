# SPDX-License-Identifier: Apache-2.0
"""Register traffic of a job as the files of the HDL AXI4-Lite player, by register name."""

from __future__ import annotations

import struct
from pathlib import Path
from typing import NamedTuple

from host import registers

WRITE, READ, POLL, PAUSE = range(4)
OKAY, SLVERR = 0, 2


class Answer(NamedTuple):
    """One line of the player's log; value is what was read, or written."""

    op: int
    address: int
    value: int
    response: int


class Script:
    """A list of accesses; every method appends one and returns the script."""

    def __init__(self) -> None:
        self._records: list[bytes] = []

    def access(self, op: int, address: int, data: int = 0, mask: int = 0) -> Script:
        """An access by address, for what has no name."""
        self._records.append(struct.pack(">BBHII", op, 0, address, data, mask))
        return self

    def write(self, name: str, **fields: int) -> Script:
        """Write a register, fields not given 0."""
        register = registers.register(name)
        return self.access(WRITE, register.offset, register.pack(fields))

    def read(self, name: str) -> Script:
        """Read a register into the log."""
        return self.access(READ, registers.register(name).offset)

    def poll(self, name: str, **fields: int) -> Script:
        """Read until these fields have these values; an error answer ends it too."""
        register = registers.register(name)
        mask = sum(register.field(field).mask for field in fields)
        return self.access(POLL, register.offset, register.pack(fields), mask)

    def pause(self, cycles: int) -> Script:
        """Let cycles pass."""
        return self.access(PAUSE, 0, cycles)

    def save(self, path: Path) -> None:
        """Write the file that the player opens: <DATA>/<STREAM>_<job>.bin."""
        path.write_bytes(b"".join(self._records))

    def __len__(self) -> int:
        return len(self._records)


def read_log(path: Path) -> list[Answer]:
    """The answers, in order; a file that ends inside one raises ValueError."""
    raw = path.read_bytes()
    if len(raw) % 8:
        raise ValueError(f"{path.name}: {len(raw)} bytes are no multiple of 8")
    rows = struct.iter_unpack("<IBBH", raw)
    return [Answer(op, address, value, response) for value, op, response, address in rows]


def fields(answer: Answer) -> tuple[str, dict[str, int]]:
    """Register name and fields of an answer. Raises StopIteration where no register is."""
    register = next(r for r in registers.table().values() if r.offset == answer.address)
    return register.name, register.unpack(answer.value)
