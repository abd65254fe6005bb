# SPDX-License-Identifier: Apache-2.0
"""Good streams: every code exact, one symbol a cycle, the same whatever the stalls and resets."""

from __future__ import annotations

import hashlib
import itertools
from collections.abc import Sequence
from typing import Any

import cocotb
import numpy as np

from golden.shuff import encode
from golden.shuff.bank import encode_bank, encode_bytes
from golden.shuff.header import BYTE_BITS, MODES, RAW
from tb.common import results, settings
from tb.shuff_decoder.bench import Bench, Stalls, Verdict, decoder, judge
from tb.shuff_decoder.streams import Parts, Stream, parts_of, random_parts
from tb.shuff_decoder.timing import good_cycles, span_cycles

PATTERNS = (
    Stalls(128, 0, 128, 0, 3),
    Stalls(200, 3, 0, 0, 4),
    Stalls(0, 0, 200, 3, 5),
    Stalls(30, 60, 30, 60, 6),
    Stalls(240, 0, 16, 9, 7),
    Stalls(16, 9, 240, 0, 8),
    Stalls(250, 7, 250, 7, 9),
    Stalls(1, 255, 1, 255, 10),
)


def seeded(offset: int) -> np.random.Generator:
    """A generator of this run's seed; `offset` keeps the tests apart."""
    return np.random.default_rng([settings.load().seed, offset])


def encoded(kind: str, codes: Sequence[int], mode: str) -> Stream:
    """A stream written by golden's encoder; lane by lane for a bank, whose last step is filled."""
    own = decoder()
    table = np.array(codes, dtype=np.uint8)
    if own.bits == BYTE_BITS:
        steps = np.pad(table, (0, -len(table) % own.lanes)).reshape(-1, own.lanes)
        data = encode_bytes(steps.view(np.int8), own.pin)
    elif own.lanes > 1:
        table = np.pad(table, (0, -len(table) % own.lanes), "edge" if len(table) else "constant")
        data = encode_bank(table.reshape(-1, own.lanes), own.bits, own.pin, mode, own.limit)
    else:
        data = encode(table, own.bits, own.pin, own.pout, mode, own.limit)
    return Stream(kind, tuple(int(w) for w in np.frombuffer(data, dtype="<u4")), own)


def modes() -> tuple[str, ...]:
    """The modes that this decoder's longest code has room for: a flag costs the others a bit."""
    own = decoder()
    return tuple(m for m in MODES if m != "flag" or own.symbols - 1 <= 1 << (own.limit - 1))


def long_streams(size: int) -> list[Stream]:
    """Long streams for the rate: each mode on skewed and flat weights, and the extremes."""
    own, rng = decoder(), seeded(1)
    if own.bits == BYTE_BITS:
        return [encoded("bytes", rng.integers(0, 256, size).tolist(), "")]
    top = own.symbols - 1
    streams = []
    for mode in modes():
        for name, spread in (("flat", 1.0), ("skewed", 0.5)):
            weights = spread ** np.arange(own.symbols)
            index = rng.choice(own.symbols, size, p=weights / weights.sum())
            codes = (index + own.symbols * (rng.integers(0, 2, size) * (index > 0))).tolist()
            streams.append(encoded(f"{mode} {name}", codes, mode))
    worst = [0] * own.symbols
    worst[top] = own.limit
    both = rng.integers(0, 2, size) * own.symbols + top
    streams.append(parts_of(both.tolist(), worst, own).stream("longest code and sign"))
    streams.append(encoded("all zero weights", [0] * size, "joint"))
    streams.append(encoded("one symbol, signs", both.tolist(), "joint"))
    streams.append(encoded("one symbol, minus", [own.symbols + 1] * size, "flag"))
    return streams


def edge_streams() -> list[Stream]:
    """Short streams at the edges: empty, one symbol, ends and long codes at each bit of a word."""
    own = decoder()
    if own.bits == BYTE_BITS:
        rng = seeded(5)
        sizes = [n * own.lanes for n in range(40)]
        return [encoded(f"{n} bytes", rng.integers(0, 256, n).tolist(), "") for n in sizes]
    size, top = own.symbols, own.symbols - 1
    streams = [
        Parts(own, [0] * size, [], 0).stream("empty, no table"),
        Parts(own, [1] + [0] * top, [], 0).stream("empty, with a table"),
        Parts(own, [size.bit_length() - 1] * size, [], 0, RAW).stream("empty, raw"),
    ]
    streams += [encoded(f"empty {mode}", [], mode) for mode in modes()]
    for code, mode in itertools.product(range(2 * size), modes()):
        if code != size:
            streams.append(encoded(f"one symbol, code {code}, {mode}", [code], mode))
    # Zero takes 1 bit, the top index the longest code and a sign: any bit of a word can be the end.
    lengths = [1] + [0] * top
    lengths[top] = own.limit
    for before in range(33):
        for behind in range(4):
            codes = [0] * before + [size + top] + [0] * behind
            streams.append(parts_of(codes, lengths, own).stream(f"long code at bit {before}"))
    for zeros in range(1, 97):
        streams.append(parts_of([0] * zeros, lengths, own).stream(f"{zeros} bits"))
    codes = [size, 1, size, 0, size]
    raw = [own.bits - 1] * size
    streams.append(parts_of(codes, raw, own, RAW).stream("negative zero, raw"))
    return streams


def record(name: str, streams: Sequence[Stream], verdicts: Sequence[Verdict]) -> None:
    """Hand the comparison to the harness, then fail on any complaint."""
    complaints = judge(streams, verdicts)
    results.add_layer(
        name,
        outputs=sum(len(v.codes) for v in verdicts),
        mismatches=len(complaints),
        cycles=verdicts[-1].done,
        digest=digest(verdicts),
    )
    assert not complaints, f"{len(complaints)} of {len(streams)} wrong, first: {complaints[0]}"


def digest(verdicts: Sequence[Verdict]) -> str:
    """Of everything the decoder said, apart from when it said it."""
    said = repr([(v.status, v.codes, v.last) for v in verdicts])
    return hashlib.sha256(said.encode()).hexdigest()


def check_cycles(streams: Sequence[Stream], verdicts: Sequence[Verdict]) -> None:
    """Without stalls each good stream takes exactly the modelled cycles, one a beat."""
    before = 0
    for stream, verdict in zip(streams, verdicts, strict=True):
        count = len(verdict.codes) // stream.decoder.lanes
        span = verdict.last_symbol - verdict.first_symbol + 1
        should = span_cycles(stream)
        assert not count or span == should, (
            f"{stream.kind}: {count} beats in {span} cycles, the model says {should}"
        )
        # With the next stream's words waiting, it starts in the cycle in which `done` is high.
        took = verdict.done - max(verdict.first_word, before - 1)
        assert took == good_cycles(stream), (
            f"{stream.kind}: {took} cycles, the model says {good_cycles(stream)}"
        )
        before = verdict.done


@cocotb.test()
async def rate(dut: Any) -> None:
    """One symbol a cycle from the first to the last, whatever the code lengths."""
    bench = Bench(dut)
    await bench.start()
    size = 20000 if settings.load().sim == "verilator" else 1000
    streams = long_streams(size)
    verdicts = await bench.run(streams)
    record(f"rate, {size} symbols each", streams, verdicts)
    check_cycles(streams, verdicts)
    for stream, verdict in zip(streams, verdicts, strict=True):
        cycles = verdict.last_symbol - verdict.first_symbol + 1
        results.add_metric(
            f"rate {stream.kind}",
            symbols=len(verdict.codes),
            cycles=cycles,
            symbols_per_cycle=round(len(verdict.codes) / cycles, 6),
            bits_per_symbol=round(32 * len(stream.words) / len(verdict.codes), 4),
            overhead_cycles=verdict.done - verdict.last_symbol,
        )


@cocotb.test()
async def edges(dut: Any) -> None:
    """Every edge case, back to back without a gap, then each alone; cycles to the model."""
    bench = Bench(dut)
    await bench.start()
    streams = edge_streams()
    verdicts = await bench.run(streams)
    record("edges", streams, verdicts)
    check_cycles(streams, verdicts)
    for stream in streams[:: 1 if settings.load().sim == "verilator" else 9]:
        alone = await bench.run([stream])
        assert judge([stream], alone) == []
        check_cycles([stream], alone)


@cocotb.test()
async def stalls(dut: Any) -> None:
    """The same streams under each stall pattern: same symbols, same TLAST, same verdicts."""
    bench = Bench(dut)
    await bench.start()
    rng, own = seeded(2), decoder()
    amount, step = (60, 5) if settings.load().sim == "verilator" else (8, 31)
    streams = [random_parts(rng, own, 200).stream("random") for _ in range(amount)]
    streams += edge_streams()[::step]
    free = await bench.run(streams)
    record(f"{len(streams)} streams, no stalls", streams, free)
    for number, pattern in enumerate(PATTERNS):
        verdicts = await bench.run(streams, pattern)
        record(f"{len(streams)} streams, stall pattern {number}", streams, verdicts)
        assert digest(verdicts) == digest(free)


@cocotb.test()
async def reset_in_flight(dut: Any) -> None:
    """Reset in any cycle of a good and a bad stream; the next stream is clean."""
    bench = Bench(dut)
    await bench.start()
    rng, own = seeded(3), decoder()
    victims = [random_parts(rng, own, 40).stream("victim")]
    late = random_parts(rng, own, 20)
    late.behind = [1, 2, 3] * 10  # TLAST late: drains for a while
    victims += [late.stream("bad victim"), random_parts(rng, own, 40).stream("victim")]
    clean = [random_parts(rng, own, 20).stream("after reset") for _ in range(2)]
    whole = await bench.run(victims)
    assert judge(victims, whole) == []
    bench.write(0, clean)
    bench.write(1, victims)
    step = 1 if settings.load().sim == "verilator" else 13
    wrong, resets, symbols = 0, 0, 0
    for at in range(1, whole[-1].done + 2, step):
        pattern = PATTERNS[at // step % len(PATTERNS)] if at % 3 == 0 else Stalls()
        await bench.launch(1, pattern)
        await bench.wait(at)
        await bench.reset(1 + at % 2)
        await bench.launch(0, Stalls())
        verdicts = await bench.finish(clean)
        wrong += len(judge(clean, verdicts))
        resets += 1
        symbols += sum(len(v.codes) for v in verdicts)
    results.add_layer(
        f"after {resets} resets", outputs=symbols, mismatches=wrong, cycles=whole[-1].done
    )
    assert wrong == 0
    results.add_metric("reset in flight", resets=resets)


@cocotb.test()
async def tables_change(dut: Any) -> None:
    """Each stream brings its own table; nothing of the one before it is left."""
    bench = Bench(dut)
    await bench.start()
    rng, own = seeded(4), decoder()
    streams = []
    for number in range(40):
        parts = random_parts(rng, own, 30)
        streams.append(parts.stream("table"))
        if number % 4 == 0 and own.bits != BYTE_BITS:
            # A full table first, then one code only: its holes must not show the old entries.
            only = [0] * own.symbols
            only[number % own.symbols] = own.limit
            bits = [0x80000000, *rng.integers(0, 2**32, 3 * own.lanes).tolist()]
            streams.append(Parts(own, only, bits, 9).stream("hole"))
    verdicts = await bench.run(streams, Stalls(60, 2, 60, 2, 11))
    record("tables change", streams, verdicts)
