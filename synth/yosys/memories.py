# SPDX-License-Identifier: Apache-2.0
"""LUT memories and shift registers as one-bit columns: what the simulator needs to know of each.

Written from the cells' descriptions in UG974; write_mode is irrelevant, because reads do not wait
for a clock.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from synth.errors import SynthError
from synth.yosys.netlist import Bit, Cell

_LETTERS: Final = "ABCDEFGH"
_WIDE: Final = {
    # cell: (read ports with their letters, bits a port, address of writes)
    "RAM32M": ("ABCD", 2, "ADDRD"), "RAM64M": ("ABCD", 1, "ADDRD"),
    "RAM32M16": (_LETTERS, 2, "ADDRH"), "RAM64M8": (_LETTERS, 1, "ADDRH"),
}  # fmt: skip
_SINGLE: Final = {"RAM32X1D": 5, "RAM64X1D": 6, "RAM128X1D": 7, "RAM32X1S": 5, "RAM64X1S": 6,
                  "RAM128X1S": 7, "RAM256X1D": 8}  # fmt: skip


@dataclass(frozen=True)
class Column:
    """One bit of memory: depth words; nets of both addresses (LSB first), data, enable, output.

    shift: a shift register (data enters at word 0, the others move up; no write address).
    """

    read: tuple[Bit, ...]
    write: tuple[Bit, ...]
    data: Bit
    enable: Bit
    out: Bit
    initial: int
    shift: bool = False


def columns(cell: Cell) -> list[Column]:
    """The columns of one memory cell. Raises SynthError for a kind that nobody modelled."""
    if cell.type in _WIDE:
        letters, width, address = _WIDE[cell.type]
        write = cell.ports[address]
        found = []
        for letter in letters:
            outs = cell.ports.get(f"DO{letter}", ())
            data = cell.ports.get(f"DI{letter}", ("0",) * width)
            initial = cell.number(f"INIT_{letter}")
            for i, out in enumerate(outs):
                # RAM32M and RAM32M16 keep the bits of a port side by side in INIT.
                column = sum(((initial >> (word * width + i)) & 1) << word
                             for word in range(1 << len(write)))  # fmt: skip
                found.append(Column(cell.ports[f"ADDR{letter}"], write, data[i], cell.one("WE"),
                                    out, column))  # fmt: skip
        return found
    initial = cell.number("INIT")
    if cell.type in ("SRL16E", "SRLC32E"):
        read = tuple(cell.one(f"A{i}") for i in range(4)) if cell.type == "SRL16E" \
            else cell.ports["A"]  # fmt: skip
        found = [Column(read, (), cell.one("D"), cell.one("CE"), cell.one("Q"), initial, True)]
        if isinstance(cell.one("Q31"), int):
            found.append(Column(("1",) * 5, (), cell.one("D"), cell.one("CE"), cell.one("Q31"),
                                initial, True))  # fmt: skip
        return found
    if cell.type not in _SINGLE:
        raise SynthError(f"no simulation model of {cell.type} ({cell.name})")
    depth = _SINGLE[cell.type]

    def wires(prefix: str) -> tuple[Bit, ...]:
        if prefix in cell.ports:
            return cell.ports[prefix]
        return tuple(cell.one(f"{prefix}{i}") for i in range(depth))

    own = wires("A")
    found = []
    for out, prefix in (("O", "A"), ("SPO", "A"), ("DPO", "DPRA")):
        if isinstance(cell.one(out), int):
            found.append(Column(wires(prefix), own, cell.one("D"), cell.one("WE"), cell.one(out),
                                initial))  # fmt: skip
    return found
