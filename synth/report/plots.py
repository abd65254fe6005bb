# SPDX-License-Identifier: Apache-2.0
"""The report's pictures, as PNG bytes. matplotlib (extra `train`) is imported when one is drawn."""

from __future__ import annotations

import io
from collections.abc import Mapping
from typing import TYPE_CHECKING, Final

from golden.training.plots import new_figure
from synth.report import claims
from synth.report.choose import (
    BASELINES,
    CHANGING,
    HELD,
    LANES,
    LUT_NS,
    LUT_PER_MAC,
    OURS,
    Lanes,
    Metric,
)
from synth.report.facts import Facts
from synth.report.model import Plot

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_COLOURS: Final[Mapping[str, str]] = {
    "P1": "#9cc3e6", "P2": "#3b82c4", "P3": "#123f73", "S0": "#f4b183", "S1": "#e0662a",
    "S2": "#8f2f0b", "A1": "#4d9a5b", "M3": "#8c6bb1", "M4": "#8c6bb1", "M8": "#5b3a85",
    "D4": "#9a9a9a", "D8": "#5f5f5f",
}  # fmt: skip
_WIDEST: Final = 11.0  # inches
_MARKS: Final = {"P": "o", "S": "s", "A": "^", "M": "D", "D": "x"}


def draw(lanes: Lanes, facts: Facts) -> dict[str, list[Plot]]:
    """Section -> its pictures. Raises PlutarchError when matplotlib is not installed."""
    here = lanes.origin.words
    found: dict[str, list[Plot | None]] = {"claims": [], "lut": [], "energy": [], "lut-time": []}
    found["claims"].append(_claims(lanes, facts, f"Claimed against reproduced ({here})"))
    if len({n for _, n in lanes.best}) > 1:
        found["lut"].append(_over_n(lanes, LUT_PER_MAC, f"LUT/MAC over operands ({here})"))
    found["lut"].append(_bars(lanes, [LUT_PER_MAC], f"LUT/MAC over bits ({here})"))
    found["energy"].append(_bars(lanes, [HELD, CHANGING],
                                 f"Energy per MAC: estimate, uncalibrated ({here})"))
    found["lut-time"].append(_bars(lanes, [LUT_NS], f"LUT x ns over bits ({here})"))
    return {key: [one for one in plots if one is not None] for key, plots in found.items()}


def _png(figure: Figure) -> bytes:
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png", dpi=120, metadata={"Software": None})
    return buffer.getvalue()


def _bits(lanes: Lanes) -> list[int]:
    return [b for b in lanes.largest if any(lane in OURS for n in (lanes.largest[b],)
                                            for lane in lanes.best[b, n])] or list(lanes.largest)


def _over_n(lanes: Lanes, metric: Metric, title: str) -> Plot:
    """A panel for each width: every lane's figure over the number of operands."""
    widths = _bits(lanes)
    figure = new_figure(4.2 * len(widths), 3.9)
    panels = figure.subplots(1, len(widths), squeeze=False)[0]
    for axis, b in zip(panels, widths, strict=True):
        for lane in LANES:
            points = [(n, value) for one, n in lanes.places if one == b
                      and (record := lanes.get(b, n, lane)) is not None
                      and (value := metric.of(record)) is not None]  # fmt: skip
            if points:
                axis.plot(*zip(*points, strict=True), color=_COLOURS[lane], label=lane,
                          marker=_MARKS[lane[0]], markersize=4, linewidth=1.6,
                          linestyle="-" if lane in OURS else "--")  # fmt: skip
        axis.set_xscale("log", base=2)
        ticks = sorted({n for one, n in lanes.places if one == b})
        axis.set_xticks(ticks, [str(n) for n in ticks])
        axis.minorticks_off()
        axis.set_ylim(bottom=0)
        axis.set_title(f"b = {b}", fontsize=10)
        axis.set_xlabel("operands N")
        _plain(axis)
        axis.legend(frameon=False, fontsize=8, ncols=2)
    panels[0].set_ylabel(metric.name)
    _sign(figure, lanes, [metric])
    return Plot(title, _png(figure))


def _bars(lanes: Lanes, metrics: list[Metric], title: str) -> Plot | None:
    """A panel for each width: a group of bars for each lane at that width's largest N."""
    shown = [(b, n, [lane for lane in LANES if _some(lanes, metrics, b, n, lane)])
             for b, n in lanes.largest.items()]  # fmt: skip
    shown = [one for one in shown if one[2]]
    if not shown:
        return None
    bars = sum(len(names) + 1 for *_, names in shown)
    figure = new_figure(min(_WIDEST, max(5.0, 0.5 * bars)), 3.6)
    panels = figure.subplots(1, len(shown), squeeze=False, sharey=True,
                             width_ratios=[max(2, len(names)) + 0.6 for *_, names in shown])[0]
    width, scale = 0.8 / len(metrics), 1.0 if len(metrics) == 1 else 1000.0  # energies in pJ
    for axis, (b, n, names) in zip(panels, shown, strict=True):
        for place, metric in enumerate(metrics):
            figures = [(i, lane, value) for i, lane in enumerate(names)
                       if (record := lanes.get(b, n, lane)) is not None
                       and (value := metric.of(record)) is not None]  # fmt: skip
            drawn = axis.bar([i + (place - (len(metrics) - 1) / 2) * width for i, _, _ in figures],
                             [value / scale for *_, value in figures], width * 0.94,
                             color=[_COLOURS[lane] for _, lane, _ in figures],
                             alpha=1.0 if place == 0 else 0.45)  # fmt: skip
            axis.bar_label(drawn, [f"{value / scale:.1f}" for *_, value in figures],
                           fontsize=5.5 if len(metrics) > 1 else 6.5, padding=1)  # fmt: skip
        axis.set_xticks(range(len(names)), names, fontsize=8)
        axis.set_title(f"b={b}, N={n}", fontsize=9)
        _plain(axis)
    panels[0].set_ylabel(_label(metrics))
    _sign(figure, lanes, metrics)
    return Plot(title, _png(figure))


def _claims(lanes: Lanes, facts: Facts, title: str) -> Plot | None:
    """Baselines over P-LUT at 4 and 3 bits, and the claimed ratio as a line."""
    shown = [(facts.claim(claim), metric, b, lanes.largest[b])
             for claim, metric in claims.METRICS.items() for b in (claims.PAPER_BITS, 3)
             if b in lanes.largest]  # fmt: skip
    if not shown:
        return None
    figure = new_figure(min(_WIDEST, 2.9 * len(shown)), 3.6)  # says so without matplotlib
    from matplotlib.patches import Patch

    panels = figure.subplots(1, len(shown), squeeze=False)[0]
    for axis, (claim, metric, b, n) in zip(panels, shown, strict=True):
        for place, base in enumerate(BASELINES):
            figures = [(i + (place - 1) * 0.27, value) for i, ours in enumerate(OURS)
                       if (value := claims.ratio(lanes, metric, (b, n), ours, base)[0]) is not None]
            if figures:
                drawn = axis.bar(*zip(*figures, strict=True), 0.25, color=_COLOURS[base])
                axis.bar_label(drawn, [f"{value:.1f}" for _, value in figures], fontsize=6,
                               padding=1)  # fmt: skip
        axis.axhline(claim.ratio, color="#b00020", linestyle="--", linewidth=1)
        axis.axhline(1, color="#555555", linewidth=0.8)
        axis.set_xticks(range(len(OURS)), OURS, fontsize=8)
        axis.set_title(f"{metric.name}\nb={b}, N={n}; claimed {claim.ratio:g}x (dashed)",
                       fontsize=8)  # fmt: skip
        _plain(axis)
    names = [Patch(color=_COLOURS[base], label=f"{base} over P") for base in BASELINES]
    figure.legend(handles=names, loc="outside upper center", ncols=3, frameon=False, fontsize=8)
    panels[0].set_ylabel("baseline over P-LUT")
    _sign(figure, lanes, list(claims.METRICS.values()))
    return Plot(title, _png(figure))


def _some(lanes: Lanes, metrics: list[Metric], b: int, n: int, lane: str) -> bool:
    record = lanes.get(b, n, lane)
    return record is not None and any(one.of(record) is not None for one in metrics)


def _label(metrics: list[Metric]) -> str:
    if len(metrics) == 1:
        return metrics[0].name
    return "pJ/MAC: weights held (full),\nchanging (pale)"


def _sign(figure: Figure, lanes: Lanes, metrics: list[Metric]) -> None:
    """What the figures are and who counted them, inside the picture: pictures travel alone."""
    notes = dict.fromkeys(note for one in metrics
                          for note in (one.meaning, one.caveat(lanes.origin)) if note)
    figure.supxlabel("; ".join((*notes, lanes.origin.words)), fontsize=7, color="#666666")


def _plain(axis: Axes) -> None:
    axis.spines[["top", "right"]].set_visible(False)
    axis.grid(True, axis="y", color="#e6e6e6", linewidth=0.6)
    axis.set_axisbelow(True)
