# SPDX-License-Identifier: Apache-2.0
"""Equal selections and equal joins of a netlist are one."""

from __future__ import annotations

from sim.rewire.netlist import DEFINES, rename

_SHARED = ("part", "concat")


def share(lines: list[str]) -> list[str]:
    """Keep one of each selection and join, until none is left twice."""
    while True:
        first: dict[tuple[str, str], str] = {}
        same: dict[str, str] = {}
        out = []
        for line in lines:
            found = DEFINES.match(line)
            if found and found[2] in _SHARED:
                one = first.setdefault((found[2], found[3]), found[1])
                if one != found[1]:
                    same[found[1]] = one
                    continue
            out.append(line)
        if not same:
            return out
        lines = rename(out, same)
