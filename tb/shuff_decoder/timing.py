# SPDX-License-Identifier: Apache-2.0
"""How long the decoder takes, to the cycle, when nobody stalls (docs/shuff_decoder.md)."""

from __future__ import annotations

from golden.shuff.header import BYTE_BITS, header_words, read_header
from golden.shuff.huffman import kraft_excess
from golden.shuff.reference import read_symbols
from tb.shuff_bank.timing import bank_cycles, table_cycles
from tb.shuff_decoder.streams import Stream

HEADER_WORD = 5  # cycles a header word: four bytes through the CRC, one to fetch the next
WORST_TAIL = 16  # from the last symbol or error to `done`, words not counted


def good_cycles(stream: Stream) -> int:
    """Cycles from the first word of a good stream to `done`."""
    own = stream.decoder
    if own.lanes > 1 or own.bits == BYTE_BITS:
        return bank_cycles(stream)[1]
    header = read_header(stream.words, own.bits, own.pin, own.pout, own.limit)
    assert kraft_excess(header.lengths) <= 0
    cycles = HEADER_WORD * header_words(own.bits) + 2 + table_cycles(header.lengths, own.limit)
    if not header.count:
        return cycles + 3
    _, position = read_symbols(header, stream.words, 0, header.count)
    left_over = 4 * header.payload_words - position // 8
    return cycles + 3 + header.count - 1 + 4 + left_over


def span_cycles(stream: Stream) -> int:
    """Cycles from the first beat of a good stream to its last, both counted."""
    own = stream.decoder
    if own.lanes > 1 or own.bits == BYTE_BITS:
        return bank_cycles(stream)[0]
    return len(stream.expected[1])


def bound(stream: Stream) -> int:
    """No stream may take longer, good or bad, from its first word (or the verdict before it)."""
    own = stream.decoder
    table = (1 << own.limit) + own.limit * own.symbols + 2
    symbols = len(stream.expected[1]) // own.lanes
    return HEADER_WORD * len(stream.words) + table + symbols + WORST_TAIL
