# SPDX-License-Identifier: Apache-2.0
"""Layers and streams with a fault on purpose, and the error that each must give."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace

import numpy as np
from numpy.random import Generator

from golden import errors
from golden.errors import ShuffError
from golden.shuff.bank import encode_bank, encode_bytes
from golden.shuff.bank_reference import decode_bank_serial, decode_bytes_serial
from golden.shuff.header import BYTE_BITS, crc_words, header_words, read_header
from tb.common.beats import Stream
from tb.conv_engine.hardware import Hardware
from tb.conv_engine.job import Faults
from tb.conv_engine.work import LayerWork, word_stream

SHAPE, KERNEL, PSUM, EMIT, W_COUNT, A_TLAST, R_TLAST = range(16, 23)
Words = list[int]
LONG_TAIL = 400  # words: the stream then ends long after the job's outputs


def bad_configs(hw: Hardware) -> Iterator[tuple[str, Faults]]:
    """Every reason to refuse a layer, one field off a good 1x1 layer with 2 input tiles.

    Where a field can hold no value beyond the built limit there is nothing to refuse.
    """
    def each(code: int, field: str, values: Sequence[int],
             **also: int) -> Iterator[tuple[str, Faults]]:
        for value in values:
            given = {field: value, **also}
            name = ", ".join(f"{k} {v}" for k, v in given.items())
            yield name, Faults(code, cfg=given, exact_prefix=False)

    yield from each(KERNEL, "k", [0, 2, 4, 6] + [k for k in (3, 5, 7) if k > hw.kmax])
    yield from each(KERNEL, "stride", [0, 3])
    for k in (k for k in (1, 3, 5) if k <= hw.kmax):
        for field in ("pad", "pad_top", "pad_bottom"):
            yield from each(KERNEL, field, [k // 2 + 1], k=k, h=9, w=9)
    yield from each(SHAPE, "h", [0, 257, 511])
    yield from each(SHAPE, "w", sorted({0, hw.line_depth + 1, 257, 511}))
    yield from each(SHAPE, "cin", [0, 2049, 4095])
    yield from each(SHAPE, "cout", [0, hw.cout_max + 1, 4095])
    yield from each(SHAPE, "images", [0])
    for k in (k for k in (3, 5, 7) if k <= hw.kmax):
        yield from each(SHAPE, "h", [k - 1], k=k, w=k, pad=0)
        yield from each(SHAPE, "w", [k - 1], k=k, h=k, pad=0)
        yield from each(SHAPE, "h", [k - 2], k=k, w=k, pad=0, pad_top=1)
        yield from each(SHAPE, "h", [k - 2], k=k, w=k, pad=0, pad_bottom=1)
        if k > 3:
            yield from each(SHAPE, "h", [k - 3], k=k, w=k, pad=1, pad_top=1, pad_bottom=1)
    yield from each(EMIT, "raw", [1], emit_code=1, emit_res=0)
    yield from each(EMIT, "raw", [1], emit_code=0, emit_res=1)
    yield from each(EMIT, "raw", [0], emit_code=0, emit_res=0)
    beyond = [s for s in (hw.t_bits - 1, 127) if s <= 127]
    yield from each(EMIT, "proj_shift", beyond)
    yield from each(EMIT, "res_out_shift", beyond)
    yield from each(EMIT, "res_shift", [hw.acc_bits + 9, 127])
    if hw.psum_depth < 65535:
        yield from each(PSUM, "images", [hw.psum_depth + 1, 65535], h=1, w=1, k=1, pad=0)
        if hw.psum_depth < 256 * hw.line_depth:  # one row more than fits
            yield from each(PSUM, "h", [hw.psum_depth // hw.line_depth + 1], w=hw.line_depth, k=1,
                            pad=0, images=1, stride=1)


def bad_weights(work: LayerWork) -> Iterator[tuple[str, Faults]]:
    """One stream for each of the decoder's errors, and streams for another number of weights."""
    hw = work.hw
    good = _words(work.weight_bytes)
    bits = hw.bits if hw.wgt == "pot" else BYTE_BITS
    size = header_words(bits, hw.pout)
    parts = hw.w_bits // 32

    def fault(name: str, words: Words) -> tuple[str, Faults]:
        code = status_of(words, hw)
        if code == errors.OK:
            raise ValueError(f"the stream for {name} is a good one")
        return name, Faults(code, w=_stream(words, hw), exact_prefix=False)

    def edited(name: str, change: Callable[[Words], None], *more: int) -> tuple[str, Faults]:
        """Change the header and make its CRC good again; `more` words go to the end."""
        words = [*good, *more]
        change(words)
        words[size - 1] = crc_words(words[: size - 1])
        return fault(name, words)

    def put(at: int, mask: int, value: int) -> Callable[[Words], None]:
        def change(words: Words) -> None:
            words[at] = words[at] & ~mask | value
        return change

    yield fault("magic", [good[0] ^ 1, *good[1:]])
    yield fault("version", [good[0], good[1] ^ 2, *good[2:]])
    yield fault("bits", [good[0], good[1] ^ 0x100, *good[2:]])
    yield fault("header crc", [*good[: size - 1], good[size - 1] ^ 0x80000000, *good[size:]])
    ones = int("1" * min(8, 1 << (hw.bits - 1)), 16)  # every symbol a code of one bit
    yield edited("mode", put(1, 0xF0000, 4 << 16))
    yield edited("target pin", put(2, 0xFF, (hw.pin + 1) & 255))
    if hw.wgt == "pot":
        yield edited("table", put(5, 0xFFFFFFFF, ones))
        yield fault("unused code", _with_hole(work))
    yield _without_last_word(fault, good, size, parts)
    yield edited("long", put(4, 0xFFFFFFFF, good[4] + 1), *[0] * parts)
    yield edited("payload crc", put(size - 2, 0xFFFFFFFF, good[size - 2] ^ 1))
    yield fault("cut in the header", good[: parts])
    yield fault("cut in the payload", good[:-parts])
    yield fault("goes on", [*good, *[0] * 2 * parts])
    yield fault("goes on and on", [*good, *[0] * LONG_TAIL * parts])
    yield edited("long and longer", put(4, 0xFFFFFFFF, good[4] + LONG_TAIL),
                 *[0] * LONG_TAIL * parts)
    steps = work.steps
    for name, other in (("one step less", steps[:-1]), ("no step", steps[:0]),
                        ("one step more", np.append(steps, steps[:1], axis=0))):
        data = (encode_bank(other, hw.bits, hw.pin) if hw.wgt == "pot"
                else encode_bytes(other, hw.pin))
        yield name, Faults(W_COUNT, w=word_stream(data, hw.w_bits // 8), exact_prefix=False)


def status_of(words: Words, hw: Hardware) -> int:
    """The number that the device must show for a stream: golden's verdict, 0 for a good one."""
    try:
        if hw.wgt == "pot":
            decode_bank_serial(words, hw.bits, hw.pin, hw.pout)
        else:
            decode_bytes_serial(words, hw.pin, hw.pout)
    except ShuffError as error:
        return error.code
    return errors.OK


def _without_last_word(fault: Callable[[str, Words], tuple[str, Faults]], good: Words,
                       size: int, parts: int) -> tuple[str, Faults]:
    """The payload, and what the header says of it, one word shorter; the count stays."""
    words = good[:-parts]
    words[4] -= 1
    words[size - 1] = crc_words(words[: size - 1])
    return fault("short", words)


def flipped_weights(work: LayerWork, rng: Generator) -> tuple[str, Faults]:
    """One random bit of the stream flipped; the error is whatever golden says."""
    words = _words(work.weight_bytes)
    at = int(rng.integers(32 * len(words)))
    words[at // 32] ^= 1 << at % 32
    code = status_of(words, work.hw)
    return f"bit {at}", Faults(code, w=_stream(words, work.hw), exact_prefix=False)


def bad_lasts(work: LayerWork) -> Iterator[tuple[str, Faults]]:
    """TLAST early, missing and on a wrong beat, on activations and (if there) the residual."""
    streams = [("a", work.a_stream, A_TLAST)]
    if work.residual is not None:
        streams.append(("r", work.r, R_TLAST))
    for port, stream, code in streams:
        beats = len(stream.last)
        first_end = int(np.flatnonzero(stream.last)[0])
        for name, at in (("early, first beat", 0), ("early, in the middle", beats // 2),
                         ("early by one", beats - 2), ("missing at a tile", first_end),
                         ("missing at the end", beats - 1)):
            last = stream.last.copy()
            last[at] ^= True
            bad = Stream(stream.data, last)
            faults = Faults(code, a=bad) if port == "a" else Faults(code, r=bad)
            yield f"{port} {name}", faults
    one = Stream(work.a_stream.data[:1], np.ones(1, dtype=bool))
    tail = _stream([*_words(work.weight_bytes), *[0] * LONG_TAIL * (work.hw.w_bits // 32)], work.hw)
    yield "a early, cleared early", Faults(A_TLAST, w=tail, a=one, early=True)


def _with_hole(work: LayerWork) -> Words:
    """A stream whose table leaves codes unused, and whose payload begins with one of them."""
    hw = work.hw
    header = read_header(_words(work.weight_bytes), hw.bits, hw.pin, hw.pout, lanes=hw.pout)
    lengths = (header.limit,) * len(header.lengths)  # all codes longest: most stay unused
    payload = [0xFFFFFFFF] * (4 * hw.w_bits // 32)
    holed = replace(header, mode=0, lengths=lengths, payload_words=4,
                    payload_crc=crc_words(payload))
    return [*holed.pack(), *payload]


def _words(data: bytes) -> Words:
    return [int(word) for word in np.frombuffer(data, dtype="<u4")]


def _stream(words: Words, hw: Hardware) -> Stream:
    return word_stream(np.array(words, dtype="<u4").tobytes(), hw.w_bits // 8)
