# SPDX-License-Identifier: Apache-2.0
"""Size and clock limits of modules, so that a change that makes one larger fails.

synth/limits.toml has an entry for each design: its parameters, the most it may fill and the
slowest it may be. CI maps them with the open flow and compares.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from golden.files import write_atomic
from sim.targets import Value
from synth.design import Design, design
from synth.errors import SynthError
from synth.records import Record

TABLE: Final = Path(__file__).with_name("limits.toml")
AT_MOST: Final = ("lut_cells", "lut_packed", "carry8", "ff", "lutram", "bram36", "dsp")
AT_LEAST: Final = ("fmax_mhz_est",)
_HEAD: Final = """\
# SPDX-License-Identifier: Apache-2.0
# What each module may cost in the open flow for xcup; CI fails beyond it (synth/limits.py).
# `make bench PART=limits UPDATE=1` writes this file anew: `at_most` is what was counted plus
# {slack} %, `at_least` what was estimated minus {slack} %. A change that needs more says why.
"""
SLACK: Final = 2


@dataclass(frozen=True)
class Limit:
    """One entry: a design, the most of each figure, the least of each."""

    name: str
    design: Design
    at_most: Mapping[str, float]
    at_least: Mapping[str, float]

    def broken(self, record: Record) -> list[str]:
        """A line for each figure beyond its limit; a figure that is null is beyond any."""
        lines = []
        for table, word in ((self.at_most, "at most"), (self.at_least, "at least")):
            for figure, limit in table.items():
                value = getattr(record, figure)
                bad = value is None or (value > limit if word == "at most" else value < limit)
                if bad:
                    lines.append(f"{self.name}: {figure} {value}, {word} {limit:g}")
        return lines


def load(path: Path = TABLE) -> list[Limit]:
    """Read the limits. Raises SynthError naming the file, the entry and what is wrong with it."""
    try:
        raw = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, tomllib.TOMLDecodeError) as error:
        raise SynthError(f"{path.name}: {error}") from None
    found = []
    for name, entry in raw.items():
        unknown = sorted(set(entry) - {"module", "parameters", "at_most", "at_least"})
        if unknown or "module" not in entry:
            what = f"unknown key {unknown[0]!r}" if unknown else "no module"
            raise SynthError(f"{path.name}: {name}: {what}")
        for key, known in (("at_most", AT_MOST), ("at_least", AT_LEAST)):
            for figure, limit in entry.get(key, {}).items():
                if figure not in known or type(limit) not in (int, float):
                    raise SynthError(f"{path.name}: {name}: {key}.{figure} = {limit!r} is no limit "
                                     f"on {', '.join(known)}")  # fmt: skip
        if not entry.get("at_most"):
            raise SynthError(f"{path.name}: {name}: limits nothing")
        given: dict[str, Value] = entry.get("parameters", {})
        found.append(Limit(name, design(entry["module"], given), entry["at_most"],
                           entry.get("at_least", {})))  # fmt: skip
    if not found:
        raise SynthError(f"{path.name}: no entry")
    return found


def rewrite(limits: Sequence[Limit], records: Sequence[Record], path: Path = TABLE) -> None:
    """Write the table anew with limits just beyond what was measured; entries and order stay."""
    parts = [_HEAD.format(slack=SLACK)]
    raw = tomllib.loads(path.read_text(encoding="utf-8"))
    for limit, record in zip(limits, records, strict=True):
        own = raw[limit.name].get("parameters", {})
        given = ", ".join(f"{name} = {_toml(value)}" for name, value in own.items())
        most = ", ".join(f"{name} = {_above(getattr(record, name))}" for name in AT_MOST)
        parts.append(f'[{limit.name}]\nmodule = "{record.module}"\nparameters = {{ {given} }}\n'
                     f"at_most = {{ {most} }}\n"
                     + ("" if record.fmax_mhz_est is None else
                        "at_least = { fmax_mhz_est = "
                        f"{int(record.fmax_mhz_est * (100 - SLACK) / 100)} }}\n"))  # fmt: skip
    write_atomic(path, "\n".join(parts).encode())


def _toml(value: Value) -> str:
    return f'"{value}"' if isinstance(value, str) else str(value)


def _above(value: float) -> int:
    """The limit for a figure: zero stays zero, others get the slack, at least one."""
    return int(value) if value == 0 else max(int(value * (100 + SLACK) / 100), int(value) + 1)
