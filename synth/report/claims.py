# SPDX-License-Identifier: Apache-2.0
"""Claimed against reproduced: each of the paper's three ratios against each baseline."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from synth.report.choose import BASELINES, HELD, LUT_PER_MAC, NAMES, OURS, Lanes, Metric
from synth.report.facts import Claim, Facts
from synth.report.memory import Ratio, explains
from synth.report.model import Cell, Section, Table, number, words

TOLERANCE: Final = 0.05
PAPER_BITS: Final = 4
"""The paper's hardware has 4-bit operands."""
OPERANDS: Final = (9, 25, 49, 64)
"""Its kernels (3x3, 5x5, 7x7 as we read it) and a row of channels."""
_WIDE: Final = ("on chip", "BRAM36")  # how the ratios of whole accelerators end
METRICS: Final[Mapping[str, Metric]] = {"resources": LUT_PER_MAC, "power": HELD}


def reached(ratio: float, claim: Claim) -> bool:
    """Whether a ratio is the claimed one or more, within five per cent."""
    return ratio >= claim.ratio * (1 - TOLERANCE)


def section(lanes: Iterable[Lanes], memories: Sequence[Ratio], facts: Facts) -> Section:
    """The verdicts first, then the tables they rest on."""
    every = list(lanes)
    verdicts: list[tuple[Cell, ...]] = []
    tables = []
    for name, metric in METRICS.items():
        claim = facts.claim(name)
        for one in every:
            verdicts.append(_verdict(claim, one, metric))
            tables.append(_table(claim, one, metric))
    memory = facts.claim("memory")
    verdicts.append(_memory(memory, memories))
    head = (("the paper says", ""), ("reproduced against fair baselines", "S0, S1; lane P1, b = 4"),
            ("against the likely baseline", "S2, 32-bit data path"),
            ("what would explain the claim", "the first baseline whose ratio reaches it"),
            ("reached against fair baselines by", "any P-LUT lane, any bits, any N of the table"),
            ("what is not known", ""), ("counted by", ""))  # fmt: skip
    summary = Table("Claimed against reproduced", head, tuple(verdicts), (
        f"Ratios: baseline over P-LUT, so above 1 P-LUT is ahead. 'Reaches' is within "
        f"{TOLERANCE:.0%}. Claims: {memory.source}.",), docs=True)  # fmt: skip
    return Section("claims", "Claimed against reproduced", (
        "S0 is shifting on the same codes and S1 shifting with 8-bit activations at exact widths: "
        "fair baselines. S2, shifting in a 32-bit data path with `if negative then minus`, is "
        "likely the paper's baseline; it is built here so that the claim can be looked at, and "
        "nobody would build it.",
    ), (summary, *tables), docs=True)  # fmt: skip


def ratio(lanes: Lanes, metric: Metric, place: tuple[int, int], ours: str,
           base: str) -> tuple[float | None, str]:  # fmt: skip
    """(baseline / ours, why there is none)."""
    b, n = place
    values, bases = [], []
    for lane in (base, ours):
        record = lanes.get(b, n, lane)
        if record is None:
            return None, f"no record of {lane} at b = {b}, N = {n}"
        value = metric.of(record)
        if not value:
            return None, f"{lane}: {metric.why(record)}"
        values.append(value)
        bases.append(metric.basis(record))
    if bases[0] != bases[1]:
        return None, f"not comparable: {base}: {bases[0] or '?'}; {ours}: {bases[1] or '?'}"
    return values[0] / values[1], ""


def _table(claim: Claim, lanes: Lanes, metric: Metric) -> Table:
    caveat = metric.caveat(lanes.origin)
    note = "; ".join(part for part in (metric.meaning, lanes.origin.words, caveat) if part)
    head = (("b", ""), ("N", ""), *((f"{base} / {ours}", f"{NAMES[base]} over {NAMES[ours]}")
                                     for ours in OURS for base in BASELINES))  # fmt: skip
    rows = []
    for place in lanes.places:
        if place[1] not in OPERANDS or place[0] not in (3, 4, 5):
            continue
        cells = [number(place[0]), number(place[1])]
        for ours in OURS:
            for base in BASELINES:
                value, why = ratio(lanes, metric, place, ours, base)
                cell = number(value, 2, note, why)
                if value is not None and reached(value, claim):
                    cell = Cell(cell.text, cell.value, f"reaches {claim.ratio}; {cell.note}",
                                loud=True)
                cells.append(cell)
        rows.append(tuple(cells))
    about = f"{metric.name}, baseline over P-LUT; {lanes.origin.words}."
    if caveat:
        about += f" {caveat[0].upper()}{caveat[1:]}."
    return Table(f"\"{claim.says}\": {metric.name} ({lanes.origin.words})", head, tuple(rows),
                 (about, f"Bold: reaches {claim.ratio}."), docs=True)  # fmt: skip


def _verdict(claim: Claim, lanes: Lanes, metric: Metric) -> tuple[Cell, ...]:
    """The summary's row: lane P1 at b = 4, from the smallest to the largest ratio over N."""
    places = [(PAPER_BITS, n) for n in OPERANDS if (PAPER_BITS, n) in lanes.best]
    found = {base: [(value, n) for b, n in places
                    if (value := ratio(lanes, metric, (b, n), "P1", base)[0]) is not None]
             for base in BASELINES}  # fmt: skip
    fair = "; ".join(_span(base, found[base]) for base in ("S0", "S1"))
    explaining = [base for base in BASELINES
                  if found[base] and any(reached(value, claim) for value, _ in found[base])]
    if explaining:
        base = explaining[0]
        at = ", ".join(str(n) for value, n in found[base] if reached(value, claim))
        what = f"{base} at N = {at}: {NAMES[base]}"
    elif any(found.values()):
        base, (value, n) = max(((base, max(seen)) for base, seen in found.items() if seen),
                               key=lambda item: item[1][0])  # fmt: skip
        what = f"none of them: the most is {value:.2f} against {base} at N = {n}"
    else:
        what = "-"
    elsewhere = [f"b = {b}: {base} (N = {', '.join(map(str, ns))})" for b in (3, 5)
                 for base in BASELINES if (ns := _reaching(claim, lanes, metric, "P1", b, base))]
    if elsewhere:
        what += f". At other widths it is reached: {'; '.join(elsewhere)}"
    others = [f"{ours} at b = {b} over {base} (N = {', '.join(map(str, ns))})"
              for ours in OURS for b in (3, 4, 5) for base in BASELINES[:2]
              if (ns := _reaching(claim, lanes, metric, ours, b, base))]
    caveat = metric.caveat(lanes.origin)
    said = f"{claim.says} ({metric.name}" + (f", {caveat})" if caveat else ")")
    return (words(said), words(fair), words(_span("S2", found["S2"])),
            words(what, loud=bool(explaining)), words("; ".join(others) or "none of our lanes"),
            words(claim.unknown), words(lanes.origin.words))  # fmt: skip


def _reaching(claim: Claim, lanes: Lanes, metric: Metric, ours: str, b: int,
              base: str) -> list[int]:  # fmt: skip
    """The numbers of operands at which a ratio reaches the claim."""
    return [n for n in OPERANDS
            if (value := ratio(lanes, metric, (b, n), ours, base)[0]) is not None
            and reached(value, claim)]  # fmt: skip


def _span(base: str, found: Sequence[tuple[float, int]]) -> str:
    if not found:
        return f"{base}: no records at b = {PAPER_BITS}"
    least, most = min(found), max(found)
    if len(found) == 1:
        return f"{base}: {least[0]:.2f} at N = {least[1]}"
    return f"{base}: {least[0]:.2f} (N = {least[1]}) to {most[0]:.2f} (N = {most[1]})"


def _memory(claim: Claim, memories: Sequence[Ratio]) -> tuple[Cell, ...]:
    weights = [one for one in memories if one.real and "S-Huff" in one.what]
    chips = [one for one in memories if one.what.endswith(_WIDE)]
    fair = "no weights measured"
    if weights:
        least, most = min(weights, key=_of), max(weights, key=_of)
        fair = f"weights, raw codes over S-Huff: {least.ratio:.2f} to {most.ratio:.2f}"
    wide = "no accelerators"
    if chips:
        least, most = min(chips, key=_of), max(chips, key=_of)
        wide = (f"on chip, of shift over P-LUT accelerators: {least.ratio:.2f} ({least.what}) to "
                f"{most.ratio:.2f} ({most.what})")
    near = [one for one in memories if explains(one, claim)]
    what = "; ".join(f"{one.what}: {one.ratio:.2f}" + ("" if one.real else " (no code)")
                     for one in near)  # fmt: skip
    if not near and memories:
        above = [one for one in memories if one.ratio > claim.ratio]
        what = f"nothing within {TOLERANCE:.0%}"
        if above:
            nearest = min(above, key=_of)
            what += f"; the next above is {nearest.what}: {nearest.ratio:.2f}"
    return (words(claim.says), words(fair), words(wide), words(what or "-", loud=bool(near)),
            words("-"),
            words(claim.unknown), words("computed from packages, runs and records"))  # fmt: skip


def _of(one: Ratio) -> float:
    return one.ratio
