# SPDX-License-Identifier: Apache-2.0
"""From a file to a report: which kind it is (by content, never by name), and its reader."""

from __future__ import annotations

import itertools
import os
import re
from collections.abc import Callable
from pathlib import Path

from golden.files import sha256
from synth.vivado.reports import hierarchy, others, power, timing, utilization
from synth.vivado.reports.model import STAGES, Report, ReportError
from synth.vivado.reports.text import Text, cut

Reader = Callable[[Report, Text], None]

_READERS: dict[str, Reader] = {
    "utilization": utilization.read,
    "hierarchy": hierarchy.read,
    "timing": timing.read,
    "power": power.read,
    "route": others.read_route,
    "drc": others.read_rules,
    "methodology": others.read_rules,
    "bus_skew": others.read_bus_skew,
    "clocks": others.read_clocks,
}
_TITLES = {
    "Utilization Design Information": "utilization",
    "Timing Summary Report": "timing",
    "Power Report": "power",
    "Design Route Status": "route",
    "Report DRC": "drc",
    "Report Methodology": "methodology",
    "Bus Skew Report": "bus_skew",
    "Clock Utilization Report": "clocks",
}
_COMMANDS = {
    "report_utilization": "utilization", "report_timing_summary": "timing",
    "report_power": "power", "report_route_status": "route", "report_drc": "drc",
    "report_methodology": "methodology", "report_bus_skew": "bus_skew",
    "report_clock_utilization": "clocks",
}  # fmt: skip
_VERSION = re.compile(r"Vivado v\.(\d{4}\.\d(?:\.\d)?)")
_START = re.compile(r"^\| Tool Version\s*:", re.MULTILINE)


def read_report(path: str | os.PathLike[str]) -> Report:
    """Read the one report of a file; ReportError when it holds none, an unknown kind or several."""
    reports = read_reports(path)
    if len(reports) != 1:
        raise ReportError(f"{path}: holds {len(reports)} reports, one is expected")
    return reports[0]


def read_reports(path: str | os.PathLike[str]) -> list[Report]:
    """Read all reports of a file (`-append` writes several into one)."""
    name = os.fspath(path)
    try:
        data = Path(path).read_bytes()
    except OSError as error:
        raise ReportError(f"{name}: cannot read: {error.strerror or error}") from error
    text = _decode(data)
    return [_read_one(part, name, sha256(data)) for part in _split(text)]


def _decode(data: bytes) -> str:
    """Text of a report: UTF-8, or UTF-16 as PowerShell's redirection writes it."""
    if data[:2] in (b"\xff\xfe", b"\xfe\xff"):
        return data.decode("utf-16", errors="replace").replace("\r\n", "\n")
    text = data.decode("utf-8-sig", errors="replace")
    return text.replace("\r\n", "\n").replace("\r", "\n")


def _split(text: str) -> list[str]:
    """Cut at every header block but the first; text before the first belongs to it."""
    starts = [match.start() for match in _START.finditer(text)]
    if len(starts) < 2:
        return [text]
    marks = [0, *starts[1:], len(text)]
    return [text[a:b] for a, b in itertools.pairwise(marks)]


def _read_one(text: str, path: str, digest: str) -> Report:
    if not text.strip():
        raise ReportError(f"{path}: the file is empty")
    parts = cut(text)
    kind = _kind(parts, path)
    header = parts.header
    version = _VERSION.search(header.get("Tool Version", ""))
    state = header.get("Design State", "")
    report = Report(kind, path, digest, header=header,
                    tool_version=version[1] if version else None,
                    design=header.get("Design"), device=header.get("Device"),
                    stage=STAGES.get(state.lower()), command=header.get("Command"))  # fmt: skip
    for name, why in (("tool_version", "the header names no version"),
                      ("design", "the header names no design"),
                      ("device", "the header names no device"),
                      ("stage", f"Design State is {state!r}" if state
                       else "the header has no Design State (timing: before 2023.1)")):  # fmt: skip
        if getattr(report, name) is None:
            report.reasons[name] = why
    _READERS[kind](report, parts)
    return report


def _kind(text: Text, path: str) -> str:
    command = text.header.get("Command", "").split()
    by_command = _COMMANDS.get(command[0].rpartition("::")[2]) if command else None
    titles = [_TITLES[line.strip()] for line in text.lines[:400]
              if line.strip() in _TITLES and not line.startswith((" ", "|"))]  # fmt: skip
    kind = titles[0] if titles else by_command
    if kind is None:
        told = f"the report of {command[0]}" if command else "no Vivado report"
        raise ReportError(f"{path}: {told}; known: {', '.join(sorted(_READERS))}")
    if by_command and kind != by_command:
        raise ReportError(f"{path}: its title says {kind}, its command {command[0]}")
    return "hierarchy" if kind == "utilization" and hierarchy.TITLE in _all(text) else kind


def _all(text: Text) -> list[str]:
    return [*text.sections, *text.contents]
