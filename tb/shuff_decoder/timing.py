# SPDX-License-Identifier: Apache-2.0
"""How long the decoder takes, to the cycle, when nobody stalls (docs/shuff_decoder.md)."""

from __future__ import annotations

from collections.abc import Sequence

from golden.shuff.header import header_words, read_header
from golden.shuff.huffman import kraft_excess
from golden.shuff.reference import read_symbols
from tb.shuff_decoder.streams import Stream

HEADER_WORD = 5  # cycles a header word: four bytes through the CRC, one to fetch the next
WORST_TAIL = 16  # from the last symbol or error to `done`, words not counted


def table_cycles(lengths: Sequence[int], limit: int) -> int:
    """Cycles to fill the table: one per entry and one per (length, symbol) that has no entry."""
    entries = 1 << limit
    used = 0
    cycles = 0
    for level in range(1, limit + 1):
        for length in lengths:
            cycles += 1 << (limit - level) if length == level else 1
            used += 1 << (limit - level) if length == level else 0
    return cycles + (entries - used) + 1


def good_cycles(stream: Stream) -> int:
    """Cycles from the first word of a good stream to `done`."""
    own = stream.decoder
    header = read_header(stream.words, own.bits, own.pin, own.pout, own.limit)
    assert kraft_excess(header.lengths) <= 0
    cycles = HEADER_WORD * header_words(own.bits) + 2 + table_cycles(header.lengths, own.limit)
    if not header.count:
        return cycles + 3
    _, position = read_symbols(header, stream.words, 0, header.count)
    left_over = 4 * header.payload_words - position // 8
    return cycles + 3 + header.count - 1 + 4 + left_over


def bound(stream: Stream) -> int:
    """No stream may take longer, good or bad, from its first word (or the verdict before it)."""
    own = stream.decoder
    table = (1 << own.limit) + own.limit * own.symbols + 2
    symbols = len(stream.expected[1])
    return HEADER_WORD * len(stream.words) + table + symbols + WORST_TAIL
