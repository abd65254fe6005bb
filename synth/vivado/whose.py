# SPDX-License-Identifier: Apache-2.0
"""Whose a report is: reports of another design, tool, part or stage are refused."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from synth.vivado.double import HOST
from synth.vivado.reports import Report, ReportError, read_report
from synth.vivado.reports.model import Value


@dataclass(frozen=True)
class Origin:
    """What a report must be of; stand_in: reports of the test double are let through."""

    design: str
    part: str
    version: str
    stage: str
    stand_in: bool = False


def _short(device: str) -> str:
    """A device name without dashes and family prefix: versions write it in different ways."""
    return device.replace("-", "").lower().removeprefix("xc")


def load(path: Path, kind: str, origin: Origin) -> Report:
    """Read a report and make sure whose it is. Raises ReportError naming file and difference."""
    report = read_report(path)
    report.require_sound()
    if report.kind != kind:
        raise ReportError(f"{path}: a {report.kind} report, {kind} is expected")
    if HOST in report.header.get("Host", "") and not origin.stand_in:
        raise ReportError(f"{path}: written by the test double, it is no measurement")
    if kind == "route":  # this one has no header block
        return report
    wrong = []
    if report.design != origin.design:
        wrong.append(f"design {report.design}, not {origin.design}")
    if report.device is None or not _short(origin.part).startswith(_short(report.device)):
        wrong.append(f"device {report.device}, not {origin.part}")
    if report.tool_version != origin.version:
        wrong.append(f"Vivado {report.tool_version}, not {origin.version}")
    unsaid = report.stage is None and kind == "timing"  # before 2023.1 they do not say
    if report.stage != origin.stage and not unsaid:
        wrong.append(f"stage {report.stage}, not {origin.stage}")
    if wrong:
        raise ReportError(f"{path}: a report of another build: {'; '.join(wrong)}")
    return report


def cross_check(path: Path, figures: Mapping[str, Any], **read: Value) -> None:
    """What Tcl asked Vivado itself against what was read; ReportError naming the figure."""
    for name, value in read.items():
        if name in figures and value is not None and figures[name] != value:
            raise ReportError(f"{path}: {name} is {figures[name]} asked in Tcl, but {value} in the "
                              "report: the reader or the report is wrong")  # fmt: skip
