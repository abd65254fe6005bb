# SPDX-License-Identifier: Apache-2.0
"""Readers of Vivado's reports, 2015.2 to 2025.2, 7-series to UltraScale+; kind told by content."""

from synth.vivado.reports.model import Check, Report, ReportError
from synth.vivado.reports.read import read_report, read_reports

__all__ = ["Check", "Report", "ReportError", "read_report", "read_reports"]
