# SPDX-License-Identifier: Apache-2.0
"""Runs of the sweep as tables: a line a run for people, a line a lane for docs/lanes.md."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from tb.dot_product.records import Entry, Record


def line(record: Record) -> str:
    """One run as a line of the table."""
    verdict = "ok" if record.passed else "FAIL"
    text = (f"{verdict:4}  {record.entry.name}  {record.random:>7}  {record.pairs:>6}  "
            f"{record.sums:>9}  {record.plain:>6}  {record.mismatches:>10}  "
            f"{record.seconds:>7.0f}  {record.cpu_s:>6.0f}")  # fmt: skip
    text += f"  run of {record.carried}" if record.carried else ""
    return text + "".join(f"\n      {failure}" for failure in record.failures)


def table(records: Sequence[Record], missing: int) -> int:
    """Print the table and the verdict; return the exit status."""
    print(f"\n{'':4}  {'lane, bits, adders, simulator':35}  random   pairs       sums   plain  "
          "mismatches  seconds  cpu s")  # fmt: skip
    for record in records:
        print(line(record))
    failed = sum(not record.passed for record in records)
    sums = sum(record.sums for record in records)
    wrong = sum(record.mismatches for record in records)
    good = not failed and not missing and sums > 0
    print(f"{'PASS' if good else 'FAIL'}: {len(records)} runs, {failed} failed, "
          f"{missing} not done; {sums:,} sums compared, {wrong} mismatches; "
          f"{', '.join(sorted({record.sim_version for record in records}))}")  # fmt: skip
    return 0 if good else 1


def markdown(done: Mapping[Entry, Record]) -> Iterator[str]:
    """Lines of a table: a lane and its bits a line, processor seconds of each of its runs."""
    runs = list(dict.fromkeys((entry.sim, entry.build) for entry in done))
    yield "| lane | B | random a size | pairs | sums a run | mismatches | " + " | ".join(
        f"{sim} {build}" for sim, build in runs) + " |"  # fmt: skip
    yield "|" + "---|" * (6 + len(runs))
    for lane, bits in dict.fromkeys((entry.lane, entry.bits) for entry in done):
        mine = {(e.sim, e.build): r for e, r in done.items() if (e.lane, e.bits) == (lane, bits)}
        counts = [_alike([getattr(record, name) for record in mine.values()])
                  for name in ("random", "pairs", "sums")]  # fmt: skip
        cells = [lane, str(bits), *counts, str(sum(record.mismatches for record in mine.values()))]
        cells += [f"{mine[run].cpu_s:.0f} s" if run in mine else "not done" for run in runs]
        yield f"| {' | '.join(cells)} |"


def _alike(values: Sequence[int]) -> str:
    """Return one number, or the smallest and the largest."""
    low, high = min(values), max(values)
    return f"{low:,}" if low == high else f"{low:,} to {high:,}"
