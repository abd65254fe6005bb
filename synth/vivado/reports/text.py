# SPDX-License-Identifier: Apache-2.0
"""The shape that all Vivado reports share: a header block, numbered sections, ruled tables.

Nothing here knows what a number means. Format facts: docs/vivado.md, "Reports".
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator
from dataclasses import dataclass, field

_HEADER = re.compile(r"^\| ([A-Z][A-Za-z ]*?)\s*:(?: (.*))?$")
_HEADING = re.compile(r"^(\d+(?:\.\d+)*)\.? (\S.*?)\s*$")
_DASHES = re.compile(r"^-{3,}\s*$")
_RULE = re.compile(r"^\+[-+]*\+\s*$")


@dataclass
class Row:
    """One line of a table: cells by column name, stripped; depth 0 is not indented."""

    cells: dict[str, str]
    depth: int
    line: int  # 1 is the first line of the report

    def __getitem__(self, column: str) -> str:
        return self.cells.get(column, "")


@dataclass
class Table:
    """A ruled table. `closed` is false when the last rule is missing, so that rows may be too."""

    columns: list[str]
    rows: list[Row] = field(default_factory=list)
    closed: bool = False
    bad_lines: list[int] = field(default_factory=list)  # lines whose cells do not fit the columns

    @property
    def whole(self) -> bool:
        """Whether no row can have got lost: what is not listed is then truly absent."""
        return self.closed and not self.bad_lines

    def find(self, *labels: str, under: str | None = None) -> Row | None:
        """The first row whose first cell, less footnote stars, is one of the labels.

        `under`: only rows indented below the row of that label (sub-rows repeat their names).
        """
        above: list[str] = []
        for row in self.rows:
            label = row[self.columns[0]].rstrip("*").strip()
            del above[row.depth :]
            if label in labels and (under is None or under in above):
                return row
            above += [""] * (row.depth - len(above)) + [label]
        return None


@dataclass
class Text:
    """A report cut into its parts; `lines` are without line ends."""

    lines: list[str]
    header: dict[str, str]
    sections: dict[str, tuple[int, int]]  # title -> first line after its dashes, end (exclusive)
    contents: list[str]  # titles that the table of contents promises

    def table(self, title: str) -> Table | None:
        """The first table of the section, None when the section or its table is not there."""
        return next(iter(self.tables(title)), None)

    def tables(self, title: str) -> list[Table]:
        """All tables of a section; [] when it is not there."""
        start, end = self.sections.get(title, (0, 0))
        return list(read_tables(self.lines, start, end))

    def missing(self) -> list[str]:
        """Titles in the table of contents that have no section: the file is cut."""
        return [title for title in self.contents if title not in self.sections]


def cut(text: str) -> Text:
    """Cut one report into header, sections and contents."""
    lines = [line.rstrip("\r") for line in text.split("\n")]
    header: dict[str, str] = {}
    for line in lines[:40]:
        match = _HEADER.match(line)
        if match and match[1] not in header:
            header[match[1]] = (match[2] or "").strip()
        elif header and _DASHES.match(line):
            break
    sections: dict[str, tuple[int, int]] = {}
    contents: list[str] = []
    starts: list[tuple[str, int]] = []
    listing = False
    for at, line in enumerate(lines):
        listing = (listing and bool(line.strip())) or line.strip() == "Table of Contents"
        match = _HEADING.match(line)
        if not match:
            continue
        if at + 1 < len(lines) and _DASHES.match(lines[at + 1]):
            starts.append((match[2], at))
        elif listing:
            contents.append(match[2])
    for position, (title, at) in enumerate(starts):
        end = starts[position + 1][1] if position + 1 < len(starts) else len(lines)
        sections.setdefault(title, (at + 2, end))
    return Text(lines, header, sections, contents)


def read_tables(lines: list[str], start: int = 0, end: int | None = None) -> Iterator[Table]:
    """The ruled tables among lines[start:end], in order."""
    at, stop = start, len(lines) if end is None else end
    while at < stop:
        if not _RULE.match(lines[at]):
            at += 1
            continue
        table, at = _read_table(lines, at, stop)
        if table:
            yield table


def _read_table(lines: list[str], at: int, stop: int) -> tuple[Table | None, int]:
    """The table whose first rule is lines[at], and the line after it."""
    rule, at = lines[at].rstrip(), at + 1
    heading: list[str] = []
    while at < stop and lines[at].startswith("|"):
        heading, at = _cells(lines[at], rule) or [], at + 1
        if at < stop and _RULE.match(lines[at]) and len(lines[at].rstrip()) == len(rule):
            if lines[at].count("+") <= rule.count("+"):
                break
            rule, at = lines[at].rstrip(), at + 1  # a heading of two lines: the second has names
    if not heading:
        return None, at
    rule = lines[at].rstrip() if at < stop and _RULE.match(lines[at]) else rule
    if not (at < stop and _RULE.match(lines[at])):
        return Table([cell.strip() for cell in heading]), at  # cut: rows look like headings
    at += 1
    table = Table([cell.strip() for cell in heading])
    while at < stop and lines[at].startswith("|"):
        _add(table, lines[at], rule, at)
        at += 1
    table.closed = at < stop and bool(_RULE.match(lines[at]))
    if not table.rows and not table.bad_lines and not table.closed:
        table.closed = at < len(lines) - 1 and not lines[at].strip()  # Vivado's empty table
    return table, at + table.closed


def read_pairs(lines: list[str], start: int, end: int) -> Table | None:
    """A table of `| key | value |` lines without a heading, columns named "key" and "value"."""
    at = start
    while at < end and not _RULE.match(lines[at]):
        at += 1
    if at >= end:
        return None
    rule, at = lines[at].rstrip(), at + 1
    table = Table(["key", "value"])
    while at < end and lines[at].startswith("|"):
        _add(table, lines[at], rule, at)
        at += 1
    table.closed = at < end and bool(_RULE.match(lines[at]))
    return table


def _add(table: Table, line: str, rule: str, at: int) -> None:
    cells = _cells(line, rule)
    if cells is None or len(cells) != len(table.columns):
        table.bad_lines.append(at + 1)
        return
    first = cells[0]
    depth = max(0, (len(first) - len(first.lstrip()) - 1) // 2)
    named = dict(zip(table.columns, (cell.strip() for cell in cells), strict=True))
    table.rows.append(Row(named, depth, at + 1))


def _cells(line: str, rule: str) -> list[str] | None:
    """Cells at the rule's columns; by bars when the line is wider or narrower; None if neither.

    By column first: an escaped Verilog name may hold a bar itself.
    """
    line = line.rstrip()
    marks = [at for at, letter in enumerate(rule) if letter == "+"]
    if len(line) == len(rule) and all(line[at] == "|" for at in marks):
        return [line[a + 1 : b] for a, b in itertools.pairwise(marks)]
    parts = line.split("|")
    return parts[1:-1] if len(parts) == len(marks) + 1 and not parts[-1].strip() else None
