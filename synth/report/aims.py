# SPDX-License-Identifier: Apache-2.0
"""What the project set out to reach, and whether the records reach it."""

from __future__ import annotations

from collections.abc import Iterable

from synth.errors import SynthError
from synth.records import Record
from synth.report.choose import METRICS, Lanes, Metric, bench_command
from synth.report.facts import Aim, Facts
from synth.report.fill import name
from synth.report.load import Loaded, origin
from synth.report.model import Cell, Section, Table, number, words

_METRICS = {one.name: one for one in METRICS}


def section(lanes: Iterable[Lanes], loaded: Loaded, facts: Facts) -> Section:
    """A table for each origin on the part: wanted, found, met or missed."""
    by_origin = {one.origin: one for one in lanes}
    tables = []
    for where, some in loaded.origins().items():
        if where.part != facts.device.part:
            continue
        modules = [one for one in some if one.module != "dot_product" and one.macs]
        rows = tuple(_row(aim, by_origin.get(where), modules) for aim in facts.aims)
        if all(row[2].missing for row in rows):
            continue
        tables.append(Table(f"Aims ({where.words})", (
            ("aim", ""), ("wanted", ""), ("found", ""), ("met?", ""), ("what", "the build")),
            rows, docs=True))  # fmt: skip
    return Section("aims", "What was aimed at", (
        "The project's own figures to show, met or missed. LUT/MAC of a lane is that of its "
        "smallest build, adders and hand mapping by the same rule on both sides of a ratio.",
    ), tuple(tables), docs=bool(tables))  # fmt: skip


def _row(aim: Aim, lanes: Lanes | None, modules: list[Record]) -> tuple[Cell, ...]:
    metric = _METRICS.get(aim.metric)
    if metric is None:
        raise SynthError(f"facts.toml: aim {aim.says!r}: no metric {aim.metric!r}")
    value, what, why = (_accelerator(aim, metric, modules) if aim.module
                        else _lane(aim, metric, lanes))
    limit = f"at most {aim.at_most:g}" if aim.at_most is not None else f"at least {aim.at_least:g}"
    unit = "times" if aim.over else metric.name
    verdict = words("-") if value is None else words(
        "met" if aim.met(value) else "missed", loud=not aim.met(value))
    return (words(aim.says), words(f"{limit} {unit}"), number(value, 2, metric.meaning, why),
            verdict, words(what))  # fmt: skip


def _lane(aim: Aim, metric: Metric, lanes: Lanes | None) -> tuple[float | None, str, str]:
    """(figure or ratio, the builds, why there is none)."""
    b, n = aim.b or 0, aim.n or 0
    values, what = [], []
    for lane in (aim.lane, aim.over):
        if lane is None:
            continue
        record = lanes.get(b, n, lane) if lanes else None
        if record is None:
            return None, "-", f"no record: {bench_command(b, n, lane)}"
        value = metric.of(record)
        if not value:
            return None, "-", f"{lane}: {metric.why(record)}"
        values.append(value)
        what.append(f"{lane}: adders of {record.tree}, MAP={record.params.get('MAP', '-')}")
    return values[0] / (values[1] if aim.over else 1), "; ".join(what), ""


def _accelerator(aim: Aim, metric: Metric, modules: list[Record]) -> tuple[float | None, str, str]:
    """The best build of one accelerator, or the worst of all ("*")."""
    every = aim.module == "*"
    fitting = [(value, one) for one in modules if (value := metric.of(one)) is not None
               and (every or one.module == aim.module)
               and (aim.pin is None or one.params.get("PIN") == aim.pin)
               and (aim.b is None or one.b == aim.b)]  # fmt: skip
    if not fitting:
        return None, "-", "no record: `make bench PART=accelerators`"
    highest = metric.more != every  # the best of one, the worst of all
    value, record = (max if highest else min)(fitting, key=lambda pair: pair[0])
    return value, f"{name(record)}, {origin(record).stage}", ""
