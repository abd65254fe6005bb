# SPDX-License-Identifier: Apache-2.0
"""Tables without bars, as timing reports have them: names, dashes below, right-aligned numbers."""

from __future__ import annotations

import re
from collections.abc import Iterator

_GROUP = re.compile(r"-+")


def block(lines: list[str], title: str) -> list[str]:
    """Lines below the block `| title` / `| -----` up to the next block; [] when it is not there."""
    at = next((i for i, line in enumerate(lines) if line.rstrip() == f"| {title}"), None)
    if at is None:
        return []
    body = lines[at + 2 :]
    end = next((i for i, line in enumerate(body) if line.startswith("| ")), len(body))
    return body[:end]


def read_columns(lines: list[str], first: str) -> Iterator[dict[str, str]]:
    """Rows of the table whose first column is `first`, cells stripped, blank ones "".

    Numbers end under the last dash of their column, names begin under the first: a name column
    reaches to the next column, less the four blanks that lead a number column.
    """
    for at, line in enumerate(lines[:-1]):
        groups = [m.span() for m in _GROUP.finditer(lines[at + 1])]
        if line.startswith(first) and groups and not lines[at + 1].strip("- "):
            names = [line[a : groups[i + 1][0] if i + 1 < len(groups) else None].strip()
                     for i, (a, _) in enumerate(groups)]  # fmt: skip
            yield from _rows(lines[at + 2 :], names, groups)
            return


def _rows(
    lines: list[str], names: list[str], groups: list[tuple[int, int]]
) -> Iterator[dict[str, str]]:
    numeric = [bool(re.search(r"\(ns\)$|Endpoints$", name)) and "Waveform" not in name
               and name != "Period(ns)" for name in names]  # fmt: skip
    for line in lines:
        if not line.strip():
            return
        row = {}
        begin = 0
        for i, (start, end) in enumerate(groups):
            if numeric[i]:
                stop = end
                begin = max(begin, start - 4) if i and not numeric[i - 1] else begin
            else:
                begin = start
                following = groups[i + 1][0] if i + 1 < len(groups) else len(line) + 1
                stop = following - (4 if i + 1 < len(groups) and numeric[i + 1] else 0)
            row[names[i]] = line[begin:stop].strip()
            begin = stop
        yield row
