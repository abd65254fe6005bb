# SPDX-License-Identifier: Apache-2.0
"""`sim/tables/*.toml` as typed objects, and the rules that make parameters of a user's choices."""

from __future__ import annotations

import functools
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sim.errors import HarnessError, unknown
from sim.paths import ROOT, SEPARATE, TABLES

Value = int | str


@dataclass(frozen=True)
class Parameter:
    """One Verilog parameter or test option: its default and what is legal.

    default: a value, text with {NAME} holes, or {other parameter: {its value: default}}.
    make:    name of the make variable (K sets KMAX); icarus: default on Icarus where it differs.
    """

    name: str
    default: Value | Mapping[str, Mapping[str, Value]]
    make: str
    minimum: int | None = None
    maximum: int | None = None
    choices: tuple[Value, ...] = ()
    icarus: Value | None = None

    @property
    def is_text(self) -> bool:
        """Whether the values are strings."""
        return isinstance(self.choices[0] if self.choices else self.default, str)

    def describe(self) -> str:
        """Return one word for the help: name, default, legal values."""
        if self.choices:
            legal = "|".join(map(str, self.choices))
        elif self.minimum is not None or self.maximum is not None:
            legal = f"{self.minimum}..{self.maximum}"
        else:
            legal = ""
        return f"{self.make}={self.default}" + (f" ({legal})" if legal else "")

    def default_for(self, others: Mapping[str, Value]) -> Value:
        """Return the default given the parameters resolved so far."""
        if isinstance(self.default, Mapping):
            (other, table), *_ = self.default.items()
            key = str(others[other])
            if key not in table:
                raise HarnessError(f"{self.name} has no default for {other}={key}")
            return table[key]
        if isinstance(self.default, str):
            return self.default.format_map(dict(others))
        return self.default

    def parse(self, given: Value) -> Value:
        """Return the checked value of what a user (or a variant) gave; HarnessError names it."""
        value: Value = given
        if not self.is_text:
            try:
                value = int(given)
            except ValueError:
                raise HarnessError(f"{self.make}={given} is not a whole number") from None
        if self.choices and value not in self.choices:
            valid = ", ".join(map(str, self.choices))
            raise HarnessError(f"{self.make}={given} is not legal, valid: {valid}")
        if isinstance(value, int):
            low, high = self.minimum, self.maximum
            if (low is not None and value < low) or (high is not None and value > high):
                raise HarnessError(f"{self.make}={given} is out of range {low}..{high}")
        return value


@dataclass(frozen=True)
class Bench:
    """One simulation of a target: the simulated top, its extra sources, its cocotb modules.

    optimize: whether the C++ of Verilator's model is, which pays where its tests run long.
    """

    name: str
    top: str
    sources: tuple[Path, ...]
    tests: tuple[str, ...]
    passed: tuple[str, ...] | None = None
    optimize: bool = True

    def takes(self, parameters: Mapping[str, Value]) -> dict[str, Value]:
        """Return those of the target's parameters that the wrapper has, and its tests see."""
        chosen = parameters if self.passed is None else self.passed
        return {name: value for name, value in parameters.items() if name in chosen}


@dataclass(frozen=True)
class Target:
    """One TOPLEVEL."""

    name: str
    about: str
    sources: tuple[Path, ...]
    includes: tuple[Path, ...]
    benches: tuple[Bench, ...]
    parameters: Mapping[str, Parameter]
    options: Mapping[str, Parameter]
    nets: tuple[str, ...] = ()
    generate: tuple[Mapping[str, Any], ...] = ()
    variants: tuple[Mapping[str, Value], ...] = ()
    separate: tuple[str, ...] = ()
    compare: bool = False
    defaults_only: str = ""
    timeout_s: int = 900

    def by_make_name(self) -> dict[str, Parameter]:
        """Return parameters and options keyed by their make variable."""
        return {p.make: p for p in (*self.parameters.values(), *self.options.values())}

    def resolve(self, given: Mapping[str, Value]) -> dict[str, Value]:
        """Return every Verilog parameter; `given` is keyed by Verilog or make name."""
        return _fill(self.parameters, given)

    def resolve_options(self, given: Mapping[str, Value], sim: str) -> dict[str, Value]:
        """Return every test option for this simulator."""
        return _fill(self.options, given, sim)


def _fill(
    table: Mapping[str, Parameter], given: Mapping[str, Value], sim: str = ""
) -> dict[str, Value]:
    done: dict[str, Value] = {}
    for name, parameter in table.items():
        if name in given or parameter.make in given:
            done[name] = parameter.parse(given.get(name, given.get(parameter.make, 0)))
        elif sim == "icarus" and parameter.icarus is not None:
            done[name] = parameter.icarus
        else:
            done[name] = parameter.default_for(done)
    return done


_KEYS = {
    "about", "sources", "includes", "tests", "compare", "defaults_only", "timeout_s",
    "parameters", "options", "nets", "generate", "separate", "variants", "bench",
}  # fmt: skip
_BENCH_KEYS = {"name", "top", "sources", "tests", "pass", "optimize"}
_PARAMETER_KEYS = {"default", "min", "max", "choices", "make", "icarus"}


def _check_keys(where: str, table: Mapping[str, Any], valid: set[str]) -> None:
    for key in table:
        if key not in valid:
            raise HarnessError(f"sim/tables: {where}: {unknown('key', key, sorted(valid))}")


def _parameters(where: str, raw: Mapping[str, Any]) -> dict[str, Parameter]:
    out = {}
    for name, entry in raw.items():
        _check_keys(f"{where}.{name}", entry, _PARAMETER_KEYS)
        if "default" not in entry:
            raise HarnessError(f"sim/tables: {where}.{name} has no default")
        default = entry["default"]
        if isinstance(default, Mapping):
            default = {k: {str(key): v for key, v in t.items()} for k, t in default.items()}
        out[name] = Parameter(
            name=name,
            default=default,
            make=entry.get("make", name),
            minimum=entry.get("min"),
            maximum=entry.get("max"),
            choices=tuple(entry.get("choices", ())),
            icarus=entry.get("icarus"),
        )
    return out


def _paths(names: list[str], root: Path) -> tuple[Path, ...]:
    """Return the files in the order given; a name with * is expanded, each file taken once."""
    found: dict[Path, None] = {}
    for name in names:
        expanded = sorted(root.glob(name)) if "*" in name else [root / name]
        found.update(dict.fromkeys(expanded))
    return tuple(found)


@functools.cache
def _groups() -> dict[str, list[str]]:
    return tomllib.loads(SEPARATE.read_text(encoding="utf-8"))


def _separate(names: Sequence[str]) -> Iterator[str]:
    """Modules by name, or those of a group of sim/separate.toml by "@" and its name."""
    groups = _groups()
    for name in names:
        if name.startswith("@") and name[1:] not in groups:
            raise unknown("group of sim/separate.toml", name[1:], groups)
        yield from groups[name[1:]] if name.startswith("@") else (name,)


def parse_target(name: str, raw: Mapping[str, Any], root: Path = ROOT) -> Target:
    """Return one checked table entry; paths are relative to `root`."""
    _check_keys(name, raw, _KEYS)
    sources = _paths(raw.get("sources", []), root)
    benches = []
    if raw.get("tests"):
        benches.append(Bench("ports", name, sources, tuple(raw["tests"])))
    for entry in raw.get("bench", []):
        _check_keys(f"{name}.bench", entry, _BENCH_KEYS)
        extra = _paths(entry.get("sources", []), root)
        passed = tuple(entry["pass"]) if "pass" in entry else None
        top = entry.get("top", name)
        benches.append(Bench(entry["name"], top, sources + extra, tuple(entry["tests"]), passed,
                             bool(entry.get("optimize", True))))  # fmt: skip
    return Target(
        name=name,
        about=raw.get("about", ""),
        sources=sources,
        includes=_paths(raw.get("includes", []), root),
        benches=tuple(benches),
        parameters=_parameters(f"{name}.parameters", raw.get("parameters", {})),
        options=_parameters(f"{name}.options", raw.get("options", {})),
        nets=tuple(raw.get("nets", ())),
        generate=tuple(raw.get("generate", ())),
        variants=tuple(raw.get("variants", ())),
        separate=tuple(_separate(raw.get("separate", ()))),
        compare=bool(raw.get("compare", False)),
        defaults_only=str(raw.get("defaults_only", "")),
        timeout_s=int(raw.get("timeout_s", 900)),
    )


def load_table(path: Path, root: Path) -> dict[str, Target]:
    """Read a table file. Raises HarnessError that names the file and the entry."""
    try:
        raw = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, tomllib.TOMLDecodeError) as err:
        raise HarnessError(f"{path.name}: {err}") from None
    return {name: parse_target(name, entry, root) for name, entry in raw.items()}


@functools.cache
def table() -> dict[str, Target]:
    """Return the repository's own table: all files of sim/tables/, in the order of their names."""
    whole: dict[str, Target] = {}
    for path in sorted(TABLES.glob("*.toml")):
        part = load_table(path, ROOT)
        twice = sorted(part.keys() & whole.keys())
        if twice:
            raise HarnessError(f"sim/tables/{path.name}: {twice[0]} stands in another file too")
        whole |= part
    return whole


def find(name: str, targets: Mapping[str, Target] | None = None) -> Target:
    """Return the target of that name; HarnessError gives the nearest valid one."""
    targets = table() if targets is None else targets
    if name not in targets:
        raise unknown("TOPLEVEL", name, targets)
    return targets[name]


