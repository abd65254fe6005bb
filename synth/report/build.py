# SPDX-License-Identifier: Apache-2.0
"""Puts a report together from what was loaded; everything that can be absent may be."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Final

from golden.errors import PlutarchError
from synth.report import aims, claims, decoder, fill, lanes, latency, losses, memory, others
from synth.report.choose import Lanes, choose
from synth.report.facts import Facts
from synth.report.load import Loaded
from synth.report.model import Plot, Report, Section

TITLE: Final = "plutarch: what it really costs"


def compared(loaded: Loaded, part: str) -> list[Lanes]:
    """The lanes of each origin on the part, the one with most records first."""
    found = [choose(some) for where, some in loaded.origins(lanes=True).items()
             if where.part == part]
    return [one for one in found if one is not None]


def build(loaded: Loaded, facts: Facts, packages: Sequence[Path]) -> Report:
    """The whole report. Raises PlutarchError for a damaged package."""
    part = facts.device.part
    every = compared(loaded, part)
    memories = memory.ratios(loaded, packages, part)
    drawn, undrawn = _draw(every, facts)
    made = [
        claims.section(every, memories, facts),
        losses.section(every),
        aims.section(every, loaded, facts),
        *lanes.sections(every, loaded),
        memory.section(memories, facts.claim("memory")),
        latency.section(loaded, part),
        decoder.section(loaded),
        fill.section(every, loaded, facts.device),
        others.routed(loaded),
        others.published(loaded, facts),
    ]
    made.sort(key=lambda one: one.ident == "records")  # the longest table stands last
    sections = [replace(one, plots=tuple(drawn.get(one.ident, ())),
                        absent=(*one.absent, *undrawn.get(one.ident, ()))) for one in made]
    count = ", ".join(f"{name} ({number})" for name, number in loaded.files.items())
    tools = "; ".join(f"{where.words} ({len(some)})" for where, some in loaded.origins().items())
    lead = (
        "What multiplier-less lanes and accelerators cost, claimed and measured, with the places "
        "where P-LUT does not win. Each figure names its field, tool and stage under the pointer; "
        "a dash says there why it has no value. No figure of the open flow is Vivado's: "
        "`lut_packed` is a packed estimate of LUT sites, `fmax_mhz_est` an estimate from a delay "
        "table, and energies are estimates, uncalibrated (docs/synth.md).",
        f"{len(loaded.records)} records out of {count}. Tools: {tools}. Made by `make report`.",
    )  # fmt: skip
    return Report(TITLE, lead, loaded.warnings, tuple(sections))


def _draw(every: Iterable[Lanes],
          facts: Facts) -> tuple[dict[str, list[Plot]], dict[str, list[str]]]:
    """(section -> pictures, section -> why there are none)."""
    found: dict[str, list[Plot]] = {}
    try:
        from synth.report import plots

        for one in every:
            for key, drawn in plots.draw(one, facts).items():
                found.setdefault(key, []).extend(drawn)
    except PlutarchError as error:
        return {}, {key: [f"plots: {error}"] for key in ("claims", "lut", "energy", "lut-time")}
    return found, {}


def by_ident(report: Report, ident: str) -> Section:
    """The section of that name; KeyError when there is none."""
    return {one.ident: one for one in report.sections}[ident]
