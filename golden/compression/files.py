# SPDX-License-Identifier: Apache-2.0
"""The figures as JSON (all of them) and as CSV (one line a layer and way of storing it)."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from golden.compression.measure import Found, LayerSizes, verdicts
from golden.files import write_atomic
from golden.shuff.report import SizeReport

COLUMNS = ("grid", "layer", "shape", "bits", "weights", "zero_weights", "fp32_bytes", "stored_as",
           "decodable", "size_bits", "lzma_bits")
TOTAL = "total"


def _report(report: SizeReport) -> dict[str, Any]:
    return {"bits": report.bits, "weights": report.count, "zero_weights": report.zeros,
            "rows": [asdict(row) for row in report.rows]}


def as_json(found: Found, table2: Sequence[LayerSizes]) -> dict[str, Any]:
    """Plain values of one grid. Sizes in bits; lzma_bits is null where there is none."""
    return {"grid": found.grid,
            "layers": [{"name": layer.name, "shape": list(layer.shape), "grid": layer.grid,
                        "fp32_bytes": layer.float_bytes, **_report(layer.report)}
                       for layer in found.layers],
            "total": _report(found.total), "archive_lzma_bits": found.archive_bits,
            "network": {"fp32_bytes": found.float_bytes, "raw_bits": found.network("raw"),
                        "shipped_bits": found.network(),
                        "lzma_bits": None if found.archive_bits is None
                        else found.network(lzma=True)},
            "table2": [layer.name for layer in table2], "verdicts": verdicts(found)}


def write_json(path: Path, head: Mapping[str, Any], found: Sequence[Found],
               table2: Mapping[str, Sequence[LayerSizes]]) -> None:
    """Everything of all grids, after the entries of `head`."""
    content = {**head, "grids": [as_json(grid, table2[grid.grid]) for grid in found]}
    write_atomic(path, (json.dumps(content, indent=1) + "\n").encode())


def write_csv(path: Path, found: Sequence[Found]) -> None:
    """COLUMNS, a header line first; layer "total" is the sum over the coded layers."""
    text = io.StringIO()
    lines = csv.writer(text, lineterminator="\n")
    lines.writerow(COLUMNS)
    for grid in found:
        layers = [(layer.name, "x".join(map(str, layer.shape)), layer.report)
                  for layer in grid.layers]
        for name, shape, report in [*layers, (TOTAL, "", grid.total)]:
            for row in report.rows:
                lines.writerow([grid.grid, name, shape, report.bits, report.count, report.zeros,
                                4 * report.count, row.name, int(row.decodable), row.bits,
                                "" if row.lzma_bits is None else row.lzma_bits])
    write_atomic(path, text.getvalue().encode())
