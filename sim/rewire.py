# SPDX-License-Identifier: Apache-2.0
"""Icarus netlists whose selections are wired straight: what a part of a concatenation takes.

vvp 11 sends a concatenation on whenever one of its pieces changes, and looks at every selection
out of it each time. A vector of N products that arrive one by one and is taken apart again, as in
front of an adder tree, so costs N * N. Here a selection that lies within one piece is connected to
that piece, and what nothing reads any more goes. Which values stand where is unchanged: only
wiring is followed, no operator, no register and no process is touched. It is for runs of many
vectors; those who use it compare with the netlist as it was as well.
"""

from __future__ import annotations

import re
from pathlib import Path

_DEFINES = re.compile(r"^\s*(LS?_\w+|v\w+) \.(\S+) (.*?);")
_LABEL = re.compile(r"\b(?:LS?_\w+|v0x\w+)")
_SCOPE = re.compile(r"^S_\w+ \.scope ")
_TOP = re.compile(r'^S_\w+ \.scope module, "[^"]*" "[^"]*" \d+ \d+;')  # no parent is named
_JOINS = ("concat", "concat8")
# Functors without a state or an effect: gone when nothing reads them.
_PURE = re.compile(r"(part(/v)?|concat8?|functor|repeat|(reduce|arith|cmp|extend)/\w+)$")

Piece = tuple[str, int, int]  # label, first bit, bits


class _Wires:
    """Follows selections through concatenations and other selections."""

    def __init__(self, lines: list[str]) -> None:
        self.joins: dict[str, list[tuple[str, int]]] = {}
        self.parts: dict[str, Piece] = {}
        self.final: dict[str, Piece] = {}
        self.partial: set[str] = set()  # driven bit by bit: left alone
        for line in lines:
            if not (found := _DEFINES.match(line)):
                continue
            label, kind, rest = found.groups()
            if kind in _JOINS:
                widths, operands = rest[1:].split("]", 1)
                names = [name.strip() for name in operands.split(",")[1:]]
                self.joins[label] = list(zip(names, map(int, widths.split()), strict=False))
            elif kind == "part":
                source, low, bits = (word.strip() for word in rest.split(","))
                self.parts[label] = (source, int(low), int(bits))
            elif kind == "part/pv":
                self.partial.add(label)

    def _step(self, piece: Piece) -> Piece:
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

    def _width(self, label: str) -> int:
        """Bits of what a concatenation or a selection gives, 0 for anything else."""
        if label in self.parts:
            return self.parts[label][2]
        return sum(width for _, width in self.joins.get(label, ()))

    def follow(self, label: str) -> tuple[Piece, bool]:
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


def _straighten(lines: list[str]) -> list[str]:
    wires = _Wires(lines)
    pieces: dict[str, Piece] = {}
    same: dict[str, str] = {}
    for label in wires.parts:
        piece, whole = wires.follow(label)
        if whole:
            same[label] = piece[0]
        else:
            pieces[label] = piece
    out = []
    for line in lines:
        found = _DEFINES.match(line)
        if found and found[1] in same:
            continue
        if found and found[1] in pieces:
            source, low, bits = pieces[found[1]]
            out.append(f"{found[1]} .part {source}, {low}, {bits};")
        else:
            out.append(_LABEL.sub(lambda label: same.get(label[0], label[0]), line))
    return out


def _drop_unread(lines: list[str]) -> list[str]:
    """Remove pure functors that nothing reads, and the names of their outputs.

    The names in the simulated top stay: cocotb looks there.
    """
    reads: list[list[str]] = []  # a line each: the labels in it but its own
    pure: dict[str, list[str]] = {}  # functors that may go, and names below the top
    names: dict[int, str] = {}
    top = True
    live: list[str] = []
    for number, line in enumerate(lines):
        top = bool(_TOP.match(line)) if _SCOPE.match(line) else top
        found = _DEFINES.match(line)
        labels = _LABEL.findall(f"{found[2]} {found[3]}" if found else line)
        reads.append(labels)
        named = found is not None and found[2].startswith("net") and not top
        if found and (named or _PURE.match(found[2])):
            pure[found[1]] = labels
            if named:
                names[number] = found[1]
        else:
            live += labels
    seen = set(live)
    while live:
        for label in pure.get(live.pop(), ()):
            if label not in seen:
                seen.add(label)
                live.append(label)
    kept = []
    for number, line in enumerate(lines):
        found = _DEFINES.match(line)
        if number in names:
            stays = names[number] in seen or any(
                label in seen or label not in pure for label in reads[number]
            )
        else:
            stays = not found or found[1] not in pure or found[1] in seen
        if stays:
            kept.append(line)
    return kept


def rewire(path: Path) -> None:
    """Rewrite a vvp file in place; raises ValueError if it holds no netlist."""
    lines = path.read_text(encoding="utf-8").split("\n")
    if not any(_TOP.match(line) for line in lines):
        raise ValueError(f"{path.name} is no vvp netlist")
    path.write_text("\n".join(_drop_unread(_straighten(lines))), encoding="utf-8")
