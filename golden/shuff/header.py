# SPDX-License-Identifier: Apache-2.0
"""The S-Huff stream header: layout, writer, and the checks in the order that hardware makes them.

docs/formats.md is the written form. Everything is in 32-bit words, little endian on disk.
"""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from golden import errors
from golden.errors import PlutarchError, ShuffError
from golden.shuff.huffman import kraft_excess

MAGIC: Final = 0x46554853  # "SHUF" on disk
VERSION: Final = 1
LATE_VERSION: Final = 2
"""Of streams for more than 8 lanes: bytes are asked for a step earlier."""
LIMIT: Final = 6
"""Default longest code: then every output bit of a decoder's table is one LUT6."""
MODES: Final = ("joint", "flag", "raw")
RAW: Final = 2
BYTES: Final = 3
"""Mode of a byte stream: signed 8-bit weights as they are, no code table."""
BYTE_BITS: Final = 8


def word_bits(lanes: int) -> int:
    """Bits of a stream word: one bus transfer. Wider than 32 only where many lanes want more."""
    return max(32, 4 * lanes)


def legal_lanes(lanes: int) -> bool:
    """Whether a decoder of that many lanes exists: words are whole multiples of 32 bits."""
    return 1 <= lanes <= 8 or lanes in (16, 32, 64)


def late(bits: int, lanes: int) -> bool:
    """Whether the lanes of a decoder get their bytes a step late, and so a byte more ahead."""
    return bits != BYTE_BITS and lanes > 8


def version(bits: int, lanes: int) -> int:
    """The version of a stream for that decoder."""
    return LATE_VERSION if late(bits, lanes) else VERSION


def table_words(bits: int) -> int:
    """Header words taken by the code lengths of 2^(bits-1) symbols, 4 bits each; none for bytes."""
    return 0 if bits == BYTE_BITS else ((4 << (bits - 1)) + 31) // 32


def header_words(bits: int, lanes: int = 1) -> int:
    """Header size in 32-bit words, filled up to whole stream words, both CRC words included."""
    per_word = word_bits(lanes) // 32
    return -(-(7 + table_words(bits)) // per_word) * per_word


def crc_words(words: Sequence[int]) -> int:
    """CRC-32 (zlib) of words taken as little-endian bytes, the way they lie on disk."""
    return zlib.crc32(np.asarray(words, dtype="<u4").tobytes())


def check_range(name: str, value: int, low: int, high: int) -> None:
    """Raise PlutarchError unless low <= value <= high."""
    if not low <= value <= high:
        raise PlutarchError(f"S-Huff {name} is {value}, must be {low}..{high}")


@dataclass(frozen=True)
class Header:
    """What a stream says about itself. `lengths` has 2^(bits-1) entries, `mode` indexes MODES.

    `count` is the weights of each lane, `payload_words` counts words of word_bits(lanes) bits.
    """

    bits: int
    mode: int
    pin: int
    pout: int
    limit: int
    count: int
    payload_words: int
    lengths: tuple[int, ...]
    payload_crc: int
    lanes: int = 1

    @property
    def size(self) -> int:
        """Header size in 32-bit words."""
        return header_words(self.bits, self.lanes)

    def pack(self) -> list[int]:
        """The header as words; header_words(bits, lanes) of them."""
        if self.mode != BYTES:
            check_range("bits", self.bits, 2, 6)
            check_range("limit", self.limit, self.bits - 1, 15)
        check_range("pin", self.pin, 1, 255)
        check_range("pout", self.pout, 1, 255)
        check_range("symbol count", self.count, 0, 0xFFFFFFFF)
        check_range("payload words", self.payload_words, 0, 0xFFFFFFFF)
        table = sum(length << (4 * symbol) for symbol, length in enumerate(self.lengths))
        words = [
            MAGIC,
            version(self.bits, self.lanes) | self.bits << 8 | self.mode << 16 | self.lanes << 24,
            self.pin | self.pout << 8 | (word_bits(self.lanes) & 255) << 16 | self.limit << 24,
            self.count,
            self.payload_words,
            *((table >> (32 * i)) & 0xFFFFFFFF for i in range(table_words(self.bits))),
        ]
        words += [0] * (self.size - 2 - len(words))
        words.append(self.payload_crc)
        return [*words, crc_words(words)]


def read_header(
    words: Sequence[int],
    bits: int,
    pin: int,
    pout: int,
    limit: int = LIMIT,
    lanes: int = 1,
) -> Header:
    """Check the header of a stream made for this decoder; the first error in sequence wins.

    `words` is the whole stream in 32-bit words (or at least its header), TLAST on its last word.
    Raises ShuffError with the number that hardware reports.
    """
    if not words:
        raise ShuffError(errors.TLAST_EARLY, 0, "empty stream, no header")
    if words[0] != MAGIC:
        raise ShuffError(errors.MAGIC, 0, f"word is {words[0]:08x}, not {MAGIC:08x}")
    if len(words) == 1:
        raise ShuffError(errors.TLAST_EARLY, 4, "stream ends in the header")
    own = version(bits, lanes)
    if words[1] & 255 != own:
        raise ShuffError(errors.VERSION, 4, f"version {words[1] & 255}, this reads {own}")
    if words[1] >> 8 & 255 != bits:
        raise ShuffError(errors.TARGET, 5, f"made for b={words[1] >> 8 & 255}, not b={bits}")
    size = header_words(bits, lanes)
    if len(words) < size:
        raise ShuffError(errors.TLAST_EARLY, 4 * len(words), "stream ends in the header")
    if crc_words(words[: size - 1]) != words[size - 1]:
        raise ShuffError(errors.HEADER_CRC, 4 * size - 4, "header damaged")

    table = sum(words[5 + i] << (32 * i) for i in range(table_words(bits)))
    symbols = 0 if bits == BYTE_BITS else 1 << (bits - 1)
    lengths = tuple(table >> (4 * symbol) & 15 for symbol in range(symbols))
    mode = words[1] >> 16 & 15
    if (mode != BYTES) if bits == BYTE_BITS else (mode >= len(MODES)):
        raise ShuffError(errors.HEADER, 6, f"mode {mode} does not exist")
    if words[1] >> 20 & 15:
        raise ShuffError(errors.HEADER, 6, "reserved bits set")
    if table >> 4 * symbols:
        raise ShuffError(errors.HEADER, 20, "code lengths beyond the alphabet")
    for at in range(5 + table_words(bits), size - 2):
        if words[at]:
            raise ShuffError(errors.HEADER, 4 * at, "filling words of the header are not zero")

    target = (pin, pout, word_bits(lanes) & 255, limit)
    made_for = tuple(words[2] >> shift & 255 for shift in (0, 8, 16, 24))
    if words[1] >> 24 != lanes:
        raise ShuffError(errors.TARGET, 7, f"made for {words[1] >> 24} lanes, not {lanes}")
    for field, name in enumerate(("PIN", "POUT", "word bits", "Lmax")):
        if made_for[field] != target[field]:
            detail = f"made for {name}={made_for[field]}, not {target[field]}"
            raise ShuffError(errors.TARGET, 8 + field, detail)

    if max(lengths, default=0) > limit:
        raise ShuffError(errors.TABLE, 20, f"code of {max(lengths)} bits, the limit is {limit}")
    if kraft_excess(lengths) > 0:
        raise ShuffError(errors.TABLE, 20, "code lengths break Kraft's inequality")
    if mode == RAW and any(length != bits - 1 for length in lengths):
        raise ShuffError(errors.TABLE, 20, f"raw mode with lengths other than {bits - 1}")
    count, payload_words, crc = words[3], words[4], words[size - 2]
    return Header(bits, mode, pin, pout, limit, count, payload_words, lengths, crc, lanes)
