# SPDX-License-Identifier: Apache-2.0
"""report_utilization, flat: what the design takes of the device.

Sections and rows are found by title and label (7-series and UltraScale+ differ), columns by name
(`Prohibited` came with 2021.1). A row that is not there gives None with a reason, never 0; only a
primitive that a whole table does not list is truly absent.
"""

from __future__ import annotations

from synth.vivado.reports.model import Report, Value, number
from synth.vivado.reports.text import Row, Table, Text

# field -> labels of its row, newest first
_LOGIC: dict[str, tuple[str, ...]] = {
    "lut": ("CLB LUTs", "Slice LUTs"),
    "lut_logic": ("LUT as Logic",),
    "lut_mem": ("LUT as Memory",),
    "lutram": ("LUT as Distributed RAM",),
    "srl": ("LUT as Shift Register",),
    "ff": ("CLB Registers", "Slice Registers", "Registers"),
    "ff_flop": ("Register as Flip Flop",),
    "ff_latch": ("Register as Latch",),
    "carry8": ("CARRY8",),
    "f7": ("F7 Muxes",),
    "f8": ("F8 Muxes",),
    "f9": ("F9 Muxes",),
}
_MEMORY: dict[str, tuple[str, ...]] = {
    "bram_tile": ("Block RAM Tile",),
    "bram36": ("RAMB36/FIFO", "RAMB36"),
    "bram18": ("RAMB18",),
    "uram": ("URAM",),
}
_DSP: dict[str, tuple[str, ...]] = {"dsp": ("DSPs", "DSP Slices", "DSP")}
_SECTIONS: dict[tuple[str, ...], dict[str, tuple[str, ...]]] = {
    ("CLB Logic", "Slice Logic", "Netlist Logic"): _LOGIC,
    ("BLOCKRAM", "Memory"): _MEMORY,
    ("ARITHMETIC", "DSP"): _DSP,
}
_DISTRIBUTION = ("CLB Logic Distribution", "Slice Logic Distribution", "CLB Distribution")
_SPLIT = {
    "lut_o5": "using O5 output only",
    "lut_o6": "using O6 output only",
    "lut_o5o6": "using O5 and O6",
}
_LUTS = tuple(f"LUT{inputs}" for inputs in range(1, 7))


def read(report: Report, text: Text) -> None:
    """Fill the report's values; fields as docs/vivado.md lists them."""
    available: dict[str, Value] = {}
    for titles, fields in _SECTIONS.items():
        title, table = _section(text, titles)
        for name, labels in fields.items():
            row = table.find(*labels) if table else None
            if row is None or table is None:
                report.put(name, None, _absent(title, titles, labels, table))
                continue
            report.put(name, *_used(row, table))
            space, _ = number(row["Available"])
            if space is not None:
                available[name] = space
            _check_percentage(report, name, row)
    report.values["available"] = available
    _distribution(report, text)
    _primitives(report, text)
    _black_boxes(report, text)
    _estimated(report, text)
    _invariants(report)
    missing = text.missing()
    report.check("all sections of the contents are there", not missing, ", ".join(missing))


def _section(text: Text, titles: tuple[str, ...]) -> tuple[str | None, Table | None]:
    for title in titles:
        if title in text.sections:
            return title, text.table(title)
    return None, None


def _absent(
    title: str | None, titles: tuple[str, ...], labels: tuple[str, ...], table: Table | None
) -> str:
    if title is None:
        return f"no section {' or '.join(titles)}"
    if table is None:
        return f"section {title} has no table"
    if not table.whole:
        return f"section {title} is cut or damaged, {labels[0]} not among its rows"
    return f"section {title} has no row {' or '.join(labels)}"


def _used(row: Row, table: Table) -> tuple[Value, str]:
    if "Used" not in table.columns:
        return None, f"the table has no column Used but {', '.join(table.columns)}"
    value, why = number(row["Used"])
    if value is not None and value < 0:
        return None, f"line {row.line}: {value} is negative"
    return value, f"line {row.line}: {why}" if why else ""


def _check_percentage(report: Report, name: str, row: Row) -> None:
    """Util% is Used / Available to two decimals: a digit that changed shows."""
    used, space, share = (number(row[column])[0] for column in ("Used", "Available", "Util%"))
    if used is None or not space:
        return
    if row["Util%"].startswith("<"):
        ok = used > 0 and 100 * used / space < 0.011
    elif share is None:
        return
    else:
        ok = abs(100 * used / space - share) <= 0.0051
    detail = f"line {row.line}: {used} of {space} is not {row['Util%']} %"
    report.check(f"Util% of {name} is Used / Available", ok, detail)


def _distribution(report: Report, text: Text) -> None:
    title, table = _section(text, _DISTRIBUTION)
    unplaced = "no distribution section: the design is not placed"
    for name, label in _SPLIT.items():
        row = table.find(label, under="LUT as Logic") if table else None
        if row is None or table is None:
            report.put(name, None, f"section {title} has no such row" if title else unplaced)
        else:
            report.put(name, *_used(row, table))
    sets = table.find("Unique Control Sets") if table else None
    if sets is None or table is None:
        report.put("control_sets", None, f"section {title} has no such row" if title else unplaced)
    else:
        report.put("control_sets", *_used(sets, table))


def _primitives(report: Report, text: Text) -> None:
    table = text.table("Primitives")
    fields = ("lut_primitives", "carry4")
    if table is None or not table.whole:
        why = "no section Primitives" if table is None else "the table of primitives is cut"
        for name in fields:
            report.put(name, None, why)
        report.values["primitives"] = {}
        return
    counts: dict[str, Value] = {}
    for row in table.rows:
        value, why = number(row["Used"])
        counts[row["Ref Name"]] = value
        if value is None:
            report.reasons[f"primitives.{row['Ref Name']}"] = f"line {row.line}: {why}"
    report.values["primitives"] = counts
    unread = [name for name in (*_LUTS, "CARRY4") if name in counts and counts[name] is None]
    if unread:
        for name in fields:
            report.put(name, None, f"the count of {unread[0]} cannot be read")
        return
    report.put("lut_primitives", sum(_int(counts.get(name, 0)) for name in _LUTS))
    report.put("carry4", _int(counts.get("CARRY4", 0)))


def _int(value: Value) -> int:
    return value if isinstance(value, int) else 0


def _black_boxes(report: Report, text: Text) -> None:
    """The top of a block design after synthesis counts 0: its cells are in other reports."""
    table = text.table("Black Boxes")
    if table is None or not table.whole:
        why = "no section Black Boxes" if table is None else "the table of black boxes is cut"
        report.put("black_boxes", None, why)
        return
    count = sum(_int(number(row["Used"])[0]) for row in table.rows)
    report.put("black_boxes", count)
    if not count:
        return
    names = ", ".join(row["Ref Name"] for row in table.rows[:3])
    why = f"{count} black boxes ({names}): what is in them is in other reports"
    report.check("the report covers the whole design", False, why, hard=False)
    counted = [*(n for fields in _SECTIONS.values() for n in fields), "lut_primitives", "carry4"]
    for name in counted:
        if report.values.get(name) == 0:
            report.put(name, None, f"0 beside {why}")


def _estimated(report: Report, text: Text) -> None:
    """The star on `CLB LUTs*`: not placed, the final count is typically lower."""
    _, table = _section(text, ("CLB Logic", "Slice Logic"))
    row = table.find(*_LOGIC["lut"]) if table else None
    starred = None if row is None or table is None else row[table.columns[0]].endswith("*")
    report.put("lut_is_estimate", starred, "no row of LUTs")


def _invariants(report: Report) -> None:
    n = report.number
    lut, logic, memory = n("lut"), n("lut_logic"), n("lut_mem")
    if lut is not None and logic is not None and memory is not None:
        detail = f"{lut} != {logic} + {memory}"
        report.check("LUTs = LUT as Logic + LUT as Memory", lut == logic + memory, detail)
    ram, srl = n("lutram"), n("srl")
    if memory is not None and ram is not None and srl is not None:
        report.check("LUT as Memory = RAM + shift register", memory == ram + srl,
                     f"{memory} != {ram} + {srl}", hard=False)  # fmt: skip
    o5, o6, both = n("lut_o5"), n("lut_o6"), n("lut_o5o6")
    if logic is not None and o5 is not None and o6 is not None and both is not None:
        detail = f"{logic} != {o5} + {o6} + {both}"
        report.check("LUT as Logic = O5 only + O6 only + both", logic == o5 + o6 + both, detail)
        cells = n("lut_primitives")
        if cells is not None:
            report.check("LUT primitives = O5 only + O6 only + 2 x both",
                         cells == o5 + o6 + 2 * both, f"{cells} != {o5} + {o6} + 2 x {both}")
    tile, b36, b18 = n("bram_tile"), n("bram36"), n("bram18")
    if tile is not None and b36 is not None and b18 is not None:
        report.check("BRAM tiles = RAMB36 + RAMB18 / 2", tile == b36 + b18 / 2,
                     f"{tile} != {b36} + {b18} / 2")
    ff, flop, latch = n("ff"), n("ff_flop"), n("ff_latch")
    if ff is not None and flop is not None and latch is not None:
        report.check("registers >= flip flops + latches", ff >= flop + latch,
                     f"{ff} < {flop} + {latch}")
