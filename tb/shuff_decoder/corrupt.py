# SPDX-License-Identifier: Apache-2.0
"""Ways to break an S-Huff stream. Each names the errors that it must reach at least once.

What a broken stream gives is never decided here: golden says it. The aims only prove that a way of
breaking does what it is there for. Where a header field is broken, the header CRC is made anew, so
that the checks behind it are reached.
"""

from __future__ import annotations

from dataclasses import dataclass

from golden import errors as e
from golden.shuff.header import BYTE_BITS, table_words
from tb.shuff_decoder import corrupt_header as header
from tb.shuff_decoder import corrupt_payload as payload
from tb.shuff_decoder.corrupt_header import Make, Rng
from tb.shuff_decoder.streams import Decoder, Stream, random_parts, whole


@dataclass(frozen=True)
class Fault:
    """One way: `make` gives the words, `aims` the errors that must turn up among many."""

    make: Make
    aims: tuple[int, ...]


def _two_faults(rng: Rng, own: Decoder) -> list[int]:
    """A broken field and on top of it a cut, a longer end or a flipped bit: the first counts."""
    names = [name for name in faults(own) if name not in ("two faults", "good")]
    words = faults(own)[str(rng.choice(names))].make(rng, own)
    way = int(rng.integers(3))
    if way == 0 and len(words) > 1:
        return words[: int(rng.integers(1, len(words)))]
    if way == 1:
        return words + [int(w) for w in rng.integers(0, 1 << 32, 2)]
    return header.one_bit(rng, words, 0, len(words))


def faults(own: Decoder) -> dict[str, Fault]:
    """All ways for this decoder, by name."""
    table = {
        "good": Fault(lambda rng, own: random_parts(rng, own).words(), (e.OK,)),
        "magic": Fault(header.field("magic", 32), (e.MAGIC,)),
        "version": Fault(header.field("version", 8), (e.VERSION,)),
        "b": Fault(header.field("bits", 8), (e.TARGET,)),
        "header bit": Fault(header.header_bit, (e.HEADER_CRC,)),
        "header CRC": Fault(header.header_crc, (e.HEADER_CRC,)),
        "first words": Fault(header.first_words, (e.VERSION, e.TARGET)),
        "several fields": Fault(header.several, (e.TARGET, e.HEADER)),
        "mode": Fault(header.mode, (e.HEADER,)),
        "reserved": Fault(header.reserved, (e.HEADER,)),
        "lanes": Fault(header.field("lanes", 8), (e.TARGET,)),
        "PIN": Fault(header.field("pin", 8), (e.TARGET,)),
        "POUT": Fault(header.field("pout", 8), (e.TARGET,)),
        "word bits": Fault(header.field("word_bits", 8), (e.TARGET,)),
        "Lmax": Fault(header.field("limit", 8), (e.TARGET,)),
        "length too long": Fault(header.length_too_long, (e.TABLE,)),
        "raw with lengths": Fault(header.raw_lengths, (e.TABLE,)),
        "any table": Fault(header.any_table, (e.TABLE,)),
        "hole": Fault(payload.hole, (e.CODE,)),
        "hole, one symbol": Fault(payload.hole_one_symbol, (e.CODE,)),
        "hole at the end": Fault(payload.hole_at_end, (e.CODE,)),
        "no table": Fault(payload.no_table, (e.CODE,)),
        "count too high": Fault(payload.count_up, (e.SHORT,)),
        "count too high, full word": Fault(payload.count_up_full_word, (e.SHORT, e.OK)),
        "count too low": Fault(payload.count_down, (e.LONG,)),
        "words too high": Fault(payload.declared_up, (e.TLAST_EARLY,)),
        "words too low": Fault(payload.declared_down, (e.SHORT,)),
        "no payload": Fault(payload.no_payload, (e.SHORT,)),
        "no symbols": Fault(payload.no_symbols, (e.LONG, e.TLAST_EARLY, e.TLAST_LATE)),
        "more words": Fault(payload.more_zero_words, (e.LONG,)),
        "padding": Fault(payload.padding, (e.LONG,)),
        "cut": Fault(payload.cut, (e.TLAST_EARLY,)),
        "cut in the payload": Fault(payload.cut_payload, (e.TLAST_EARLY,)),
        "longer": Fault(payload.longer, (e.TLAST_LATE,)),
        "longer, bad CRC": Fault(payload.longer_and_crc, (e.TLAST_LATE, e.CRC)),
        "payload CRC": Fault(payload.payload_crc, (e.CRC,)),
        "payload bit": Fault(payload.payload_bit, (e.CRC,)),
        "payload bit, good CRC": Fault(payload.payload_bit_good_crc, (e.OK,)),
        "words swapped": Fault(payload.swapped, (e.HEADER_CRC,)),
        "any bit": Fault(payload.any_bit, (e.CRC, e.HEADER_CRC)),
        "noise": Fault(payload.noise, (e.MAGIC,)),
        "noise payload": Fault(payload.noise_payload, (e.LONG, e.SHORT)),
        "two faults": Fault(_two_faults, (e.TLAST_EARLY,)),
    }
    if own.header_words > 7 + table_words(own.bits):
        table["filling words"] = Fault(header.filling, (e.HEADER,))
    if own.bits == BYTE_BITS:  # no code table, and no byte that is no weight
        return {name: fault for name, fault in table.items() if name not in _OF_CODES} | {
            "noise payload": Fault(payload.noise_payload, (e.LONG, e.SHORT)),
            "payload bit, good CRC": Fault(payload.payload_bit_good_crc, (e.OK,)),
        }
    if own.lanes > 1:  # only the CRC looks at bits that no lane takes
        table["padding"] = Fault(payload.padding, (e.OK,))
    if own.symbols > 2:  # two symbols never break Kraft's inequality
        table["Kraft"] = Fault(header.kraft, (e.TABLE,))
    if 4 * own.symbols % 32:
        table["unused lengths"] = Fault(header.unused_lengths, (e.HEADER,))
    return table


_OF_CODES = (
    "length too long", "raw with lengths", "any table", "hole", "hole, one symbol",
    "hole at the end", "no table", "count too high, full word", "padding",
)  # fmt: skip


def broken_streams(rng: Rng, own: Decoder, first: int, size: int) -> list[Stream]:
    """Streams number `first` to `first + size - 1`: all ways in turn."""
    ways = list(faults(own).items())
    streams = []
    for number in range(first, first + size):
        name, fault = ways[number % len(ways)]
        streams.append(Stream(name, tuple(whole(fault.make(rng, own), own)), own))
    return streams
