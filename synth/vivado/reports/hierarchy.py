# SPDX-License-Identifier: Apache-2.0
"""report_utilization -hierarchical: the same resources, instance by instance.

Two spaces of indentation are one level; a row `(name)` is its parent's own logic; children may sum
to more than their parent, because LUTs are combined across the hierarchy. A name can occur many
times, so instances are told apart by their path.
"""

from __future__ import annotations

from synth.vivado.reports.model import Report, Value, number
from synth.vivado.reports.text import Row, Text

TITLE = "Utilization by Hierarchy"
_COLUMNS = {
    "lut": ("Total LUTs",),
    "lut_logic": ("Logic LUTs",),
    "lutram": ("LUTRAMs", "LUTRAM"),
    "srl": ("SRLs", "SRL"),
    "ff": ("FFs",),
    "bram36": ("RAMB36",),
    "bram18": ("RAMB18",),
    "uram": ("URAM",),
    "dsp": ("DSP Blocks", "DSP48 Blocks", "DSP Slices"),
}


def read(report: Report, text: Text) -> None:
    """Fill values: the top's resources, and `instances`, a row a path ("top/a/b")."""
    table = text.table(TITLE)
    if table is None or not table.rows:
        why = f"no table in section {TITLE}"
        for name in _COLUMNS:
            report.put(name, None, why)
        report.check("the hierarchy has a row", False, why)
        return
    columns = {name: next((c for c in table.columns if c in labels), None)
               for name, labels in _COLUMNS.items()}  # fmt: skip
    instances: list[Value] = []
    path: list[str] = []
    seen: set[str] = set()
    twice: list[str] = []
    for row in table.rows:
        del path[row.depth :]
        own = row["Instance"].startswith("(") and row["Instance"].endswith(")")
        where = "/".join([*path, row["Instance"]])
        twice += [where] * (where in seen)
        seen.add(where)
        if not own:
            path.append(row["Instance"])
        instances.append(_instance(report, row, where, own, columns))
    report.values["instances"] = instances
    _top(report, table.rows[0], columns)
    report.check("the table is whole", table.whole,
                 "the last rule is missing" if not table.closed else f"lines {table.bad_lines}")
    report.check("every instance is listed once", not twice, ", ".join(twice[:3]), hard=False)


def _instance(
    report: Report, row: Row, where: str, own: bool, columns: dict[str, str | None]
) -> Value:
    one: dict[str, Value] = {"path": where, "module": row["Module"], "depth": row.depth, "own": own}
    for name, column in columns.items():
        if column is None:
            continue
        value, why = number(row[column])
        one[name] = value
        if value is None:
            report.reasons[f"instances[{where}].{name}"] = f"line {row.line}: {why}"
    parts = [one.get(name) for name in ("lut_logic", "lutram", "srl")]
    total = one.get("lut")
    if isinstance(total, int) and all(isinstance(part, int) for part in parts):
        told = sum(part for part in parts if isinstance(part, int))
        if total != told:  # only of the top is it known that LUTs are not combined across its edge
            report.check("Total LUTs = Logic LUTs + LUTRAMs + SRLs", False,
                         f"line {row.line}, {where}: {total} != {told}", hard=row.depth == 0)
    return one


def _top(report: Report, top: Row, columns: dict[str, str | None]) -> None:
    for name, column in columns.items():
        if column is None:
            report.put(name, None, f"no column {' or '.join(_COLUMNS[name])}")
        else:
            report.put(name, *number(top[column]))
    lutram, srl = report.number("lutram"), report.number("srl")
    if lutram is None or srl is None:
        report.put("lut_mem", None, "LUTRAMs or SRLs cannot be read")
    else:
        report.put("lut_mem", int(lutram + srl))
    whole = top["Module"] == "(top)" and top.depth == 0 and not top["Instance"].startswith("(")
    report.check("the first row is the top", whole,
                 f"line {top.line}: {top['Instance']}, module {top['Module']}")  # fmt: skip
    if report.design:
        report.check("the top is the design", top["Instance"] == report.design,
                     f"{top['Instance']} is not {report.design}", hard=False)  # fmt: skip
