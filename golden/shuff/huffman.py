# SPDX-License-Identifier: Apache-2.0
"""Length-limited Huffman codes, and the canonical order that makes lengths enough to ship.

Package-merge: Larmore and Hirschberg, "A fast algorithm for optimal length-limited Huffman codes",
JACM 37(3), 1990. Alphabets here have at most 64 symbols, so plain lists are quick enough.
"""

from __future__ import annotations

from collections.abc import Sequence

from golden.errors import PlutarchError


def code_lengths(counts: Sequence[int], limit: int) -> list[int]:
    """Optimal prefix-code lengths of at most `limit` bits; 0 for symbols that never occur.

    One used symbol costs 1 bit, none gives all zeros. Counts are exact integers of any size. Ties
    go to single symbols before packages and to the lower symbol, so equal counts always give equal
    lengths. Raises PlutarchError when the used symbols do not fit in `limit` bits.
    """
    used = sorted((count, symbol) for symbol, count in enumerate(counts) if count)
    lengths = [0] * len(counts)
    if len(used) == 1:
        lengths[used[0][1]] = 1
        return lengths
    if len(used) > 1 << limit:
        raise PlutarchError(f"{len(used)} symbols do not fit in codes of at most {limit} bits")
    coins = [(count, [symbol]) for count, symbol in used]
    row: list[tuple[int, list[int]]] = []
    for _ in range(limit):
        packages = [
            (row[i][0] + row[i + 1][0], row[i][1] + row[i + 1][1])
            for i in range(0, len(row) - 1, 2)
        ]
        # sorted() is stable, so at equal weight a coin stays before a package
        row = sorted(coins + packages, key=lambda coin: coin[0])
    for _, symbols in row[: max(0, 2 * len(used) - 2)]:
        for symbol in symbols:
            lengths[symbol] += 1
    return lengths


def flag_lengths(counts: Sequence[int], limit: int) -> list[int]:
    """Code lengths in which symbol 0 always owns the code "0" (a zero flag of one bit).

    The other symbols get an optimal code of at most `limit - 1` bits behind the flag bit "1". A
    single other symbol needs nothing behind the flag, so it owns "1".
    """
    if not any(counts):
        return [0] * len(counts)
    rest = [0, *counts[1:]]
    if sum(count > 0 for count in rest) == 1:
        return [1] + [int(count > 0) for count in rest[1:]]
    behind = code_lengths(rest, limit - 1)
    return [1] + [length + 1 if length else 0 for length in behind[1:]]


def canonical_codes(lengths: Sequence[int]) -> list[int]:
    """Code values by (length, symbol), shortest first; symbols of length 0 get 0.

    Lengths must satisfy Kraft's inequality (`kraft_excess(lengths) <= 0`).
    """
    codes = [0] * len(lengths)
    code = previous = 0
    for length, symbol in sorted((n, s) for s, n in enumerate(lengths) if n):
        code <<= length - previous
        codes[symbol] = code
        code, previous = code + 1, length
    return codes


def kraft_excess(lengths: Sequence[int]) -> int:
    """Kraft sum minus one, in units of the longest code: above 0 no prefix code exists."""
    longest = max(lengths, default=0)
    return sum(1 << (longest - n) for n in lengths if n) - (1 << longest)
