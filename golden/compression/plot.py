# SPDX-License-Identifier: Apache-2.0
"""Fig. 6 of the paper as a picture: zero weights per layer, and sizes with and without each step.

"Sign separation" is what S-Huff does: the sign bit outside the Huffman symbol. matplotlib is
imported when a picture is drawn.
"""

from __future__ import annotations

import io
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from golden.compression.measure import PAPER, PAPER_FIXED, RAW, SHIPPED, SIGNED, Found
from golden.errors import PlutarchError
from golden.files import write_atomic

# row, what the legend says, colour, line style
_LINES = (
    (RAW, "no Huffman, sign in the code (raw bits)", "#7f7f7f", "-"),
    (PAPER_FIXED, "no Huffman, sign apart (paper accounting, not decodable)", "#ff7f0e", ":"),
    (SIGNED, "Huffman over signed symbols, without table", "#2ca02c", "-"),
    (SHIPPED, "Huffman, sign apart: S-Huff as shipped", "#1f77b4", "-"),
    (PAPER, "Huffman, sign apart (paper accounting, not decodable)", "#d62728", ":"),
)
_BARS = ("#1f77b4", "#ff9f4a", "#2ca02c")
_GRIDS = {"pot": ("IOS-PoT", "o"), "apot": ("APoT", "x")}


def draw(path: Path, title: str, found: Sequence[Found]) -> None:
    """Write a PNG. Raises PlutarchError without matplotlib, or if the file cannot be written."""
    try:
        from matplotlib.backends.backend_agg import FigureCanvasAgg
        from matplotlib.figure import Figure
    except ImportError as error:
        raise PlutarchError("--plot: matplotlib is not installed (extra `train`)") from error
    names = [layer.name for layer in found[0].coded]
    figure = Figure(figsize=(max(9.0, 0.42 * len(names) + 4), 4.0 + 3.6 * len(found)), dpi=110,
                    layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.subplots(1 + len(found), 1, sharex=True)
    figure.suptitle(title)
    _zeros(axes[0], found, names)
    values = [y for place, grid in zip(axes[1:], found, strict=True) for y in _lines(place, grid)]
    for place in axes[1:]:  # one scale, so that grids can be compared
        place.set_ylim(max(0.0, min(values) - 0.3), max(values) + 0.3)
    axes[1].legend(fontsize=8, loc="upper center", bbox_to_anchor=(0.5, 1.34), ncols=2)
    axes[-1].set_xticks(range(len(names)), names, rotation=60, ha="right", fontsize=8)
    picture = io.BytesIO()
    figure.savefig(picture, format="png")
    write_atomic(path, picture.getvalue())


def _zeros(place: Any, found: Sequence[Found], names: Sequence[str]) -> None:
    """Bars: number of zero weights, logarithmic; the share written above."""
    width = 0.8 / len(found)
    for i, grid in enumerate(found):
        at = [x + (i - (len(found) - 1) / 2) * width for x in range(len(names))]
        reports = [layer.report for layer in grid.coded]
        bars = place.bar(at, [report.zeros for report in reports], width,
                         label=_label(grid), color=_BARS[i % len(_BARS)])
        place.bar_label(bars, [f"{100 * r.zeros / max(1, r.count):.0f}" for r in reports],
                        fontsize=6, padding=1)
    place.set_yscale("symlog", linthresh=10)
    place.margins(y=0.12)
    place.set_ylabel("zero weights\n(above: % of the layer)")
    place.legend(fontsize=8)
    place.grid(axis="y", alpha=0.3)


def _lines(place: Any, grid: Found) -> list[float]:
    """Bits a weight of each layer in each way of storing it; returns all of them."""
    drawn: list[float] = []
    for row, label, colour, style in _LINES:
        y = [layer.report.row(row).bits / max(1, layer.report.count) for layer in grid.coded]
        drawn += y
        place.plot(range(len(y)), y, style, marker=_GRIDS.get(grid.grid, ("", "s"))[1],
                   markersize=4, color=colour, label=label, linewidth=1.4)
    place.set_ylabel(f"{_label(grid)}: bits a weight")
    place.grid(axis="y", alpha=0.3)
    return drawn


def _label(grid: Found) -> str:
    return _GRIDS.get(grid.grid, (grid.grid, ""))[0]
