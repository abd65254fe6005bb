# SPDX-License-Identifier: Apache-2.0
"""The house rules a tool can check: licence line, length and width, blanket waivers."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from sim.paths import ROOT

_FOLDERS = ("golden", "host", "rtl", "sim", "synth", "tb", "tests")
_ENDINGS = {".py", ".v", ".vh", ".toml", ".sh"}
_LONGEST = 400
_WIDEST = 100  # of Verilog; ruff sees to Python
_SPDX = "SPDX-License-Identifier: Apache-2.0"
# Turning a Verilator check off for a whole file or project hides what lint is for.
_WAIVER = re.compile(r"verilator\s+lint_off\s+(\w+)")
_BACK_ON = re.compile(r"verilator\s+lint_on\s+(\w+)")


def sources(root: Path = ROOT) -> Iterator[Path]:
    """Yield every source file of the project."""
    for folder in _FOLDERS:
        for path in sorted((root / folder).rglob("*")):
            if path.suffix in _ENDINGS and path.is_file():
                yield path


def complaints(root: Path = ROOT) -> list[str]:
    """Return one line per broken rule, each with the file's name."""
    found = []
    for path in sources(root):
        name = path.relative_to(root)
        text = path.read_text(encoding="utf-8")
        lines = text.splitlines()
        if not any(_SPDX in line for line in lines[:3]):
            found.append(f"{name}: no SPDX line")
        if len(lines) > _LONGEST:
            found.append(f"{name}: {len(lines)} lines, the limit is {_LONGEST}")
        if path.suffix == ".v":
            found += [f"{name}:{number}: {len(line)} columns, the limit is {_WIDEST}"
                      for number, line in enumerate(lines, 1) if len(line) > _WIDEST]  # fmt: skip
            off, on = _WAIVER.findall(text), _BACK_ON.findall(text)
            found += [f"{name}: lint_off {w} is never turned on again" for w in set(off) - set(on)]
            if re.search(r"^\s*module\b", text, re.M) and "`default_nettype none" not in text:
                found.append(f"{name}: no `default_nettype none")
    return found
