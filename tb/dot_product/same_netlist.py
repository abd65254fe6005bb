# SPDX-License-Identifier: Apache-2.0
"""Whether Icarus made the same simulation of two states of the sources.

A .vvp file also holds what no simulation of it can show: addresses as labels, lines of the source,
constants that are computed by then, and constant functions, which are written out though nothing
calls them while time runs. Two files that are equal line by line without these are the same
objects, with the same names, connected and scheduled in the same order.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from golden.errors import PlutarchError
from sim.rewire.netlist import SCOPE

_END = "# The file index is used to find the file name"
_FUNCTION = re.compile(r"^S_\w+ \.scope (?:auto)?function\b")
_CODE = re.compile(r"^\s+\.scope S_\w+;")  # the processes of a scope follow, after all objects
_PLACE = re.compile(r'^(S_\w+ \.scope \w+, "[^"]*" "[^"]*") [\d ,]*\d(?=[,;])')
_LABEL = re.compile(r"\b(?:[A-Za-z]+_?0x[0-9a-f]+(?:_\w+)*|T_\d+(?:\.\d+)?)")
_UNNAMED = re.compile(r'\*"_ivl_\d+"')
_REMARK = re.compile(r";  .*$")
_CALLS = re.compile(r"%callf/|\.ufunc")


class NetlistError(PlutarchError):
    """The text cannot be compared."""


def canonical(text: str) -> list[str]:
    """Lines of a .vvp file without all that; NetlistError if it is none, or calls a function.

    Labels are numbered in order of appearance, so that they still say what is connected to what.
    """
    body, end, _ = text.partition(_END)
    if not end:
        raise NetlistError("not a compiled netlist: it has no index of files")
    numbers: dict[str, str] = {}

    def number(found: re.Match[str]) -> str:
        return numbers.setdefault(found[0], f"@{len(numbers)}")

    return [_LABEL.sub(number, line) for line in _simulated(body)]


def _simulated(body: str) -> Iterator[str]:
    """Lines that a simulation is made of."""
    function = False
    for line in body.split("\n"):
        if SCOPE.match(line) or _CODE.match(line):
            function = bool(_FUNCTION.match(line))
        if function or " .param/" in line or line.startswith(":"):
            continue
        if _CALLS.search(line):
            raise NetlistError("it calls a function while time runs, which is not compared")
        yield _UNNAMED.sub("*", _REMARK.sub(";", _PLACE.sub(r"\1", line)))
