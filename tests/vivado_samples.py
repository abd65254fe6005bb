# SPDX-License-Identifier: Apache-2.0
"""Reports for the tests of synth.vivado: the stand-in's, and the real ones where they are."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from golden.data.folders import data_folder
from golden.errors import PlutarchError
from synth.vivado.double import paper, paper_power, paper_timing
from synth.vivado.double.figures import Figures

VERSIONS = ("2015.2", "2020.2", "2021.1", "2023.1", "2025.1")

WRITERS: dict[str, Callable[[Figures], str]] = {
    "utilization": lambda f: paper.utilization(f, "report_utilization -file u.rpt"),
    "hierarchy": lambda f: paper.hierarchy(f, "report_utilization -hierarchical -file h.rpt"),
    "timing": lambda f: paper_timing.timing(f, "report_timing_summary -file t.rpt"),
    "power": lambda f: paper_power.power(f, "report_power -file p.rpt"),
    "route": lambda f: paper.route(f),
    "drc": lambda f: paper.rules(f, "report_drc -file d.rpt", "Report DRC"),
    "methodology": lambda f: paper.rules(f, "report_methodology -file m.rpt", "Report Methodology"),
}
"""Kind of report -> its text for some figures."""


def real_reports() -> list[Path]:
    """The collection of real reports, [] on a machine without it."""
    try:
        folder = data_folder() / "vivado_reports"
    except PlutarchError:
        return []
    return sorted(path for path in folder.rglob("*") if path.is_file())
