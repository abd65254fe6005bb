# SPDX-License-Identifier: Apache-2.0
"""S-Huff streams with chosen defects, put together without golden's own writer."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from hypothesis import settings
from numpy.typing import NDArray

from golden.errors import ShuffError
from golden.shuff import decode, decode_serial

BITS, PIN, POUT, LIMIT = 4, 8, 4, 6

untimed = settings(deadline=None)  # the machine may be busy with simulators


def pack_words(words: Sequence[int]) -> bytes:
    return struct.pack(f"<{len(words)}I", *words)


def words_of(data: bytes) -> list[int]:
    return list(struct.unpack(f"<{len(data) // 4}I", data))


def textbook_codes(lengths: Sequence[int]) -> list[str]:
    """Canonical codes as strings, by the counting method of RFC 1951 section 3.2.2."""
    longest = max(lengths, default=0)
    of_length = [sum(n == length for n in lengths if n) for length in range(longest + 1)]
    code, following = 0, [0] * (longest + 2)
    for length in range(1, longest + 1):
        code = (code + of_length[length - 1]) << 1
        following[length] = code
    out = []
    for length in lengths:
        out.append(f"{following[length]:0{length}b}" if length else "")
        following[length] += 1
    return out


def textbook_payload(codes: Sequence[int], lengths: Sequence[int], bits: int, raw: bool) -> str:
    """The payload's bits, one character each, before padding."""
    book, low = textbook_codes(lengths), (1 << (bits - 1)) - 1
    return "".join(book[c & low] + (str(c >> (bits - 1)) if raw or c & low else "") for c in codes)


def pad(payload: str) -> list[int]:
    payload += "0" * (-len(payload) % 32)
    return [int(payload[at : at + 32], 2) for at in range(0, len(payload), 32)]


@dataclass
class Forge:
    """A stream for b=4, PIN=8, POUT=4; every field can be falsified, CRCs are then made to fit.

    `cut` keeps only so many words, `extra` appends words, the `spoil` flags break a CRC.
    """

    codes: list[int] = field(default_factory=lambda: [0, 1, 9, 0, 2, 10, 3, 0, 1, 0] * 5)
    lengths: list[int] = field(default_factory=lambda: [1, 2, 3, 4, 0, 0, 0, 0])
    magic: int = 0x46554853
    version: int = 1
    bits: int = BITS
    mode: int = 0
    reserved: int = 0
    lanes: int = 1
    pin: int = PIN
    pout: int = POUT
    word_bits: int = 32
    limit: int = LIMIT
    count: int | None = None
    payload: list[int] | None = None
    declared: int | None = None
    table: int | None = None
    spoil_crc: bool = False
    spoil_header_crc: bool = False
    cut: int | None = None
    extra: list[int] = field(default_factory=list)

    def words(self) -> list[int]:
        payload = self.payload
        if payload is None:
            payload = pad(textbook_payload(self.codes, self.lengths, BITS, self.mode == 2))
        table = self.table
        if table is None:
            table = sum(n << (4 * i) for i, n in enumerate(self.lengths))
        declared = len(payload) if self.declared is None else self.declared
        covered = payload[:declared] + [0] * (declared - len(payload))
        head = [
            self.magic,
            self.version
            | self.bits << 8
            | self.mode << 16
            | self.reserved << 20
            | self.lanes << 24,
            self.pin | self.pout << 8 | self.word_bits << 16 | self.limit << 24,
            len(self.codes) if self.count is None else self.count,
            declared,
            table,
            zlib.crc32(pack_words(covered)) ^ self.spoil_crc,
        ]
        head.append(zlib.crc32(pack_words(head)) ^ self.spoil_header_crc)
        return [*head, *payload, *self.extra][: self.cut]


Outcome = tuple[int, int | None] | list[int]


def outcome(
    words: Sequence[int], bits: int = BITS, pin: int = PIN, pout: int = POUT, limit: int = LIMIT
) -> Outcome:
    """What the specification makes of a stream: (error number, byte), or the codes."""
    try:
        return list(decode_serial(words, bits, pin, pout, limit).tolist())
    except ShuffError as error:
        return error.code, error.byte


def fast_outcome(
    data: bytes, bits: int = BITS, pin: int = PIN, pout: int = POUT, limit: int = LIMIT
) -> Outcome:
    """The same from the fast decoder."""
    try:
        return list(decode(data, bits, pin, pout, limit).tolist())
    except ShuffError as error:
        return error.code, error.byte


def random_codes(
    rng: np.random.Generator, bits: int, count: int, scale: float
) -> NDArray[np.uint8]:
    """Codes (count,) with magnitudes that fall off with `scale`; no negative zero."""
    index = np.minimum(rng.exponential(scale, count), 2 ** (bits - 1) - 1).astype(np.uint8)
    sign = rng.integers(0, 2, count, dtype=np.uint8) << (bits - 1)
    return np.where(index > 0, index | sign, 0).astype(np.uint8)
