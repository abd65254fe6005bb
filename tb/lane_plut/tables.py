# SPDX-License-Identifier: Apache-2.0
"""A second table for the P-LUT lane: integer levels, to show that the codebook is free."""

from __future__ import annotations

from pathlib import Path

from golden import plut


def integer_levels(bits: int) -> tuple[int, ...]:
    """Magnitudes 0, 1, 2, 3 ... by index; with two bits that is the power-of-two codebook."""
    return tuple(range(1 << (bits - 1)))


def write_integer_table(path: Path, bits: int) -> None:
    """Write the table of integer levels as the harness wants a generated file."""
    levels = integer_levels(bits)
    plut.write_hex(path, bits, levels, levels)


def codebook(table: str, bits: int) -> tuple[int, ...] | None:
    """Return the codebook of a table by its file name; None is the power-of-two default."""
    return integer_levels(bits) if table.startswith("plut_int") else None
