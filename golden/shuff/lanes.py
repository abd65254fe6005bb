# SPDX-License-Identifier: Apache-2.0
"""Many places of one prefix-coded payload decoded in step, in plain numpy.

The payload is cut into lanes of equal size. Where a lane's first symbol begins is not known, but
prefix codes fall into step by themselves: decoding starts a little before the lane and the first
symbol boundary inside it is the guess. A guess is never trusted: lane 0 begins at bit 0 by
definition, and lane i + 1 counts only when lane i ends exactly where it began (Klein and Wiseman,
"Parallel Huffman decoding with applications to JPEG files", The Computer Journal 46(5), 2003).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Int = NDArray[np.int64]
Word = NDArray[np.uint64]

_LANES = 4096  # about: the lanes' state stays in the second-level cache
_SHORTEST = 1680  # bits of a lane; below, Python's own overhead is what one pays for
_ALIGN = 420  # bits of a lane are a multiple, so widths with a common divisor up to 7 are in step
_BACK = 420  # bits before a lane at which its guess starts; a multiple of the same divisors
_ROUNDS = 8  # of decoding lanes again whose guess was wrong

_SLOTS = 7  # symbols in a table entry
_EMPTY = np.uint64(2**64 - 1)  # a table entry without symbols; also eight empty slots
_HOLE = 127  # in a slot: here is no code
_FILLERS = bytes(range(128, 256))  # not a symbol: empty slots (255) and widths (128 + bits)


def decode_lanes(
    payload: NDArray[np.uint32], values: Word, widths: NDArray[np.uint8], count: int
) -> tuple[bytes, int]:
    """The first symbols of `payload` (words, first bit at the top): (symbols, bits they take).

    Symbol s has values[s] in widths[s] bits (0: never), s < 127. At most `count` symbols are
    decoded, all of them proven to be what decoding from bit 0 gives; the rest, with any bits that
    are no code, is left to the caller. Short payloads give (b"", 0).
    """
    total = 32 * len(payload)
    lane = max(-(-total // (_LANES * _ALIGN)) * _ALIGN, _SHORTEST)
    lanes = (total - 64) // lane  # the last one ends before the payload does
    if lanes < 2 or not widths.any():
        return b"", 0
    window = 16 if total > 1 << 22 or widths.max() > 12 else 12
    table = _table(values, widths, window)
    padded = np.concatenate([payload, np.zeros(2, np.uint32)]).astype(np.uint64)
    pairs: Word = np.bitwise_or(padded[:-1] << 32, padded[1:])  # (words,) 33 bits from any bit on

    begins = np.arange(lanes) * lane
    _, starts = _run(pairs, table, window, np.maximum(begins - _BACK, 0), begins)
    rows, ends = _run(pairs, table, window, starts, begins + lane)
    for _ in range(_ROUNDS):
        wrong = np.flatnonzero(ends[:-1] != starts[1:]) + 1
        if not len(wrong):
            break
        starts[wrong] = ends[wrong - 1]
        again, ends[wrong] = _run(pairs, table, window, starts[wrong], (begins + lane)[wrong])
        rows = _replace(rows, wrong, again)

    broken = ends[:-1] != starts[1:]
    good = int(np.argmax(broken)) + 1 if broken.any() else lanes
    symbols = rows[:good].tobytes().translate(None, _FILLERS)
    if len(symbols) > count or _HOLE in symbols:
        slots = rows[:good].view(np.uint8)  # (good, bytes)
        each = np.count_nonzero(slots < 128, axis=1)  # (good,)
        holes = np.logical_or.accumulate(np.any(slots == _HOLE, axis=1))
        good = int(np.count_nonzero((np.cumsum(each) <= count) & ~holes))
        symbols = symbols[: int(each[:good].sum())]
    return symbols, int(ends[good - 1]) if good else 0


def _table(values: Word, widths: NDArray[np.uint8], window: int) -> Word:
    """What the next `window` bits hold: (2^window * 2,) entries.

    Bytes 0..6 of an entry are symbols or 255, byte 7 is 128 + the bits they take. The first half
    has as many symbols as fit, the second half one.
    """
    size = 1 << window
    symbol = np.full(size, _HOLE, dtype=np.uint8)
    width = np.ones(size, dtype=np.int64)  # a hole takes a bit, so that no lane can stand still
    for s in np.flatnonzero(widths):
        room = window - int(widths[s])
        here = slice(int(values[s]) << room, (int(values[s]) + 1) << room)
        symbol[here], width[here] = s, widths[s]
    entries = np.full((2, size, 8), 255, dtype=np.uint8)
    entries[:, :, 0] = symbol
    entries[:, :, 7] = 128 + width
    used = width.copy()
    more = np.ones(size, dtype=bool)
    for slot in range(1, _SLOTS):
        rest = np.arange(size) << used & size - 1
        more &= used + width[rest] <= window
        entries[0, more, slot] = symbol[rest[more]]
        used[more] += width[rest[more]]
    entries[0, :, 7] = 128 + used
    return entries.reshape(-1, 8).view("<u8").ravel().astype(np.uint64)  # (2 * size,)


def _run(pairs: Word, table: Word, window: int, starts: Int, stops: Int) -> tuple[Word, Int]:
    """Decode each lane from its start to its first symbol boundary at or behind its stop.

    Returns rows (lanes, n) of table entries, _EMPTY where a lane was already done, and the ends.
    """
    at = starts.copy()
    free = max(0, int((stops - at).min()) // (2 * window))  # fetches that no lane can overrun
    rows = np.empty((len(at), 2 * free), dtype=np.uint64)
    bits = np.empty(len(at), dtype=np.uint64)
    index = np.empty(len(at), dtype=np.int64)
    entry = np.empty(len(at), dtype=np.uint64)
    for fetch in range(free):  # in place: this loop is where the time goes
        np.right_shift(at, 5, out=index)
        pairs.take(index, out=bits, mode="clip")
        np.bitwise_and(at, 31, out=index)
        np.left_shift(bits, index.view(np.uint64), out=bits)
        for half in (0, 1):
            np.right_shift(bits, 64 - window, out=index.view(np.uint64))
            table.take(index, out=entry, mode="clip")
            rows[:, 2 * fetch + half] = entry
            np.right_shift(entry, 56, out=entry)
            np.bitwise_and(entry, 127, out=entry)
            np.left_shift(bits, entry, out=bits)
            np.add(at, entry.view(np.int64), out=at)
    columns = [rows]
    while len(live := np.flatnonzero(at < stops)):
        here = at[live]
        near = here > stops[live] - window  # take single symbols from the table's second half
        bits = pairs[here >> 5] << (here & 31).astype(np.uint64) >> (64 - window)
        entry = table[bits.view(np.int64) + (near << window)]
        column = np.full((len(at), 1), _EMPTY)
        column[live, 0] = entry
        columns.append(column)
        at[live] = here + (entry >> 56 & 127).view(np.int64)
    return np.concatenate(columns, axis=1), at  # (lanes, n), (lanes,)


def _replace(rows: Word, lanes: Int, by: Word) -> Word:
    """`rows` (all, n) with those of `lanes` taken from `by` (lanes, k), both filled with _EMPTY."""
    wide = np.full((len(rows), max(rows.shape[1], by.shape[1])), _EMPTY)
    wide[:, : rows.shape[1]] = rows
    wide[lanes] = _EMPTY
    wide[lanes, : by.shape[1]] = by
    return wide
