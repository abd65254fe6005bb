# SPDX-License-Identifier: Apache-2.0
"""`python -m synth.vivado.reports FILE...`: a line a report, or everything with --json.

Exit code 0: all sound; 1: a report breaks an invariant; 2: a file that cannot be read as a report.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path

from golden.errors import PlutarchError
from synth.vivado.reports.model import Report, Value
from synth.vivado.reports.read import read_reports

_SHOWN = {
    "utilization": ("lut", "lut_primitives", "ff", "carry8", "carry4", "bram_tile", "uram", "dsp",
                    "black_boxes"),
    "hierarchy": ("lut", "ff", "bram36", "bram18", "uram", "dsp"),
    "timing": ("met", "wns_ns", "whs_ns", "wpws_ns", "period_ns", "fmax_est_mhz", "fmax_met_mhz",
               "min_period_cap_ns", "no_clock", "unconstrained"),
    "power": ("total_w", "dynamic_w", "static_w", "confidence", "matched_percent", "publishable"),
    "route": ("routed", "nets_routable", "nets_routed", "nets_with_errors"),
    "drc": ("violations", "errors"),
    "methodology": ("violations", "errors", "critical_warnings"),
    "bus_skew": ("constraints", "worst_slack_ns"),
    "clocks": ("buffers",),
}  # fmt: skip


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the table; return the exit code."""
    parser = argparse.ArgumentParser(prog="python -m synth.vivado.reports",
                                     description="Read Vivado reports of any supported kind.")
    parser.add_argument("files", nargs="+", metavar="FILE", help="a report, or a folder of them")
    parser.add_argument("--json", action="store_true", help="all values, reasons and checks")
    parser.add_argument("--reasons", action="store_true", help="why a value is null, a line each")
    options = parser.parse_args(arguments)
    reports: list[Report] = []
    refused: list[str] = []
    for file in _files(options.files):
        try:
            reports += read_reports(file)
        except PlutarchError as error:
            refused.append(str(error))
    if options.json:
        content = {"reports": [report.as_json() for report in reports], "refused": refused}
        print(json.dumps(content, indent=1))
    else:
        _table(reports, options.reasons)
    broken = sum(bool(report.broken) for report in reports)
    total = len(reports) + len(refused)
    for line in refused:
        print(line, file=sys.stderr)
    if not options.json:
        print(f"{len(reports)} of {total} read, {len(reports) - broken} keep all invariants, "
              f"{broken} do not, {len(refused)} refused")  # fmt: skip
    return 2 if refused else 1 if broken else 0


def _files(names: Sequence[str]) -> list[Path]:
    files: list[Path] = []
    for name in names:
        path = Path(name)
        inside = sorted(f for f in path.rglob("*") if f.is_file()) if path.is_dir() else [path]
        files += inside
    return files


def _table(reports: list[Report], reasons: bool) -> None:
    for report in reports:
        fields = ", ".join(f"{n} {_short(report.values.get(n))}" for n in _SHOWN[report.kind])
        state = "BROKEN" if report.broken else "sound"
        about = f"{report.tool_version or '-'} {report.device or '-'} {report.stage or '-'}"
        print(f"{state:6} {report.kind:11} {Path(report.path).name}\n       {about}: {fields}")
        for line in report.broken:
            print(f"       broken: {line}")
        for line in report.warnings:
            print(f"       note: {line}")
        for name, why in report.reasons.items() if reasons else ():
            print(f"       null: {name}: {why}")


def _short(value: Value) -> str:
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, dict):
        return " ".join(f"{key}={_short(one)}" for key, one in value.items() if one != 0) or "none"
    return str(value)


if __name__ == "__main__":
    sys.exit(main())
