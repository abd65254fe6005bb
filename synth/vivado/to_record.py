# SPDX-License-Identifier: Apache-2.0
"""Reports of a build as a record: only reports of this design, tool, part and stage, all sound.

What the Tcl asked Vivado itself (post_STAGE.json) must agree with what was read from the reports:
the cheapest guard against a report whose layout has changed under us.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from golden.files import sha256
from synth.identity import Identity
from synth.records import Power, Record, Resources, Source, Timing
from synth.vivado.reports import Report, ReportError
from synth.vivado.reports.model import Value
from synth.vivado.whose import Origin, cross_check, load

STAGES = {"post_synth": ("synth", "synthesised"), "post_route": ("route", "routed")}
"""Name of a report -> stage that it must tell, stage of the record."""


class _Group:
    """Collects the figures of one group and why some are missing."""

    def __init__(self, prefix: str, report: Report, reasons: dict[str, str]) -> None:
        self.prefix, self.report, self.reasons = prefix, report, reasons
        self.values: dict[str, Any] = {}

    def take(self, name: str, field: str = "", target: str = "") -> Any:
        """The report's value `field` as figure `name` of the group, None with the reason kept."""
        field = field or name
        value = self.report.values.get(field)
        if value is None:
            why = self.report.reasons.get(field, "the report does not hold it")
            self.reasons[target or f"{self.prefix}.{name}"] = why
        if not target:
            self.values[name] = value
        return value


def _resources(report: Report, reasons: dict[str, str]) -> Resources:
    group = _Group("resources", report, reasons)
    for name in ("lut", "lut_logic", "lut_mem", "lut_primitives", "ff", "carry8", "bram36",
                 "bram18", "uram", "dsp"):  # fmt: skip
        group.take(name)
    group.take("bram_tiles", "bram_tile")
    for name in ("bram36", "bram_tiles"):
        value = group.values[name]
        group.values[name] = None if value is None else float(value)
    available = report.values.get("available")
    spaces = {str(k): float(v) for k, v in available.items() if isinstance(v, int | float)} \
        if isinstance(available, dict) else {}  # fmt: skip
    return Resources(**group.values, available=spaces)


def _timing(report: Report, reasons: dict[str, str], search: Mapping[str, Any] | None) -> Timing:
    group = _Group("timing", report, reasons)
    for name in ("wns_ns", "tns_ns", "whs_ns", "wpws_ns", "met", "fmax_est_mhz", "fmax_met_mhz",
                 "min_period_cap_ns", "unconstrained"):  # fmt: skip
        value = group.take(name)
        if isinstance(value, int) and not isinstance(value, bool) and name != "unconstrained":
            group.values[name] = float(value)
    if report.values.get("publishable") is not True and group.values["fmax_met_mhz"] is not None:
        group.values["fmax_met_mhz"] = None
        reasons["timing.fmax_met_mhz"] = report.reasons["publishable"]
    runs = None
    if search:
        group.values["fmax_met_mhz"] = float(search["fmax_met_mhz"])
        reasons.pop("timing.fmax_met_mhz", None)
        runs = int(search["runs"])
    else:
        reasons["timing.runs"] = "no clock search was run"
    return Timing(**group.values, runs=runs)


def _power(report: Report, reasons: dict[str, str]) -> Power:
    group = _Group("power", report, reasons)
    for name in ("dynamic_w", "static_w", "total_w", "clocks_w", "logic_w", "signals_w", "bram_w",
                 "dsp_w", "ps_w", "confidence", "saif", "nets_matched", "nets_total", "tj_c"):
        value = group.take(name)
        if isinstance(value, int) and name.endswith(("_w", "_c")):
            group.values[name] = float(value)
    saif = group.values["saif"]
    group.values["saif"] = Path(saif).name if isinstance(saif, str) else None
    return Power(**group.values)


def _energy(folder: Path, which: str, origin: Origin, period: float | None,
            macs: int | None, sources: list[Source]) -> tuple[float | None, Report | None, str]:
    """Energy in fJ a product of one workload, its report, and why there is none."""
    path = folder / f"power_{which}.rpt"
    if not path.is_file():
        if which == "changing" and (folder / "power_held.rpt").is_file():
            return None, None, "the lane's weights take many cycles to load: no other in each"
        return None, None, "no power report: power needs the SAIF of a simulation"
    report = load(path, "power", origin)
    if report.values["publishable"] is not True:
        return None, None, f"watts are not told: {report.reasons['publishable']}"
    sources.append(Source(path.name, report.sha256))
    dynamic = report.number("dynamic_w")
    if dynamic is None or period is None or not macs:
        return None, report, "no dynamic watts, period or number of products"
    return round(dynamic * period * 1e6 / macs, 3), report, ""  # W * ns = 10^6 fJ


def to_record(folder: Path, name: str, *, module: str, params: Mapping[str, Any],
              options: Mapping[str, Any], part: str, version: str, identity: Identity,
              board: str | None, period_ns: float, flow: str = "vivado-ooc", design: str = "",
              stand_in: bool = False) -> Record:  # fmt: skip
    """The record of stage `name` ("post_synth", "post_route") of a finished build in `folder`.

    design: the top that Vivado saw, where it is not the module (a shell around it).
    Raises ReportError or RecordError; nothing that was not read becomes a number.
    """
    told, stage = STAGES[name]
    origin = Origin(design or module, part, version, told, stand_in)
    used = load(folder / f"{name}_utilization.rpt", "utilization", origin)
    timed = load(folder / f"{name}_timing.rpt", "timing", origin)
    sources = [Source(Path(r.path).name, r.sha256) for r in (used, timed)]
    path = folder / f"{name}.json"
    try:
        figures = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise ReportError(f"{path}: cannot read: {error}") from error
    cross_check(path, figures, lut_cells=used.values["lut_primitives"], version=version,
                 wns_ns=timed.values["wns_ns"], whs_ns=timed.values["whs_ns"], part=part)
    if name == "post_route":
        routed = load(folder / "route_status.rpt", "route", origin)
        ruled = load(folder / "drc.rpt", "drc", origin)
        for checked, field in ((routed, "nets_with_errors"), (ruled, "errors")):
            if checked.values[field] != 0:  # null is not 0 either
                raise ReportError(f"{checked.path}: {field} is {checked.values[field]}, must be 0")
            sources.append(Source(Path(checked.path).name, checked.sha256))
    reasons: dict[str, str] = {
        key: why for key, why in identity.reasons().items() if getattr(identity, key) is None
    }
    search_file = folder / "fmax.json"
    search = json.loads(search_file.read_text(encoding="utf-8")) \
        if name == "post_route" and search_file.is_file() else None  # fmt: skip
    if search:
        sources.append(Source("fmax.json", sha256(search_file.read_bytes())))
    resources, timing = _resources(used, reasons), _timing(timed, reasons, search)
    energies: dict[str, float | None] = {}
    power = None
    for which in ("held", "changing"):
        if name == "post_route":
            value, report, why = _energy(folder, which, origin, timed.number("period_ns"),
                                         identity.macs, sources)  # fmt: skip
        else:
            value, report, why = None, None, "power is measured on the routed design only"
        energies[which] = value
        if value is None:
            reasons[f"energy_fj_per_mac_{which}"] = why
        if report is not None and power is None:
            power = _power(report, reasons)
    if power is None:
        reasons["power"] = reasons["energy_fj_per_mac_held"]
    worst = timed.values.get("worst_path")
    levels = worst.get("lut_levels") if isinstance(worst, dict) else None
    heads: dict[str, Any] = {
        "lut_cells": resources.lut_primitives, "lut_packed": resources.lut_logic,
        "carry8": resources.carry8, "ff": resources.ff, "lutram": resources.lut_mem,
        "bram36": resources.bram_tiles, "dsp": resources.dsp, "levels": levels,
        "fmax_mhz_est": timing.fmax_est_mhz,
        "energy_fj_per_mac_held": energies["held"],
        "energy_fj_per_mac_changing": energies["changing"],
    }  # fmt: skip
    same = {"lut_cells": "resources.lut_primitives", "lut_packed": "resources.lut_logic",
            "carry8": "resources.carry8", "ff": "resources.ff", "lutram": "resources.lut_mem",
            "bram36": "resources.bram_tiles", "dsp": "resources.dsp",
            "fmax_mhz_est": "timing.fmax_est_mhz"}  # fmt: skip
    for head, value in heads.items():
        if value is None and head not in reasons:
            reasons[head] = reasons.get(same.get(head, ""), "no setup path in the timing report")
    runtime = _seconds(folder, name)
    if runtime is None:
        reasons["runtime_s"] = "no time of its stages in the folder"
    if board is None:
        reasons["board"] = "a part without a board"
    extra: dict[str, Any] = {"critical_path": _path_lines(worst),
                             "clock_publishable": timed.values["publishable"],
                             "stand_in": stand_in}  # fmt: skip
    if timed.values["publishable"] is not True:
        extra["clock"] = timed.reasons["publishable"]
    return Record(
        module=module, tool="vivado", tool_version=version, stage=stage, part=part, flow=flow,
        params=dict(params), lane=identity.lane, b=identity.b, n=identity.n, tree=identity.tree,
        macs=identity.macs, board=board, options=dict(options), period_asked_ns=period_ns,
        runtime_s=runtime, resources=resources, timing=timing, power=power,
        source=tuple(sources), reasons=reasons, extra=extra, **heads,
    )  # fmt: skip


def _seconds(folder: Path, name: str) -> float | None:
    """Seconds of the finished stages up to this one, as vivado/common.tcl leaves them."""
    stages = ("synth",) if name == "post_synth" else ("synth", "implement", "check", "fmax")
    times = [float(path.read_text(encoding="utf-8")) for stage in stages
             if (path := folder / f"{stage}.done").is_file()]  # fmt: skip
    return sum(times) if times else None


def _path_lines(worst: Value) -> list[str]:
    if not isinstance(worst, dict):
        return []
    return [f"{worst['source']} -> {worst['destination']}: {worst['delay_ns']} ns, logic "
            f"{worst['logic_ns']} ns, {worst['levels']} levels, slack {worst['slack_ns']} ns"]
