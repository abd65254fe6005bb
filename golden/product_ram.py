# SPDX-License-Identifier: Apache-2.0
"""Tables of the P-LUT in memory (lane P3) and the beats that load them.

A table holds the sum of the products of GROUP neighbouring weights with every combination of
their activation codes; entry address = {a1, a0}. Beats: rtl/lanes/lane_plut_ram.v.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from golden.codes import Ints, check_bits
from golden.errors import PlutarchError


@dataclass(frozen=True)
class ProductRam:
    """Shape of the memories of one dot product.

    bits: of an activation code; group: products of a table; peak: largest |w * a| of a product.
    """

    bits: int
    group: int
    peak: int

    @classmethod
    def default(cls, bits: int) -> ProductRam:
        """Return the shape that rtl/lanes/dot_product.v builds for this many bits."""
        check_bits(bits)
        return cls(bits, 2 if bits <= 3 else 1, 1 << ((1 << bits) - 4))

    @property
    def contexts(self) -> int:
        """Tables a memory holds by default: two where that is free."""
        return 2 if self.address_bits <= 4 else 1

    @property
    def address_bits(self) -> int:
        """Address bits of a table."""
        return self.group * self.bits

    @property
    def entry_bits(self) -> int:
        """Bits of an entry, two's complement."""
        return (self.group * self.peak).bit_length() + 1

    @property
    def beat_bits(self) -> int:
        """Bits of a beat {select, context, first, step, address, entry}."""
        return 4 + self.address_bits + self.entry_bits

    def tables(self, weights: Ints, acts: Ints) -> Ints:
        """Entries of all tables, (tables, 2^address_bits) int64.

        weights: (N,) integer values of the weights, filled up with a zero if need be.
        acts:    (2^bits,) integer value of each activation code.
        Raises PlutarchError for a product beyond peak.
        """
        book = np.asarray(acts, dtype=np.int64)
        if book.shape != (1 << self.bits,):
            raise PlutarchError(f"codebook of activations: {book.shape}, {self.bits} bits need "
                                f"({1 << self.bits},)")  # fmt: skip
        values = np.asarray(weights, dtype=np.int64)
        worst = int(np.abs(values).max(initial=0)) * int(np.abs(book).max())
        if worst > self.peak:
            raise PlutarchError(f"product {worst} is beyond the {self.peak} of this memory")
        filled = np.concatenate([values, np.zeros(-len(values) % self.group, dtype=np.int64)])
        pairs = filled.reshape(-1, self.group)  # (tables, group)
        codes = np.arange(1 << self.address_bits)
        digits = [codes >> (self.bits * k) & ((1 << self.bits) - 1) for k in range(self.group)]
        return np.asarray(sum(pairs[:, k : k + 1] * book[digits[k]] for k in range(self.group)))

    def beats(self, entries: Ints, context: int = 0, select: int = 0) -> list[int]:
        """Return the beats that load tables (tables, 2^address_bits) into a context.

        select: the context in use meanwhile; the last beat, which takes the token out, switches to
        the context just loaded.
        """
        mask = (1 << self.entry_bits) - 1
        place = self.entry_bits + self.address_bits
        control = context << (place + 2)
        beats = [
            select << (place + 3) | control | int(table == 0 and address == 0) << (place + 1)
            | int(address == 0) << place | address << self.entry_bits | int(entry) & mask
            for table, row in enumerate(entries) for address, entry in enumerate(row)
        ]  # fmt: skip
        # It repeats the last entry, for the token is still there when its registers are written.
        last = beats[-1] & ((1 << place) - 1)
        return [*beats, context << (place + 3) | control | 1 << place | last]
