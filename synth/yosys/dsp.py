# SPDX-License-Identifier: Apache-2.0
"""DSP48E2 as Yosys maps a product into it: P = A * B, signed, nothing registered.

Written from the cell's description (UG579). Whatever else the slice could be told to do is refused.
"""

from __future__ import annotations

from typing import Final

from synth.errors import SynthError
from synth.yosys.netlist import Bit, Cell

A_BITS: Final = 27
B_BITS: Final = 18
P_BITS: Final = 48
_REGISTERS: Final = (
    "AREG", "BREG", "CREG", "DREG", "ADREG", "MREG", "PREG", "ALUMODEREG", "CARRYINREG",
    "CARRYINSELREG", "INMODEREG", "OPMODEREG",
)  # fmt: skip
_DEFAULTS: Final = {"AMULTSEL": "A", "BMULTSEL": "B", "A_INPUT": "DIRECT", "B_INPUT": "DIRECT",
                    "USE_MULT": "MULTIPLY", "USE_SIMD": "ONE48"}  # fmt: skip
_CONSTANTS: Final = {"OPMODE": 0b101, "ALUMODE": 0, "INMODE": 0, "CARRYIN": 0, "CARRYINSEL": 0}
"""X and Y take the product, Z nothing; the sum is added to nothing."""


def product(cell: Cell) -> tuple[tuple[Bit, ...], tuple[Bit, ...], tuple[Bit, ...]]:
    """(A, B, P), LSB first, of a slice that multiplies; SynthError naming what it does instead."""
    for name in _REGISTERS:
        if name not in cell.parameters or cell.number(name):
            raise _no_model(cell, f"{name} = {cell.parameters.get(name, 'the default')}")
    for name, value in _DEFAULTS.items():
        if cell.parameters.get(name, value) != value:
            raise _no_model(cell, f"{name} = {cell.parameters[name]}")
    for port, wanted in _CONSTANTS.items():
        bits = cell.ports.get(port, ())
        if not bits or any(bit not in ("0", "1") for bit in bits):
            raise _no_model(cell, f"{port} is no constant")
        if sum(int(bit) << i for i, bit in enumerate(bits)) != wanted:
            raise _no_model(cell, f"{port} is not {wanted:b}")
    a, b, p = cell.ports["A"], cell.ports["B"], cell.ports["P"]
    if len(a) < A_BITS or len(b) != B_BITS or len(p) > P_BITS:
        raise _no_model(cell, "the widths of A, B or P")
    return a[:A_BITS], b, p  # the multiplier takes 27 of A's 30 bits


def _no_model(cell: Cell, why: str) -> SynthError:
    return SynthError(f"no simulation model of DSP48E2 {cell.name}: {why}")
