# SPDX-License-Identifier: Apache-2.0
"""Broken streams by the thousand: golden's error, golden's symbols before it, never a hang."""

from __future__ import annotations

from collections import Counter
from typing import Any

import cocotb
import numpy as np

from golden.errors import SHUFF_ERRORS
from golden.shuff.header import BYTE_BITS
from tb.common import results, settings
from tb.shuff_decoder.bench import Bench, Stalls, complaint, decoder
from tb.shuff_decoder.corrupt import broken_streams, faults
from tb.shuff_decoder.test_streams import PATTERNS, digest
from tb.shuff_decoder.timing import bound

BATCH = 250
ENOUGH = 64  # streams of one way after which missing an aim is no bad luck any more
MILD = tuple(p for p in PATTERNS if p.in_length < 8 and p.out_length < 8)


def check_bounds(streams: Any, verdicts: Any) -> float:
    """No stream takes longer than its bound; returns the largest share of it that was used."""
    before, most = 0, 0.0
    for stream, verdict in zip(streams, verdicts, strict=True):
        took = verdict.done - max(verdict.first_word, before)
        assert took <= bound(stream), f"{stream.kind}: {took} cycles, bound {bound(stream)}"
        most = max(most, took / bound(stream))
        before = verdict.done
    return most


@cocotb.test()
async def broken(dut: Any) -> None:
    """STREAMS broken streams back to back, good ones among them, half of them under stalls."""
    bench = Bench(dut)
    await bench.start()
    own, told = decoder(), settings.load()
    seen: Counter[tuple[str, int]] = Counter()
    worst = 0.0
    for first in range(0, told.integer("STREAMS"), BATCH):
        rng = np.random.default_rng([told.seed, 99, first])
        streams = broken_streams(rng, own, first, min(BATCH, told.integer("STREAMS") - first))
        batch = first // BATCH
        pattern = MILD[batch // 2 % len(MILD)] if batch % 2 else Stalls()
        verdicts = await bench.run(streams, pattern)
        wrong = 0
        for number, (stream, verdict) in enumerate(zip(streams, verdicts, strict=True), first):
            text = complaint(stream, verdict)
            if text:
                wrong += 1
                words = " ".join(f"{word:08x}" for word in stream.words)
                dut._log.error(f"stream {number} ({stream.kind}): {text}: {words}")
            seen[stream.kind, verdict.status] += 1
        results.add_layer(
            f"broken streams {first}..{first + len(streams) - 1}",
            outputs=len(streams) + sum(len(v.codes) for v in verdicts),
            mismatches=wrong,
            cycles=verdicts[-1].done,
            digest=digest(verdicts),
        )
        assert not wrong, f"{wrong} of {len(streams)} streams from {first} on differ from golden"
        if pattern.none:
            worst = max(worst, check_bounds(streams, verdicts))
    report(dut, seen, worst)


def report(dut: Any, seen: Counter[tuple[str, int]], worst: float) -> None:
    """Print and record what was hit; a way or an error that was never hit is a failure."""
    missing = []
    for kind, fault in faults(decoder()).items():
        hit = {SHUFF_ERRORS[s]: n for (k, s), n in sorted(seen.items()) if k == kind}
        dut._log.info(f"{kind:26} " + ", ".join(f"{name} {n}" for name, n in hit.items()))
        results.add_metric(f"broken: {kind}", streams=sum(hit.values()), **hit)
        missing += [] if hit else [kind]
        if sum(hit.values()) >= ENOUGH:
            missing += [f"{kind} -> {SHUFF_ERRORS[a]}" for a in fault.aims if not seen[kind, a]]
    by_status = {name: sum(n for (_, s), n in seen.items() if s == status)
                 for status, name in SHUFF_ERRORS.items()}  # fmt: skip
    dut._log.info("verdicts: " + ", ".join(f"{name} {n}" for name, n in by_status.items()))
    results.add_metric("broken: verdicts", **by_status)
    results.add_metric("broken: share of the cycle bound", worst=round(worst, 3))
    never = ("TABLE", "CODE") if decoder().bits == BYTE_BITS else ()
    missing += [name for name, n in by_status.items() if not n and name not in never]
    assert not missing, f"never hit: {', '.join(missing)}"
