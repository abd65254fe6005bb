# SPDX-License-Identifier: Apache-2.0
"""A bit selected out of a constant by constant bits, or by bits that decide nothing."""

from __future__ import annotations

import re

from sim.rewire.netlist import DEFINES, Piece, joined

_CONSTANT = re.compile(r"BUFT \d+, C4<([01]+)>, C4<0>, C4<0>, C4<0>$")
_MOST = 8  # selector bits: a join of two joins of four


def _bits(label: str, width: int, constants: dict[str, str],
          joins: dict[str, list[Piece]]) -> list[str] | None:  # fmt: skip
    """Single bits of a selector, lowest first, `0`, `1` or a label; None if there are others."""
    if label in joins:
        out: list[str] = []
        for name, bits in joins[label]:
            if (piece := _bits(name, bits, constants, joins)) is None:
                return None
            out += piece
        return out
    if label in constants:
        return list(constants[label][::-1])
    return [label] if width == 1 else None


def fold(table: str, bits: list[str]) -> tuple[str, list[str]]:
    """Return the table, lowest entry first, and the bits that select in it, as few as will do.

    A bit that is constant goes, and so does one whose two halves of the table are equal.
    """
    kept = list(bits)
    for constant in (True, False):  # in this order: what decides depends on the constants
        for at in range(len(kept) - 1, -1, -1):
            halves = ["".join(table[i] for i in range(len(table)) if (i >> at) & 1 == value)
                      for value in (0, 1)]  # fmt: skip
            if constant and kept[at] in "01":
                table = halves[int(kept[at])]
            elif not constant and halves[0] == halves[1]:
                table = halves[0]
            else:
                continue
            del kept[at]
    return table, kept


def _join(name: str, bits: list[str]) -> list[str]:
    """Lines of a join of single bits under this name, as Icarus writes them: four at most each."""
    if len(bits) > 4:
        low, high = f"LS_{name[2:]}_0", f"LS_{name[2:]}_4"
        return [*_join(low, bits[:4]), *_join(high, bits[4:]),
                f"{name} .concat [ 4 {len(bits) - 4} 0 0], {low}, {high};"]  # fmt: skip
    widths = " ".join("1" if at < len(bits) else "0" for at in range(4))
    return [f"{name} .concat [ {widths}], {', '.join(bits)};"]


def fold_tables(lines: list[str]) -> list[str]:
    """Make every selection of a bit out of a constant as small as it can be."""
    constants: dict[str, str] = {}
    joins: dict[str, list[Piece]] = {}
    for line in lines:
        if found := DEFINES.match(line):
            label, kind, rest = found.groups()
            if kind == "functor" and (constant := _CONSTANT.match(rest)):
                constants[label] = constant[1]
            elif kind == "concat":
                joins[label] = joined(rest)
    out = []
    for line in lines:
        found = DEFINES.match(line)
        if found and found[2] == "part/v":
            source, select, bits = (word.strip() for word in found[3].split(","))
            given = _bits(select, 0, constants, joins) if select in joins else None
            if source in constants and given and bits == "1":
                out += _smaller(found[1], constants[source], given) or [line]
                continue
        out.append(line)
    return out


def _smaller(label: str, constant: str, given: list[str]) -> list[str] | None:
    """Lines of the selection with less to select; None if nothing goes, or everything."""
    if len(constant) != 1 << len(given):
        return None
    table, bits = fold(constant[::-1], given)
    if not 0 < len(bits) < len(given) or len(bits) > _MOST:
        return None
    held, select = f"{label}_table", f"{label}_select"
    lines = [f"{held} .functor BUFT 1, C4<{table[::-1]}>, C4<0>, C4<0>, C4<0>;"]
    if len(bits) > 1:
        lines += _join(select, bits)
    return [*lines, f"{label} .part/v {held}, {select if len(bits) > 1 else bits[0]}, 1;"]
