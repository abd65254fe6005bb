# SPDX-License-Identifier: Apache-2.0
"""What a bank has and a single decoder has not: bytes by demand, lanes that err by themselves."""

from __future__ import annotations

from typing import Any

import cocotb

from golden.errors import CODE, LONG, OK, SHORT
from golden.shuff.header import RAW
from tb.common import settings
from tb.shuff_bank.timing import steps_end
from tb.shuff_decoder.bench import Bench, Stalls, decoder
from tb.shuff_decoder.streams import Parts, Stream, pack_lanes, parts_of, random_codes, texts, whole
from tb.shuff_decoder.test_streams import PATTERNS, record, seeded

LANES = decoder().lanes > 1


def raw_parts(steps: int, offset: int) -> Parts:
    """A good raw stream: every lane takes as many bits, so all lanes ask at once."""
    own = decoder()
    lengths = [own.bits - 1] * own.symbols
    codes = random_codes(seeded(offset), lengths, steps * own.lanes)
    return parts_of(codes, lengths, own, RAW)


@cocotb.test(skip=not LANES)
async def asked_words(dut: Any) -> None:
    """Words that were asked for may come, used or not; one more is LONG, however they arrive."""
    bench = Bench(dut)
    await bench.start()
    own = decoder()
    streams: list[Stream] = []
    # The long ones are behind with their words when they end, the short ones have them all.
    for steps in (*range(1, 20), *range(81, 100)):
        parts = raw_parts(steps, 20)
        asked = steps_end(parts.stream("raw"))
        whole = -(-asked // (4 * own.parts)) * own.parts
        for words, status in ((whole, OK), (whole + own.parts, LONG)):
            filled = raw_parts(steps, 20)
            filled.payload += [0] * (words - len(filled.payload))
            streams.append(filled.stream(f"{steps} steps, {words} words"))
            assert streams[-1].status() == status, streams[-1].kind
    starved = [Stalls(limit, 0, 0, 0, seed) for limit in (100, 160) for seed in range(20, 28)]
    patterns = [Stalls(), *PATTERNS, *starved]
    if settings.load().sim != "verilator":
        patterns = [Stalls(), *starved[::8]]
    for pattern in patterns:
        name = f"asked words, {pattern.in_threshold}/{pattern.out_threshold} seed {pattern.seed}"
        record(name, streams, await bench.run(streams, pattern))


@cocotb.test(skip=not LANES)
async def one_lane(dut: Any) -> None:
    """No code, or no more bits, in each lane alone: the step does not come, the ones before do."""
    bench = Bench(dut)
    await bench.start()
    own, rng = decoder(), seeded(21)
    lengths = [2, 2, 2, *[0] * (own.symbols - 3)] if own.symbols > 2 else [2, 2]
    streams: list[Stream] = []
    for lane in range(own.lanes):
        for step in (0, 1, 7):
            codes = random_codes(rng, lengths, 8 * own.lanes)
            bits = texts(codes, lengths, 0, own.bits)
            bits[step * own.lanes + lane] = "11"  # the pattern that no code has
            payload = pack_lanes(bits, own.lanes)
            streams.append(Parts(own, lengths, payload, 8).stream(f"no code in lane {lane}"))
            assert streams[-1].status() == CODE
            # One lane long, the others short: it alone runs out when the last words are missing.
            long = own.symbols + 1  # 6 bits, or 3, where the other lanes take one
            row = [long if other == lane else 0 for other in range(own.lanes)]
            short = parts_of(row * 40, [1, min(own.limit, 5), *[0] * (own.symbols - 2)], own)
            short.payload = whole(short.payload, own)[: -own.parts * (step % 2 + 1)]
            streams.append(short.stream(f"lane {lane} runs out"))
            assert streams[-1].status() == SHORT
    record("one lane", streams, await bench.run(streams))
    record("one lane, stalls", streams, await bench.run(streams, PATTERNS[0]))
