# SPDX-License-Identifier: Apache-2.0
"""The accelerator's registers as typed objects, read from the one table rtl/registers.toml."""

from __future__ import annotations

import difflib
import functools
import re
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from golden.errors import PlutarchError

TABLE = Path(__file__).resolve().parent.parent / "rtl" / "registers.toml"
ACCESSES = ("ro", "rw", "pulse")
SPACE = 0x1000  # bytes: the AXI4-Lite address has 12 bits
_REGISTER_KEYS = {"offset", "access", "about", "commits", "fields"}
_FIELD_KEYS = {"bits", "value", "reset", "about"}


def _unknown(kind: str, given: str, valid: Iterable[str]) -> PlutarchError:
    names = list(valid)
    near = difflib.get_close_matches(given, names, n=1, cutoff=0.5)
    hint = f"did you mean {near[0]!r}?" if near else f"valid: {', '.join(names)}"
    return PlutarchError(f"unknown {kind} {given!r}, {hint}")


@dataclass(frozen=True)
class Field:
    """Bits high..low of a register.

    value: what a fixed read-only field always reads, else None; reset: what a held one starts with.
    """

    name: str
    high: int
    low: int
    about: str
    value: int | None = None
    reset: int = 0

    @property
    def width(self) -> int:
        """Number of bits."""
        return self.high - self.low + 1

    @property
    def mask(self) -> int:
        """The field's bits, in place."""
        return ((1 << self.width) - 1) << self.low


@dataclass(frozen=True)
class Register:
    """One 32-bit register at a byte offset; fields are in ascending order of bits."""

    name: str
    offset: int
    access: str
    about: str
    fields: tuple[Field, ...]
    commits: str = ""

    @property
    def mask(self) -> int:
        """All bits that exist."""
        return sum(field.mask for field in self.fields)

    @property
    def reset(self) -> int:
        """Value after reset; of a read-only register the fixed fields, all others 0."""
        return sum((f.reset if f.value is None else f.value) << f.low for f in self.fields)

    def field(self, name: str) -> Field:
        """The field of that name. Raises PlutarchError that names the nearest one."""
        for field in self.fields:
            if field.name == name:
                return field
        raise _unknown(f"field of register {self.name}", name, (f.name for f in self.fields))

    def pack(self, fields: Mapping[str, int]) -> int:
        """The register's value with these fields, all others 0.

        Raises PlutarchError for an unknown name or a value that does not fit its bits.
        """
        word = 0
        for name, value in fields.items():
            field = self.field(name)
            if not 0 <= value < 1 << field.width:
                raise PlutarchError(f"{self.name}.{name} = {value} is out of range "
                                    f"0..{(1 << field.width) - 1}")  # fmt: skip
            word |= value << field.low
        return word

    def unpack(self, value: int) -> dict[str, int]:
        """Every field of a value read; bits outside the fields are left aside."""
        return {f.name: (value & f.mask) >> f.low for f in self.fields}


def _keys(where: str, raw: object, valid: set[str], needed: set[str]) -> Mapping[str, Any]:
    if not isinstance(raw, dict):
        raise PlutarchError(f"{where} is no table")
    for key in raw:
        if key not in valid:
            raise PlutarchError(f"{where}: {_unknown('key', key, sorted(valid))}")
    for key in sorted(needed - set(raw)):
        raise PlutarchError(f"{where} has no {key}")
    return raw


def _field(where: str, name: str, raw: object) -> Field:
    entry = _keys(where, raw, _FIELD_KEYS, {"bits", "about"})
    bits = re.fullmatch(r"(\d+):(\d+)", str(entry["bits"]))
    high, low = (int(bits[1]), int(bits[2])) if bits else (-1, 0)
    if not 0 <= low <= high <= 31:
        raise PlutarchError(f'{where}: bits = {entry["bits"]!r} is not "HIGH:LOW" within 31:0')
    for key in ("value", "reset"):
        number = entry.get(key, 0)
        if not isinstance(number, int) or not 0 <= number < 1 << (high - low + 1):
            raise PlutarchError(f"{where}: {key} {number} does not fit bits {high}:{low}")
    return Field(name, high, low, str(entry["about"]), entry.get("value"), entry.get("reset", 0))


def parse(raw: Mapping[str, Any], source: str = TABLE.name) -> dict[str, Register]:
    """The checked registers of a parsed table, by name. Raises PlutarchError naming the entry."""
    found: dict[str, Register] = {}
    for name, given in raw.items():
        where = f"{source}: {name}"
        entry = _keys(where, given, _REGISTER_KEYS, {"offset", "access", "about", "fields"})
        offset, access = entry["offset"], entry["access"]
        if not isinstance(offset, int) or not 0 <= offset < SPACE or offset % 4:
            raise PlutarchError(f"{where}: offset {offset} is no multiple of 4 below {SPACE:#x}")
        if access not in ACCESSES:
            raise PlutarchError(f"{where}: {_unknown('access', str(access), ACCESSES)}")
        fields = [_field(f"{where}.{key}", key, value) for key, value in entry["fields"].items()]
        fields.sort(key=lambda field: field.low)
        used = 0
        for field in fields:
            if used & field.mask:
                raise PlutarchError(f"{where}.{field.name} overlaps another field")
            if field.value is not None and access != "ro":
                raise PlutarchError(f"{where}.{field.name}: only a ro field has a fixed value")
            if field.reset and access != "rw":
                raise PlutarchError(f"{where}.{field.name}: only a rw field has a reset value")
            used |= field.mask
        for other in found.values():
            if other.offset == offset:
                raise PlutarchError(f"{where}: offset {offset:#05x} is taken by {other.name}")
        found[name] = Register(name, offset, access, entry["about"], tuple(fields),
                               entry.get("commits", ""))  # fmt: skip
    for register in found.values():
        if register.commits and register.commits not in found:
            error = _unknown("register", register.commits, found)
            raise PlutarchError(f"{source}: {register.name}: commits: {error}")
    return found


def load(path: Path) -> dict[str, Register]:
    """Read a table file. Raises PlutarchError that names the file and the entry."""
    try:
        raw = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as err:
        raise PlutarchError(f"{path.name}: {err}") from None
    return parse(raw, path.name)


@functools.cache
def table() -> Mapping[str, Register]:
    """The accelerator's registers by name, in the table's order."""
    return load(TABLE)


def register(name: str) -> Register:
    """The register of that name. Raises PlutarchError that names the nearest one."""
    if name not in table():
        raise _unknown("register", name, table())
    return table()[name]
