# SPDX-License-Identifier: Apache-2.0
"""How large the P-LUT is: counted in the table that golden.plut makes, at any width."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from golden.errors import PlutarchError
from golden.plut import Codebook, product_table


@dataclass(frozen=True)
class PlutMemory:
    """Entries of the table of product magnitudes of two b-bit codes, and what storing it takes.

    rows: 2^(b-1) indices. half: entries on and below the diagonal. nonzero_half: those of them that
    are not zero. products: distinct ones that are not zero. width: bits of the largest.
    """

    bits: int
    rows: int
    full: int
    half: int
    nonzero_half: int
    products: int
    width: int

    @property
    def full_bits(self) -> int:
        """The whole table, as the hardware holds it."""
        return self.full * self.width

    @property
    def half_bits(self) -> int:
        """The half with the diagonal: a reader puts the smaller index second."""
        return self.half * self.width

    @property
    def full_bytes(self) -> float:
        """full_bits in bytes."""
        return self.full_bits / 8

    @property
    def half_bytes(self) -> float:
        """half_bits in bytes."""
        return self.half_bits / 8


def plut_memory(bits: int, codebook: Codebook | None = None) -> PlutMemory:
    """Size of the table shared by weights and activations of `bits` bits.

    codebook: magnitudes of the indices, default PoT. Raises PlutarchError for bits out of 2..6 or
    a codebook that product_table refuses.
    """
    table = product_table(bits, codebook, codebook)  # (2^m, 2^m)
    if not (table == table.T).all():
        raise PlutarchError(f"P-LUT of {bits} bits is not symmetric")
    below = table[np.tril_indices(len(table))]  # (half,)
    return PlutMemory(bits, len(table), table.size, below.size, int(np.count_nonzero(below)),
                      len(np.unique(table[table > 0])), int(table.max()).bit_length())
