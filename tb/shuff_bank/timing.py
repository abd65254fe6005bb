# SPDX-License-Identifier: Apache-2.0
"""How long a bank takes, to the cycle, when nobody stalls (docs/shuff_bank.md)."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from golden.shuff.bank import byte_slot, bytes_ahead
from golden.shuff.bank_reference import read_steps
from golden.shuff.header import BYTE_BITS, RAW, Header, late, read_header, word_bits
from tb.shuff_decoder.streams import Stream

ROWS = 16  # of the byte store


def table_cycles(lengths: Sequence[int], limit: int) -> int:
    """Cycles to fill the table: one per entry, one per (length, symbol) without one, two more."""
    entries = 1 << limit
    used = 0
    cycles = 0
    for level in range(1, limit + 1):
        for length in lengths:
            cycles += 1 << (limit - level) if length == level else 1
            used += 1 << (limit - level) if length == level else 0
    return cycles + (entries - used) + 2


def bank_cycles(stream: Stream) -> tuple[int, int]:
    """(from the first beat to the last, from the first word to `done`) of a good stream."""
    own = stream.decoder
    header = read_header(stream.words, own.bits, own.pin, own.pout, own.limit, own.lanes)
    codes = np.frombuffer(stream.expected[1], dtype=np.uint8).reshape(-1, own.lanes)
    if own.bits == BYTE_BITS:
        first, last, due = _byte_steps(header)
        table = 1
    else:
        table = table_cycles(header.lengths, own.limit)
        first, last, due = _steps(header, _asks(header, codes), table)
    # A step is decided in its second cycle, where the lanes' bytes come late in its third one.
    decided = last
    if own.bits != BYTE_BITS and header.count:
        decided += 2 if late(own.bits, own.lanes) else 1
    # Three cycles from the header to the table, one for each word that is still due behind the last
    # step, six for the stored CRC, verdict, TLAST and report.
    return last - first + 1, header.size + 3 + table + decided + due + 6


def steps_end(stream: Stream) -> int:
    """Payload bytes that the lanes of a good stream ask for."""
    own = stream.decoder
    header = read_header(stream.words, own.bits, own.pin, own.pout, own.limit, own.lanes)
    return read_steps(header, stream.words, [])


def _asks(header: Header, codes: np.ndarray) -> list[int]:
    """Bytes asked for in each cycle that moves: rounds without a step, then the steps."""
    index = codes & (1 << (header.bits - 1)) - 1
    widths = np.array(header.lengths)[index] + ((index != 0) | (header.mode == RAW))
    at = np.cumsum(widths, axis=0) >> 3
    crossed = np.diff(at, axis=0, prepend=0).sum(axis=1)
    rounds = [header.lanes] * bytes_ahead(header.lanes)
    return [*rounds, *crossed[:-1].tolist()] if header.count else []


def _steps(header: Header, asks: Sequence[int], table: int) -> tuple[int, int, int]:
    """Cycles of the first and the last step, 1 is the first one behind the table; words left."""
    word, lanes = word_bits(header.lanes) // 8, 1 << (header.lanes - 1).bit_length()
    full = max(word, lanes) * (ROWS - (4 if word >= lanes else 2))
    stored = push = taken = 0  # what goes in and out in a cycle counts in the next one
    # Late bytes leave the store a move after they were asked for, but must be in it before.
    out, share = (asks, 1) if not late(header.bits, header.lanes) else ([0, *asks[:-1]], 2)
    due, cycle, done = header.payload_words, -table, 0
    space, enough, filling = True, False, False
    moved: list[int] = []
    while done < len(asks):
        cycle += 1
        stored, taken, ask = stored - taken, 0, enough
        if enough:
            taken = out[done]
            moved.append(cycle)
            done += 1
        push_next = word if space and (due or filling) else 0
        filling = not due
        due -= 1 if space and due else 0
        space = stored < full
        enough = cycle > 0 and stored >= lanes * (share + ask)
        stored, push = stored + push, push_next
    return (moved[bytes_ahead(header.lanes) - 1], moved[-1], due) if moved else (0, 0, due)


def _byte_steps(header: Header) -> tuple[int, int, int]:
    """The same for bytes: the first word comes in beside the table, then a word a cycle."""
    slot, word = byte_slot(header.lanes), word_bits(header.lanes) // 8
    if not header.count:
        return 0, 0, 0
    if slot > word:
        return 2, 2 * header.count, 0
    return 1, header.count, 0
