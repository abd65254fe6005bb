# SPDX-License-Identifier: Apache-2.0
"""report_power in the layout of the version."""

from __future__ import annotations

from collections.abc import Sequence

from synth.vivado.double.figures import Figures
from synth.vivado.double.paper import device, header, sections, table


def _pairs(rows: Sequence[tuple[str, str]]) -> str:
    """A ruled table without a heading."""
    left, right = (max(len(row[i]) for row in rows) for i in (0, 1))
    rule = f"+{'-' * (left + 2)}+{'-' * (right + 2)}+"
    body = [f"| {key:<{left}} | {value:<{right}} |" for key, value in rows]
    return "\n".join([rule, *body, rule, ""])


def _watts(value: float) -> str:
    return "<0.001" if 0 < value < 0.001 else f"{value:.3f}"


def power(f: Figures, command: str) -> str:
    """report_power of a block without pads: no I/O, no processor."""
    total = f.dynamic_w + f.static_w
    matched = "NA" if f.matched is None else (
        f"{100 * f.matched // f.nets}%   ({f.matched}/{f.nets})")  # fmt: skip
    budget = [("Design Power Budget (W)", "Unspecified*"), ("Power Budget Margin (W)", "NA")]
    summary = [("Total On-Chip Power (W)", _watts(total)), *(budget if f.year > 2015.2 else []),
               ("Dynamic (W)", _watts(f.dynamic_w)), ("Device Static (W)", _watts(f.static_w)),
               ("Effective TJA (C/W)", "2.3"), ("Max Ambient (C)", "84.3"),
               ("Junction Temperature (C)", "25.7"), ("Confidence Level", f.confidence),
               ("Setting File", "---"), ("Simulation Activity File", f.saif),
               ("Design Nets Matched", matched)]  # fmt: skip
    chip = [["Clocks", _watts(f.clocks_w), "1", "---", "---"],
            ["CLB Logic", _watts(f.lut_w + f.register_w), str(f.lut_cells + f.ff), "---", "---"],
            ["  LUT as Logic", _watts(f.lut_w), str(f.lut_logic), "117120", "0.16"],
            ["  Register", _watts(f.register_w), str(f.ff), "234240", "0.05"],
            ["Signals", _watts(f.signals_w), str(f.nets), "---", "---"],
            ["Static Power", _watts(f.static_w), "", "", ""],
            ["  PS Static", "0.000", "", "", ""], ["  PL Static", _watts(f.static_w), "", "", ""],
            ["Total", _watts(total), "", "", ""]]  # fmt: skip
    names = ["On-Chip", "Power (W)", "Used", "Available", "Utilization (%)"]
    confidence = [["Overall confidence level", f.confidence, ""]]
    parts = [("Summary", _pairs(summary) + "* Specify Design Power Budget\n"),
             ("Sub: On-Chip Components", table(names, chip)),
             ("Sub: Confidence Level", table(["User Input Data", "Confidence", "Details"],
                                             confidence, left=3)),
             ("Settings", ""),
             ("Sub: Environment", _pairs([("Ambient Temp (C)", "25.0")])),
             ("Detailed Reports", ""),
             ("Sub: By Hierarchy", table(["Name", "Power (W)"],
                                         [[f.design, _watts(f.dynamic_w)]]))]  # fmt: skip
    state = "routed" if f.state == "Routed" else f.state
    extra = [*device(f, speed=False), ("Design State", state), ("Grade", "commercial"),
             ("Process", "typical"), ("Characterization", "Production")]  # fmt: skip
    return header(f, command, extra) + sections(parts, "Power Report")
