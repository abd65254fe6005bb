# SPDX-License-Identifier: Apache-2.0
"""Frozen dataclasses out of plain tables: types, ranges, and names with the nearest known one.

A field made by whole, real, choice or numbers carries its own bounds; `build` reads a table (as
tomllib gives it) into the dataclass and refuses what does not fit in one line that names the key.
"""

from __future__ import annotations

import dataclasses
import difflib
import math
import types
from collections.abc import Iterable, Mapping
from typing import Any, TypeVar, Union, get_args, get_origin, get_type_hints

from golden.errors import PlutarchError

T = TypeVar("T")
_WORDS = {int: "a whole number", float: "a number", str: "text", bool: "true or false"}


def whole(default: int, low: int, high: int) -> Any:
    """A field of type int (or a tuple of them) within low..high."""
    return dataclasses.field(default=default, metadata={"low": low, "high": high})


def real(default: float, low: float, high: float) -> Any:
    """A field of type float within low..high."""
    return dataclasses.field(default=default, metadata={"low": low, "high": high})


def choice(default: str, names: tuple[str, ...]) -> Any:
    """A field of type str that is one of names."""
    return dataclasses.field(default=default, metadata={"names": names})


def numbers(low: int, high: int) -> Any:
    """A field of type tuple[int, ...], empty by default, each within low..high."""
    return dataclasses.field(default=(), metadata={"low": low, "high": high})


def unknown(kind: str, given: str, valid: Iterable[str], where: str = "") -> PlutarchError:
    """The error for a name that is not valid: the nearest valid one, or all of them."""
    names = list(valid)
    lower = {name.lower(): name for name in reversed(names)}
    near = difflib.get_close_matches(given.lower(), list(lower), n=1, cutoff=0.5)
    start = f"{where}: " if where else ""
    if near:
        return PlutarchError(f"{start}unknown {kind} {given!r}, did you mean {lower[near[0]]!r}?")
    return PlutarchError(f"{start}unknown {kind} {given!r}, valid: {', '.join(names) or 'none'}")


def build(kind: type[T], table: Mapping[str, Any], where: str) -> T:
    """A `kind` (a dataclass) from a table; `where` is file and section for the messages.

    Keys that are missing keep their default. Raises PlutarchError on an unknown key (naming the
    nearest), a value of another type, or one out of its range.
    """
    assert dataclasses.is_dataclass(kind)
    hints = get_type_hints(kind)
    known = {field.name: field for field in dataclasses.fields(kind)}
    values: dict[str, Any] = {}
    for key, value in table.items():
        if key not in known:
            raise unknown("key", key, known, where)
        values[key] = _value(hints[key], value, f"{where}: {key}", known[key].metadata)
    return kind(**values)


def _value(hint: Any, value: Any, where: str, bounds: Mapping[str, Any]) -> Any:
    """One value of the type `hint`, checked."""
    if get_origin(hint) in (Union, types.UnionType):  # X | None: TOML has no None, JSON has
        if value is None:
            return None
        (hint,) = (part for part in get_args(hint) if part is not type(None))
    if dataclasses.is_dataclass(hint):
        if not isinstance(value, Mapping):
            raise PlutarchError(f"{where} is a section, not {value!r}")
        return build(hint, value, where)  # type: ignore[arg-type]
    if get_origin(hint) is tuple:
        if not isinstance(value, list):
            raise PlutarchError(f"{where} = {value!r} must be a list")
        (item, *rest) = get_args(hint)
        if rest != [...] and len(value) != 1 + len(rest):
            raise PlutarchError(f"{where} = {value!r} must have {1 + len(rest)} entries")
        return tuple(_value(item, part, where, bounds) for part in value)
    if get_origin(hint) in (dict, Mapping) or hint is Mapping:
        if not isinstance(value, Mapping):
            raise PlutarchError(f"{where} is a section, not {value!r}")
        item = get_args(hint)[1]
        return {str(k): _value(item, part, f"{where}.{k}", bounds) for k, part in value.items()}
    return _scalar(hint, value, where, bounds)


def _scalar(hint: type, value: Any, where: str, bounds: Mapping[str, Any]) -> Any:
    """A whole number, number, text or truth value within its bounds."""
    if hint is float and isinstance(value, int) and not isinstance(value, bool):
        value = float(value)
    if type(value) is not hint:
        raise PlutarchError(f"{where} = {value!r} must be {_WORDS[hint]}")
    if isinstance(value, float) and not math.isfinite(value):
        raise PlutarchError(f"{where} = {value} is not finite")
    if "low" in bounds and not bounds["low"] <= value <= bounds["high"]:
        raise PlutarchError(f"{where} = {value} is out of range "
                            f"{bounds['low']:g}..{bounds['high']:g}")
    if "names" in bounds and value not in bounds["names"]:
        place, _, key = where.rpartition(": ")
        raise unknown(key, str(value), bounds["names"], place)
    return value
