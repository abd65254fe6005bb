# SPDX-License-Identifier: Apache-2.0
"""The text of a vvp netlist: a line each object, `label .kind what it reads;`."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

DEFINES = re.compile(r"^\s*(LS?_\w+|v\w+) \.(\S+) (.*?);")
LABEL = re.compile(r"\b(?:LS?_\w+|v0x\w+)")
SCOPE = re.compile(r"^S_\w+ \.scope ")
TOP = re.compile(r'^S_\w+ \.scope module, "[^"]*" "[^"]*" \d+ \d+;')  # no parent is named
JOINS = ("concat", "concat8")

Piece = tuple[str, int]  # label, bits


def joined(rest: str) -> list[Piece]:
    """Pieces of a join, lowest first, out of what follows its kind: `[ 4 1 0 0], a, b`."""
    widths, operands = rest[1:].split("]", 1)
    names = [name.strip() for name in operands.split(",")[1:]]
    return list(zip(names, map(int, widths.split()), strict=False))


def rename(lines: Iterable[str], same: Mapping[str, str]) -> list[str]:
    """Put for each label the one that stands for it, over any number of steps, without a ring."""
    final: dict[str, str] = {}

    def follow(label: str) -> str:
        if label not in final:
            last = label
            while last in same:
                last = same[last]
            final[label] = last
        return final[label]

    return [LABEL.sub(lambda found: follow(found[0]), line) for line in lines]
