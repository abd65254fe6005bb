# SPDX-License-Identifier: Apache-2.0
"""Utilization and smaller reports in the layout of the version: headers, sections, ruled tables.

What changed when: docs/vivado.md, "Reports". Timing and power are in paper_timing, paper_power.
"""

from __future__ import annotations

from collections.abc import Sequence

from synth.vivado.double import HOST
from synth.vivado.double.figures import Figures

_AVAILABLE = {"CLB LUTs": 117120, "LUT as Logic": 117120, "LUT as Memory": 57600,
              "CLB Registers": 234240, "Register as Flip Flop": 234240,
              "Register as Latch": 234240, "CARRY8": 14640, "F7 Muxes": 58560, "F8 Muxes": 29280,
              "F9 Muxes": 14640, "CLB": 14640, "Block RAM Tile": 144, "RAMB36/FIFO": 144,
              "RAMB18": 288, "URAM": 64, "DSPs": 1248}  # fmt: skip


def header(f: Figures, command: str, extra: Sequence[tuple[str, str]] = ()) -> str:
    """The block that all reports but the route status begin with."""
    keys = [("Tool Version", f"Vivado v.{f.version} (lin64) Build 0000000 test double"),
            ("Date", "Thu Jan  1 00:00:00 1970"), ("Host", f"{HOST} running nothing"),
            ("Command", command), ("Design", f.design), *extra]  # fmt: skip
    width = max(len(key) for key, _ in keys)
    lines = [f"| {key:<{width}} : {value}" for key, value in keys]
    rule = "-" * (max(map(len, lines)) + 1)
    return "\n".join(["Copyright: none, a test double wrote this.", rule, *lines, rule, "", ""])


def table(columns: Sequence[str], rows: Sequence[Sequence[str]], left: int = 1) -> str:
    """A ruled table; the first `left` columns are aligned left, with their own indentation."""
    widths = [max(len(str(row[i])) for row in [columns, *rows]) for i in range(len(columns))]
    rule = "+" + "+".join("-" * (w + 2) for w in widths) + "+"

    def line(row: Sequence[str], head: bool = False) -> str:
        cells = []
        for i, (cell, width) in enumerate(zip(row, widths, strict=True)):
            cells.append(f"{cell:^{width}}" if head else
                         f"{cell:<{width}}" if i < left else f"{cell:>{width}}")  # fmt: skip
        return "| " + " | ".join(cells) + " |"

    body = [line(row) for row in rows]
    return "\n".join([rule, line(columns, True), rule, *body, *([rule] if body else []), ""])


def sections(parts: Sequence[tuple[str, str]], name: str) -> str:
    """Title of the report, contents, then the sections; "Sub: x" is numbered below the last."""
    numbered: list[tuple[str, str]] = []
    major = minor = 0
    for title, body in parts:
        if title.startswith("Sub: "):
            minor += 1
            numbered.append((f"{major}.{minor} {title[5:]}", body))
        else:
            major, minor = major + 1, 0
            numbered.append((f"{major}. {title}", body))
    contents = "\n".join(title for title, _ in numbered)
    text = f"{name}\n\nTable of Contents\n-----------------\n{contents}\n\n"
    for title, body in numbered:
        text += f"{title}\n{'-' * len(title)}\n\n{body}\n\n"
    return text


def device(f: Figures, speed: bool = True) -> list[tuple[str, str]]:
    """The header lines on the device as utilization, DRC and power write them."""
    bits = f.part.split("-")
    old = "".join(bits[:2]) + "-" + (bits[2] if len(bits) > 2 else "")
    told = [("Device", f.part if f.year >= 2022.2 else old)]
    if speed and f.year >= 2022.2:
        told.append(("Speed File", "-2LV"))
    return told


def _sites(f: Figures, rows: Sequence[tuple[str, float | None, bool]]) -> str:
    """Rows (label, used, has columns Fixed and Available) of a table of sites."""
    prohibited = f.year >= 2021.1
    columns = ["Site Type", "Used", "Fixed", *(["Prohibited"] if prohibited else []),
               "Available", "Util%"]  # fmt: skip
    lines = []
    for label, used, full in rows:
        space = _AVAILABLE.get(label.strip().rstrip("*"))
        share = "" if not full or not space or used is None else f"{100 * used / space:.2f}"
        if share == "0.00" and used:
            share = "<0.01"
        fixed = ["0" if full else "", *(["0" if full else ""] if prohibited else [])]
        lines.append([label, f"{used:g}", *fixed, str(space) if full and space else "", share])
    return table(columns, lines)


def utilization(f: Figures, command: str) -> str:
    """report_utilization: stars and no distribution before the design is placed."""
    memory = f.lutram + f.srl
    star = "" if f.placed else "*"
    logic: list[tuple[str, float | None, bool]] = [
        (f"CLB LUTs{star}", f.lut_logic + memory, True),
        ("  LUT as Logic", f.lut_logic, True), ("  LUT as Memory", memory, True),
        ("    LUT as Distributed RAM", f.lutram, False),
        ("    LUT as Shift Register", f.srl, False),
        ("CLB Registers", f.ff, True), ("  Register as Flip Flop", f.ff, True),
        ("  Register as Latch", 0, True), ("CARRY8", f.carry8, True), ("F7 Muxes", 0, True),
        ("F8 Muxes", 0, True), ("F9 Muxes", 0, True)]  # fmt: skip
    note = "" if f.placed else ("* Warning! The Final LUT count, after physical optimizations and "
                                "full implementation, is typically lower.\n")  # fmt: skip
    parts = [("CLB Logic", _sites(f, logic) + note),
             ("Sub: Summary of Registers by Type", table(["Total", "Clock Enable"],
                                                         [[str(f.ff), "Yes"]]))]  # fmt: skip
    if f.placed:
        split: list[tuple[str, float | None, bool]] = [
            ("CLB", max(1, f.lut_logic // 6), True), ("LUT as Logic", f.lut_logic, True),
            ("  using O5 output only", f.lut_o5, False),
            ("  using O6 output only", f.lut_o6, False), ("  using O5 and O6", f.lut_o5o6, False),
            ("LUT as Memory", memory, True), ("  LUT as Distributed RAM", f.lutram, False),
            ("    using O5 output only", 0, False), ("    using O6 output only", f.lutram, False),
            ("    using O5 and O6", 0, False), ("Unique Control Sets", 2, False)]  # fmt: skip
        parts.append(("CLB Logic Distribution", _sites(f, split)))
    bram = f.bram36 + f.bram18 / 2
    parts.append(("BLOCKRAM", _sites(f, [("Block RAM Tile", bram, True),
                                         ("  RAMB36/FIFO*", f.bram36, True),
                                         ("  RAMB18", f.bram18, True), ("URAM", f.uram, True)])))
    parts.append(("ARITHMETIC", _sites(f, [("DSPs", f.dsp, True)])))
    cells = [["LUT6", str(f.lut_o6)], ["FDRE", str(f.ff)], ["LUT5", str(f.lut_o5o6)],
             ["LUT3", str(f.lut_o5o6)], ["LUT2", str(f.lut_o5)], ["CARRY8", str(f.carry8)],
             ["DSP48E2", str(f.dsp)], ["RAMB36E2", str(f.bram36)]]  # fmt: skip
    names = ["Ref Name", "Used"]
    used = [[*row, "CLB"] for row in cells if row[1] != "0"]
    boxes = [["a_core_0", str(f.black_boxes)]] if f.black_boxes else []
    parts += [("Primitives", table([*names, "Functional Category"], used)),
              ("Black Boxes", table(names, boxes)), ("Instantiated Netlists", table(names, []))]
    extra = [*device(f), ("Design State", f.state)]
    return header(f, command, extra) + sections(parts, "Utilization Design Information")


def hierarchy(f: Figures, command: str) -> str:
    """report_utilization -hierarchical: a top, its own logic and one child."""
    columns = ["Instance", "Module", "Total LUTs", "Logic LUTs", "LUTRAMs", "SRLs", "FFs",
               "RAMB36", "RAMB18", "URAM", "DSP Blocks"]  # fmt: skip
    memory = f.lutram + f.srl
    top = [f.lut_logic + memory, f.lut_logic, f.lutram, f.srl, f.ff, f.bram36, f.bram18, f.uram,
           f.dsp]  # fmt: skip
    own = [0] * 4 + [f.ff // 2] + [0] * 4
    child = [*top[:4], f.ff - f.ff // 2, *top[5:]]
    rows = [[name, module, *map(str, counts)] for name, module, counts in (
        (f.design, "(top)", top), (f"  ({f.design})", "(top)", own), ("  lane", "lane", child))]
    parts = [("Utilization by Hierarchy", table(columns, rows, left=1))]
    extra = [*device(f), ("Design State", f.state)]
    return header(f, command, extra) + sections(parts, "Utilization Design Information")


def route(f: Figures) -> str:
    """report_route_status, which has no header block."""
    routed = f.nets - f.route_errors if f.state == "Routed" else 0
    lines = [("# of logical nets", 1, f.nets + 50), ("# of nets not needing routing", 2, 50),
             ("# of routable nets", 2, f.nets), ("# of fully routed nets", 3, routed),
             ("# of nets with routing errors", 2, f.route_errors)]  # fmt: skip
    rule = "   " + "-" * 43 + " : ----------- :\n"
    text = "Design Route Status\n" + " " * 47 + ":      # nets :\n" + rule
    for label, depth, count in lines:
        start = "   " + "    " * (depth - 1) + label
        text += f"{start:.<46} : {count:>11} :\n"
    return text + rule + "\n"


def rules(f: Figures, command: str, title: str) -> str:
    """report_drc ("Report DRC") and report_methodology ("Report Methodology")."""
    found = f.drc_errors if "DRC" in title else 0
    rows = [["UCIO-1", "Error", "Unconstrained Logical Port", str(found)]] if found else []
    summary = (f"            Netlist: netlist\n             Max violations: <unlimited>\n"
               f"             Violations found: {found}\n"
               + table(["Rule", "Severity", "Description", "Violations"], rows, left=3))
    if not rows:
        summary += summary.splitlines()[-1] + "\n"  # empty, this table still ends in a rule
    parts = [("REPORT SUMMARY", summary), ("REPORT DETAILS", "")]
    state = "Fully Routed" if f.state == "Routed" else f.state
    return header(f, command, [*device(f), ("Design State", state)]) + sections(parts, title)
