# SPDX-License-Identifier: Apache-2.0
"""Where things are. Everything a command writes lies under `build/` (or `.venv/`)."""

from __future__ import annotations

from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
BUILD = ROOT / "build"
RESULTS = BUILD / "results"
VENV = ROOT / ".venv"
TABLES = ROOT / "sim" / "tables"
SEPARATE = ROOT / "sim" / "separate.toml"
SHIMS = ROOT / "sim" / "shims"


def shown(path: Path) -> str:
    """Return `path` relative to the repository where possible: what a message prints."""
    try:
        return str(path.relative_to(ROOT))
    except ValueError:
        return str(path)
