# SPDX-License-Identifier: Apache-2.0
"""Pictures of a run: convergence (the paper's Fig. 5) and weights before and after (Fig. 4).

Drawn with matplotlib's figures, not through pyplot: no display, no global state. Everything comes
from logs and models, nothing is smoothed.
"""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from golden.errors import PlutarchError
from golden.files import write_atomic
from golden.training.logs import Row

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

COLOURS = ("#3b6fb6", "#d1682c", "#4d9a5b", "#8c5ba8", "#a3893a", "#5b5b5b")
_STYLES = {"none": "-", "fixed": "--", "learnable": "-."}


@dataclass(frozen=True)
class Weights:
    """One layer's weights: as trained (what the quantiser reads), quantised, and the levels."""

    layer: str
    before: Any  # (n,) floats
    after: Any  # (n,) floats, on the levels
    levels: Any  # (L,) floats, ascending


def new_figure(width: float, height: float) -> Figure:
    """An empty figure, in inches. Raises PlutarchError if matplotlib is not installed."""
    try:
        from matplotlib.figure import Figure
    except ImportError as error:
        raise PlutarchError("plots: matplotlib is not installed (extra `train`)") from error
    return Figure((width, height), dpi=120, layout="constrained")


def save_figure(figure: Figure, file: Path) -> Path:
    """Write a PNG, complete or not at all. Raises PlutarchError naming the file."""
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png", metadata={"Software": None})
    write_atomic(file, buffer.getvalue())
    return file


def convergence(runs: Mapping[str, Sequence[Sequence[Row]]], file: Path, title: str = "") -> Path:
    """Fig. 5: curves of named groups of runs (several seeds each) over the epochs.

    Cross entropy, test accuracy, D and lambda; the line is the mean over a group's seeds, the band
    goes from the lowest to the highest of them. Epochs of the float stage are left out if later
    stages follow. Raises PlutarchError if there is nothing to draw.
    """
    if not runs or not all(group and all(group) for group in runs.values()):
        raise PlutarchError(f"{file}: no epochs to draw")
    panels = (("cross_entropy", "cross entropy (training)"), ("test_accuracy", "test accuracy, %"),
              ("distance", "D"), ("coefficient", "lambda"))
    figure = new_figure(10, 6.4)
    axes = figure.subplots(2, 2, sharex=True).flat
    for axis, (column, label) in zip(axes, panels, strict=True):
        for place, (name, group) in enumerate(runs.items()):
            _curve(axis, name, [_later(rows) for rows in group], column, COLOURS[place % 6])
        axis.set_ylabel(label)
        _plain(axis)
        if column in ("distance", "coefficient") and _wide(axis):
            axis.set_yscale("log")
        if column == "coefficient" and not axis.get_lines():
            axis.text(0.5, 0.5, "no regulariser", ha="center", color="#777777",
                      transform=axis.transAxes)
            axis.set_yticks([])
    for axis in figure.axes[2:]:
        axis.set_xlabel("epoch")
    figure.axes[0].legend(frameon=False)
    if title:
        figure.suptitle(title)
    return save_figure(figure, file)


def _later(rows: Sequence[Row]) -> list[Row]:
    """The rows behind the quantisers, or all of a float run."""
    return [row for row in rows if row.stage != "float"] or list(rows)


def _curve(axis: Axes, name: str, group: list[list[Row]], column: str, colour: str) -> None:
    """Mean and range of a column over the runs of a group; runs may differ in length."""
    factor = 100.0 if column == "test_accuracy" else 1.0
    values: dict[int, list[float]] = {}
    for rows in group:
        for row in rows:
            value = getattr(row, column)
            if value is not None and (value or column != "coefficient"):  # 0: it does not act
                values.setdefault(row.epoch, []).append(factor * value)
    if not values:
        return
    epochs = sorted(values)
    axis.plot(epochs, [np.mean(values[e]) for e in epochs], _STYLES.get(name, "-"), color=colour,
              label=f"{name} ({len(group)} seeds)" if len(group) > 1 else name, linewidth=1.5)
    if len(group) > 1:
        axis.fill_between(epochs, [min(values[e]) for e in epochs],
                          [max(values[e]) for e in epochs], color=colour, alpha=0.15, linewidth=0)
    stages = {row.epoch: row.stage for row in group[0]}
    first = next((e for e in epochs if stages.get(e) == "frozen"), None)
    if first is not None:
        axis.axvline(first - 0.5, color="#999999", linewidth=0.8, linestyle=":")
        if column == "cross_entropy":
            axis.annotate("frozen", (first - 0.4, 0.02), fontsize=8, color="#777777",
                          xycoords=("data", "axes fraction"))


def weight_histograms(layers: Sequence[Weights], file: Path, title: str = "") -> Path:
    """Fig. 4: each layer's weights before quantisation (above) and on its levels (below).

    Raises PlutarchError if there are no layers.
    """
    if not layers:
        raise PlutarchError(f"{file}: no quantised layers to draw")
    figure = new_figure(min(3.4 * len(layers), 17), 5.6)
    axes = figure.subplots(2, len(layers), sharex="col", squeeze=False)
    for column, layer in enumerate(layers):
        above, below = axes[0][column], axes[1][column]
        above.hist(layer.before, bins=80, color=COLOURS[0])
        for level in layer.levels:
            above.axvline(level, color="#999999", linewidth=0.6, linestyle=":")
        counts = [int((layer.after == level).sum()) for level in layer.levels]
        below.vlines(layer.levels, 0, counts, color=COLOURS[1], linewidth=2.5)
        zeros = float((layer.after == 0).mean())
        below.set_title(f"{len(set(layer.after.tolist()))} levels, {100 * zeros:.1f} % zero",
                        fontsize=9)
        above.set_title(layer.layer, fontsize=10)
        below.set_xlabel("value at the quantiser")
        below.set_ylim(bottom=0)
        for axis in (above, below):
            _plain(axis)
    axes[0][0].set_ylabel("weights, before")
    axes[1][0].set_ylabel("weights, quantised")
    if title:
        figure.suptitle(title)
    return save_figure(figure, file)


def _plain(axis: Axes) -> None:
    """No box, a light grid."""
    axis.spines[["top", "right"]].set_visible(False)
    axis.grid(True, color="#e6e6e6", linewidth=0.6)
    axis.set_axisbelow(True)


def _wide(axis: Axes) -> bool:
    """Whether all curves lie above zero and span more than a factor of five: worth a logarithm."""
    values = [np.asarray(line.get_ydata(), dtype=float) for line in axis.get_lines()
              if len(np.atleast_1d(line.get_xdata())) > 2]
    low = min((float(v.min()) for v in values), default=0.0)
    return low > 0 and max(float(v.max()) for v in values) > 5 * low
