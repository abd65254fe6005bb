# SPDX-License-Identifier: Apache-2.0
"""The S-Huff decoder as a specification: bit by bit, one error at a time.

RTL and the fast decoder are held against `decode_serial`. It is written to be read, not to be
quick (about 1 us a symbol). docs/formats.md has the same rules in words.
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
    """Codes of one stream, or the first error in sequence. This is the law.

    `words` are the 32-bit words of one stream as received, TLAST on the last; `bits`, `pin`,
    `pout`, `limit` are the decoder's own parameters. Returns (count,) uint8 codes {sign, index}.
    Raises ShuffError (code, name, byte).
    """
    words = [int(word) for word in words]
    header = read_header(words, bits, pin, pout, limit)
    codes, position = read_symbols(header, words, 0, header.count)
    check_end(header, words, position)
    return np.frombuffer(codes, dtype=np.uint8)  # (count,)


def read_symbols(
    header: Header, words: Sequence[int], position: int, count: int
) -> tuple[bytes, int]:
    """`count` codes from payload bit `position` on, and the position behind them.

    `words` is the whole stream. Bits past the payload's end read as zero, so that a code can be
    looked up before it is known to be cut. A negative zero (raw mode only) is read as zero.
    """
    payload = words[header_words(header.bits) :][: header.payload_words]
    end = 32 * len(payload)
    book = {
        (length, code): index
        for index, (length, code) in enumerate(
            zip(header.lengths, canonical_codes(header.lengths), strict=True)
        )
        if length
    }

    def bit(at: int) -> int:
        return payload[at >> 5] >> (31 - (at & 31)) & 1 if at < end else 0

    codes = bytearray()
    for _ in range(count):
        length = code = 0
        while (length, code) not in book:
            if length == header.limit:
                raise ShuffError(errors.CODE, _byte(header, position), "no such code")
            code = 2 * code + bit(position + length)
            length += 1
        index = book[length, code]
        has_sign = index != 0 or header.mode == RAW
        if position + length + has_sign > end:
            raise _ran_out(header, words)
        sign = bit(position + length) if index != 0 else 0
        codes.append(sign << (header.bits - 1) | index)
        position += length + has_sign
    return bytes(codes), position


def check_end(header: Header, words: Sequence[int], position: int) -> None:
    """The checks after the last symbol, which ended at payload bit `position`."""
    start = header_words(header.bits)
    payload = words[start:][: header.payload_words]
    if len(payload) < header.payload_words:
        raise _ran_out(header, words)
    used = (position + 31) // 32
    if header.payload_words > used:
        detail = f"{header.payload_words} payload words declared, {used} needed"
        raise ShuffError(errors.LONG, 4 * (start + used), detail)
    if position % 32 and payload[used - 1] & (1 << (32 - position % 32)) - 1:
        raise ShuffError(errors.LONG, _byte(header, position), "padding bits are not zero")
    if len(words) > start + used:
        raise ShuffError(errors.TLAST_LATE, 4 * (start + used), "stream goes on after its end")
    if crc_words(payload) != header.payload_crc:
        raise ShuffError(errors.CRC, 4 * start - 8, "payload damaged")


def status_of(words: Sequence[int], bits: int, pin: int, pout: int, limit: int = LIMIT) -> int:
    """The number that hardware shows in `status` after this stream: 0, or the error's number.

    This is `decode_serial` itself, about 0.1 ms for a stream of 100 symbols.
    """
    try:
        decode_serial(words, bits, pin, pout, limit)
    except ShuffError as error:
        return error.code
    return errors.OK


def _byte(header: Header, position: int) -> int:
    """Byte on disk that holds payload bit `position`: MSB first in little-endian words."""
    return 4 * (header_words(header.bits) + position // 32) + 3 - position % 32 // 8


def _ran_out(header: Header, words: Sequence[int]) -> ShuffError:
    declared = header_words(header.bits) + header.payload_words
    if len(words) < declared:
        return ShuffError(errors.TLAST_EARLY, 4 * len(words), "stream ends in its payload")
    return ShuffError(errors.SHORT, 4 * declared, "symbols go on after the payload")
