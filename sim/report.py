# SPDX-License-Identifier: Apache-2.0
"""What `make sim` prints at the end: the table, the verdict, the command that reproduces it."""

from __future__ import annotations

import shlex
import sys
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from sim.paths import shown
from sim.request import RunResult
from sim.targets import find

_HEAD = ("layer", "outputs", "mismatches", "cycles", "MAC/cycle", "stalls")
_FEW = 8  # layers of one family ("random/17") that get a row each; more are summed in one row
_SHOWN = 60  # rows; everything is in the JSON


def _row(name: str, layers: Sequence[Mapping[str, Any]]) -> tuple[str, ...]:
    """Return one row of the table: these layers together."""
    total = {key: sum(layer[key] for layer in layers)
             for key in ("outputs", "mismatches", "cycles", "macs", "stall_cycles")}  # fmt: skip
    causes: Counter[str] = Counter()
    for layer in layers:
        causes.update(layer.get("stalls", {}))
    by_cause = " ".join(f"{cause}:{count:,}" for cause, count in causes.items() if count)
    stalls = f"{total['stall_cycles']:,}" + (f" ({by_cause})" if by_cause else "")
    rate = f"{total['macs'] / total['cycles']:.2f}" if total["macs"] and total["cycles"] else "-"
    return (name, f"{total['outputs']:,}", f"{total['mismatches']:,}", f"{total['cycles']:,}",
            rate, stalls)  # fmt: skip


def _rows(result: RunResult) -> list[tuple[str, ...]]:
    """Return the rows: a layer each, large families summed, and what is wrong always by itself."""
    families: dict[str, list[Mapping[str, Any]]] = {}
    for layer in result.layers:
        families.setdefault(layer["name"].split("/")[0], []).append(layer)
    rows: list[tuple[str, ...]] = []
    for family, layers in families.items():
        bad = [layer for layer in layers if layer["mismatches"] or layer.get("x_seen")]
        if len(layers) > _FEW:
            rows.append(_row(f"{family} ({len(layers)} layers)", layers))
        alone = bad if len(layers) > _FEW else layers
        rows += [_row(str(layer["name"]), [layer]) for layer in alone]
    return rows


def plain_table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Return an aligned text table: first column to the left, the others to the right."""
    widths = [max(len(row[i]) for row in (head, *rows)) for i in range(len(head))]

    def line(row: Sequence[str]) -> str:
        cells = [row[0].ljust(widths[0])]
        cells += [cell.rjust(width) for cell, width in zip(row[1:], widths[1:], strict=True)]
        return "  ".join(cells).rstrip()

    return "\n".join([line(head), "  ".join("-" * w for w in widths), *map(line, rows)])


def figure(value: float | None, digits: int = 0) -> str:
    """A figure as a cell of a table; a dash for one that was not measured."""
    return "-" if value is None else f"{value:,.{digits}f}"


def print_table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Print a table, with rich on a terminal."""
    if not sys.stdout.isatty():
        print(plain_table(head, rows))
        return
    table = Table(*head)
    for column in table.columns[1:]:
        column.justify = "right"
    for row in rows:
        table.add_row(*row)
    Console(highlight=False).print(table)


def reproduce(result: RunResult) -> str:
    """Return the one command that runs the first failure again, with waves."""
    run, target = result.run, find(result.run.toplevel)
    words = ["make", "sim", f"TOPLEVEL={run.toplevel}"]
    if run.sim != "verilator":
        words.append(f"SIM={run.sim}")
    table = {**target.parameters, **target.options}
    for name, value in {**run.parameters, **run.options}.items():
        make = table[name].make if name in table else name
        words.append(f"{make}={value}")
    if run.net:
        words.append(f"NET={run.net}")
    words.append(f"SEED={run.seed}")
    failed = next((o.test for o in result.outcomes if o.status == "failed"), "")
    test = run.testcase or failed
    if test:
        words.append(f"TESTCASE={test}")
    if run.debug:
        words.append("DEBUG=1")
    return " ".join(shlex.quote(word) for word in [*words, "WAVES=1"])


def verdict(result: RunResult) -> str:
    """Return the last line: PASS or FAIL with totals."""
    ran = [o for o in result.outcomes if o.status != "skipped"]
    failed = sum(o.status == "failed" for o in ran)
    wrong = sum(layer["mismatches"] for layer in result.layers)
    word = "PASS" if result.passed else "FAIL"
    return (
        f"{word} {result.run.toplevel} on {result.sim_version}: {len(ran)} tests, {failed} failed; "
        f"{result.outputs_compared:,} outputs compared, {wrong:,} mismatches; "
        f"seed {result.run.seed}; "
        f"build {result.build_s:.1f} s, total {result.wall_s:.1f} s"
    )


def show(result: RunResult, waves: Sequence[Path] = ()) -> None:
    """Print the report of one run."""
    rows = _rows(result)
    if rows:
        print_table(_HEAD, rows[:_SHOWN])
        if len(rows) > _SHOWN:
            print(f"... {len(rows) - _SHOWN} more rows, all in build/results/")
    for path in waves:
        print(f"waves: {shown(path)}")
    if not result.passed:
        for failure in result.failures[:8]:
            print(f"failed: {failure}")
        if len(result.failures) > 8:
            print(f"... {len(result.failures) - 8} more failures")
        for log in result.logs:
            print(f"log: {shown(log)}")
        print(f"reproduce: {reproduce(result)}")
    print(verdict(result))


