# SPDX-License-Identifier: Apache-2.0
"""A report as Markdown, and the part of it that stands in docs/results.md."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final

from golden.files import write_atomic
from synth.errors import SynthError
from synth.report.model import Cell, Report, Section, Table

BEGIN: Final = "<!-- make report: begin. Written by `make report DOCS=1`; do not edit by hand. -->"
END: Final = "<!-- make report: end -->"


def text(report: Report) -> str:
    """The whole report but for its longest tables, which are on the page."""
    parts = [f"# {_escape(report.title)}", *map(_escape, report.lead)]
    parts += [f"> **Note:** {_escape(line)}" for line in report.warnings]
    parts += [_section(one, 2, docs=False) for one in report.sections]
    return "\n\n".join(parts) + "\n"


def excerpt(report: Report) -> str:
    """What docs/results.md takes: the sections and tables that are marked for it."""
    parts = ["## Hardware: lanes and accelerators", *map(_escape, report.lead)]
    parts += [f"> **Note:** {_escape(line)}" for line in report.warnings]
    parts += [_section(one, 3, docs=True) for one in report.sections if one.docs]
    return "\n\n".join(parts) + "\n"


def put_into(path: Path, part: str) -> None:
    """Replace what stands between the two marker comments of a file by `part`.

    Raises SynthError when the file or one of the markers is not there, or they are twice.
    """
    try:
        whole = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise SynthError(f"{path.name}: cannot read: {error}") from None
    for mark in (BEGIN, END):
        if whole.count(mark) != 1:
            raise SynthError(f"{path.name}: the line {mark!r} is there {whole.count(mark)} times, "
                             "must be once")  # fmt: skip
    before, rest = whole.split(BEGIN)
    if END not in rest:
        raise SynthError(f"{path.name}: the line {END!r} stands before its beginning")
    write_atomic(path, f"{before}{BEGIN}\n\n{part}\n{END}{rest.split(END)[1]}".encode())


def _section(section: Section, level: int, *, docs: bool) -> str:
    parts = [f"{'#' * level} {_escape(section.title)}", *map(_escape, section.text)]
    parts += [f"- missing: {_escape(line)}" for line in section.absent]
    for table in section.tables:
        if not (table.docs if docs else table.page):
            continue
        if table.long:
            parts.append(f"*{_escape(table.title)}: {len(table.rows)} rows, on the page "
                         "(report.html).*")  # fmt: skip
        else:
            parts.append(_table(table))
    if section.plots and not docs:
        parts.append(f"*Plots on the page (report.html): {len(section.plots)}.*")
    return "\n\n".join(parts)


def _table(table: Table) -> str:
    """The table; a dash has a number whose note below says why there is no figure."""
    notes: dict[str, int] = {}
    lines = [f"**{_escape(table.title)}**", ""]
    lines.append("| " + " | ".join(_escape(name) for name, _ in table.head) + " |")
    lines.append("|" + "---|" * len(table.head))
    for row in table.rows:
        lines.append("| " + " | ".join(_cell(cell, notes) for cell in row) + " |")
    if not table.rows:
        lines.append("| none |" + " |" * (len(table.head) - 1))
    lines += ["", *map(_escape, table.about)]
    lines += [f"({number}) {_escape(why)}" + ("  " if number < len(notes) else "")
              for why, number in notes.items()]  # fmt: skip
    return "\n".join(lines).rstrip()


def _cell(cell: Cell, notes: dict[str, int]) -> str:
    if cell.missing:
        return f"- ({notes.setdefault(cell.note, len(notes) + 1)})"
    shown = _escape(cell.text)
    return f"**{shown}**" if cell.loud else shown


def _escape(words: str) -> str:
    """Text that is text in Markdown: no HTML, no new column, `typed words` and **bold** kept."""
    parts = re.split(r"(`[^`]*`)", words)
    return "".join(part.replace("|", "\\|") if part.startswith("`") else
                   part.replace("&", "&amp;").replace("<", "&lt;").replace("|", "\\|")
                   for part in parts)  # fmt: skip
