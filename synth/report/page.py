# SPDX-License-Identifier: Apache-2.0
"""A report as one HTML page that loads nothing: styles, script and pictures are inside it."""

from __future__ import annotations

import base64
import re
from html import escape

from synth.report.inline import SCRIPT, STYLE
from synth.report.model import Cell, Plot, Report, Section, Table


def page(report: Report) -> str:
    """The page. All text is escaped; `typed words` become code, **bold** strong."""
    links = "".join(f'<li><a href="#{escape(one.ident)}">{escape(one.title)}</a></li>'
                    for one in report.sections)  # fmt: skip
    warned = "".join(f'<p class="warning">{_rich(line)}</p>' for line in report.warnings)
    return (
        '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{escape(report.title)}</title>\n<style>{STYLE}</style>\n</head>\n<body>\n"
        f"<h1>{escape(report.title)}</h1>\n"
        + "".join(f"<p>{_rich(line)}</p>\n" for line in report.lead)
        + warned + f"\n<nav><ul>{links}</ul></nav>\n"
        + "".join(_section(one) for one in report.sections)
        + f"<script>{SCRIPT}</script>\n</body>\n</html>\n"
    )  # fmt: skip


def _section(section: Section) -> str:
    parts = [f'<section id="{escape(section.ident)}">\n<h2>{escape(section.title)}</h2>\n']
    parts += [f"<p>{_rich(line)}</p>\n" for line in section.text]
    parts += [f'<p class="absent">Missing: {_rich(line)}</p>\n' for line in section.absent]
    parts += [_plot(one) for one in section.plots]
    parts += [_table(one) for one in section.tables if one.page]
    return "".join(parts) + "</section>\n"


def _plot(plot: Plot) -> str:
    data = base64.b64encode(plot.png).decode()
    title = escape(plot.title)
    return (f'<figure><img alt="{title}" src="data:image/png;base64,{data}">'
            f"<figcaption>{title}. The figures are in the tables below.</figcaption></figure>\n")


def _table(table: Table) -> str:
    head = "".join(f'<th scope="col"{_tip(note)}><button type="button">{escape(name)}</button></th>'
                   for name, note in table.head)  # fmt: skip
    rows = "".join(f"<tr>{''.join(map(_cell, row))}</tr>\n" for row in table.rows)
    if not table.rows:
        rows = f'<tr><td colspan="{len(table.head)}">none</td></tr>\n'
    about = "".join(f'<p class="about">{_rich(line)}</p>\n' for line in table.about)
    inner = (f'<div class="wide"><table class="sortable"><caption>{escape(table.title)}</caption>'
             f"<thead><tr>{head}</tr></thead>\n<tbody>\n{rows}</tbody></table></div>\n{about}")
    if not table.long:
        return inner
    return (f"<details><summary>{escape(table.title)}: {len(table.rows)} rows</summary>\n{inner}"
            "</details>\n")  # fmt: skip


def _cell(cell: Cell) -> str:
    kinds = [name for name, on in (("n", cell.value is not None), ("missing", cell.missing),
                                   ("loud", cell.loud)) if on]  # fmt: skip
    kind = f' class="{" ".join(kinds)}"' if kinds else ""
    value = f' data-v="{cell.value!r}"' if cell.value is not None else ""
    return f"<td{kind}{value}{_tip(cell.note)}>{_rich(cell.text)}</td>"


def _tip(note: str) -> str:
    return f' title="{escape(note)}"' if note else ""


def _rich(text: str) -> str:
    """Escaped text with `code` and **strong**."""
    parts = re.split(r"(`[^`]+`|\*\*[^*]+\*\*)", text)
    made = []
    for part in parts:
        if len(part) > 2 and part[0] == part[-1] == "`":
            made.append(f"<code>{escape(part[1:-1])}</code>")
        elif len(part) > 4 and part.startswith("**") and part.endswith("**"):
            made.append(f"<strong>{escape(part[2:-2])}</strong>")
        else:
            made.append(escape(part))
    return "".join(made)
