# SPDX-License-Identifier: Apache-2.0
"""What the stand-in is told to be: version, parts, boards, the figures of the design, faults."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

PART = "xck26-sfvc784-2LV-c"
BOARD = "xilinx.com:kv260_som:part0:1.4"


@dataclass
class World:
    """Settings of the stand-in; made by tests, read from the file beside the launcher.

    delay_ns: longest path of every design. figures: overrides of double.figures.Figures.
    matched: share of the nets that a SAIF matches. fail_run: name of a run that fails silently.
    lose: a file ending that is silently not written.
    """

    version: str = "2025.1"
    parts: tuple[str, ...] = (PART, "xczu3eg-sbva484-1-e")
    boards: tuple[str, ...] = (BOARD,)
    delay_ns: float = 2.7
    figures: Mapping[str, Any] = field(default_factory=dict)
    matched: float = 0.97
    fail_run: str = ""
    lose: str = ""

    @staticmethod
    def read(path: Path) -> World:
        """The settings in a JSON file."""
        content = json.loads(path.read_text(encoding="utf-8"))
        for name in ("parts", "boards"):
            content[name] = tuple(content.get(name, getattr(World, name)))
        return World(**content)
