# SPDX-License-Identifier: Apache-2.0
"""Smaller reports: route status, DRC, methodology, bus skew, clock utilization."""

from __future__ import annotations

import re

from synth.vivado.reports.model import Report, Value, number
from synth.vivado.reports.text import Text, read_tables

_NETS = re.compile(r"^\s*# of ([^.:]+?)\.* ?:\s*(\S*)\s*:")
_ROUTE = {
    "nets_logical": "logical nets",
    "nets_not_needing_routing": "nets not needing routing",
    "nets_routable": "routable nets",
    "nets_unrouted": "unrouted nets",
    "nets_routed": "fully routed nets",
    "nets_with_errors": "nets with routing errors",
}
_FOUND = re.compile(r"^\s*(?:Violations|Checks) found:\s*(\S+)")
# The summary of bus skew: a constraint spans lines, its last one ends in corner and three numbers.
_SKEW = re.compile(r"\b(?:Slow|Fast)\s+(-?\d+\.\d+)\s+(-?\d+\.\d+)\s+(-?\d+\.\d+)\s*$")
_SKEW_ID = re.compile(r"^\d+\s+\d+\s+\S")


def read_route(report: Report, text: Text) -> None:
    """Counts of nets; `routed` is true when all routable nets are routed and none has errors."""
    counts: dict[str, str] = {}
    for line in text.lines:
        match = _NETS.match(line)
        if match:
            counts.setdefault(match[1].strip(), match[2])
    for name, label in _ROUTE.items():
        value, why = number(counts[label]) if label in counts else (None, f"no line # of {label}")
        if name == "nets_unrouted" and label not in counts:
            why = "no such line: the report lists only kinds of nets that there are"
        report.put(name, value, why)
    total, other, routable, done, wrong = (report.number(n) for n in (
        "nets_logical", "nets_not_needing_routing", "nets_routable", "nets_routed",
        "nets_with_errors"))  # fmt: skip
    if total is not None and other is not None and routable is not None:
        report.check("logical nets = not needing routing + routable", total == other + routable,
                     f"{total} != {other} + {routable}", hard=False)  # fmt: skip
    if done is not None and routable is not None:
        report.check("routed nets <= routable nets", done <= routable, f"{done} > {routable}")
    if wrong is None or routable is None or done is None:
        report.put("routed", None, "a count is missing: routing errors, routable or routed nets")
    else:
        report.put("routed", wrong == 0 and done == routable)


def read_rules(report: Report, text: Text) -> None:
    """report_drc and report_methodology: violations by rule; `errors` of severity Error."""
    found = next((m for m in map(_FOUND.match, text.lines) if m), None)
    report.put("violations", *(number(found[1]) if found else (None, "no line Violations found")))
    start, end = text.sections.get("REPORT SUMMARY", (0, 0))
    table = next(read_tables(text.lines, start, end), None)
    if table is None or not table.whole:
        why = "no table of rules" if table is None else "the table of rules is cut"
        for name in ("rules", "errors", "critical_warnings"):
            report.put(name, None, why)
        report.check("the table of rules is whole", False, why)
        return
    rules: list[Value] = []
    severities: dict[str, int] = {}
    unread = []
    for row in table.rows:
        column = "Violations" if "Violations" in table.columns else "Checks"
        count, why = number(row[column])
        rules.append({"rule": row["Rule"], "severity": row["Severity"], "count": count})
        if count is None:
            unread.append(f"line {row.line}: {why}")
        else:
            severities[row["Severity"]] = severities.get(row["Severity"], 0) + int(count)
    report.put("rules", rules)
    for name, severity in (("errors", "Error"), ("critical_warnings", "Critical Warning")):
        report.put(name, None if unread else severities.get(severity, 0), "; ".join(unread))
    told = report.number("violations")
    if told is not None and not unread:
        report.check("the rules sum to the violations found", sum(severities.values()) == told,
                     f"{sum(severities.values())} != {told}", hard=False)  # fmt: skip


def read_bus_skew(report: Report, text: Text) -> None:
    """Constraints on bus skew and the worst slack in ns; no constraint is a count of 0."""
    none = any(line.strip() == "No bus skew constraints" for line in text.lines)
    start, end = text.sections.get("Bus Skew Report Summary", (0, len(text.lines)))
    lines = text.lines[start:end]
    slacks = [float(m[3]) for m in map(_SKEW.search, lines) if m]
    listed = sum(bool(_SKEW_ID.match(line)) for line in lines)
    report.put("constraints", 0 if none else listed or None, "no constraint can be read")
    report.check("every constraint has a slack", none or 0 < listed == len(slacks),
                 f"{listed} constraints, {len(slacks)} slacks", hard=False)  # fmt: skip
    worst = min(slacks) if slacks and not none else None
    report.put("worst_slack_ns", worst, "no bus skew constraints" if none else "no slack read")
    if worst is not None:
        report.put("met", worst >= 0)
    else:
        report.put("met", None, report.reasons["worst_slack_ns"])


def read_clocks(report: Report, text: Text) -> None:
    """Clock buffers by type, and the nets that they drive with their loads."""
    table = text.table("Clock Primitive Utilization")
    buffers: dict[str, Value] = {}
    for row in table.rows if table else []:
        value, why = number(row["Used"])
        buffers[row["Type"]] = value
        if value is None:
            report.reasons[f"buffers.{row['Type']}"] = f"line {row.line}: {why}"
    report.put("buffers", buffers or None, "no table in section Clock Primitive Utilization")
    table = text.table("Global Clock Resources")
    nets: list[Value] = []
    for row in table.rows if table else []:
        loads, _ = number(row["Clock Loads"])
        nets.append({"id": row["Global Id"], "net": row["Net"], "clock": row["Clock"],
                     "loads": loads, "driver": row["Driver Type/Pin"]})  # fmt: skip
    report.put("global_clocks", nets if table else None, "no section Global Clock Resources")
    missing = text.missing()
    report.check("all sections of the contents are there", not missing, ", ".join(missing))
