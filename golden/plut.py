# SPDX-License-Identifier: Apache-2.0
"""Contents of the P-LUT: the table of product magnitudes of two codes.

The sign of a product is the XOR of the signs; the table holds magnitudes only, addressed by
{index_w, index_a}. Any two codebooks (PoT, APoT, integer, k-means) can be loaded.
"""

from __future__ import annotations

import os
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from golden.codes import Ints, check_bits, levels, num_levels
from golden.errors import PlutarchError
from golden.files import write_atomic

Codebook = Sequence[int] | npt.NDArray[np.int64]


def product_bits(bits: int) -> int:
    """Width of a product magnitude of two PoT codes: 2*(K-1) + 1 (5, 13, 29 for b = 3, 4, 5)."""
    return 2 * (num_levels(bits) - 1) + 1


def product_table(bits: int, codebook_w: Codebook | None = None,
                  codebook_a: Codebook | None = None) -> Ints:
    """Product magnitudes, (2^m, 2^m) int64, [index_w, index_a]. Exact.

    A codebook gives the magnitude of each of the 2^m indices, default PoT. Raises PlutarchError
    for a wrong length, a negative magnitude, a product beyond int64, or index 0 not being zero
    (padding and idle lanes rely on code 0 adding nothing).
    """
    check_bits(bits)
    return np.array([[w * a for a in _codebook("codebook_a", codebook_a, bits)]
                     for w in _codebook("codebook_w", codebook_w, bits)], dtype=np.int64)


def _codebook(name: str, book: Codebook | None, bits: int) -> list[int]:
    if book is None:
        return [int(x) for x in levels(bits)]
    values = [int(x) for x in book]
    if len(values) != 1 << (bits - 1):
        raise PlutarchError(f"{name}: {len(values)} entries, {bits} bits need {1 << (bits - 1)}")
    if values[0] != 0 or min(values) < 0:
        raise PlutarchError(f"{name}: index 0 must be 0 and no magnitude negative: {values}")
    if max(values) >= 1 << 31:
        raise PlutarchError(f"{name}: magnitude {max(values)} is beyond 31 bits")
    return values


def hex_text(bits: int, codebook_w: Codebook | None = None,
             codebook_a: Codebook | None = None) -> str:
    """The table as $readmemh text, one entry a line, address = {index_w, index_a}.

    Raises PlutarchError if a product needs more than the product_bits(bits) of the lanes.
    """
    table = product_table(bits, codebook_w, codebook_a)
    width = product_bits(bits)
    if int(table.max()) >> width:
        raise PlutarchError(f"product {int(table.max())} does not fit in the {width} bits of a "
                            f"{bits}-bit P-LUT")
    digits = (width + 3) // 4
    lines = [f"// P-LUT, b = {bits}, address {{index_w, index_a}}, {width}-bit magnitudes"]
    lines += [f"{int(entry):0{digits}x}" for entry in table.reshape(-1)]  # (2^m * 2^m,)
    return "\n".join(lines) + "\n"


def write_hex(path: str | os.PathLike[str], bits: int, codebook_w: Codebook | None = None,
              codebook_a: Codebook | None = None) -> None:
    """Write hex_text() to path (temporary name, then rename). Errors: those of hex_text."""
    write_atomic(path, hex_text(bits, codebook_w, codebook_a).encode("ascii"))
