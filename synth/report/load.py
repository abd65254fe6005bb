# SPDX-License-Identifier: Apache-2.0
"""Finds and reads what a report is made of: records of all flows, runs of networks.

Anything that makes the figures less than what they seem (two tool versions, files that
contradict each other, sources newer than the figures) becomes a warning on the page.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from synth import records
from synth.errors import RecordError, SynthError
from synth.records import Record

BENCH: Final = ("bench.json", "bench-lanes.json", "bench-accelerators.json", "bench-ecp5.json")
"""Files of `make bench`, the whole run first; one of them has to be there."""
MODULES: Final = "bench-limits.json"
"""Its lanes are CI's, mapped in another way than the bench's: only its other modules are taken."""


Sources = Callable[[str], Iterable[Path]]


@dataclass(frozen=True)
class Origin:
    """What may be compared with each other: one part, flow, tool, version and stage."""

    part: str
    flow: str
    tool: str
    version: str
    stage: str

    @property
    def words(self) -> str:
        """For example "yosys 0.70, synthesised, xck26-sfvc784-2LV-c"."""
        return f"{self.tool} {self.version}, {self.stage}, {self.part}"


def origin(record: Record) -> Origin:
    """Where a record's figures come from."""
    return Origin(record.part, record.flow, record.tool, record.tool_version, record.stage)


@dataclass(frozen=True)
class Loaded:
    """records: no build twice. files: name -> how many of them. networks: of `make network`."""

    records: tuple[Record, ...]
    files: Mapping[str, int]
    networks: tuple[Mapping[str, Any], ...]
    warnings: tuple[str, ...]

    def origins(self, lanes: bool | None = None) -> dict[Origin, list[Record]]:
        """Records by origin, most first. lanes: only dot products (True) or only others (False)."""
        found: dict[Origin, list[Record]] = {}
        for one in self.records:
            if lanes is None or lanes == (one.module == "dot_product"):
                found.setdefault(origin(one), []).append(one)
        return dict(sorted(found.items(), key=lambda item: -len(item[1])))


def load(folder: Path, sources: Sources = lambda _: ()) -> Loaded:
    """Read build/results. sources: module -> the files whose change makes its figures old.

    Raises SynthError when the bench has not run, RecordError for a damaged file, in one line each.
    """
    present = [folder / name for name in BENCH if (folder / name).is_file()]
    if not present:
        raise SynthError(f"no {BENCH[0]} in {folder.name}/: run `make bench` "
                         "(`make bench PART=lanes` for a part of it)")  # fmt: skip
    warnings: list[str] = []
    if present[0].name != BENCH[0]:
        warnings.append("There is no bench.json of a whole `make bench`; figures are of parts: "
                        f"{', '.join(path.name for path in present)}.")  # fmt: skip
    paths = [*present, *sorted(folder.glob("synth-*.json"))]
    if (folder / MODULES).is_file():
        paths.append(folder / MODULES)
    paths.sort(key=lambda path: path.stat().st_mtime, reverse=True)  # the newest wins
    chosen: dict[str, tuple[Record, str]] = {}
    files: dict[str, int] = {}
    stand_ins = 0
    for path in paths:
        files[path.name] = 0
        for one in records.read(path):
            if path.name == MODULES and one.lane is not None:
                continue
            if one.extra.get("stand_in"):
                stand_ins += 1
                continue
            if one.key not in chosen:
                chosen[one.key] = (one, path.name)
                files[path.name] += 1
            elif _figures(chosen[one.key][0]) != _figures(one):
                warnings.append(f"{chosen[one.key][1]} and {path.name} disagree on {_name(one)}; "
                                f"shown is the newer file, {chosen[one.key][1]}.")  # fmt: skip
    if stand_ins:
        warnings.append(f"{stand_ins} records are of the Vivado test double and left out: they "
                        "were measured nowhere.")  # fmt: skip
    found = tuple(one for one, _ in chosen.values())
    warnings += [*_mixed(found), *_old(folder, chosen.values(), sources)]
    networks, said = _networks(folder)
    return Loaded(found, files, networks, (*_few(warnings), *said))


_FIGURES: Final = ("lut_cells", "lut_packed", "lutram", "carry8", "ff", "bram36", "dsp",
                   "fmax_mhz_est")  # fmt: skip


def _figures(record: Record) -> tuple[Any, ...]:
    return tuple(getattr(record, name) for name in _FIGURES)


def _name(record: Record) -> str:
    shown = " ".join(f"{name}={value}" for name, value in record.params.items()
                     if not name.endswith("_FILE"))  # fmt: skip
    return f"{record.module} {shown}".strip()


def _few(warnings: list[str], most: int = 6) -> list[str]:
    """At most `most` of a kind: a whole bench of another state would fill the page."""
    clashes = [line for line in warnings if " disagree on " in line]
    rest = [line for line in warnings if " disagree on " not in line]
    if len(clashes) > most:
        clashes = [*clashes[:most], f"... and {len(clashes) - most} more builds on which files "
                   "disagree: sources, tools or counting changed between them."]  # fmt: skip
    return [*rest, *clashes]


def _mixed(found: Iterable[Record]) -> list[str]:
    """A line for each flow whose records are of several versions of its tool."""
    versions: dict[str, dict[str, int]] = {}
    for one in found:
        count = versions.setdefault(one.flow, {})
        name = f"{one.tool} {one.tool_version}"
        count[name] = count.get(name, 0) + 1
    return [f"Records of {flow} are of several tools: "
            + ", ".join(f"{name} ({count})" for name, count in sorted(seen.items()))
            + ". They stand apart below and are never compared with each other."
            for flow, seen in versions.items() if len(seen) > 1]  # fmt: skip


def _old(folder: Path, chosen: Iterable[tuple[Record, str]], sources: Sources) -> list[str]:
    """A line for each module of a file that is older than some of the module's sources."""
    lines = []
    for name, module in dict.fromkeys((file, one.module) for one, file in chosen):
        written = (folder / name).stat().st_mtime
        times = {path: path.stat().st_mtime for path in sources(module)}
        newer = [path for path, time in times.items() if time > written]
        if newer:
            last = max(newer, key=lambda path: times[path])
            lines.append(f"Figures of {module} ({name}) are older than {len(newer)} of its sources "
                         f"(the last one: {last.name}): they may be of an earlier state. "
                         "`make bench` is quick where nothing changed.")  # fmt: skip
    return lines


def _sound(raw: Mapping[str, Any]) -> bool:
    """Whether what latencies are made of has the form that `make network` gives it."""
    layers = raw["layers"]
    return (type(raw["images"]) is int and raw["images"] > 0
            and isinstance(raw["parameters"], dict) and isinstance(layers, list)
            and all(isinstance(one, dict) and isinstance(one.get("name"), str)
                    and type(one.get("cycles")) is int for one in layers))  # fmt: skip


_NEEDED: Final = {"net", "images", "parameters", "layers", "toplevel", "sim_version", "passed"}


def _networks(folder: Path) -> tuple[tuple[Mapping[str, Any], ...], list[str]]:
    """(results of `make network` that passed, a line for each that is no use)."""
    found, said = [], []
    for path in sorted(folder.glob("network-*.json")):
        try:
            raw = json.loads(path.read_text(encoding="utf-8"))
        except (OSError, ValueError) as error:
            raise RecordError(f"{path.name}: cannot read: {error}") from None
        if not isinstance(raw, dict) or (missing := sorted(_NEEDED - set(raw))):
            raise RecordError(f"{path.name}: no result of `make network`"
                              + (f": no {missing[0]}" if isinstance(raw, dict) else ""))
        if not _sound(raw):
            raise RecordError(f"{path.name}: 'images', 'parameters' or 'layers' is no result of "
                              "`make network`")  # fmt: skip
        if raw["passed"] is True:
            found.append(raw)
        else:
            said.append(f"{path.name} is of a run that failed and is left out.")
    return tuple(found), said
