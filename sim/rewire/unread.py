# SPDX-License-Identifier: Apache-2.0
"""What nothing in a netlist reads."""

from __future__ import annotations

import re

from sim.rewire.netlist import DEFINES, LABEL, SCOPE, TOP

# Functors without a state or an effect: gone when nothing reads them.
_PURE = re.compile(r"(part(/v)?|concat8?|functor|repeat|(reduce|arith|cmp|extend)/\w+)$")


def drop_unread(lines: list[str]) -> list[str]:
    """Remove names below the top that no line reads, then pure functors that nothing reads.

    The names in the simulated top stay: cocotb looks there. A name costs a visit and a copy of
    its value at each change.
    """
    reads: list[list[str]] = []  # a line each: the labels in it but its own
    names: dict[int, str] = {}  # lines that only name an output below the top
    top = True
    for number, line in enumerate(lines):
        top = bool(TOP.match(line)) if SCOPE.match(line) else top
        found = DEFINES.match(line)
        reads.append(LABEL.findall(f"{found[2]} {found[3]}" if found else line))
        if found and found[2].startswith("net") and not top:
            names[number] = found[1]
    read = {label for labels in reads for label in labels}
    gone = {number for number, label in names.items() if label not in read}

    pure: dict[str, list[str]] = {}
    live: list[str] = []
    for number, line in enumerate(lines):
        if number in gone:
            continue
        found = DEFINES.match(line)
        if found and _PURE.match(found[2]):
            pure[found[1]] = reads[number]
        else:
            live += reads[number]
    seen = set(live)
    while live:
        for label in pure.get(live.pop(), ()):
            if label not in seen:
                seen.add(label)
                live.append(label)
    kept = []
    for number, line in enumerate(lines):
        found = DEFINES.match(line)
        unread = found is not None and found[1] in pure and found[1] not in seen
        if number not in gone and not unread:
            kept.append(line)
    return kept
