# SPDX-License-Identifier: Apache-2.0
"""S-Huff streams for the bench: any header, any table, any payload, right or wrong.

The bits are packed here once more, symbol by symbol, and not with the encoder of `golden`: a
stream may need what an encoder never writes.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np

from golden.errors import ShuffError
from golden.shuff.header import MAGIC, RAW, VERSION, header_words, read_header, table_words
from golden.shuff.huffman import canonical_codes, kraft_excess
from golden.shuff.reference import check_end, read_symbols, status_of


@dataclass(frozen=True)
class Decoder:
    """The parameters that the decoder under test was built with."""

    bits: int
    pin: int
    pout: int
    limit: int

    @property
    def symbols(self) -> int:
        """Size of the alphabet: magnitude indices, zero included."""
        return 1 << (self.bits - 1)

    @property
    def header_words(self) -> int:
        return header_words(self.bits)


@dataclass(frozen=True)
class Stream:
    """The words of one stream as sent, TLAST on the last; `kind` says what it is there for."""

    kind: str
    words: tuple[int, ...]
    decoder: Decoder

    def status(self) -> int:
        """What golden says the decoder must report."""
        return status_of(self.words, *self._target)

    @property
    def _target(self) -> tuple[int, int, int, int]:
        made_for = self.decoder
        return made_for.bits, made_for.pin, made_for.pout, made_for.limit

    @cached_property
    def expected(self) -> tuple[int, bytes, bool]:
        """(status, codes before the verdict, whether the last of them has TLAST), from golden."""
        codes, position = bytearray(), 0
        complete = False
        try:
            header = read_header(self.words, *self._target)
            chunk = 64
            while len(codes) < header.count:
                # In leaps while all is well, then one by one up to the symbol that is wrong.
                size = min(chunk, header.count - len(codes))
                try:
                    more, position = read_symbols(header, self.words, position, size)
                except ShuffError:
                    if chunk == 1:
                        raise
                    chunk = 1
                    continue
                codes += more
            complete = header.count > 0
            check_end(header, self.words, position)
        except ShuffError as error:
            return error.code, bytes(codes), complete
        return 0, bytes(codes), complete


@dataclass
class Parts:
    """A stream in pieces, every field free to be wrong. None: the right value is worked out."""

    decoder: Decoder
    lengths: list[int]
    payload: list[int]
    count: int
    mode: int = 0
    magic: int = MAGIC
    version: int = VERSION
    bits: int | None = None
    reserved: int = 0
    lanes: int = 1
    pin: int | None = None
    pout: int | None = None
    word_bits: int = 32
    limit: int | None = None
    declared: int | None = None
    payload_crc: int | None = None
    header_crc: int | None = None
    unused_lengths: int = 0
    behind: list[int] = field(default_factory=list)

    def words(self) -> list[int]:
        """The stream's words."""
        own = self.decoder
        table = sum(length << 4 * symbol for symbol, length in enumerate(self.lengths))
        table |= self.unused_lengths << 4 * own.symbols
        payload_crc = crc(self.payload) if self.payload_crc is None else self.payload_crc
        header = [
            self.magic,
            self.version | _own(self.bits, own.bits) << 8 | self.mode << 16
            | self.reserved << 20 | self.lanes << 24,
            _own(self.pin, own.pin) | _own(self.pout, own.pout) << 8 | self.word_bits << 16
            | _own(self.limit, own.limit) << 24,
            self.count,
            len(self.payload) if self.declared is None else self.declared,
            *(table >> 32 * i & 0xFFFFFFFF for i in range(table_words(own.bits))),
            payload_crc,
        ]  # fmt: skip
        header.append(crc(header) if self.header_crc is None else self.header_crc)
        return header + self.payload + self.behind

    def stream(self, kind: str) -> Stream:
        """These parts as a stream of that kind."""
        return Stream(kind, tuple(self.words()), self.decoder)


def _own(value: int | None, right: int) -> int:
    return right if value is None else value


def crc(words: Sequence[int]) -> int:
    """CRC-32 of words as they lie on disk."""
    return zlib.crc32(struct.pack(f"<{len(words)}I", *words))


def pack(codes: Sequence[int], lengths: Sequence[int], mode: int, bits: int) -> list[int]:
    """Payload words of `codes` {sign, index}, each index of which must have a length."""
    book = canonical_codes(lengths)
    text = []
    for code in codes:
        index, sign = code & (1 << (bits - 1)) - 1, code >> (bits - 1)
        text.append(f"{book[index]:0{lengths[index]}b}")
        if index or mode == RAW:
            text.append(str(sign))
    joined = "".join(text)
    joined += "0" * (-len(joined) % 32)
    return [int(joined[i : i + 32], 2) for i in range(0, len(joined), 32)]


def parts_of(
    codes: Sequence[int], lengths: Sequence[int], decoder: Decoder, mode: int = 0
) -> Parts:
    """A good stream of `codes` in the code that `lengths` describe."""
    payload = pack(codes, lengths, mode, decoder.bits)
    return Parts(decoder, list(lengths), payload, len(codes), mode)


def random_lengths(rng: np.random.Generator, decoder: Decoder, holes: bool = False) -> list[int]:
    """Code lengths of a random prefix code for random symbols; with `holes` it is incomplete."""
    leaves = [1, 1]
    top = int(rng.integers(2, decoder.symbols + 1))
    while len(leaves) < top:
        open_leaves = [i for i, leaf in enumerate(leaves) if leaf < decoder.limit]
        # Splitting the deepest leaf now and then gives the long thin codes too.
        where = max(open_leaves, key=lambda i: leaves[i])
        if rng.random() < 0.6:
            where = int(rng.choice(open_leaves))
        leaf = leaves.pop(where) + 1
        leaves += [leaf, leaf]
    if holes:
        leaves.pop(int(rng.integers(len(leaves))))
    lengths = [0] * decoder.symbols
    for symbol, leaf in zip(rng.permutation(decoder.symbols)[: len(leaves)], leaves, strict=True):
        lengths[symbol] = leaf
    assert kraft_excess(lengths) <= 0
    return lengths


def random_codes(rng: np.random.Generator, lengths: Sequence[int], size: int) -> list[int]:
    """`size` random codes whose index has a length; signs at random, no negative zero."""
    used = [symbol for symbol, length in enumerate(lengths) if length]
    if not used:
        return []
    index = rng.choice(used, size)
    sign = rng.integers(0, 2, size) * (index != 0)
    return [int(code) for code in index + sign * len(lengths)]


def random_parts(rng: np.random.Generator, decoder: Decoder, most: int = 60) -> Parts:
    """A good stream of up to `most` symbols: random table, mode, length, now and then empty."""
    mode = int(rng.integers(0, 3))
    lengths = random_lengths(rng, decoder, holes=rng.random() < 0.1)
    if mode == RAW:
        lengths = [decoder.bits - 1] * decoder.symbols
    count = int(rng.integers(1, most + 1))
    codes = random_codes(rng, lengths, count)
    if mode == RAW and rng.random() < 0.3:
        # Never written by an encoder, but the format has a place for it: it reads as zero.
        codes[int(rng.integers(count))] = decoder.symbols
    return parts_of(codes, lengths, decoder, mode)
