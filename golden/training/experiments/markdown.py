# SPDX-License-Identifier: Apache-2.0
"""The table as Markdown, with what is needed to make it again: commands and package hashes."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from golden.errors import PlutarchError
from golden.files import write_atomic
from golden.training.experiments.table import Line

_HEADS = ("method", "W/A", "Top-1, %", "less FP32", "weights, kB", "S-Huff, kB", "+ LZMA, kB",
          "FIXOPS, M", "weight rate", "FIXOPS rate", "run, min")


def markdown(lines: Sequence[Line]) -> str:
    """Two tables: the results, then commands and SHA-256 of the packages' manifests."""
    rows = [_HEADS, ("---",) * len(_HEADS), *(_cells(line) for line in lines)]
    made = [("row", "command", "package, SHA-256 of its manifest"), ("---",) * 3, *(
        (line.row, f"`{line.command}`",
         f"`{line.package_sha256}`" if line.package_sha256 else "none") for line in lines)]
    notes = [f"{lines[0].images} test images; kB = 1000 bytes; sizes and rates of all weights, "
             "ends at 8 bits included; weight rate: FP32 over raw codes."]
    if any(not line.integers and line.method != "float" for line in lines):
        notes.append("\\* of the frozen model in floats: no package holds it. The others are "
                     "integers.")
    return "\n".join([*map(_row, rows), "", *notes, "", *map(_row, made), ""])


def write_markdown(lines: Sequence[Line], folder: Path) -> Path:
    """table.md beside table.json. Raises PlutarchError (disk, or no lines)."""
    if not lines:
        raise PlutarchError("no lines: no table")
    file = folder / "table.md"
    write_atomic(file, markdown(lines).encode())
    return file


def _cells(line: Line) -> tuple[str, ...]:
    star = "" if line.integers or line.method == "float" else "\\*"
    shuff = "-" if line.shuff_bytes is None else f"{line.shuff_bytes / 1000:.1f}"
    return (line.method, line.bits, f"{line.top1:.2f}{star}",
            "" if line.delta1 is None else f"{line.delta1:+.2f}",
            f"{line.weight_bytes / 1000:.1f}", shuff, f"{line.lzma_bytes / 1000:.1f}",
            f"{line.fixops / 1e6:.2f}", f"{line.weight_rate:.2f}", f"{line.fixops_rate:.2f}",
            f"{line.seconds / 60:.0f}")


def _row(cells: Sequence[str]) -> str:
    return "| " + " | ".join(cells) + " |"
