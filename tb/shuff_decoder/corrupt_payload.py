# SPDX-License-Identifier: Apache-2.0
"""Ways to break the payload of an S-Huff stream, what is declared about it, and its end."""

from __future__ import annotations

from tb.shuff_decoder.corrupt_header import Rng, one_bit
from tb.shuff_decoder.streams import (
    Decoder,
    Parts,
    crc,
    parts_of,
    random_codes,
    random_lengths,
    random_parts,
)


def any_bit(rng: Rng, own: Decoder) -> list[int]:
    """Any bit of the stream."""
    words = random_parts(rng, own).words()
    return one_bit(rng, words, 0, len(words))


def payload_bit(rng: Rng, own: Decoder) -> list[int]:
    """A payload bit under the old CRC."""
    words = random_parts(rng, own).words()
    return one_bit(rng, words, own.header_words, len(words))


def payload_bit_good_crc(rng: Rng, own: Decoder) -> list[int]:
    """A payload bit under a CRC that knows about it: good unless the code notices."""
    parts = random_parts(rng, own)
    parts.payload = one_bit(rng, parts.payload, 0, len(parts.payload))
    return parts.words()


def swapped(rng: Rng, own: Decoder) -> list[int]:
    """Two neighbouring words change places."""
    words = random_parts(rng, own).words()
    at = int(rng.integers(len(words) - 1))
    words[at], words[at + 1] = words[at + 1], words[at]
    return words


def padding(rng: Rng, own: Decoder) -> list[int]:
    """A bit near the end of the last word, most often in the padding."""
    parts = random_parts(rng, own)
    parts.payload[-1] |= 1 << int(rng.integers(0, 8))
    return parts.words()


def hole(rng: Rng, own: Decoder) -> list[int]:
    """A legal code that does not use all its bit patterns, and a payload that does."""
    lengths = random_lengths(rng, own, holes=True)
    payload = [int(w) for w in rng.integers(0, 1 << 32, int(rng.integers(1, 5)))]
    return Parts(own, lengths, payload, int(rng.integers(1, 80))).words()


def hole_one_symbol(rng: Rng, own: Decoder) -> list[int]:
    """Only one symbol has a code; one bit is wrong."""
    only = [0] * own.symbols
    only[int(rng.integers(own.symbols))] = int(rng.integers(1, own.limit + 1))
    parts = parts_of(random_codes(rng, only, int(rng.integers(1, 40))), only, own)
    parts.payload = one_bit(rng, parts.payload, 0, len(parts.payload))
    return parts.words()


def hole_at_end(rng: Rng, own: Decoder) -> list[int]:
    """The last bits begin no code, and are fewer than a code has: CODE comes before SHORT."""
    only = [1] + [0] * (own.symbols - 1)
    tail = int(rng.integers(1, own.limit))
    payload = [0] * int(rng.integers(0, 3)) + [1 << (tail - 1)]
    return Parts(own, only, payload, 32 * len(payload) + int(rng.integers(-6, 3))).words()


def no_table(rng: Rng, own: Decoder) -> list[int]:
    """No symbol has a code, yet symbols are promised; with and without payload."""
    payload = [int(w) for w in rng.integers(0, 1 << 32, int(rng.integers(0, 3)))]
    return Parts(own, [0] * own.symbols, payload, int(rng.integers(1, 5))).words()


def count_up(rng: Rng, own: Decoder) -> list[int]:
    """More symbols promised than there are."""
    parts = random_parts(rng, own)
    parts.count += int(rng.choice([1, 2, 33, 1 << 20, 0xFFFFFFFF - parts.count]))
    return parts.words()


def count_up_full_word(rng: Rng, own: Decoder) -> list[int]:
    """The payload ends with its last word, and one symbol more is promised."""
    lengths = [1] + [0] * (own.symbols - 1)
    parts = parts_of([0] * 32 * own.lanes * int(rng.integers(1, 4)), lengths, own)
    parts.count += int(rng.integers(0, 3))
    return parts.words()


def count_down(rng: Rng, own: Decoder) -> list[int]:
    """Fewer symbols promised than there are, down to none."""
    parts = random_parts(rng, own)
    parts.count -= int(rng.integers(1, parts.count + 1))
    return parts.words()


def declared_up(rng: Rng, own: Decoder) -> list[int]:
    """More payload words promised than come."""
    parts = random_parts(rng, own)
    most = 0xFFFFFFFF - len(parts.payload)
    parts.declared = len(parts.payload) + int(rng.choice([1, 2, 1000, most]))
    return parts.words()


def declared_down(rng: Rng, own: Decoder) -> list[int]:
    """Fewer payload words promised than come."""
    parts = random_parts(rng, own)
    parts.declared = int(rng.integers(0, len(parts.payload)))
    return parts.words()


def no_payload(rng: Rng, own: Decoder) -> list[int]:
    """Symbols without a payload, TLAST on the header or behind it."""
    parts = random_parts(rng, own)
    parts.payload = []
    parts.behind = [0] * int(rng.integers(0, 3))
    return parts.words()


def no_symbols(rng: Rng, own: Decoder) -> list[int]:
    """Count 0 with words declared, sent, both or neither."""
    parts = random_parts(rng, own)
    parts.count = 0
    parts.payload = [0] * int(rng.integers(0, 3))
    parts.declared = int(rng.integers(0, 3))
    return parts.words()


def more_zero_words(rng: Rng, own: Decoder) -> list[int]:
    """Words behind the last symbol, declared and under the CRC."""
    parts = random_parts(rng, own)
    parts.payload = parts.payload + [0] * (own.lanes * int(rng.integers(1, 4)))
    return parts.words()


def cut(rng: Rng, own: Decoder) -> list[int]:
    """TLAST early, anywhere."""
    words = random_parts(rng, own).words()
    return words[: int(rng.integers(1, len(words)))]


def cut_payload(rng: Rng, own: Decoder) -> list[int]:
    """TLAST early, in the payload."""
    words = random_parts(rng, own).words()
    return words[: int(rng.integers(own.header_words, len(words)))]


def longer(rng: Rng, own: Decoder) -> list[int]:
    """TLAST late: zeros, noise, or the beginning of another stream behind the end."""
    parts = random_parts(rng, own)
    size = int(rng.integers(1, 12))
    noise = [int(w) for w in rng.integers(0, 1 << 32, size)]
    choices = [[0] * size, noise, random_parts(rng, own).words()]
    parts.behind = choices[int(rng.integers(3))]
    return parts.words()


def longer_and_crc(rng: Rng, own: Decoder) -> list[int]:
    """A wrong CRC with and without TLAST late: the CRC is the last thing to check."""
    parts = random_parts(rng, own)
    parts.behind = [0] * int(rng.integers(0, 2))
    parts.payload_crc = int(rng.integers(1 << 32))
    return parts.words()


def payload_crc(rng: Rng, own: Decoder) -> list[int]:
    """One bit of the payload CRC."""
    parts = random_parts(rng, own)
    parts.payload_crc = crc(parts.payload) ^ 1 << int(rng.integers(32))
    return parts.words()


def noise(rng: Rng, own: Decoder) -> list[int]:
    """Nothing but noise."""
    return [int(w) for w in rng.integers(0, 1 << 32, int(rng.integers(1, 20)))]


def noise_payload(rng: Rng, own: Decoder) -> list[int]:
    """A good header with noise behind it and the right CRC."""
    parts = random_parts(rng, own)
    parts.payload = [int(w) for w in rng.integers(0, 1 << 32, own.lanes * int(rng.integers(1, 8)))]
    parts.count = int(rng.integers(1, 120))
    return parts.words()
