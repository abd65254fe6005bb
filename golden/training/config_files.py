# SPDX-License-Identifier: Apache-2.0
"""Config files: TOML with a base and, where a table of the paper has many rows, `[rows.<name>]`.

Everything outside `rows` is the base. `extends = "other.toml"` takes over another file: its base,
its row, then this base, then this row, each over what came before. `--set a.b=value` comes last.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from golden.errors import PlutarchError
from golden.training.config import Config, make_config
from golden.training.fields import unknown

SHIPPED = Path(__file__).resolve().parent.parent / "configs"
Table = dict[str, Any]


def find_file(given: str) -> Path:
    """The config file of a path, or of the name of a shipped one (`table4`). PlutarchError."""
    path = Path(given)
    if path.suffix == ".toml" or path.is_file():
        if not path.is_file():
            raise PlutarchError(f"{given}: no such config file")
        return path
    shipped = {file.stem: file for file in sorted(SHIPPED.glob("*.toml"))}
    if given not in shipped:
        raise unknown("config", given, shipped)
    return shipped[given]


def row_names(file: Path) -> list[str]:
    """Names of the rows of a file, inherited ones first; [] where it has none. PlutarchError."""
    names: dict[str, None] = {}
    for table in _chain(file):
        names |= dict.fromkeys(table.get("rows", {}))
    return list(names)


def read_config(file: Path, row: str | None = None, changes: Iterable[str] = ()) -> Config:
    """The config of a file (and one of its rows) with `key=value` changes laid over it.

    Raises PlutarchError naming the file: missing, no TOML, unknown row (with the nearest), a file
    with rows and none chosen, and all that make_config refuses.
    """
    chain = _chain(file)
    rows = row_names(file)
    if row is None and rows:
        raise PlutarchError(f"{file}: choose one with --row: {', '.join(rows)}")
    if row is not None and row not in rows:
        raise unknown("row", row, rows, str(file))
    table: Table = {}
    for part in chain:
        table = merged(table, {k: v for k, v in part.items() if k not in ("rows", "extends")})
        if row is not None:
            table = merged(table, part.get("rows", {}).get(row, {}))
    for change in changes:
        table = merged(table, parse_change(change))
    table.setdefault("name", f"{file.stem}/{row}" if row else file.stem)
    return make_config(table, f"{file} [{row}]" if row else str(file))


def merged(under: Mapping[str, Any], over: Mapping[str, Any]) -> Table:
    """Both tables, sections joined key by key; where both have a value, `over` has it."""
    result = dict(under)
    for key, value in over.items():
        before = result.get(key)
        both = isinstance(before, Mapping) and isinstance(value, Mapping)
        result[key] = merged(before, value) if both else value  # type: ignore[arg-type]
    return result


def parse_change(text: str) -> Table:
    """`stages.quant.epochs=3` as nested tables; a value that is no TOML is taken as text."""
    key, equals, value = text.partition("=")
    parts = key.strip().split(".")
    if not equals or not all(parts):
        raise PlutarchError(f"--set {text}: write key=value, as in stages.quant.epochs=3")
    try:
        found: Any = tomllib.loads(f"value = {value}")["value"]
    except tomllib.TOMLDecodeError:
        found = value.strip()
    for part in reversed(parts):
        found = {part: found}
    return dict(found)


def _chain(file: Path) -> list[Table]:
    """The tables of a file, the one it extends first. Raises PlutarchError."""
    chain: list[Table] = []
    seen: set[Path] = set()
    here: Path | None = file
    while here is not None:
        if here.resolve() in seen:
            raise PlutarchError(f"{here}: extends itself")
        seen.add(here.resolve())
        table = _read(here)
        chain.insert(0, table)
        parent = table.get("extends")
        here = here.parent / str(parent) if parent is not None else None
    return chain


def _read(file: Path) -> Table:
    """One file as tables. Raises PlutarchError naming it and what is wrong."""
    try:
        table = tomllib.loads(file.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise PlutarchError(f"{file}: no such config file") from error
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise PlutarchError(f"{file}: not readable as TOML: {error}") from error
    rows = table.get("rows", {})
    if not isinstance(rows, dict) or not all(isinstance(row, dict) for row in rows.values()):
        raise PlutarchError(f"{file}: rows must be sections, [rows.<name>]")
    return table
