# SPDX-License-Identifier: Apache-2.0
"""The one record of all synthesis flows, and `bench.json`, the file of them.

A figure that was not measured is None (null) and `reasons` says why under the field's name;
0 always means that zero of something was counted. `reasons` may name a whole group
("power") or one figure of it ("power.dynamic_w"). docs/synth.md says how each figure is counted.
"""

from __future__ import annotations

import dataclasses
import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from golden.files import write_atomic
from synth.codec import decode, encode
from synth.errors import RecordError

SCHEMA: Final = 1
FLOWS: Final = ("yosys-xcup", "yosys-nextpnr-ecp5", "vivado-ooc", "vivado-system")
STAGES: Final = ("synthesised", "optimised", "placed", "routed", "physopt")


@dataclass(frozen=True)
class Source:
    """One file that figures were read from: its name (never a machine's path) and its SHA-256."""

    report: str
    sha256: str

    def __post_init__(self) -> None:
        if not re.fullmatch(r"[0-9a-f]{64}", self.sha256):
            raise RecordError(f"sha256 of {self.report!r} is not 64 hexadecimal digits")
        if self.report.startswith(("/", "~")):
            raise RecordError(f"report {self.report!r} is an absolute path")


@dataclass(frozen=True)
class Resources:
    """A utilization report's figures. `lut` are sites (Vivado's CLB LUTs), `lut_primitives` cells.

    available: name of a figure above -> how many the device has.
    """

    lut: int | None = None
    lut_logic: int | None = None
    lut_mem: int | None = None
    lut_primitives: int | None = None
    ff: int | None = None
    carry8: int | None = None
    bram36: float | None = None
    bram18: int | None = None
    bram_tiles: float | None = None
    uram: int | None = None
    dsp: int | None = None
    available: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class Timing:
    """A timing report's figures: slacks in ns, clocks in MHz, unconstrained = endpoints."""

    wns_ns: float | None = None
    tns_ns: float | None = None
    whs_ns: float | None = None
    wpws_ns: float | None = None
    met: bool | None = None
    fmax_est_mhz: float | None = None
    fmax_met_mhz: float | None = None
    min_period_cap_ns: float | None = None
    unconstrained: int | None = None
    runs: int | None = None


@dataclass(frozen=True)
class Power:
    """A power report's figures in watts, and what they rest on."""

    dynamic_w: float | None = None
    static_w: float | None = None
    total_w: float | None = None
    clocks_w: float | None = None
    logic_w: float | None = None
    signals_w: float | None = None
    bram_w: float | None = None
    dsp_w: float | None = None
    ps_w: float | None = None
    confidence: str | None = None
    saif: str | None = None
    nets_matched: int | None = None
    nets_total: int | None = None
    tj_c: float | None = None


@dataclass(frozen=True)
class Record:
    """One build of one module by one tool at one stage. RecordError when it breaks the rules.

    lane, b, n, tree: the scheme, bits of a code, operands of a dot product, operands of an adder.
    macs: products a cycle of the whole module (n for a lane). params: all Verilog parameters.
    lut_cells: LUT1..LUT6 cells, memories left out, inverters absorbed. lut_packed: LUT sites (an
    estimate in the open flow). lutram: LUT sites used as memory or shift register, not part of
    either. levels: LUTs on the critical path. bram36: 36 Kb blocks, a half one is 0.5.
    energy: fJ per product, weights held or replaced. source: where the figures were read.
    extra: further figures of one flow, free to grow; readers must not depend on them being there.
    """

    module: str
    tool: str
    tool_version: str
    stage: str
    part: str
    flow: str
    params: Mapping[str, Any]
    lane: str | None = None
    b: int | None = None
    n: int | None = None
    tree: int | None = None
    macs: int | None = None
    board: str | None = None
    options: Mapping[str, Any] = field(default_factory=dict)
    period_asked_ns: float | None = None
    lut_cells: int | None = None
    lut_packed: int | None = None
    carry8: int | None = None
    ff: int | None = None
    lutram: int | None = None
    bram36: float | None = None
    dsp: int | None = None
    levels: int | None = None
    fmax_mhz_est: float | None = None
    energy_fj_per_mac_held: float | None = None
    energy_fj_per_mac_changing: float | None = None
    resources: Resources | None = None
    timing: Timing | None = None
    power: Power | None = None
    runtime_s: float | None = None
    source: tuple[Source, ...] = ()
    reasons: Mapping[str, str] = field(default_factory=dict)
    extra: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for name in ("module", "tool", "tool_version", "part"):
            if not getattr(self, name):
                raise RecordError(f"field {name!r} is empty")
        if self.flow not in FLOWS:
            raise RecordError(f"field 'flow': {self.flow!r} is none of {', '.join(FLOWS)}")
        if self.stage not in STAGES:
            raise RecordError(f"field 'stage': {self.stage!r} is none of {', '.join(STAGES)}")
        _check_figures(self)

    @property
    def key(self) -> str:
        """What was built, how and how far: two records of one file never share it."""
        parts = json.dumps([dict(self.params), dict(self.options), self.period_asked_ns],
                           sort_keys=True, default=str)  # fmt: skip
        return "|".join((self.module, parts, self.tool, self.flow, self.stage, self.part))

    @property
    def lut_per_mac(self) -> float | None:
        """LUT sites, memories included, for each product a cycle; None when a part is unknown."""
        if self.lut_packed is None or self.lutram is None or not self.macs:
            return None
        return (self.lut_packed + self.lutram) / self.macs


_GROUPS = ("resources", "timing", "power")
_SIGNED = {"wns_ns", "tns_ns", "whs_ns", "wpws_ns", "tj_c"}


def _check_figures(record: Record) -> None:
    """Each null has its reason, no reason stands at a figure, and no count is negative."""
    nulls: set[str] = set()
    figures: set[str] = set()
    for name, value in _walk(record):
        (nulls if value is None else figures).add(name)
        if (isinstance(value, (int, float)) and value < 0
                and name.rpartition(".")[2] not in _SIGNED):  # fmt: skip
            raise RecordError(f"field {name!r}: {value} is negative")
    for name in sorted(nulls):
        if name not in record.reasons and name.partition(".")[0] not in record.reasons:
            raise RecordError(f"field {name!r} is null and 'reasons' does not say why")
    for name in record.reasons:
        whole_group = name in _GROUPS and any(one.startswith(f"{name}.") for one in nulls)
        if name not in nulls and not whole_group:
            has = "has a value" if name in figures else "is no field that can be null"
            raise RecordError(f"field 'reasons': {name!r} {has}")
        if not record.reasons[name]:
            raise RecordError(f"field 'reasons': {name!r} gives no reason")


def _walk(record: Record) -> Iterable[tuple[str, Any]]:
    """(name, value) of each field that may be null, those inside a group as "group.name"."""
    for one in dataclasses.fields(Record):
        value = getattr(record, one.name)
        if one.name in _GROUPS and value is not None:
            inner = (f for f in dataclasses.fields(value) if f.name != "available")
            yield from ((f"{one.name}.{f.name}", getattr(value, f.name)) for f in inner)
        elif one.default is None:
            yield one.name, value


def to_json(records: Iterable[Record]) -> str:
    """The text of a bench.json; RecordError when two records describe the same build."""
    seen: dict[str, int] = {}
    entries = []
    for number, record in enumerate(records):
        if record.key in seen:
            raise RecordError(f"records[{seen[record.key]}] and [{number}] describe one build: "
                              f"{record.module} {dict(record.params)}")  # fmt: skip
        seen[record.key] = number
        entries.append(encode(record))
    return json.dumps({"schema": SCHEMA, "records": entries}, indent=1, allow_nan=False) + "\n"


def from_json(text: str, name: str) -> list[Record]:
    """The records of a bench.json's text; `name` is the file that errors name."""
    try:
        raw = json.loads(text)
    except json.JSONDecodeError as error:
        raise RecordError(f"{name}: not JSON: {error}") from None
    if not isinstance(raw, dict) or not isinstance(raw.get("records"), list):
        raise RecordError(f"{name}: expected an object with 'schema' and a list 'records'")
    if raw.get("schema") != SCHEMA:
        raise RecordError(f"{name}: schema {raw.get('schema')!r}, this program reads {SCHEMA}")
    return [decode(Record, one, f"{name}: records[{i}]") for i, one in enumerate(raw["records"])]


def write(path: Path, records: Iterable[Record]) -> None:
    """Write a bench.json, whole or not at all."""
    write_atomic(path, to_json(records).encode())


def read(path: Path) -> list[Record]:
    """Read a bench.json. Raises RecordError naming the file, the record and the field."""
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise RecordError(f"{path}: cannot read: {error}") from None
    return from_json(text, str(path))
