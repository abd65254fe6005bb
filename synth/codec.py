# SPDX-License-Identifier: Apache-2.0
"""Frozen dataclasses to JSON objects and back: what is unknown, missing or mistyped is an error."""

from __future__ import annotations

import dataclasses
import math
import types
import typing
from collections.abc import Mapping
from typing import Any, TypeVar

from synth.errors import RecordError

T = TypeVar("T")


def encode(value: Any) -> Any:
    """The JSON form of a dataclass, mapping, sequence or plain value."""
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {f.name: encode(getattr(value, f.name)) for f in dataclasses.fields(value)}
    if isinstance(value, Mapping):
        return {str(key): encode(entry) for key, entry in value.items()}
    if isinstance(value, (list, tuple)):
        return [encode(entry) for entry in value]
    return value


def decode(cls: type[T], raw: Any, where: str) -> T:
    """The dataclass `cls` out of a JSON object. Raises RecordError that names `where` and field."""
    if not isinstance(raw, Mapping):
        raise RecordError(f"{where}: expected an object, got {_kind(raw)}")
    hints = typing.get_type_hints(cls)
    known = {f.name: f for f in dataclasses.fields(cls)}  # type: ignore[arg-type]
    for name in raw:
        if name not in known:
            raise RecordError(f"{where}: unknown field {name!r}")
    values = {}
    for name, one in known.items():
        if name in raw:
            values[name] = _value(hints[name], raw[name], f"{where}.{name}")
        elif one.default is dataclasses.MISSING and one.default_factory is dataclasses.MISSING:
            raise RecordError(f"{where}: field {name!r} is missing")
    try:
        return cls(**values)
    except RecordError as error:
        raise RecordError(f"{where}: {error}") from None


def _value(hint: Any, raw: Any, where: str) -> Any:
    origin, arguments = typing.get_origin(hint), typing.get_args(hint)
    if origin in (typing.Union, types.UnionType):
        if raw is None and type(None) in arguments:
            return None
        (inner,) = (one for one in arguments if one is not type(None))
        return _value(inner, raw, where)
    if dataclasses.is_dataclass(hint):
        return decode(typing.cast(type[Any], hint), raw, where)
    if origin is tuple:
        if not isinstance(raw, (list, tuple)):
            raise RecordError(f"{where}: expected a list, got {_kind(raw)}")
        return tuple(_value(arguments[0], one, f"{where}[{i}]") for i, one in enumerate(raw))
    if isinstance(origin, type) and issubclass(origin, Mapping):
        if not isinstance(raw, Mapping):
            raise RecordError(f"{where}: expected an object, got {_kind(raw)}")
        return {str(key): _value(arguments[1], one, f"{where}.{key}") for key, one in raw.items()}
    return _plain(hint, raw, where)


def _plain(hint: Any, raw: Any, where: str) -> Any:
    if hint is Any:
        return raw
    if hint is float and type(raw) in (int, float):
        if not math.isfinite(raw):
            raise RecordError(f"{where}: {raw} is not a finite number")
        return float(raw)
    if type(raw) is not hint:  # bool is an int to isinstance, and a figure is never a bool
        raise RecordError(f"{where}: expected {hint.__name__}, got {_kind(raw)}")
    return raw


def _kind(raw: Any) -> str:
    return "null" if raw is None else f"{type(raw).__name__} {raw!r}"[:60]
