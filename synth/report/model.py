# SPDX-License-Identifier: Apache-2.0
"""What a report is made of, before it is a page or Markdown: sections, tables, cells, plots."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

DASH: Final = "-"


@dataclass(frozen=True)
class Cell:
    """One cell. value: what sorting compares, exactly the figure; None for words and missing ones.

    note: what the figure is and where it comes from (the page shows it under the pointer).
    missing: a figure that is not there; `note` then says why. loud: to be seen at once.
    """

    text: str
    value: float | None = None
    note: str = ""
    missing: bool = False
    loud: bool = False


def number(value: float | None, digits: int = 0, note: str = "", why: str = "") -> Cell:
    """A figure with `digits` decimals; None becomes a dash that carries `why`."""
    if value is None:
        return Cell(DASH, note=why or "not measured", missing=True)
    return Cell(f"{value:,.{digits}f}", float(value), note)


def words(text: str, note: str = "", loud: bool = False) -> Cell:
    """A cell of text."""
    return Cell(text, note=note, loud=loud)


@dataclass(frozen=True)
class Table:
    """rows of cells under a head of (name, what it means). about: what the figures rest on.

    docs: whether it goes into docs/results.md too. page: whether the report itself shows it.
    long: too long for Markdown.
    """

    title: str
    head: tuple[tuple[str, str], ...]
    rows: tuple[tuple[Cell, ...], ...]
    about: tuple[str, ...] = ()
    docs: bool = False
    page: bool = True
    long: bool = False

    def __post_init__(self) -> None:
        for row in self.rows:
            if len(row) != len(self.head):
                raise ValueError(f"table {self.title!r}: {len(row)} cells under "
                                 f"{len(self.head)} heads")  # fmt: skip


@dataclass(frozen=True)
class Plot:
    """A picture: PNG bytes, and what it shows in words."""

    title: str
    png: bytes


@dataclass(frozen=True)
class Section:
    """One heading of the report. absent: what is missing, each with the command that makes it.

    Backticks in texts mark what is to be typed or is a name.
    """

    ident: str
    title: str
    text: tuple[str, ...] = ()
    tables: tuple[Table, ...] = ()
    plots: tuple[Plot, ...] = ()
    absent: tuple[str, ...] = ()
    docs: bool = False


@dataclass(frozen=True)
class Report:
    """The whole: warnings stand above everything else."""

    title: str
    lead: tuple[str, ...]
    warnings: tuple[str, ...]
    sections: tuple[Section, ...]
