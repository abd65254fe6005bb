# SPDX-License-Identifier: Apache-2.0
"""What an interrupted run keeps: the steps that are done, each with its record.

Tensors are not kept: a step is done only if it equals golden, which gives them again in seconds.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from golden.files import write_atomic

Record = dict[str, Any]


class State:
    """Records by "group/step", in a file that is whole at any moment. path None: nothing kept."""

    def __init__(self, path: Path | None) -> None:
        self.path = path
        self.records: dict[str, Record] = {}
        if path is not None and path.is_file():
            try:
                found = json.loads(path.read_text(encoding="utf-8"))
                self.records = {str(k): dict(v) for k, v in found["records"].items()}
            except (ValueError, KeyError, TypeError, AttributeError, OSError):
                self.records = {}  # damaged: begin again
        self.resumed = len(self.records)

    def add(self, key: str, record: Record) -> None:
        """Keep a finished step."""
        self.records[key] = record
        if self.path is not None:
            write_atomic(self.path, (json.dumps({"records": self.records}) + "\n").encode())

    def forget(self) -> None:
        """The run is complete."""
        if self.path is not None:
            self.path.unlink(missing_ok=True)
