# SPDX-License-Identifier: Apache-2.0
"""Ways to break the header of an S-Huff stream: fields, code lengths, the CRC."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from golden.shuff.header import BYTE_BITS, BYTES, RAW
from tb.shuff_decoder.streams import Decoder, random_parts

Rng = np.random.Generator
Make = Callable[[Rng, Decoder], list[int]]


def one_bit(rng: Rng, words: list[int], first: int, behind: int) -> list[int]:
    """`words` with one bit of words `first`..`behind` - 1 flipped."""
    at = int(rng.integers(first, behind))
    words[at] ^= 1 << int(rng.integers(32))
    return words


def wrong(rng: Rng, right: int, bits: int) -> int:
    """Any other value of that many bits; half the time one bit away."""
    if rng.random() < 0.5:
        return right ^ 1 << int(rng.integers(bits))
    return (right + int(rng.integers(1, 1 << bits))) % (1 << bits)


def field(name: str, bits: int) -> Make:
    """A header field with a wrong value."""

    def make(rng: Rng, own: Decoder) -> list[int]:
        parts = random_parts(rng, own)
        right = getattr(parts, name)
        right = getattr(own, name) if right is None else right
        setattr(parts, name, wrong(rng, right, bits))
        return parts.words()

    return make


def first_words(rng: Rng, own: Decoder) -> list[int]:
    """TLAST on word 0 or 1, which may be wrong as well: the word is judged before its TLAST."""
    parts = random_parts(rng, own)
    if rng.random() < 0.5:
        parts.magic = wrong(rng, parts.magic, 32) if rng.random() < 0.5 else parts.magic
        return parts.words()[:1]
    parts.version = wrong(rng, own.version, 8) if rng.random() < 0.4 else parts.version
    parts.bits = wrong(rng, own.bits, 8) if rng.random() < 0.6 else None
    return parts.words()[:2]


def several(rng: Rng, own: Decoder) -> list[int]:
    """Two or three faults of different fields under a header CRC that knows about them."""
    parts = random_parts(rng, own)

    def lengths() -> None:
        if parts.lengths:
            parts.lengths[int(rng.integers(own.symbols))] = int(rng.integers(16))

    def unused() -> None:
        if 4 * own.symbols % 32:
            parts.unused_lengths = 1 << int(rng.integers(32 - 4 * own.symbols))

    faults: list[tuple[str, Callable[[], int]]] = [
        ("bits", lambda: wrong(rng, own.bits, 8)),
        ("mode", lambda: int(rng.integers(16))),
        ("reserved", lambda: int(rng.integers(16))),
        ("lanes", lambda: wrong(rng, own.lanes, 8)),
        ("pin", lambda: wrong(rng, own.pin, 8)),
        ("pout", lambda: wrong(rng, own.pout, 8)),
        ("limit", lambda: wrong(rng, own.limit, 8)),
        ("count", lambda: int(rng.integers(2 * parts.count + 2))),
        ("declared", lambda: int(rng.integers(2 * len(parts.payload) + 1))),
        ("payload_crc", lambda: int(rng.integers(1 << 32))),
        ("header_crc", lambda: int(rng.integers(1 << 32))),
    ]
    for at in rng.choice(len(faults) + 2, int(rng.integers(2, 4)), replace=False):
        if at < len(faults):
            setattr(parts, faults[at][0], faults[at][1]())
        else:
            (lengths, unused)[at - len(faults)]()
    return parts.words()


def mode(rng: Rng, own: Decoder) -> list[int]:
    """A mode that does not exist."""
    parts = random_parts(rng, own)
    parts.mode = int(rng.integers(BYTES + 1, 16))
    if rng.random() < 0.3:
        parts.mode = int(rng.integers(0, 3)) if own.bits == BYTE_BITS else BYTES
    return parts.words()


def reserved(rng: Rng, own: Decoder) -> list[int]:
    """Reserved bits set."""
    parts = random_parts(rng, own)
    parts.reserved = int(rng.integers(1, 16))
    return parts.words()


def filling(rng: Rng, own: Decoder) -> list[int]:
    """A bit in the words that fill the header up to whole stream words."""
    parts = random_parts(rng, own)
    parts.filling = 1 << int(rng.integers(32))
    return parts.words()


def unused_lengths(rng: Rng, own: Decoder) -> list[int]:
    """A code length for a symbol beyond the alphabet."""
    parts = random_parts(rng, own)
    parts.unused_lengths = 1 << int(rng.integers(32 - 4 * own.symbols))
    return parts.words()


def header_bit(rng: Rng, own: Decoder) -> list[int]:
    """Any bit of the header, no CRC made anew."""
    return one_bit(rng, random_parts(rng, own).words(), 0, own.header_words)


def header_crc(rng: Rng, own: Decoder) -> list[int]:
    """The header CRC itself."""
    return one_bit(rng, random_parts(rng, own).words(), own.header_words - 1, own.header_words)


def length_too_long(rng: Rng, own: Decoder) -> list[int]:
    """A code longer than this decoder takes."""
    parts = random_parts(rng, own)
    parts.lengths[int(rng.integers(own.symbols))] = int(rng.integers(own.limit + 1, 16))
    return parts.words()


def kraft(rng: Rng, own: Decoder) -> list[int]:
    """One code more than fits, short or long, so that Kraft's sum is just above 1 or far above."""
    parts = random_parts(rng, own)
    parts.mode = 0
    if rng.random() < 0.5:
        parts.lengths = [int(n) for n in rng.integers(1, own.limit + 1, own.symbols)]
    else:
        full = [1, *range(2, own.limit + 1), own.limit][: own.symbols]
        full[-1] = full[-2] if len(full) > 1 else 1
        full[int(rng.integers(len(full)))] -= 1
        parts.lengths = [max(1, n) for n in full] + [0] * (own.symbols - len(full))
        rng.shuffle(parts.lengths)
    return parts.words()


def raw_lengths(rng: Rng, own: Decoder) -> list[int]:
    """Raw mode with one code length that may be another."""
    parts = random_parts(rng, own)
    parts.mode = RAW
    parts.lengths = [own.bits - 1] * own.symbols
    parts.lengths[int(rng.integers(own.symbols))] = int(rng.integers(0, own.limit + 1))
    return parts.words()


def any_table(rng: Rng, own: Decoder) -> list[int]:
    """Code lengths at random."""
    parts = random_parts(rng, own)
    parts.lengths = [int(n) for n in rng.integers(0, own.limit + 2, own.symbols)]
    return parts.words()
