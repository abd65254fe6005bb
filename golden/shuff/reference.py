# SPDX-License-Identifier: Apache-2.0
"""The S-Huff decoder as a specification: bit by bit, one error at a time.

RTL and the fast decoder are held against `decode_serial`. It is written to be read, not to be
quick (about 1 us a symbol).
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from golden import errors
from golden.errors import ShuffError
from golden.shuff.header import LIMIT, RAW, Header, crc_words, header_words, read_header
from golden.shuff.huffman import canonical_codes


def decode_serial(
    words: Sequence[int], bits: int, pin: int, pout: int, limit: int = LIMIT
) -> NDArray[np.uint8]:
    """Codes of one stream, or the first error in sequence. This is the law (docs/formats.md).

    `words` are the 32-bit words of one stream as received, TLAST on the last; `bits`, `pin`,
    `pout`, `limit` are the decoder's own parameters. Returns (count,) uint8 codes {sign, index}.
    Raises ShuffError (code, name, byte). A negative zero in raw mode is read as zero.
    """
    words = [int(word) for word in words]
    header = read_header(words, bits, pin, pout, limit)
    start = header_words(bits)
    payload = words[start : start + header.payload_words]
    end = 32 * len(payload)
    cut = len(payload) < header.payload_words

    def bit(at: int) -> int:
        return payload[at >> 5] >> (31 - (at & 31)) & 1 if at < end else 0

    pairs = zip(header.lengths, canonical_codes(header.lengths), strict=True)
    book = {(length, code): index for index, (length, code) in enumerate(pairs) if length}
    out = bytearray()
    position = 0
    for _ in range(header.count):
        length = code = 0
        while (length, code) not in book:
            if length == limit:
                raise ShuffError(errors.CODE, _byte(start, position), "no such code")
            code = 2 * code + bit(position + length)
            length += 1
        index = book[length, code]
        signed = index != 0 or header.mode == RAW
        if position + length + signed > end:
            raise _ran_out(start, end, cut)
        sign = bit(position + length) if index != 0 else 0
        out.append(sign << (bits - 1) | index)
        position += length + signed
    check_end(header, words, position)
    return np.frombuffer(bytes(out), dtype=np.uint8)  # (count,)


def check_end(header: Header, words: Sequence[int], position: int) -> None:
    """What is checked once the last symbol ended at payload bit `position`; raises ShuffError."""
    start = header_words(header.bits)
    payload = words[start : start + header.payload_words]
    if len(payload) < header.payload_words:
        raise _ran_out(start, 32 * len(payload), True)
    used = (position + 31) // 32
    if header.payload_words > used:
        detail = f"{header.payload_words} payload words, {used} needed"
        raise ShuffError(errors.LONG, 4 * (start + used), detail)
    if position % 32 and payload[used - 1] & (1 << (32 - position % 32)) - 1:
        raise ShuffError(errors.LONG, _byte(start, position), "padding bits are not zero")
    if len(words) > start + header.payload_words:
        raise ShuffError(
            errors.TLAST_LATE, 4 * (start + header.payload_words), "stream goes on after its end"
        )
    if crc_words(payload) != header.payload_crc:
        raise ShuffError(errors.CRC, 4 * start - 8, "payload damaged")


def status_of(words: Sequence[int], bits: int, pin: int, pout: int, limit: int = LIMIT) -> int:
    """The number that hardware shows in `status` after this stream: 0 or an error number."""
    try:
        decode_serial(words, bits, pin, pout, limit)
    except ShuffError as error:
        return error.code
    return errors.OK


def _byte(start: int, position: int) -> int:
    """Byte on disk that holds payload bit `position`: MSB first in little-endian words."""
    return 4 * (start + position // 32) + 3 - position % 32 // 8


def _ran_out(start: int, end: int, cut: bool) -> ShuffError:
    if cut:
        return ShuffError(errors.TLAST_EARLY, 4 * start + end // 8, "stream ends in the payload")
    return ShuffError(errors.SHORT, 4 * start + end // 8, "symbols go on after the payload")
