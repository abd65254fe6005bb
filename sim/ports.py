# SPDX-License-Identifier: Apache-2.0
"""The port names of a Verilog module, read from its ANSI header."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

from sim.errors import BuildError
from sim.paths import shown

_COMMENT = re.compile(r"//[^\n]*|/\*.*?\*/", re.S)
_DIRECTION = re.compile(r"\b(input|output|inout)\b")
_NOISE = re.compile(r"\b(wire|reg|logic|signed|integer)\b|\[[^\]]*\]|\(\*.*?\*\)|`\w+[^\n]*")
_NAME = re.compile(r"[A-Za-z_]\w*")


def balanced(text: str, start: int) -> int:
    """Return the index just after the parenthesis that closes the one at `start`."""
    depth = 0
    for at in range(start, len(text)):
        depth += {"(": 1, ")": -1}.get(text[at], 0)
        if depth == 0:
            return at + 1
    return len(text)


def find_ports(module: str, sources: Sequence[Path]) -> tuple[tuple[str, str], ...]:
    """Return (direction, name) of each port, in order. Raises BuildError if there is no module."""
    for source in sources:
        try:
            text = _COMMENT.sub(" ", source.read_text(encoding="utf-8"))
        except OSError as err:
            raise BuildError(f"{shown(source)}: {err.strerror}") from None
        head = re.search(rf"\bmodule\s+{re.escape(module)}\b", text)
        if not head:
            continue
        at = head.end()
        parameters = re.compile(r"\s*#\s*\(").match(text, at)
        if parameters:
            at = balanced(text, parameters.end() - 1)
        opening = text.find("(", at)
        semicolon = text.find(";", at)
        if opening < 0 or (0 <= semicolon < opening):
            return ()
        header = text[opening + 1 : balanced(text, opening) - 1]
        pieces = _DIRECTION.split(header)
        return tuple(
            (pieces[i], name)
            for i in range(1, len(pieces), 2)
            for name in _NAME.findall(_NOISE.sub(" ", pieces[i + 1]))
        )
    raise BuildError(f"no module {module} in {', '.join(shown(s) for s in sources)}")
