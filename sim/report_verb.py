# SPDX-License-Identifier: Apache-2.0
"""`make report`: the page and the Markdown of what `make bench` measured."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from golden.errors import PlutarchError
from golden.files import write_atomic
from sim.cli import flag
from sim.paths import RESULTS, ROOT, shown
from sim.progress import Progress
from synth.design import design
from synth.report import build, facts, load, markdown, page
from synth.report.model import Report

PACKAGES = ROOT / "golden" / "packages"
DOCS = ROOT / "docs" / "results.md"


def run(choices: Mapping[str, str]) -> int:
    """Write build/results/report.html and report.md, with DOCS=1 docs/results.md too; 0."""
    with Progress() as progress:
        progress.step("reading records")
        report = make(RESULTS)
        files = [RESULTS / "report.html", RESULTS / "report.md"]
        write_atomic(files[0], page.page(report).encode())
        write_atomic(files[1], markdown.text(report).encode())
        if flag(choices, "DOCS"):
            markdown.put_into(DOCS, markdown.excerpt(report))
            files.append(DOCS)
    for line in report.warnings:
        print(f"note: {line}")
    for section in report.sections:
        for line in section.absent:
            print(f"missing in {section.ident!r}: {line}")
    print(f"report: {len(report.sections)} sections, "
          f"{sum(len(one.tables) for one in report.sections)} tables, "
          f"{sum(len(one.plots) for one in report.sections)} plots: "
          + ", ".join(shown(path) for path in files))  # fmt: skip
    return 0


def make(results: Path) -> Report:
    """The report on a folder of results. Raises PlutarchError in one line."""
    loaded = load.load(results, sources)
    return build.build(loaded, facts.read(), sorted(PACKAGES.iterdir()))


def sources(module: str) -> tuple[Path, ...]:
    """The RTL that a module is made of; nothing for one that the tables no longer have."""
    try:
        return design(module).sources
    except PlutarchError:
        return ()
