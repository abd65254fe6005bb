# SPDX-License-Identifier: Apache-2.0
"""report_power: watts, and what they rest on.

report_power prints a number for anything, so confidence, SAIF file and matched nets are kept beside
every watt, and `publishable` says whether the watts may be told.
"""

from __future__ import annotations

import re

from synth.vivado.reports.model import Report, Value, bound, number, remark
from synth.vivado.reports.text import Table, Text, read_pairs

MATCHED = 80.0
"""Nets that the SAIF must match, in percent, before watts are told (docs/vivado.md, "Power")."""

_SUMMARY = {
    "total_w": "Total On-Chip Power (W)",
    "dynamic_w": "Dynamic (W)",
    "static_w": "Device Static (W)",
    "tj_c": "Junction Temperature (C)",
}
_COMPONENTS = {
    "clocks_w": ("Clocks",),
    "logic_w": ("CLB Logic", "Slice Logic"),
    "signals_w": ("Signals",),
    "bram_w": ("Block RAM",),
    "uram_w": ("URAM",),
    "dsp_w": ("DSPs", "DSP"),
    "io_w": ("I/O",),
    "ps_w": ("PS8", "PS7"),
    "ps_static_w": ("PS Static",),
    "pl_static_w": ("PL Static",),
}
_NETS = re.compile(r"^(\d+)%?\s*\((\d+)/(\d+)\)$")


def read(report: Report, text: Text) -> None:
    """Fill the report's values: watts, degrees, nets that the SAIF matched."""
    where = text.sections.get("Summary")
    table = read_pairs(text.lines, *where) if where else None
    cells = {row["key"]: row["value"] for row in table.rows} if table else {}
    for name, label in _SUMMARY.items():
        report.put(name, *_cell(cells, label))
    _basis(report, cells)
    _components(report, text)
    _hierarchy(report, text)
    _environment(report, text)
    _invariants(report, cells, text)
    publishable(report)


def _cell(cells: dict[str, str], label: str) -> tuple[Value, str]:
    if label not in cells:
        return None, f"the summary has no row {label}"
    return number(cells[label])


def _basis(report: Report, cells: dict[str, str]) -> None:
    """Confidence, SAIF, matched nets, and remarks such as an exceeded junction temperature."""
    confidence = cells.get("Confidence Level", "")
    known = confidence if confidence in ("Low", "Medium", "High") else None
    report.put("confidence", known, f"the summary says {confidence!r}")
    saif = cells.get("Simulation Activity File", "")
    report.put("saif", None if saif.strip("-") == "" else saif, "the report names no SAIF file")
    nets = cells.get("Design Nets Matched", "")
    match = _NETS.match(nets)
    for name in ("nets_matched", "nets_total", "matched_percent"):
        report.put(name, None, f"the summary says {nets or 'nothing'}")
    if match:
        have, total = int(match[2]), int(match[3])
        report.put("nets_matched", have)
        report.put("nets_total", total)
        exact = round(100 * have / total, 2) if total else None
        report.put("matched_percent", exact, "no nets at all")
        if exact is not None:
            report.check("matched nets agree with their percentage", have <= total
                         and abs(exact - int(match[1])) <= 1.0, nets)  # fmt: skip
    remarks = [f"{label}: {remark(cells.get(label, ''))}" for label in _SUMMARY.values()
               if remark(cells.get(label, ""))]  # fmt: skip
    hot = any("exceed" in text.lower() for text in remarks)
    report.values["remarks"] = list(remarks)
    report.check("the junction temperature is not exceeded", not hot, "; ".join(remarks), False)


def _components(report: Report, text: Text) -> None:
    """Watts a kind of resource; the row of the logic already holds its indented parts."""
    table = text.table("On-Chip Components")
    for name, labels in _COMPONENTS.items():
        row = table.find(*labels) if table else None
        if table is None:
            report.put(name, None, "no table in section On-Chip Components")
        elif row is None:
            report.put(name, None, f"no row {' or '.join(labels)}: the design or device has none"
                       if table.whole else "the table of components is cut")  # fmt: skip
        else:
            report.put(name, *number(row["Power (W)"]))


def _hierarchy(report: Report, text: Text) -> None:
    """Watts of every instance that the report lists, by path."""
    table = text.table("By Hierarchy")
    if table is None:
        report.put("hierarchy", None, "no table in section By Hierarchy")
        return
    paths: dict[str, Value] = {}
    path: list[str] = []
    for row in table.rows:
        del path[row.depth :]
        path.append(row["Name"])
        value, why = number(row["Power (W)"])
        paths["/".join(path)] = value
        if value is None:
            report.reasons[f"hierarchy.{'/'.join(path)}"] = why
    report.put("hierarchy", paths)


def _environment(report: Report, text: Text) -> None:
    where = text.sections.get("Environment")
    table = read_pairs(text.lines, *where) if where else None
    row = table.find("Ambient Temp (C)") if table else None
    report.put("ambient_c", *(number(row["value"]) if row else (None, "no such row")))
    report.put("process", report.header.get("Process"), "the header names no process")


def _invariants(report: Report, cells: dict[str, str], text: Text) -> None:
    total, dynamic, static = (report.number(n) for n in ("total_w", "dynamic_w", "static_w"))
    if total is not None and dynamic is not None and static is not None:
        report.check("total = dynamic + static within 2 mW",
                     abs(total - dynamic - static) <= 0.00201, f"{total} != {dynamic} + {static}")
    table = text.table("On-Chip Components")
    row = table.find("Total") if table else None
    if row is not None and total is not None:
        told, _ = number(row["Power (W)"])
        report.check("the components' total is the summary's", told is None
                     or abs(told - total) <= 0.00101, f"{told} != {total}")  # fmt: skip
    if table is not None and table.whole:
        _sum_of_components(report, table)
    missing = text.missing()
    report.check("all sections of the contents are there", not missing, ", ".join(missing))


def _sum_of_components(report: Report, table: Table) -> None:
    rows = [row for row in table.rows if row.depth == 0]
    bounds = [bound(row["Power (W)"]) for row in rows if row["On-Chip"] != "Total"]
    total = table.find("Total")
    limits = bound(total["Power (W)"]) if total else None
    if limits is None or not bounds or any(b is None for b in bounds):
        return
    low, high = (sum(b[side] for b in bounds if b) for side in (0, 1))
    report.check("the components sum to the total", low <= limits[1] and limits[0] <= high,
                 f"{low:.4f} to {high:.4f} W against {limits[0]:.4f} to {limits[1]:.4f} W",
                 hard=False)  # fmt: skip


def publishable(report: Report) -> None:
    """Put `publishable`: whether the watts rest on a simulation that covers the netlist."""
    matched = report.number("matched_percent")
    reasons = []
    if report.values.get("saif") is None:
        reasons.append("no SAIF: the toggle rates are Vivado's defaults")
    elif matched is None:
        reasons.append(f"nets matched by the SAIF: {report.reasons['matched_percent']}")
    elif matched < MATCHED:
        reasons.append(f"the SAIF matches {matched} % of the nets, {MATCHED:.0f} % are needed")
    if report.values.get("confidence") not in ("Medium", "High"):
        reasons.append(f"confidence level {report.values.get('confidence')}")
    if report.stage != "route":
        reasons.append(f"the design is not routed but {report.stage}")
    if any("exceed" in str(text).lower() for text in _remarks(report)):
        reasons.append("junction temperature exceeded")
    report.values["publishable"] = not reasons
    if reasons:
        report.reasons["publishable"] = "; ".join(reasons)


def _remarks(report: Report) -> list[Value]:
    remarks = report.values.get("remarks")
    return remarks if isinstance(remarks, list) else []
