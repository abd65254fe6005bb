# SPDX-License-Identifier: Apache-2.0
"""The details of a timing summary: the worst setup path, and the pins that cap the clock."""

from __future__ import annotations

import re

from synth.vivado.reports.model import Report, Value
from synth.vivado.reports.text import Text

_SLACK = re.compile(r"^Slack(?: \((MET|VIOLATED)\))?\s*:\s*(-?[\d.]+ns|inf)")
_FIELD = re.compile(r"^ {2}([A-Z][A-Za-z ()]*?):\s+(.*?)\s*$")
_NS = re.compile(r"^(-?\d+(?:\.\d+)?)ns")
_MIN_PERIOD = re.compile(
    r"^Min Period\s+\S+\s+(\S+)\s+\S+\s+(\d+\.\d+)\s+(\d+\.\d+)\s+(-?\d+\.\d+)\s"
)


def read(report: Report, text: Text) -> None:
    """Put `worst_path` (of setup), and in each clock its shortest period and the pin that asks."""
    worst: tuple[float, int] | None = None
    setup = False
    clock = ""
    caps: dict[str, tuple[float, str]] = {}
    for at, line in enumerate(text.lines):
        if line.startswith(("Max Delay Paths", "Min Delay Paths", "Pulse Width Checks")):
            setup = line.startswith("Max")
        slack = _SLACK.match(line) if setup else None
        if slack and slack[2] != "inf":
            value = float(slack[2][:-2])
            report_sign(report, slack[1], value, at + 1)
            if worst is None or value < worst[0]:
                worst = value, at
        if line.startswith("Clock Name:"):
            clock = line.partition(":")[2].strip()
        period = _MIN_PERIOD.match(line)
        if period:
            caps[clock] = max(caps.get(clock, (0.0, "")), (float(period[2]), period[1]))
    clocks = report.values["clocks"]
    for name, one in clocks.items() if isinstance(clocks, dict) else ():
        if isinstance(one, dict):
            one["min_period_ns"], one["min_period_pin"] = caps.get(name, (None, None))
    if worst is None:
        report.put("worst_path", None, "no setup path with a slack among the details")
        return
    report.put("worst_path", _path(text.lines, worst[1], worst[0]))
    wns = report.number("wns_ns")
    if wns is not None:  # a report for some clocks only, or cut, need not hold the worst one
        report.check("the worst path has the worst slack", abs(worst[0] - wns) < 0.0006,
                     f"{worst[0]} against WNS {wns}", hard=False)  # fmt: skip


def report_sign(report: Report, word: str | None, slack: float, line: int) -> None:
    """`(MET)` and `(VIOLATED)` must agree with the sign of the slack."""
    if word and (slack < 0) != (word == "VIOLATED") and abs(slack) >= 0.0005:
        report.check("slack agrees with its word", False, f"line {line}: {word}, {slack} ns")


def _path(lines: list[str], at: int, slack: float) -> dict[str, Value]:
    fields: dict[str, str] = {}
    for line in lines[at + 1 : at + 40]:
        if line.lstrip().startswith(("Location", "----")):
            break
        match = _FIELD.match(line)
        if match:
            fields.setdefault(match[1].strip(), match[2])
    delay = fields.get("Data Path Delay", "")
    logic = re.search(r"logic (\d+\.\d+)ns", delay)
    stated = fields.get("Logic Levels", "")
    levels = re.match(r"\d+", stated)
    luts = [int(count) for count in re.findall(r"\bLUT\d=(\d+)", stated)]
    source = fields.get("Source")
    return {
        "slack_ns": slack,
        "source": source,
        "destination": fields.get("Destination"),
        "group": fields.get("Path Group"),
        "requirement_ns": _ns(fields.get("Requirement", "")),
        "delay_ns": _ns(delay),
        "logic_ns": float(logic[1]) if logic else None,
        "levels": int(levels[0]) if levels else None,  # carries and multiplexers count too
        "lut_levels": sum(luts) if levels else None,
    }


def _ns(text: str) -> float | None:
    match = _NS.match(text)
    return float(match[1]) if match else None
