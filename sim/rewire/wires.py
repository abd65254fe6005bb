# SPDX-License-Identifier: Apache-2.0
"""Wires of a netlist, straight: buffers, joins with strengths, selections out of joins."""

from __future__ import annotations

import re

from sim.rewire.netlist import DEFINES, JOINS, LABEL, Piece, joined, rename

_BUFFER = re.compile(r"BUFZ \d+, (LS?_\w+|v0x\w+), C4<0+>, C4<0+>, C4<0+>$")
_STRENGTHS = re.compile(r"C8<|\[\d \d\]|\.(resolv|island|tran|pull)")

Selection = tuple[str, int, int]  # label, first bit, bits


def pass_buffers(lines: list[str]) -> list[str]:
    """Connect what reads a buffer to the buffer's input: it passes all four values on."""
    same: dict[str, str] = {}
    out = []
    for line in lines:
        found = DEFINES.match(line)
        buffer = _BUFFER.match(found[3]) if found and found[2] == "functor" else None
        if found and buffer and _end(buffer[1], same) != found[1]:  # in a ring the last one stays
            same[found[1]] = buffer[1]
        else:
            out.append(line)
    return rename(out, same)


def _end(label: str, same: dict[str, str]) -> str:
    while label in same:
        label = same[label]
    return label


def join_plainly(lines: list[str]) -> list[str]:
    """Make joins of parts with strengths plain ones, if nothing in the netlist has a strength.

    Icarus joins like that whatever is driven part by part.
    """
    if any(_STRENGTHS.search(line) for line in lines):
        return lines
    return [line.replace(" .concat8 ", " .concat ", 1) for line in lines]


class _Wires:
    """Follows selections through concatenations and other selections."""

    def __init__(self, lines: list[str]) -> None:
        self.joins: dict[str, list[Piece]] = {}
        self.parts: dict[str, Selection] = {}
        self.partial: set[str] = set()  # driven bit by bit: left alone
        for line in lines:
            if not (found := DEFINES.match(line)):
                continue
            label, kind, rest = found.groups()
            if kind in JOINS:
                self.joins[label] = joined(rest)
            elif kind == "part":
                source, low, bits = (word.strip() for word in rest.split(","))
                self.parts[label] = (source, int(low), int(bits))
            elif kind == "part/pv":
                self.partial.add(label)

    def _step(self, piece: Selection) -> Selection:
        """Return the piece one wire further back, or the same one."""
        source, low, bits = piece
        if source in self.parts:
            return self.parts[source][0], self.parts[source][1] + low, bits
        begin = 0
        for name, width in self.joins.get(source, ()):
            if begin <= low and low + bits <= begin + width:
                known = name.startswith(("L", "v")) and name not in self.partial
                return (name, low - begin, bits) if known else piece
            begin += width
        return piece

    def follow(self, label: str) -> tuple[Selection, bool]:
        """Return where the selection comes from, and whether that is all of a functor's output."""
        piece, whole = self.parts[label], False
        while (back := self._step(piece)) != piece:
            whole = False
            if piece[0] in self.joins:
                widths = [width for name, width in self.joins[piece[0]] if name == back[0]]
                whole = back[1] == 0 and back[2] in widths and len(set(widths)) == 1
            piece = back
            if whole and piece[0] in self.joins:  # a joint of its own, taken whole: stays
                break
        return piece, whole


def straighten(lines: list[str]) -> list[str]:
    """Connect each selection that lies within one piece of a join to the piece."""
    wires = _Wires(lines)
    pieces: dict[str, Selection] = {}
    same: dict[str, str] = {}
    for label in wires.parts:
        piece, whole = wires.follow(label)
        if whole:
            same[label] = piece[0]
        else:
            pieces[label] = piece
    out = []
    for line in lines:
        found = DEFINES.match(line)
        if found and found[1] in same:
            continue
        if found and found[1] in pieces:
            source, low, bits = pieces[found[1]]
            out.append(f"{found[1]} .part {source}, {low}, {bits};")
        else:
            out.append(LABEL.sub(lambda label: same.get(label[0], label[0]), line))
    return out
