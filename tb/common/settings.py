# SPDX-License-Identifier: Apache-2.0
"""What the harness tells a simulation, read from the one file that PLUTARCH_RUN names."""

from __future__ import annotations

import functools
import json
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from golden.errors import PlutarchError


@dataclass(frozen=True)
class Settings:
    """The settings of one simulation; `sim/run.py` writes them, nothing else does.

    parameters: Verilog parameters of the TOPLEVEL as built (int, or str for string parameters).
    seed:       base seed of this run; cocotb's `random` is seeded from it too.
    options:    the target's `options` (IMAGES=, ...) after the user's choices.
    data_dir:   scratch folder of the HDL players and recorders (plusarg +DATA).
    result_json: where `tb.common.results` writes; tests do not open it themselves.
    package:    folder of the network package, None when the target has no `nets`.
    """

    toplevel: str
    bench: str
    sim: str
    parameters: Mapping[str, int | str]
    seed: int
    data_dir: Path
    result_json: Path
    net: str | None = None
    package: Path | None = None
    options: Mapping[str, int | str] = field(default_factory=dict)
    waves: bool = False
    debug: bool = False

    def integer(self, name: str) -> int:
        """Return an integer parameter or option; a wrong name raises PlutarchError."""
        for table in (self.parameters, self.options):
            if name in table:
                return int(table[name])
        raise PlutarchError(f"{self.toplevel} has no parameter or option {name!r}")


@functools.cache
def load() -> Settings:
    """Read the settings of this simulation. Raises PlutarchError outside the harness."""
    path = os.environ.get("PLUTARCH_RUN")
    if not path:
        raise PlutarchError("PLUTARCH_RUN is not set: use `make sim TOPLEVEL=...`")
    raw = json.loads(Path(path).read_text(encoding="utf-8"))
    for name in ("data_dir", "result_json", "package"):
        raw[name] = Path(raw[name]) if raw[name] is not None else None
    return Settings(**raw)
