# SPDX-License-Identifier: Apache-2.0
"""Damaged reports: what is gone is null with a reason, and never 0, wherever the file is cut."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from synth.vivado.double.figures import Figures
from synth.vivado.reports import Report, ReportError, read_report
from tests.vivado_samples import WRITERS, real_reports

FIGURES = Figures(lutram=8, srl=2, bram18=3, bram36=2, uram=1, dsp=5, saif="x.saif", matched=380,
                  confidence="High", no_clock=2, unconstrained=1)  # fmt: skip
JUDGED = ("publishable", "met", "routed")  # verdicts: may turn false or null, never better


def read(folder: Path, text: str) -> Report | None:
    """The report of a text, None when it is refused."""
    path = folder / "r.rpt"
    path.write_bytes(text.encode())
    try:
        return read_report(path)
    except ReportError:
        return None


def holds(damaged: Report, sound: Report, lenient: bool = False) -> None:
    """Every scalar is the sound one or null with a reason; lenient: or the report is broken."""
    for name, value in damaged.values.items():
        if value is None:
            assert damaged.reasons.get(name), f"{name}: null without a reason"
        elif name in JUDGED:
            assert value == sound.values[name] or value is False, name
        elif not isinstance(value, dict | list) and value != sound.values[name]:
            assert lenient and damaged.broken, f"{name}: {value}, was {sound.values[name]}"


@pytest.mark.parametrize("kind", WRITERS)
@pytest.mark.parametrize("state", ["Synthesized", "Routed"])
def test_cut_after_any_line(tmp_path: Path, kind: str, state: str) -> None:
    FIGURES.state = state
    text = WRITERS[kind](FIGURES)
    sound = read(tmp_path, text)
    assert sound is not None
    lines = text.splitlines(keepends=True)
    refused = 0
    for end in range(len(lines)):
        damaged = read(tmp_path, "".join(lines[:end]))
        refused += damaged is None
        if damaged is not None:
            holds(damaged, sound)
    assert refused < len(lines)


@pytest.mark.parametrize("kind", WRITERS)
def test_cut_within_a_line(tmp_path: Path, kind: str) -> None:
    FIGURES.state = "Routed"
    text = WRITERS[kind](FIGURES)
    sound = read(tmp_path, text)
    assert sound is not None
    for end in range(0, len(text), 37):
        damaged = read(tmp_path, text[:end])
        if damaged is not None:
            holds(damaged, sound)


@pytest.mark.parametrize("kind", WRITERS)
def test_any_line_lost(tmp_path: Path, kind: str) -> None:
    FIGURES.state = "Routed"
    text = WRITERS[kind](FIGURES)
    sound = read(tmp_path, text)
    assert sound is not None
    lines = text.splitlines(keepends=True)
    for at in range(len(lines)):
        damaged = read(tmp_path, "".join(lines[:at] + lines[at + 1 :]))
        if damaged is not None:
            holds(damaged, sound, lenient=True)


_CELL = re.compile(r"(?<=\s)(-?\d+(?:\.\d+)?)(?=\s)")


@pytest.mark.parametrize("kind", WRITERS)
@pytest.mark.parametrize("instead", ["?", "12,3", "1e5", "NA", "---", "<0.01", "0x1F", ""])
def test_any_number_made_unreadable(tmp_path: Path, kind: str, instead: str) -> None:
    FIGURES.state = "Routed"
    text = WRITERS[kind](FIGURES)
    sound = read(tmp_path, text)
    assert sound is not None
    start = text.index("\n\n") if kind != "route" else 0
    for match in list(_CELL.finditer(text, start))[:: 1 if instead == "?" else 5]:
        cell = match[1]
        new = instead[: len(cell)].rjust(len(cell))
        if new.strip().isdigit():
            continue  # cut to the cell's width it would be another number
        damaged = read(tmp_path, text[: match.start()] + new + text[match.end() :])
        if damaged is not None:
            holds(damaged, sound, lenient=True)


@pytest.mark.parametrize(("kind", "old", "new", "check"), [
    ("utilization", "|   LUT as Logic             |  193 |",
     "|   LUT as Logic             |  194 |", "LUT as Logic"),
    ("utilization", "|   using O6 output only   |  150 |", "|   using O6 output only   |  151 |",
     "LUT as Logic = O5 only"),
    ("utilization", "| LUT6     |  150 |", "| LUT6     |  250 |", "LUT primitives"),
    ("utilization", "| Block RAM Tile |  3.5 |", "| Block RAM Tile |  3.0 |", "BRAM tiles"),
    ("utilization", "| DSPs      |    5 |", "| DSPs      |    9 |", "Util% of dsp"),
    ("timing", "All user specified timing constraints are met.",
     "Timing constraints are not met.", "verdict"),
    ("timing", "All user specified timing constraints are met.", "", "exactly one verdict"),
    ("power", "| Dynamic (W)              | 0.028", "| Dynamic (W)              | 0.128",
     "total = dynamic"),
    ("power", "95%   (380/400)", "15%   (380/400)", "matched nets"),
    ("power", "95%   (380/400)", "95%   (680/400)", "matched nets"),
    ("hierarchy", "|        203 |        193 |", "|        204 |        193 |", "Total LUTs"),
    ("hierarchy", "(top)", "(tip)", "first row is the top"),
    ("route", "# of fully routed nets............. :         400 :",
     "# of fully routed nets............. :         401 :", "routed nets <="),
])  # fmt: skip
def test_a_changed_number_breaks_an_invariant(
    tmp_path: Path, kind: str, old: str, new: str, check: str
) -> None:
    FIGURES.state = "Routed"
    text = WRITERS[kind](FIGURES)
    assert old in text
    damaged = read(tmp_path, text.replace(old, new, 1))
    assert damaged is not None and any(check in line for line in damaged.broken), damaged
    with pytest.raises(ReportError, match=r"r\.rpt: not a sound"):
        damaged.require_sound()


@pytest.mark.skipif(not real_reports(), reason="no vivado_reports under PLUTARCH_DATA or "
                    "../shared/data: real reports are not committed")  # fmt: skip
def test_real_reports_cut_anywhere(tmp_path: Path) -> None:
    for path in real_reports():
        text = path.read_text(encoding="utf-8")
        sound = read_report(path)
        step = max(1, len(text) // 25) if len(text) < 40_000 else len(text) // 3
        for end in range(100, len(text), step):
            damaged = read(tmp_path, text[:end])
            if damaged is not None:
                holds(damaged, sound, lenient=True)
