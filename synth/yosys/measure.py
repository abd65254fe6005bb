# SPDX-License-Identifier: Apache-2.0
"""One record out of one design: map, count, time; each step out of the cache where it is there."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any, Final

from golden.files import sha256
from synth import cache, records
from synth.design import Design
from synth.identity import identify
from synth.records import Record, Source
from synth.yosys import carry, copies, matching, netlist, order, pack, run, timing
from synth.yosys.replicate import PERIOD_NS

_CODE: Final = copies.CODE + cache.code_hash(
    __file__, *(str(module.__file__) for module in (carry, matching, netlist, order, pack, timing,
                                                    records)),
    Path(__file__).parent.parent / "identity.py",
)  # fmt: skip
ESTIMATE: Final = "estimate from the delay table, not placed or routed"
NOT_OPEN: Final = "only Vivado's reports have it"
NO_PATH: Final = "no path runs from register to register"
BUILT_OF_DSP: Final = ("D4", "D8")
"""Lanes that are DSP slices; all others are mapped with DSPs switched off."""
NO_ENERGY: Final = "no energy was asked for"


def measure(design: Design, *, board: str | None = None) -> Record:
    """The record of a design in the open flow for xcup, without energy."""
    dsp = design.parameters.get("LANE") in BUILT_OF_DSP
    timed = copies.timed(design, dsp=dsp)

    def make(folder: Path) -> None:
        (folder / "record.json").write_text(
            records.to_json([_record(design, timed, dsp, board)]), encoding="utf-8")

    name = cache.key((timed.mapped.folder.name, _CODE, str(board)))
    return records.read(cache.folder("records", name, make) / "record.json")[0]


def _record(design: Design, timed: copies.Timed, dsp: bool, board: str | None) -> Record:
    mapped, path = timed.mapped, timed.path
    raw = timed.raw or mapped.raw()
    found = timed.found or netlist.from_json(raw, design.top)
    counts = pack.count(found)
    who = identify(design.top, {**design.parameters, **resolved(raw, design.top)})
    reasons = who.reasons() | dict.fromkeys(("resources", "timing", "power"), NOT_OPEN)
    reasons |= dict.fromkeys(
        ("energy_fj_per_mac_held", "energy_fj_per_mac_changing"), NO_ENERGY)
    if board is None:
        reasons["board"] = "no board was named"
    if path is None:
        reasons |= dict.fromkeys(("levels", "fmax_mhz_est"), NO_PATH)
    extra = {name: value for name, value in asdict(counts).items()
             if name not in Record.__dataclass_fields__}  # fmt: skip
    extra |= copies.figures(mapped, found)
    if path is not None:
        extra |= {"clock": ESTIMATE, "limited_by": path.limited_by, "untimed_ends": path.untimed,
                  "path_ns": round(path.path_ns, 4), "critical_path": path_lines(path)}  # fmt: skip
    return Record(
        module=design.top, tool="yosys", tool_version=mapped.version, stage="synthesised",
        part=run.PART, flow="yosys-xcup", params=dict(design.parameters), board=board,
        options=dict(run.OPTIONS) | {"nodsp": 0 if dsp else 1}, **vars(who),
        period_asked_ns=PERIOD_NS,
        lut_cells=counts.lut_cells, lut_packed=counts.lut_packed, carry8=counts.carry8,
        ff=counts.ff, lutram=counts.lutram, bram36=counts.bram36, dsp=counts.dsp,
        levels=path.levels if path else None,
        fmax_mhz_est=round(path.fmax_mhz, 1) if path else None,
        runtime_s=mapped.seconds, reasons=reasons, extra=extra,
        source=tuple(Source(name, sha256(text.encode())) for name, text in mapped.files().items()),
    )  # fmt: skip


def resolved(raw: Mapping[str, Any], top: str) -> dict[str, Any]:
    """The module's parameters as Yosys resolved them, the derived ones too."""
    found: dict[str, Any] = {}
    for name, value in raw["modules"][top].get("parameter_default_values", {}).items():
        binary = len(value) == 32 and not set(value) - {"0", "1"}
        found[name] = int(value, 2) if binary else value
    return found


def path_lines(path: timing.Timing) -> list[str]:
    """The critical path for people: a line for each cell."""
    return [f"{hop.cell_ns:6.3f} + {hop.net_ns:5.3f} ns  fanout {hop.fanout:3d}  {hop.cell}"
            + (f"  -> {hop.net}" if hop.net else "") for hop in path.hops]  # fmt: skip
