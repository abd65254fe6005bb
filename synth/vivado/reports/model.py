# SPDX-License-Identifier: Apache-2.0
"""What a read report is: values that were read, reasons for those that were not, checks."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from synth.errors import SynthError

Value = int | float | str | bool | None | dict[str, "Value"] | list["Value"]
"""What a report can hold; the same types as JSON."""

STAGES = {
    "synthesized": "synth",
    "optimized": "opt",
    "fully placed": "place",
    "placed": "place",
    "physopt postplace": "place",
    "routed": "route",
    "fully routed": "route",
    "physopt postroute": "route",
}
"""`Design State` in lower case -> stage of a record."""


class ReportError(SynthError):
    """A file that is no Vivado report that we know, or one that breaks what all of them keep."""


@dataclass(frozen=True)
class Check:
    """An invariant. Hard ones hold in all real reports; soft ones allow for rounding and notes."""

    name: str
    ok: bool
    detail: str
    hard: bool = True


@dataclass
class Report:
    """One report. A value of None always has a reason under the same name; it never means 0."""

    kind: str
    path: str
    sha256: str
    tool_version: str | None = None
    design: str | None = None
    device: str | None = None
    stage: str | None = None
    command: str | None = None
    header: dict[str, str] = field(default_factory=dict)
    values: dict[str, Value] = field(default_factory=dict)
    reasons: dict[str, str] = field(default_factory=dict)
    checks: list[Check] = field(default_factory=list)

    @property
    def broken(self) -> list[str]:
        """Hard invariants that the report does not keep: nothing of it may be published."""
        return [f"{c.name}: {c.detail}" for c in self.checks if c.hard and not c.ok]

    @property
    def warnings(self) -> list[str]:
        """Soft invariants that the report does not keep."""
        return [f"{c.name}: {c.detail}" for c in self.checks if not c.hard and not c.ok]

    def put(self, name: str, value: Value, reason: str = "") -> None:
        """Keep a value; None needs a reason."""
        self.values[name] = value
        self.reasons.pop(name, None)
        if value is None:
            if not reason:
                raise ValueError(f"{name}: no value and no reason")
            self.reasons[name] = reason

    def number(self, name: str) -> float | None:
        """A value as a number, None when it was not read or is none."""
        value = self.values.get(name)
        return value if isinstance(value, int | float) and not isinstance(value, bool) else None

    def check(self, name: str, ok: bool, detail: str, hard: bool = True) -> None:
        """Note an invariant and whether the report keeps it."""
        self.checks.append(Check(name, ok, detail, hard))

    def require_sound(self) -> None:
        """Raise ReportError naming the first broken invariant."""
        if self.broken:
            raise ReportError(f"{self.path}: not a sound {self.kind} report: {self.broken[0]}")

    def as_json(self) -> dict[str, Value]:
        """Everything as plain data."""
        checks: list[Value] = [
            {"name": c.name, "ok": c.ok, "detail": c.detail, "hard": c.hard} for c in self.checks
        ]
        return {
            "kind": self.kind, "path": self.path, "sha256": self.sha256,
            "tool_version": self.tool_version, "design": self.design, "device": self.device,
            "stage": self.stage, "command": self.command, "values": self.values,
            "reasons": dict(self.reasons), "broken": list(self.broken),
            "warnings": list(self.warnings), "checks": checks,
        }  # fmt: skip


_PLAIN = re.compile(r"^-?\d+(?:\.\d+)?$")
_WITH_NOTE = re.compile(r"^(-?\d+(?:\.\d+)?) ?\(([^()]*)\)$")
_BELOW = re.compile(r"^<\s*(\d+(?:\.\d+)?)$")


def number(cell: str) -> tuple[float | int | None, str]:
    """(number, "") of a table cell, or (None, reason); a remark in brackets is no obstacle.

    `<0.001` is no number but a bound: reason "below 0.001". `NA`, `---` and blank are none either.
    """
    cell = cell.strip()
    bare = _PLAIN.match(cell)
    noted = _WITH_NOTE.match(cell)
    if bare or noted:
        digits = cell if bare else noted[1] if noted else ""
        return (float(digits) if "." in digits else int(digits)), ""
    below = _BELOW.match(cell)
    if below:
        return None, f"below {below[1]}, the resolution of the report"
    if not cell:
        return None, "the cell is blank"
    if cell.rstrip("*") in ("NA", "---", "N/A", "n/a", "Unspecified", "inf", "-", "_"):
        return None, f"the report says {cell}"
    return None, f"{cell!r} is no number"


def remark(cell: str) -> str | None:
    """The remark in brackets behind a number, None when there is none."""
    noted = _WITH_NOTE.match(cell.strip())
    return noted[2] if noted else None


def bound(cell: str) -> tuple[float, float] | None:
    """(low, high) of the true value behind a cell printed with three decimals; None: no number."""
    value, _ = number(cell)
    below = _BELOW.match(cell.strip())
    if below:
        return 0.0, float(below[1])
    return None if value is None else (value - 0.0005, value + 0.0005)
