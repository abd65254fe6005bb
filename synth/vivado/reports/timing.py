# SPDX-License-Identifier: Apache-2.0
"""report_timing_summary: the twelve numbers, the verdict, clocks, and what caps the clock.

`met` is true only when the verdict says so and the slacks are numbers: Vivado prints "are met" also
for a design without a single constrained path (WNS NA).
"""

from __future__ import annotations

import re

from synth.vivado.reports import timing_paths
from synth.vivado.reports.columns import block, read_columns
from synth.vivado.reports.model import Report, Value, number
from synth.vivado.reports.text import Text

SUMMARY = (
    "wns_ns", "tns_ns", "tns_failing", "tns_endpoints",
    "whs_ns", "ths_ns", "ths_failing", "ths_endpoints",
    "wpws_ns", "tpws_ns", "tpws_failing", "tpws_endpoints",
)  # fmt: skip
"""The twelve numbers in the order in which all versions print them."""

VERDICTS = {
    "All user specified timing constraints are met.": "met",
    "Timing constraints are not met.": "not met",
    "There are no user specified timing constraints.": "no constraints",
}
_FIRST = re.compile(r"^\s*W(?:NS|HS|PWS)\(ns\)")
_COLUMN = re.compile(r"(WNS|TNS|WHS|THS|WPWS|TPWS)(\(ns\)| Failing Endpoints| Total Endpoints)")
_SUFFIX = {"(ns)": "ns", " Failing Endpoints": "failing", " Total Endpoints": "endpoints"}
_CHECK = re.compile(r"^checking (\w+)(?: \((\d+)\))?$")
_COUNT = re.compile(r"^ There (?:are|is) (\d+) ")


def read(report: Report, text: Text) -> None:
    """Fill the report's values; ns, MHz, counts."""
    _summary(report, text)
    _verdict(report, text)
    _clocks(report, text)
    _worst_of_groups(report, text)
    missing = text.missing()
    report.check("all sections of check_timing are there", not missing, ", ".join(missing))
    _checks(report, text)
    timing_paths.read(report, text)
    _frequency(report)
    _publishable(report)


def _summary(report: Report, text: Text) -> None:
    lines = block(text.lines, "Design Timing Summary")
    at = next((i for i, line in enumerate(lines) if _FIRST.match(line)), None)
    names: list[str] = []
    cells: list[str] = []
    if at is not None:
        found = _COLUMN.findall(lines[at])
        names = [f"{kind.lower()}_{_SUFFIX[what]}" for kind, what in found]
        cells = lines[at + 2].split() if at + 2 < len(lines) else []
        if 0 < len(cells) < len(names):  # -setup and -hold leave cells blank: read by position
            placed = next(read_columns(lines[at : at + 3], lines[at][:5]), {})
            cells = list(placed.values()) if len(placed) == len(names) else cells
    if len(cells) != len(names) or not names:
        why = ("no Design Timing Summary" if at is None
               else f"{len(cells)} values under {len(names)} columns")  # fmt: skip
        for name in SUMMARY:
            report.put(name, None, why)
        report.check("the summary has its numbers", False, why)
        return
    row = dict(zip(names, cells, strict=True))
    for name in SUMMARY:
        value, why = number(row[name]) if name in row else (None, "no such column")
        if value is not None and not name.endswith("_ns") and not isinstance(value, int):
            value, why = None, f"{row[name]!r} is no count"
        report.put(name, value, why)
    unread = [n for n in SUMMARY if report.values[n] is None and row.get(n) != "NA"]
    report.check("the summary has its numbers", not unread, ", ".join(unread))


def _verdict(report: Report, text: Text) -> None:
    found = [said for line, said in VERDICTS.items() if line in map(str.strip, text.lines)]
    verdict = found[0] if len(found) == 1 else None
    report.put("verdict", verdict, f"{len(found)} verdicts in the report, there must be one")
    report.check("exactly one verdict", len(found) == 1, str(found))
    slacks = {n: report.number(n) for n in ("wns_ns", "whs_ns", "wpws_ns")}
    numbers = [slack for slack in slacks.values() if slack is not None]
    if verdict and numbers:
        ok = (min(numbers) < 0) == (verdict == "not met")
        report.check("the verdict agrees with the slacks", ok, f"{verdict}, slacks {slacks}")
    for worst, total, failing in (("wns_ns", "tns_ns", "tns_failing"),
                                  ("whs_ns", "ths_ns", "ths_failing"),
                                  ("wpws_ns", "tpws_ns", "tpws_failing")):  # fmt: skip
        a, b, c = report.number(worst), report.number(total), report.number(failing)
        if a is not None and b is not None and c is not None:
            ok = (a < 0) == (c > 0) if abs(a) >= 0.0005 else True
            ok = ok and (b < 0) <= (c > 0) and b <= min(a, 0) + 0.0005
            report.check(f"{worst}, {total} and {failing} agree", ok, f"{a}, {b}, {c}")
    if verdict == "met" and slacks["wns_ns"] is None:
        report.put("met", None, "the verdict is met, but no path is constrained (WNS NA)")
    elif verdict == "no constraints" or verdict is None:
        report.put("met", None, f"the verdict is {verdict}")
    else:
        report.put("met", verdict == "met" and not report.broken)


def _clocks(report: Report, text: Text) -> None:
    """Period and slack of every clock; `clocks[name]` = {period_ns, mhz, wns_ns, whs_ns, ...}."""
    clocks: dict[str, Value] = {}
    for row in read_columns(block(text.lines, "Clock Summary"), "Clock"):
        period, mhz = number(row.get("Period(ns)", ""))[0], number(row.get("Frequency(MHz)", ""))[0]
        clocks[row["Clock"]] = {"period_ns": period, "mhz": mhz}
        if period and mhz:
            report.check("frequency = 1 / period", abs(1000 / period - mhz) <= 0.002 * mhz,
                         f"{row['Clock']}: {period} ns, {mhz} MHz", hard=False)  # fmt: skip
    for row in read_columns(block(text.lines, "Intra Clock Table"), "Clock"):
        clock = clocks.setdefault(row["Clock"], {"period_ns": None, "mhz": None})
        if isinstance(clock, dict):
            for kind in ("WNS", "WHS", "WPWS"):
                clock[f"{kind.lower()}_ns"] = number(row.get(f"{kind}(ns)", ""))[0]
    report.values["clocks"] = clocks
    if not clocks:
        report.reasons["clocks"] = "no clock in the Clock Summary"


def _worst_of_groups(report: Report, text: Text) -> None:
    """The summary's slacks are the least of all path groups'."""
    tables = (("Intra Clock Table", "Clock"), ("Inter Clock Table", "From Clock"),
              ("Other Path Groups Table", "Path Group"))  # fmt: skip
    rows = [row for title, first in tables for row in read_columns(block(text.lines, title), first)]
    for kind in ("WNS", "WHS", "WPWS"):
        slacks = [number(row.get(f"{kind}(ns)", ""))[0] for row in rows]
        told = [slack for slack in slacks if slack is not None]
        summary = report.number(f"{kind.lower()}_ns")
        if summary is not None and told:
            report.check(f"{kind} is the least of the path groups", abs(min(told) - summary) < 6e-4,
                         f"{summary} against {min(told)}", hard=False)  # fmt: skip


def _checks(report: Report, text: Text) -> None:
    """check_timing: from 2020 the count stands in the title, before that only in the text."""
    counts: dict[str, Value] = {}
    for title, (start, end) in text.sections.items():
        match = _CHECK.match(title)
        if not match:
            continue
        body = [int(m[1]) for m in map(_COUNT.match, text.lines[start:end]) if m]
        counts[match[1]] = int(match[2]) if match[2] is not None else sum(body) if body else None
        if counts[match[1]] is None:
            report.reasons[f"check_timing.{match[1]}"] = "no count in title or text"
        elif match[2] is not None and body:
            report.check(f"check_timing {match[1]}: title and text agree",
                         (int(match[2]) > 0) == (max(body) > 0), f"{match[2]}, {body}", hard=False)
    report.values["check_timing"] = counts
    for name, check in (("no_clock", "no_clock"), ("unconstrained",
                        "unconstrained_internal_endpoints")):  # fmt: skip
        report.put(name, counts.get(check), "no check_timing report in the file")


def _frequency(report: Report) -> None:
    """`fmax_est_mhz` = 1000 / (T - WNS) of the clock with the worst setup slack, capped by the
    shortest period that clock pins allow; `fmax_met_mhz` = the clock asked for, when it was met.
    """
    clocks = report.values["clocks"]
    wns = report.number("wns_ns")
    worst = None
    if isinstance(clocks, dict) and wns is not None:
        worst = next(((name, c) for name, c in clocks.items()
                      if isinstance(c, dict) and c.get("wns_ns") == wns), None)  # fmt: skip
    clock = worst[1] if worst and isinstance(worst[1], dict) else {}
    period, cap = clock.get("period_ns"), clock.get("min_period_ns")
    for name in ("min_period_cap_ns", "min_period_cap_pin"):
        report.put(name, clock.get(name.replace("_cap", "")),
                   "no min-period check of the clock among the details")
    report.put("clock", worst[0] if worst else None,
               f"no clock's own paths have the worst slack ({report.values['wns_ns']})")
    if not isinstance(period, int | float) or wns is None or period - wns <= 0:
        why = report.reasons.get("wns_ns") or report.reasons.get("clock") or "no period"
        for name in ("period_ns", "fmax_est_mhz", "fmax_met_mhz"):
            report.put(name, None, why)
        return
    report.put("period_ns", period)
    shortest = max(period - wns, cap if isinstance(cap, int | float) else 0.0)
    report.put("fmax_est_mhz", round(1000 / shortest, 3))
    met = report.values.get("met") is True
    report.put("fmax_met_mhz", round(1000 / period, 3) if met else None, "timing is not met")


def _publishable(report: Report) -> None:
    """Whether a clock may be told: met, and every register has a clock and a constraint."""
    reasons = [f"{name} = {report.values[name]}, must be 0"
               for name in ("no_clock", "unconstrained") if report.values[name] != 0]  # fmt: skip
    if report.values.get("met") is not True:
        reasons.append(f"not met: {report.reasons.get('met', report.values.get('verdict'))}")
    report.values["publishable"] = not reasons
    if reasons:
        report.reasons["publishable"] = "; ".join(reasons)
