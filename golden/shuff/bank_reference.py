# SPDX-License-Identifier: Apache-2.0
"""The decoder bank as a specification: step by step, lane by lane, one error at a time.

RTL is held against `decode_bank_serial` and `decode_bytes_serial`. docs/formats.md has the same
rules in words. One lane is the single decoder (`decode_serial`).
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from golden import errors
from golden.errors import ShuffError
from golden.shuff.bank import byte_slot, bytes_ahead
from golden.shuff.header import BYTE_BITS, LIMIT, RAW, Header, crc_words, read_header, word_bits
from golden.shuff.huffman import canonical_codes
from golden.shuff.reference import decode_serial


def decode_bank_serial(
    words: Sequence[int], bits: int, pin: int, pout: int, limit: int = LIMIT
) -> NDArray[np.uint8]:
    """Codes (steps, pout) of one stream, or the first error in sequence. This is the law.

    `words` are the 32-bit words of one stream as received, TLAST on the last; where a stream word
    is wider it is given as its 32-bit parts, lowest first. Raises ShuffError (code, name, byte).
    """
    words = [int(word) for word in words]
    if pout == 1:
        return decode_serial(words, bits, pin, pout, limit).reshape(-1, 1)
    header = read_header(words, bits, pin, pout, limit, pout)
    steps: list[list[int]] = []
    asked = read_steps(header, words, steps)
    check_bank_end(header, words, asked)
    return np.array(steps, dtype=np.uint8).reshape(-1, pout)


def decode_bytes_serial(words: Sequence[int], pin: int, pout: int) -> NDArray[np.int8]:
    """Weights (steps, pout) of a byte stream, or the first error in sequence."""
    words = [int(word) for word in words]
    header = read_header(words, BYTE_BITS, pin, pout, BYTE_BITS, pout)
    steps: list[list[int]] = []
    asked = read_byte_steps(header, words, steps)
    check_bank_end(header, words, asked)
    return np.array(steps, dtype=np.uint8).reshape(-1, pout).view(np.int8)


def read_steps(header: Header, words: Sequence[int], steps: list[list[int]]) -> int:
    """Append the codes of each step to `steps`; the number of payload bytes that were asked for.

    On an error `steps` holds the steps before it. Bytes behind the payload's end read as zero, so
    that a code can be looked up before it is known to be cut.
    """
    payload = payload_of(header, words)
    data = [word >> shift & 255 for word in payload for shift in (24, 16, 8, 0)]
    book = {
        (length, code): index
        for index, (length, code) in enumerate(
            zip(header.lengths, canonical_codes(header.lengths), strict=True)
        )
        if length
    }
    lanes = range(header.lanes)
    given: list[list[int]] = [[] for _ in lanes]  # of each lane, which payload bytes are its own
    position = [0 for _ in lanes]  # in bits of the lane's own bytes
    asked = 0

    def ask(lane: int) -> None:
        nonlocal asked
        given[lane].append(asked)
        asked += 1

    def bit(lane: int, at: int) -> int:
        byte = given[lane][at >> 3]
        return data[byte] >> (7 - (at & 7)) & 1 if byte < len(data) else 0

    for _ in range(bytes_ahead(header.lanes) if header.count else 0):
        for lane in lanes:
            ask(lane)
    for step in range(header.count):
        found = []
        for lane in lanes:  # every lane finds a code ...
            length = code = 0
            while (length, code) not in book:
                if length == header.limit:
                    byte = _disk(header, given[lane][position[lane] >> 3])
                    raise ShuffError(errors.CODE, byte, f"no such code in lane {lane}")
                code = 2 * code + bit(lane, position[lane] + length)
                length += 1
            found.append((length, book[length, code]))
        row = []
        for lane, (length, index) in enumerate(found):  # ... before it is asked if it is all there
            size = length + (index != 0 or header.mode == RAW)
            last = position[lane] + size - 1
            if given[lane][last >> 3] >= len(data):
                raise ran_out(header, words)
            sign = bit(lane, position[lane] + length) if index != 0 else 0
            row.append(sign << (header.bits - 1) | index)
            found[lane] = size, index
        steps.append(row)
        for lane, (size, _) in enumerate(found):
            crossed = position[lane] >> 3 != position[lane] + size >> 3
            position[lane] += size
            if crossed and step < header.count - 1:
                ask(lane)
    return asked


def read_byte_steps(header: Header, words: Sequence[int], steps: list[list[int]]) -> int:
    """The same for a byte stream: each step takes `byte_slot` bytes, in the order on disk."""
    payload = payload_of(header, words)
    data = [word >> shift & 255 for word in payload for shift in (0, 8, 16, 24)]
    slot = byte_slot(header.lanes)
    for step in range(header.count):
        if (step + 1) * slot > len(data):
            raise ran_out(header, words)
        steps.append(data[step * slot : step * slot + header.lanes])
    return header.count * slot


def check_bank_end(header: Header, words: Sequence[int], asked: int) -> None:
    """The checks after the last step, by which the lanes had asked for `asked` payload bytes."""
    start, parts = header.size, word_bits(header.lanes) // 32
    declared = parts * header.payload_words
    payload = payload_of(header, words)
    if len(payload) < declared:
        raise ran_out(header, words)
    used = -(-asked // (4 * parts))
    if header.payload_words > used:
        detail = f"{header.payload_words} payload words declared, {used} asked for"
        raise ShuffError(errors.LONG, 4 * (start + parts * used), detail)
    if len(words) > start + declared:
        raise ShuffError(errors.TLAST_LATE, 4 * (start + declared), "stream goes on after its end")
    if crc_words(payload) != header.payload_crc:
        raise ShuffError(errors.CRC, 4 * start - 8, "payload damaged")


def payload_of(header: Header, words: Sequence[int]) -> Sequence[int]:
    """The 32-bit parts of the declared payload words, as many of them as came."""
    parts = word_bits(header.lanes) // 32
    return words[header.size :][: parts * header.payload_words]


def ran_out(header: Header, words: Sequence[int]) -> ShuffError:
    """The error of a payload that is at its end while more is asked for."""
    declared = header.size + word_bits(header.lanes) // 32 * header.payload_words
    if len(words) < declared:
        return ShuffError(errors.TLAST_EARLY, 4 * len(words), "stream ends in its payload")
    return ShuffError(errors.SHORT, 4 * declared, "steps go on after the payload")


def _disk(header: Header, byte: int) -> int:
    """Byte on disk of payload byte `byte`: the top one of each 32 bits comes first."""
    return 4 * (header.size + byte // 4) + 3 - byte % 4
