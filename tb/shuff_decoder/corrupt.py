# SPDX-License-Identifier: Apache-2.0
"""Ways to break an S-Huff stream. Each names the errors that it must reach at least once.

What a broken stream gives is never decided here: golden says it. The aims only prove that a way of
breaking does what it is there for. Where a header field is broken, the header CRC is made anew, so
that the checks behind it are reached.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from golden import errors as e
from golden.shuff.header import RAW
from tb.shuff_decoder.streams import (
    Decoder,
    Parts,
    Stream,
    crc,
    parts_of,
    random_codes,
    random_lengths,
    random_parts,
)

Rng = np.random.Generator


@dataclass(frozen=True)
class Fault:
    """One way: `make` gives the words, `aims` the errors that must turn up among many."""

    make: Callable[[Rng, Decoder], list[int]]
    aims: tuple[int, ...]


def _base(rng: Rng, own: Decoder) -> Parts:
    return random_parts(rng, own)


def _one_bit(rng: Rng, words: list[int], first: int, behind: int) -> list[int]:
    at = int(rng.integers(first, behind))
    words[at] ^= 1 << int(rng.integers(32))
    return words


def _wrong(rng: Rng, right: int, bits: int) -> int:
    """Any other value of that many bits; half the time one bit away."""
    if rng.random() < 0.5:
        return right ^ 1 << int(rng.integers(bits))
    return (right + int(rng.integers(1, 1 << bits))) % (1 << bits)


def _field(name: str, bits: int) -> Callable[[Rng, Decoder], list[int]]:
    """A header field with a wrong value."""

    def make(rng: Rng, own: Decoder) -> list[int]:
        parts = _base(rng, own)
        right = getattr(parts, name)
        right = getattr(own, name) if right is None else right
        setattr(parts, name, _wrong(rng, right, bits))
        return parts.words()

    return make


def _mode(rng: Rng, own: Decoder) -> list[int]:
    parts = _base(rng, own)
    parts.mode = int(rng.integers(3, 16))
    return parts.words()


def _reserved(rng: Rng, own: Decoder) -> list[int]:
    parts = _base(rng, own)
    parts.reserved = int(rng.integers(1, 16))
    return parts.words()


def _unused_lengths(rng: Rng, own: Decoder) -> list[int]:
    parts = _base(rng, own)
    parts.unused_lengths = 1 << int(rng.integers(32 - 4 * own.symbols))
    return parts.words()


def _header_bit(rng: Rng, own: Decoder) -> list[int]:
    return _one_bit(rng, _base(rng, own).words(), 0, own.header_words)


def _header_crc(rng: Rng, own: Decoder) -> list[int]:
    return _one_bit(rng, _base(rng, own).words(), own.header_words - 1, own.header_words)


def _any_bit(rng: Rng, own: Decoder) -> list[int]:
    words = _base(rng, own).words()
    return _one_bit(rng, words, 0, len(words))


def _payload_bit(rng: Rng, own: Decoder) -> list[int]:
    words = _base(rng, own).words()
    return _one_bit(rng, words, own.header_words, len(words))


def _payload_bit_good_crc(rng: Rng, own: Decoder) -> list[int]:
    parts = _base(rng, own)
    parts.payload = _one_bit(rng, parts.payload, 0, len(parts.payload))
    return parts.words()


def _swapped(rng: Rng, own: Decoder) -> list[int]:
    words = _base(rng, own).words()
    at = int(rng.integers(len(words) - 1))
    words[at], words[at + 1] = words[at + 1], words[at]
    return words


def _padding(rng: Rng, own: Decoder) -> list[int]:
    parts = _base(rng, own)
    parts.payload[-1] |= 1 << int(rng.integers(0, 8))
    return parts.words()


def _length_too_long(rng: Rng, own: Decoder) -> list[int]:
    parts = _base(rng, own)
    parts.lengths[int(rng.integers(own.symbols))] = int(rng.integers(own.limit + 1, 16))
    return parts.words()


def _kraft(rng: Rng, own: Decoder) -> list[int]:
    """One code more than fits, short or long, so that Kraft's sum is just above 1 or far above."""
    parts = _base(rng, own)
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


def _raw_lengths(rng: Rng, own: Decoder) -> list[int]:
    parts = _base(rng, own)
    parts.mode = RAW
    parts.lengths = [own.bits - 1] * own.symbols
    parts.lengths[int(rng.integers(own.symbols))] = int(rng.integers(0, own.limit + 1))
    return parts.words()


def _any_table(rng: Rng, own: Decoder) -> list[int]:
    parts = _base(rng, own)
    parts.lengths = [int(n) for n in rng.integers(0, own.limit + 2, own.symbols)]
    return parts.words()


def _hole(rng: Rng, own: Decoder) -> list[int]:
    """A legal code that does not use all its bit patterns, and a payload that does."""
    lengths = random_lengths(rng, own, holes=True)
    payload = [int(w) for w in rng.integers(0, 1 << 32, int(rng.integers(1, 5)))]
    return Parts(own, lengths, payload, int(rng.integers(1, 80))).words()


def _hole_one_symbol(rng: Rng, own: Decoder) -> list[int]:
    """Only one symbol has a code; one bit is wrong."""
    only = [0] * own.symbols
    only[int(rng.integers(own.symbols))] = int(rng.integers(1, own.limit + 1))
    parts = parts_of(random_codes(rng, only, int(rng.integers(1, 40))), only, own)
    parts.payload = _one_bit(rng, parts.payload, 0, len(parts.payload))
    return parts.words()


def _hole_at_end(rng: Rng, own: Decoder) -> list[int]:
    """The last bits begin no code, and are fewer than a code has: CODE comes before SHORT."""
    only = [1] + [0] * (own.symbols - 1)
    tail = int(rng.integers(1, own.limit))
    payload = [0] * int(rng.integers(0, 3)) + [1 << (tail - 1)]
    return Parts(own, only, payload, 32 * len(payload) + int(rng.integers(-6, 3))).words()


def _no_table(rng: Rng, own: Decoder) -> list[int]:
    """No symbol has a code, yet symbols are promised; with and without payload."""
    payload = [int(w) for w in rng.integers(0, 1 << 32, int(rng.integers(0, 3)))]
    return Parts(own, [0] * own.symbols, payload, int(rng.integers(1, 5))).words()


def _count_up(rng: Rng, own: Decoder) -> list[int]:
    parts = _base(rng, own)
    parts.count += int(rng.choice([1, 2, 33, 1 << 20, 0xFFFFFFFF - parts.count]))
    return parts.words()


def _count_up_full_word(rng: Rng, own: Decoder) -> list[int]:
    """The payload ends with its last word, and one symbol more is promised."""
    lengths = [1] + [0] * (own.symbols - 1)
    parts = parts_of([0] * 32 * int(rng.integers(1, 4)), lengths, own)
    parts.count += int(rng.integers(0, 3))
    return parts.words()


def _count_down(rng: Rng, own: Decoder) -> list[int]:
    parts = _base(rng, own)
    parts.count -= int(rng.integers(1, parts.count + 1))
    return parts.words()


def _declared_up(rng: Rng, own: Decoder) -> list[int]:
    parts = _base(rng, own)
    most = 0xFFFFFFFF - len(parts.payload)
    parts.declared = len(parts.payload) + int(rng.choice([1, 2, 1000, most]))
    return parts.words()


def _declared_down(rng: Rng, own: Decoder) -> list[int]:
    parts = _base(rng, own)
    parts.declared = int(rng.integers(0, len(parts.payload)))
    return parts.words()


def _no_payload(rng: Rng, own: Decoder) -> list[int]:
    """Symbols without a payload, TLAST on the header or behind it."""
    parts = _base(rng, own)
    parts.payload = []
    parts.behind = [0] * int(rng.integers(0, 3))
    return parts.words()


def _no_symbols(rng: Rng, own: Decoder) -> list[int]:
    """Count 0 with words declared, sent, both or neither."""
    parts = _base(rng, own)
    parts.count = 0
    parts.payload = [0] * int(rng.integers(0, 3))
    parts.declared = int(rng.integers(0, 3))
    return parts.words()


def _more_zero_words(rng: Rng, own: Decoder) -> list[int]:
    parts = _base(rng, own)
    parts.payload = parts.payload + [0] * int(rng.integers(1, 4))
    return parts.words()


def _cut(rng: Rng, own: Decoder) -> list[int]:
    words = _base(rng, own).words()
    return words[: int(rng.integers(1, len(words)))]


def _cut_payload(rng: Rng, own: Decoder) -> list[int]:
    words = _base(rng, own).words()
    return words[: int(rng.integers(own.header_words, len(words)))]


def _longer(rng: Rng, own: Decoder) -> list[int]:
    """TLAST late: zeros, noise, or the beginning of another stream behind the end."""
    parts = _base(rng, own)
    size = int(rng.integers(1, 12))
    noise = [int(w) for w in rng.integers(0, 1 << 32, size)]
    choices = [[0] * size, noise, _base(rng, own).words()]
    parts.behind = choices[int(rng.integers(3))]
    return parts.words()


def _longer_and_crc(rng: Rng, own: Decoder) -> list[int]:
    parts = _base(rng, own)
    parts.behind = [0] * int(rng.integers(0, 2))
    parts.payload_crc = int(rng.integers(1 << 32))
    return parts.words()


def _payload_crc(rng: Rng, own: Decoder) -> list[int]:
    parts = _base(rng, own)
    parts.payload_crc = crc(parts.payload) ^ 1 << int(rng.integers(32))
    return parts.words()


def _noise(rng: Rng, own: Decoder) -> list[int]:
    return [int(w) for w in rng.integers(0, 1 << 32, int(rng.integers(1, 20)))]


def _noise_payload(rng: Rng, own: Decoder) -> list[int]:
    parts = _base(rng, own)
    parts.payload = [int(w) for w in rng.integers(0, 1 << 32, int(rng.integers(1, 8)))]
    parts.count = int(rng.integers(1, 120))
    return parts.words()


def _two_faults(rng: Rng, own: Decoder) -> list[int]:
    """A broken field and, on top of it, a cut, a longer end or a flipped bit: which comes first?"""
    names = [name for name in faults(own) if name not in ("two faults", "good")]
    words = faults(own)[str(rng.choice(names))].make(rng, own)
    way = int(rng.integers(3))
    if way == 0 and len(words) > 1:
        return words[: int(rng.integers(1, len(words)))]
    if way == 1:
        return words + [int(w) for w in rng.integers(0, 1 << 32, 2)]
    return _one_bit(rng, words, 0, len(words))


def faults(own: Decoder) -> dict[str, Fault]:
    """All ways for this decoder, by name."""
    table = {
        "good": Fault(lambda rng, own: _base(rng, own).words(), (e.OK,)),
        "magic": Fault(_field("magic", 32), (e.MAGIC,)),
        "version": Fault(_field("version", 8), (e.VERSION,)),
        "b": Fault(_field("bits", 8), (e.TARGET,)),
        "header bit": Fault(_header_bit, (e.HEADER_CRC,)),
        "header CRC": Fault(_header_crc, (e.HEADER_CRC,)),
        "mode": Fault(_mode, (e.HEADER,)),
        "reserved": Fault(_reserved, (e.HEADER,)),
        "lanes": Fault(_field("lanes", 8), (e.TARGET,)),
        "PIN": Fault(_field("pin", 8), (e.TARGET,)),
        "POUT": Fault(_field("pout", 8), (e.TARGET,)),
        "word bits": Fault(_field("word_bits", 8), (e.TARGET,)),
        "Lmax": Fault(_field("limit", 8), (e.TARGET,)),
        "length too long": Fault(_length_too_long, (e.TABLE,)),
        "Kraft": Fault(_kraft, (e.TABLE,)),
        "raw with lengths": Fault(_raw_lengths, (e.TABLE,)),
        "any table": Fault(_any_table, (e.TABLE,)),
        "hole": Fault(_hole, (e.CODE,)),
        "hole, one symbol": Fault(_hole_one_symbol, (e.CODE,)),
        "hole at the end": Fault(_hole_at_end, (e.CODE,)),
        "no table": Fault(_no_table, (e.CODE,)),
        "count too high": Fault(_count_up, (e.SHORT,)),
        "count too high, full word": Fault(_count_up_full_word, (e.SHORT, e.OK)),
        "count too low": Fault(_count_down, (e.LONG,)),
        "words too high": Fault(_declared_up, (e.TLAST_EARLY,)),
        "words too low": Fault(_declared_down, (e.SHORT,)),
        "no payload": Fault(_no_payload, (e.SHORT,)),
        "no symbols": Fault(_no_symbols, (e.LONG, e.TLAST_EARLY, e.TLAST_LATE)),
        "more words": Fault(_more_zero_words, (e.LONG,)),
        "padding": Fault(_padding, (e.LONG,)),
        "cut": Fault(_cut, (e.TLAST_EARLY,)),
        "cut in the payload": Fault(_cut_payload, (e.TLAST_EARLY,)),
        "longer": Fault(_longer, (e.TLAST_LATE,)),
        "longer, bad CRC": Fault(_longer_and_crc, (e.TLAST_LATE, e.CRC)),
        "payload CRC": Fault(_payload_crc, (e.CRC,)),
        "payload bit": Fault(_payload_bit, (e.CRC,)),
        "payload bit, good CRC": Fault(_payload_bit_good_crc, (e.OK,)),
        "words swapped": Fault(_swapped, (e.HEADER_CRC,)),
        "any bit": Fault(_any_bit, (e.CRC, e.HEADER_CRC)),
        "noise": Fault(_noise, (e.MAGIC,)),
        "noise payload": Fault(_noise_payload, (e.LONG, e.SHORT)),
        "two faults": Fault(_two_faults, (e.TLAST_EARLY,)),
    }
    if 4 * own.symbols % 32:
        table["unused lengths"] = Fault(_unused_lengths, (e.HEADER,))
    return table


def broken_streams(rng: Rng, own: Decoder, first: int, size: int) -> list[Stream]:
    """Streams number `first` to `first + size - 1`: all ways in turn."""
    ways = list(faults(own).items())
    streams = []
    for number in range(first, first + size):
        name, fault = ways[number % len(ways)]
        streams.append(Stream(name, tuple(fault.make(rng, own)), own))
    return streams
