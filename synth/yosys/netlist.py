# SPDX-License-Identifier: Apache-2.0
"""A mapped netlist out of Yosys' JSON: cells, who drives each bit, who reads it."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, Final

from synth.errors import SynthError

Bit = int | str
"""A net (int) or one of the constants "0", "1", "x", "z"."""

_LUTS: Final = frozenset(f"LUT{size}" for size in range(1, 7))
FLIP_FLOPS: Final = ("FDRE", "FDSE", "FDCE", "FDPE")
LUTRAM_SITES: Final[Mapping[str, int]] = {
    "RAM32X1S": 1, "RAM64X1S": 1, "RAM128X1S": 2, "RAM256X1S": 4, "RAM512X1S": 8,
    "RAM32X1D": 2, "RAM64X1D": 2, "RAM128X1D": 4, "RAM256X1D": 8,
    "RAM32M": 4, "RAM64M": 4, "RAM32M16": 8, "RAM64M8": 8, "RAM32X16DR8": 8, "RAM64X8SW": 8,
    "SRL16E": 1, "SRLC32E": 1,
}  # fmt: skip
"""Memory and shift register cells -> LUT sites they fill (UG974)."""
BLOCK_RAM: Final[Mapping[str, float]] = {"RAMB36E2": 1.0, "RAMB18E2": 0.5}
OTHER: Final = ("CARRY4", "CARRY8", "MUXF7", "MUXF8", "MUXF9", "INV", "LUT6_2", "URAM288",
                "DSP48E2", "BUFG", "GND", "VCC")  # fmt: skip
_KNOWN: Final = frozenset((*_LUTS, *FLIP_FLOPS, *LUTRAM_SITES, *BLOCK_RAM, *OTHER))
_META: Final = ("$scopeinfo",)


@dataclass(frozen=True)
class Cell:
    """One cell: its type, parameters as Yosys writes them, ports as tuples of bits, LSB first."""

    name: str
    type: str
    parameters: Mapping[str, str | int]
    ports: Mapping[str, tuple[Bit, ...]]
    outputs: frozenset[str]

    @property
    def read(self) -> Iterator[tuple[str, tuple[Bit, ...]]]:
        """(port, bits) of each input port."""
        return ((port, bits) for port, bits in self.ports.items() if port not in self.outputs)

    @property
    def inputs(self) -> Iterator[tuple[str, int, Bit]]:
        """(port, index, bit) of each input bit."""
        return ((port, i, bit) for port, bits in self.read for i, bit in enumerate(bits))

    @property
    def driven(self) -> Iterator[tuple[str, int, Bit]]:
        """(port, index, bit) of each output bit."""
        for port in self.outputs:
            yield from ((port, i, bit) for i, bit in enumerate(self.ports.get(port, ())))

    def one(self, port: str) -> Bit:
        """The only bit of a port; "x" when it is left open."""
        return self.ports.get(port, ("x",))[0]

    def number(self, parameter: str, default: int = 0) -> int:
        """A parameter's value; x and z count as 0."""
        raw = self.parameters.get(parameter)
        if raw is None:
            return default
        if isinstance(raw, int):
            return raw
        return int(re.sub("[xz]", "0", raw), 2) if re.fullmatch("[01xz]+", raw) else default


@dataclass(frozen=True)
class Netlist:
    """One flat module. ports: name -> (direction, bits)."""

    name: str
    ports: Mapping[str, tuple[str, tuple[Bit, ...]]]
    cells: tuple[Cell, ...]
    names: Mapping[int, str] = field(default_factory=dict)

    @cached_property
    def driver(self) -> dict[Bit, tuple[int, str, int]]:
        """Net -> (cell number, port, index) of the one output that drives it."""
        found: dict[Bit, tuple[int, str, int]] = {}
        for number, cell in enumerate(self.cells):
            for port, i, bit in cell.driven:
                if isinstance(bit, int):
                    if bit in found:
                        raise SynthError(f"{self.name}: net {self.label(bit)} has two drivers")
                    found[bit] = (number, port, i)
        return found

    @cached_property
    def loads(self) -> dict[Bit, list[tuple[int, str, int]]]:
        """Net -> (cell number, port, index) of every input that reads it; number -1: a port."""
        found: dict[Bit, list[tuple[int, str, int]]] = {}
        for number, cell in enumerate(self.cells):
            for port, bits in cell.read:
                for i, bit in enumerate(bits):
                    if isinstance(bit, int):
                        found.setdefault(bit, []).append((number, port, i))
        for name, (direction, bits) in self.ports.items():
            if direction == "output":
                for i, bit in enumerate(bits):
                    found.setdefault(bit, []).append((-1, name, i))
        return found

    @cached_property
    def clocks(self) -> frozenset[Bit]:
        """Nets that clock something: no logic runs through them and they cost no routing here."""
        pins = ("C", "CLK", "WCLK", "CLKARDCLK", "CLKBWRCLK")
        return frozenset(cell.one(pin) for cell in self.cells for pin in pins if pin in cell.ports)

    def label(self, bit: Bit) -> str:
        """A net's name for people."""
        return self.names.get(bit, f"net {bit}") if isinstance(bit, int) else f"constant {bit}"

    def count(self, kind: str) -> int:
        """How many cells of one type."""
        return sum(cell.type == kind for cell in self.cells)


def lut_inputs(cell: Cell) -> tuple[int, ...]:
    """The distinct nets that a LUT cell reads; constants take no pin."""
    return tuple(dict.fromkeys(bit for _, _, bit in cell.inputs if isinstance(bit, int)))


def is_lut(cell: Cell) -> bool:
    """Whether this is a LUT1 to LUT6 cell (a LUT6_2 is two of them and not meant here)."""
    return cell.type in _LUTS


def read(path: Path, top: str) -> Netlist:
    """Read the module `top` of a file that `write_json` wrote; SynthError naming the file."""
    try:
        raw = json.loads(path.read_text(encoding="utf-8"))
        return from_json(raw, top)
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise SynthError(f"{path.name}: not a netlist of Yosys: {error}") from None


def from_json(raw: Mapping[str, Any], top: str) -> Netlist:
    """The module `top` of a parsed netlist. SynthError for a cell type that nobody can count."""
    module = raw["modules"][top]
    cells = []
    for name, one in module["cells"].items():
        kind = one["type"]
        if kind in _META:
            continue
        _check(kind, name)
        directions = one["port_directions"]
        cells.append(Cell(
            name, kind, one["parameters"],
            {port: tuple(bits) for port, bits in one["connections"].items()},
            frozenset(port for port, way in directions.items() if way == "output"),
        ))  # fmt: skip
    names: dict[int, str] = {}
    for name, net in module["netnames"].items():
        for i, bit in enumerate(net["bits"]):
            given = f"{name}[{i}]" if len(net["bits"]) > 1 else name
            if isinstance(bit, int) and (bit not in names or (names[bit][0] == "$" != name[0])):
                names[bit] = given
    ports = {name: (port["direction"], tuple(port["bits"]))
             for name, port in module["ports"].items()}  # fmt: skip
    found = Netlist(top, ports, tuple(cells), names)
    assert found.driver is not None  # two drivers of a net are found here, not later
    return found


def _check(kind: str, name: str) -> None:
    if kind not in _KNOWN:
        what = "a latch" if kind.startswith(("LD", "$_DLATCH")) else "a cell nobody here counts"
        raise SynthError(f"the netlist has {what}: {kind} ({name})")
