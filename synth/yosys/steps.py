# SPDX-License-Identifier: Apache-2.0
"""What the simulator does in one go: cells of one kind and level, as the rows of their nets."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from synth.errors import SynthError
from synth.yosys.netlist import Bit, Cell, is_lut
from synth.yosys.words import Words

Rows = npt.NDArray[np.int64]
SIZES: Final = (3, 3, 3, 3, 6, 6, 6)
"""Inputs -> inputs that a function is worked on with: few kinds, or numpy's calls cost most."""


@dataclass(frozen=True)
class Luts:
    """LUTs, multiplexers and inverters as tables."""

    inputs: Rows  # (k, cells)
    low: Words  # (2^(k-1), cells, 1): the table where input 0 is 0
    differ: Words  # the same: where input 0 decides
    out: Rows  # (cells,)


@dataclass(frozen=True)
class Chains:
    """Carry chains."""

    s: Rows  # (bits, chains), short ones filled up at the top
    di: Rows
    o: Rows
    co: Rows
    carry_in: Rows  # (chains,)


@dataclass(frozen=True)
class Memories:
    """Columns of LUT memories, or shift registers."""

    read: Rows  # (address bits, columns)
    write: Rows
    data: Rows  # (columns,)
    enable: Rows
    out: Rows
    initial: Words  # (words, columns, 1)
    shift: bool


@dataclass(frozen=True)
class Products:
    """DSP slices that multiply."""

    a: Rows  # (cells, 27)
    b: Rows  # (cells, 18)
    p: Rows  # (cells, 48)


Step = Luts | Chains | Products | tuple[int, Memories]
"""With memories goes the number under which a run keeps their contents."""


def functions(cell: Cell) -> Iterator[tuple[tuple[Bit, ...], int, Bit]]:
    """(inputs LSB first, truth table, output) of a cell without memory."""
    if is_lut(cell):
        size = int(cell.type[3])
        yield tuple(cell.one(f"I{i}") for i in range(size)), cell.number("INIT"), cell.one("O")
    elif cell.type == "LUT6_2":
        six = tuple(cell.one(f"I{i}") for i in range(6))
        init = cell.number("INIT")
        yield six, init, cell.one("O6")
        yield six[:5], init & 0xFFFFFFFF, cell.one("O5")
    elif cell.type == "INV":
        yield (cell.one("I"),), 1, cell.one("O")
    elif cell.type.startswith("MUXF"):
        yield (cell.one("I0"), cell.one("I1"), cell.one("S")), 0b11001010, cell.one("O")
    else:
        raise SynthError(f"no simulation model of {cell.type} ({cell.name})")
