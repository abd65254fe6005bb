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
from itertools import chain

import numpy as np
from numpy.typing import NDArray

from golden.errors import ShuffError
from golden.shuff.bank_reference import check_bank_end, read_byte_steps, read_steps
from golden.shuff.header import (
    BYTE_BITS,
    BYTES,
    MAGIC,
    RAW,
    Header,
    header_words,
    read_header,
    table_words,
    version,
    word_bits,
)
from golden.shuff.huffman import canonical_codes, kraft_excess
from golden.shuff.reference import check_end, read_symbols


@dataclass(frozen=True)
class Decoder:
    """The parameters that the decoder or bank under test was built with; 8 bits are bytes."""

    bits: int
    pin: int
    pout: int
    limit: int
    lanes: int = 1

    @property
    def symbols(self) -> int:
        """Size of the alphabet: magnitude indices, zero included."""
        return 1 << (self.bits - 1)

    @property
    def header_words(self) -> int:
        return header_words(self.bits, self.lanes)

    @property
    def parts(self) -> int:
        """32-bit parts of a stream word. Everything here counts in those."""
        return word_bits(self.lanes) // 32

    @property
    def version(self) -> int:
        return version(self.bits, self.lanes)

    @property
    def word_bits(self) -> int:
        """The header's field of that name."""
        return word_bits(self.lanes) & 255


@dataclass(frozen=True)
class Stream:
    """The words of one stream as sent, TLAST on the last; `kind` says what it is there for."""

    kind: str
    words: tuple[int, ...]
    decoder: Decoder

    def status(self) -> int:
        """What golden says the decoder must report."""
        return self.expected[0]

    @cached_property
    def expected(self) -> tuple[int, bytes, bool]:
        """(status, codes before the verdict, whether the last of them has TLAST), from golden."""
        own = self.decoder
        found: list[list[int]] = []
        complete = False
        try:
            header = read_header(self.words, own.bits, own.pin, own.pout, own.limit, own.lanes)
            if own.bits == BYTE_BITS:
                asked = read_byte_steps(header, self.words, found)
            elif own.lanes > 1:
                asked = read_steps(header, self.words, found)
            else:
                asked = _read_symbols(header, self.words, found)
            complete = header.count > 0
            if own.lanes == 1 and own.bits != BYTE_BITS:
                check_end(header, self.words, asked)
            else:
                check_bank_end(header, self.words, asked)
        except ShuffError as error:
            return error.code, bytes(chain.from_iterable(found)), complete
        return 0, bytes(chain.from_iterable(found)), complete


def _read_symbols(header: Header, words: Sequence[int], found: list[list[int]]) -> int:
    """All symbols of a stream into `found`, up to the one that is wrong; the bits they take."""
    position, size, done = 0, 64, 0
    while done < header.count:
        # In leaps while all is well, then one by one up to the symbol that is wrong.
        size = min(size, header.count - done)
        try:
            more, position = read_symbols(header, words, position, size)
        except ShuffError:
            if size == 1:
                raise
            size = 1
            continue
        found.append(list(more))
        done += size
    return position


@dataclass
class Parts:
    """A stream in pieces, every field free to be wrong. None: the right value is worked out."""

    decoder: Decoder
    lengths: list[int]
    payload: list[int]
    count: int
    mode: int = 0
    magic: int = MAGIC
    version: int | None = None
    bits: int | None = None
    reserved: int = 0
    lanes: int | None = None
    pin: int | None = None
    pout: int | None = None
    word_bits: int | None = None
    limit: int | None = None
    declared: int | None = None
    payload_crc: int | None = None
    header_crc: int | None = None
    unused_lengths: int = 0
    filling: int = 0  # between the code lengths and the CRCs of a header in wide words
    behind: list[int] = field(default_factory=list)

    def words(self) -> list[int]:
        """The stream's words."""
        own = self.decoder
        table = sum(length << 4 * symbol for symbol, length in enumerate(self.lengths))
        table |= self.unused_lengths << 4 * own.symbols
        payload = whole(self.payload, own)
        payload_crc = crc(payload) if self.payload_crc is None else self.payload_crc
        header = [
            self.magic,
            _own(self.version, own.version) | _own(self.bits, own.bits) << 8 | self.mode << 16
            | self.reserved << 20 | _own(self.lanes, own.lanes) << 24,
            _own(self.pin, own.pin) | _own(self.pout, own.pout) << 8
            | _own(self.word_bits, own.word_bits) << 16 | _own(self.limit, own.limit) << 24,
            self.count,
            len(payload) // own.parts if self.declared is None else self.declared,
            *(table >> 32 * i & 0xFFFFFFFF for i in range(table_words(own.bits))),
        ]  # fmt: skip
        header += [self.filling] * (own.header_words - 2 - len(header)) + [payload_crc]
        header.append(crc(header) if self.header_crc is None else self.header_crc)
        return header + payload + whole(self.behind, own)

    def stream(self, kind: str) -> Stream:
        """These parts as a stream of that kind."""
        return Stream(kind, tuple(self.words()), self.decoder)


def whole(words: Sequence[int], own: Decoder) -> list[int]:
    """`words` filled up with zeros to whole stream words."""
    return [*words, *[0] * (-len(words) % own.parts)]


def _own(value: int | None, right: int) -> int:
    return right if value is None else value


def crc(words: Sequence[int]) -> int:
    """CRC-32 of words as they lie on disk."""
    return zlib.crc32(struct.pack(f"<{len(words)}I", *words))


def texts(codes: Sequence[int], lengths: Sequence[int], mode: int, bits: int) -> list[str]:
    """The bits of each of `codes` {sign, index}, each index of which must have a length."""
    book = canonical_codes(lengths)
    text = []
    for code in codes:
        index, sign = code & (1 << (bits - 1)) - 1, code >> (bits - 1)
        tail = str(sign) if index or mode == RAW else ""
        text.append(f"{book[index]:0{lengths[index]}b}{tail}")
    return text


def pack(codes: Sequence[int], lengths: Sequence[int], mode: int, bits: int) -> list[int]:
    """Payload words of one lane's codes."""
    return to_words("".join(texts(codes, lengths, mode, bits)))


def pack_lanes(symbols: Sequence[str], lanes: int) -> list[int]:
    """Payload words of a bank: `symbols` are the bits of each symbol, step by step, lane by lane.

    Bytes go out in the order in which the lanes ask for them, up to the last one that is used.
    """
    own = ["".join(symbols[lane::lanes]) for lane in range(lanes)]
    last = {(lane, (len(own[lane]) - 1) // 8) for lane in range(lanes)}
    ahead = 4 if lanes > 8 else 3
    asked = [(lane, byte) for byte in range(ahead) for lane in range(lanes)]
    position = [0] * lanes
    for at, symbol in enumerate(symbols):
        lane = at % lanes
        before, position[lane] = position[lane], position[lane] + len(symbol)
        if before // 8 < position[lane] // 8:
            asked.append((lane, position[lane] // 8 + ahead - 1))
    used = max((n + 1 for n, want in enumerate(asked) if want in last), default=0)
    cut = (own[lane][8 * byte : 8 * byte + 8].ljust(8, "0") for lane, byte in asked[:used])
    return to_words("".join(cut))


def to_words(bits: str) -> list[int]:
    """Bits as 32-bit words, the first on top, filled up with zeros."""
    bits += "0" * (-len(bits) % 32)
    return [int(bits[i : i + 32], 2) for i in range(0, len(bits), 32)]


def parts_of(
    codes: Sequence[int], lengths: Sequence[int], decoder: Decoder, mode: int = 0
) -> Parts:
    """A good stream of `codes` in the code that `lengths` describe; lane by lane for a bank.

    A last step that is not full is filled up with its last code.
    """
    lanes = decoder.lanes
    if lanes == 1:
        payload = pack(codes, lengths, mode, decoder.bits)
    else:
        codes = [*codes, *[codes[-1]] * (-len(codes) % lanes)]
        payload = pack_lanes(texts(codes, lengths, mode, decoder.bits), lanes)
    return Parts(decoder, list(lengths), payload, len(codes) // lanes, mode)


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
    """A good stream of up to `most` symbols a lane: random table, mode and length."""
    if decoder.bits == BYTE_BITS:
        steps = rng.integers(-128, 128, (int(rng.integers(1, most + 1)), decoder.lanes))
        return byte_parts(steps.astype(np.int8), decoder)
    mode = int(rng.integers(0, 3))
    lengths = random_lengths(rng, decoder, holes=rng.random() < 0.1)
    if mode == RAW:
        lengths = [decoder.bits - 1] * decoder.symbols
    count = int(rng.integers(1, most + 1)) * decoder.lanes
    codes = random_codes(rng, lengths, count)
    if mode == RAW and rng.random() < 0.3:
        # Never written by an encoder, but the format has a place for it: it reads as zero.
        codes[int(rng.integers(count))] = decoder.symbols
    return parts_of(codes, lengths, decoder, mode)


def byte_parts(steps: NDArray[np.int8], decoder: Decoder) -> Parts:
    """A good byte stream of the weights `steps` (steps, lanes)."""
    slot = 1
    while slot < decoder.lanes:
        slot *= 2
    rows = [bytes(row).ljust(slot, b"\0") for row in steps.view(np.uint8)]
    data = b"".join(rows)
    data += bytes(-len(data) % 4)
    payload = [int.from_bytes(data[i : i + 4], "little") for i in range(0, len(data), 4)]
    return Parts(decoder, [], payload, len(steps), BYTES)
