# SPDX-License-Identifier: Apache-2.0
"""Sections on the lanes: LUT per MAC, energy per MAC, LUT x time, and every record."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

from synth.identity import OWN_BITS
from synth.records import Record
from synth.report.choose import (
    CHANGING,
    HELD,
    LANES,
    LUT_NS,
    LUT_PER_MAC,
    MHZ,
    NAMES,
    Lanes,
    Metric,
    bench_command,
)
from synth.report.load import Loaded, origin
from synth.report.model import Cell, Section, Table, number, words

_SHORT: Final = 12  # rows
_COLUMNS: Final = ("P1", "P2", "P3", "S0", "S1", "S2", "A1", "M", "D")
_INTEGERS: Final = {"M": "M3, M4 or M8: integer multipliers in LUTs, of the row's bits",
                    "D": "D4 or D8: integers packed in DSP48E2; LUTs beside the DSPs"}  # fmt: skip


def _lane(column: str, b: int) -> str:
    return f"{column}{b}" if column in _INTEGERS else column


def pivots(lanes: Lanes, metric: Metric, title: str) -> list[Table]:
    """The table of one figure; where it is long, a shorter one for docs/results.md beside it."""
    title = f"{title} ({lanes.origin.words})"
    shown = set(lanes.largest.values()) | {9}
    if len(lanes.places) <= _SHORT:
        return [pivot(lanes, metric, title, docs=True)]
    return [pivot(lanes, metric, title),
            pivot(lanes, metric, title, tuple(shown), docs=True, page=False)]


def pivot(lanes: Lanes, metric: Metric, title: str, only: Sequence[int] = (), *,
          docs: bool = False, page: bool = True) -> Table:  # fmt: skip
    """One figure of all lanes: a row for each (bits, operands), a column for each lane.

    only: keep these numbers of operands (default: all).
    """
    rows = []
    for b, n in lanes.places:
        if only and n not in only:
            continue
        rows.append((number(b), number(n),
                     *(_one(lanes, metric, b, n, _lane(name, b)) for name in _COLUMNS)))
    head = (("b", "bits of a weight"), ("N", "operands of a dot product"),
            *((name, _INTEGERS.get(name) or NAMES[name]) for name in _COLUMNS))
    about = [f"{metric.name}: {metric.meaning}. {lanes.origin.words}."]
    if caveat := metric.caveat(lanes.origin):
        about.append(f"{caveat[0].upper()}{caveat[1:]}.")
    bases = {b: sorted({text for (one, _), row in lanes.best.items() if one == b
                        for record in row.values() if (text := metric.basis(record))})
             for b in lanes.largest}  # fmt: skip
    if any(bases.values()):
        about.append("; ".join(f"b = {b}: {', '.join(some)}" for b, some in bases.items() if some)
                     + ". Figures on two networks are not compared.")  # fmt: skip
    return Table(title, head, tuple(rows), tuple(about), docs=docs, page=page)


def _one(lanes: Lanes, metric: Metric, b: int, n: int, lane: str) -> Cell:
    found = lanes.get(b, n, lane)
    if found is not None:
        return metric.cell(found)
    if lane not in LANES or OWN_BITS.get(lane, b) != b or (b > 5 and lane not in OWN_BITS):
        return number(None, why="there is no such lane at this width")
    return number(None, why=f"no record: {bench_command(b, n, lane)}")


def absent(lanes: Lanes) -> list[str]:
    """A line for each width that lanes are missing at, with the command that measures them."""
    said = []
    for b, n in lanes.largest.items():
        gone = [lane for lane in LANES if OWN_BITS.get(lane, b) == b
                and (b <= 5 or lane in OWN_BITS) and lanes.get(b, n, lane) is None]  # fmt: skip
        if gone:
            said.append(f"b = {b}, N = {n}: no record of {', '.join(gone)}; "
                        f"`make bench PART=lanes B={b} N={n}` measures them.")  # fmt: skip
    return said


RULE: Final = (
    "Each lane is shown by its smallest build (adders of two or of three), the same build in every "
    "table; all lanes of a table were counted by the same tool in the same way.")


def sections(found: Iterable[Lanes], loaded: Loaded) -> list[Section]:
    """LUT per MAC; energy; LUT x time; all records."""
    every = list(found)
    sizes: list[Table] = []
    energies: list[Table] = []
    times: list[Table] = []
    for one in every:
        sizes += pivots(one, LUT_PER_MAC, "LUT/MAC of all lanes")
        energies += [*pivots(one, HELD, "Energy, weights held"),
                     pivot(one, CHANGING, f"Energy, weights changing ({one.origin.words})")]
        times += [pivot(one, LUT_NS, f"LUT x ns a product ({one.origin.words})"),
                  pivot(one, MHZ, f"Clock ({one.origin.words})")]
    gone = tuple(line for one in every for line in absent(one))
    none = () if every else ("No record of a lane: `make bench PART=lanes`.",)
    return [
        Section("lut", "LUT per MAC", (RULE,), tuple(sizes), absent=(*none, *gone), docs=True),
        Section("energy", "Energy per MAC", (
            "Estimate, uncalibrated: toggles of the mapped netlist on real weights and activations "
            "times energies of a table, no glitches. Good for comparing, not for watts. `held`: "
            "weights stand while the window moves; `changing`: other weights in every cycle.",
        ), tuple(energies), absent=none, docs=True),
        Section("lut-time", "LUT x time", (
            "What a product costs in LUT sites times nanoseconds, at the estimated clock: a small "
            "lane that is slow is not cheap.",
        ), tuple(times), absent=none),
        Section("records", "Every record", (), (_records(loaded),)),
    ]  # fmt: skip


_FIELDS: Final = (
    ("LUT cells", "lut_cells", 0), ("lut_packed", "lut_packed", 0), ("lutram", "lutram", 0),
    ("FF", "ff", 0), ("CARRY8", "carry8", 0), ("BRAM36", "bram36", 1), ("DSP", "dsp", 0),
    ("levels", "levels", 0), ("MHz est", "fmax_mhz_est", 1),
    ("fJ held", "energy_fj_per_mac_held", 1), ("fJ changing", "energy_fj_per_mac_changing", 1),
)  # fmt: skip


def _records(loaded: Loaded) -> Table:
    rows = []
    for one in loaded.records:
        shown = " ".join(f"{name}={value}" for name, value in one.params.items()
                         if not name.endswith("_FILE"))  # fmt: skip
        here = origin(one).words
        rows.append((
            words(one.module, shown), words(one.lane or "-"), _plain(one, "b"), _plain(one, "n"),
            _plain(one, "tree"), words(str(one.params.get("MAP", "-"))), _plain(one, "macs"),
            *(_field(one, field, digits, here) for _, field, digits in _FIELDS),
            LUT_PER_MAC.cell(one), words(f"{one.tool} {one.tool_version}"), words(one.stage),
            words(one.part),
        ))  # fmt: skip
    head = (("module", ""), ("lane", ""), ("b", "bits"), ("N", "operands"),
            ("tree", "operands of an adder"), ("map", "xcup: hand-mapped adders and decoders"),
            ("macs", "products a cycle"), *((name, field) for name, field, _ in _FIELDS),
            (LUT_PER_MAC.name, LUT_PER_MAC.meaning), ("tool", ""), ("stage", ""), ("part", ""))
    return Table("All records, one row a build", head, tuple(rows), (
        "Columns are the fields of the records (docs/synth.md says how each is counted); a click "
        "on a head sorts. Energies are estimates, uncalibrated.",), long=True)  # fmt: skip


def _plain(record: Record, field: str) -> Cell:
    return number(getattr(record, field), 0, field, record.reasons.get(field, ""))


def _field(record: Record, field: str, digits: int, here: str) -> Cell:
    return number(getattr(record, field), digits, f"{field}; {here}",
                  record.reasons.get(field, ""))  # fmt: skip
