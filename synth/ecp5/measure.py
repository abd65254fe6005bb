# SPDX-License-Identifier: Apache-2.0
"""Yosys and nextpnr-ecp5 on one design: routed LUT4 and routed clock over several placement seeds.

Out of context, without I/O cells. LUT4 are counted as nextpnr does (TRELLIS_COMB used): those of
carry cells and of memories are in. This is not the KV260's fabric: LUT4 and not LUT6, 40 nm and
not 16. It shows whether the order of the lanes survives routing, which no estimate can.
"""

from __future__ import annotations

import json
import statistics
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

from golden.files import sha256
from synth import cache, records, wheels
from synth.design import Design
from synth.errors import SynthError
from synth.identity import identify
from synth.records import Record, Source
from synth.wheels import NEXTPNR, installed
from synth.yosys import run
from synth.yosys.measure import BUILT_OF_DSP

PART: Final = "LFE5U-85F-6BG381C"
SEEDS: Final = 5
_ARGUMENTS: Final = ("--85k", "--package", "CABGA381", "--speed", "6", "--out-of-context",
                     "--freq", "300", "--timing-allow-fail", "-q")  # fmt: skip
_TIMEOUT_S: Final = 1800
_CODE: Final = cache.code_hash(__file__, str(records.__file__), str(run.__file__))
OTHER: Final = "another fabric, LUT4 and 18 Kb blocks: see extra"
CLOCK: Final = "routed, nextpnr's static timing, speed grade 6, median of the seeds"
FABRIC: Final = "Lattice ECP5 (LUT4), not the KV260's: for the order of designs, not for its LUTs"


def version() -> str:
    """The version of nextpnr; SynthError with the way out when the wheel is not there."""
    return installed(NEXTPNR).partition(".post")[0]


def _quiet(_: str) -> None:
    """Say nothing."""


def measure(design: Design, *, board: str | None = None, seeds: int = SEEDS,
            say: Callable[[str], None] = _quiet) -> Record:  # fmt: skip
    """The record of a design, placed and routed once for each seed 1..seeds.

    Raises SynthError when a tool refuses, or when `seeds` is 0.
    """
    if not 1 <= seeds <= 100:
        raise SynthError(f"SEEDS={seeds}: 1 to 100")
    words = version(), run.version(), _CODE, str(board), str(seeds), *_ARGUMENTS

    def make(folder: Path) -> None:
        start = time.monotonic()
        netlist = _mapped(design)
        reports = []
        for seed in range(1, seeds + 1):
            say(f"nextpnr-ecp5, seed {seed} of {seeds}: {design.top} {design.words}")
            reports.append(_placed(design, netlist, seed))
        record = _record(design, json.loads(netlist), reports, board, time.monotonic() - start)
        (folder / "record.json").write_text(records.to_json([record]), encoding="utf-8")

    name = cache.key((*words, design.fingerprint()))
    return records.read(cache.folder("ecp5", name, make) / "record.json")[0]


def ahead(design: Design, seed: int) -> None:
    """Do a part of `measure`, which then finds it in the cache: one seed, or for 0 the mapping."""
    netlist = _mapped(design)
    if seed:
        _placed(design, netlist, seed)


def _mapped(design: Design) -> bytes:
    """Yosys' netlist for the ECP5; DSPs off except for lanes that are made of them."""
    dsp = design.parameters.get("LANE") in BUILT_OF_DSP

    def make(folder: Path) -> None:
        sources = run.prepare(design, folder)
        join = ["setattr -mod -unset keep_hierarchy *", "flatten", "clean"]
        run.yosys("\n".join((
            *run.read_words(sources),
            f"synth_ecp5 -top {design.top}" + ("" if dsp else " -nodsp"),
            *(join if design.target.separate else []), "write_json netlist.json", "",
        )), folder)  # fmt: skip

    name = cache.key((run.version(), _CODE, design.fingerprint()))
    return (cache.folder("ecp5-yosys", name, make) / "netlist.json").read_bytes()


def _placed(design: Design, netlist: bytes, seed: int) -> dict[str, Any]:
    """The report of one seed, out of the cache where it is there: a large design takes minutes.

    Raises SynthError with nextpnr's first error.
    """
    def make(folder: Path) -> None:
        (folder / "netlist.json").write_bytes(netlist)
        _place(design, folder, seed)
        (folder / "netlist.json").unlink()

    name = cache.key((version(), _CODE, *_ARGUMENTS, sha256(netlist), str(seed)))
    text = (cache.folder("ecp5-seed", name, make) / "report.json").read_bytes()
    return dict(json.loads(text)) | {"sha256": sha256(text)}


def _place(design: Design, folder: Path, seed: int) -> None:
    """Run nextpnr on netlist.json of a folder; report.json is then there."""
    command = wheels.command(NEXTPNR, [
        *_ARGUMENTS, "--json", "netlist.json", "--seed", str(seed), "--report", "report.json"])
    try:
        done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False,
                              timeout=_TIMEOUT_S, stdin=subprocess.DEVNULL)  # fmt: skip
    except subprocess.TimeoutExpired:
        raise SynthError(f"nextpnr-ecp5 did not end within {_TIMEOUT_S} s") from None
    if done.returncode or not (folder / "report.json").exists():
        lines = (done.stdout + done.stderr).splitlines()
        errors = [line.partition("ERROR:")[2].strip() for line in lines if "ERROR:" in line]
        why = errors[0] if errors else f"ended with status {done.returncode}"
        raise SynthError(f"{design.top} {design.words}: nextpnr-ecp5: {why}")


def figures(reports: list[dict[str, Any]]) -> dict[str, Any]:
    """What several seeds' reports say together: counts (equal for all seeds), clocks, spread.

    Raises SynthError when a report has no clock or no utilisation.
    """
    clocks = []
    for number, report in enumerate(reports, 1):
        found = report.get("fmax", {})
        if len(found) != 1:
            raise SynthError(f"nextpnr-ecp5, seed {number}: {len(found)} clocks instead of one")
        clocks.append(float(next(iter(found.values()))["achieved"]))
    try:
        used = {kind: int(one["used"]) for kind, one in reports[0]["utilization"].items()}
        counts = {"lut4": used["TRELLIS_COMB"], "ff": used["TRELLIS_FF"],
                  "bram18": used["DP16KD"], "mult18": used["MULT18X18D"],
                  "ram_write_ports": used["TRELLIS_RAMW"]}  # fmt: skip
    except KeyError as error:
        raise SynthError(f"nextpnr-ecp5: no {error} in the report") from None
    return counts | {
        "mhz_by_seed": [round(clock, 2) for clock in clocks],
        "mhz_median": round(statistics.median(clocks), 1),
        "mhz_spread": round(max(clocks) - min(clocks), 1),
    }


def _record(design: Design, raw: dict[str, Any], reports: list[dict[str, Any]],
            board: str | None, seconds: float) -> Record:  # fmt: skip
    from synth.yosys.measure import resolved

    found = figures(reports)
    who = identify(design.top, {**design.parameters, **resolved(raw, design.top)})
    reasons = who.reasons() | dict.fromkeys(
        ("lut_cells", "lut_packed", "carry8", "lutram", "bram36"), OTHER)
    reasons |= dict.fromkeys(("resources", "timing", "power"), "only Vivado's reports have it")
    reasons |= dict.fromkeys(("energy_fj_per_mac_held", "energy_fj_per_mac_changing"),
                             "no energy table of this fabric")  # fmt: skip
    reasons["levels"] = "nextpnr reports none"
    reasons |= {} if board else {"board": "no board was named"}
    return Record(
        module=design.top, tool="nextpnr-ecp5", tool_version=f"{version()}, yosys {run.version()}",
        stage="routed", part=PART, flow="yosys-nextpnr-ecp5", params=dict(design.parameters),
        board=board, options={"seeds": len(reports), "freq": 300}, period_asked_ns=3.333,
        **vars(who), ff=found["ff"], dsp=found["mult18"], fmax_mhz_est=found["mhz_median"],
        runtime_s=round(seconds, 2), reasons=reasons,
        source=tuple(Source(f"report-{i}.json", one["sha256"])
                     for i, one in enumerate(reports, 1)),
        extra=found | {"clock": CLOCK, "fabric": FABRIC},
    )  # fmt: skip
