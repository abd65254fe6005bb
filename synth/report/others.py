# SPDX-License-Identifier: Apache-2.0
"""Published figures beside ours, and the lanes routed on another fabric."""

from __future__ import annotations

from typing import Final

from synth.records import Record
from synth.report.choose import LUT_PER_MAC, MHZ, derived
from synth.report.facts import Facts, Published
from synth.report.fill import gops, name, used
from synth.report.load import Loaded, origin
from synth.report.model import Cell, Section, Table, number, words

ECP5: Final = "yosys-nextpnr-ecp5"
_OURS: Final = "plutarch"
_NOT: Final = "not published, or not in the notes"


def published(loaded: Loaded, facts: Facts) -> Section:
    """Our accelerators, then what others published, each marked with who measured it."""
    rows = [_ours(one) for one in loaded.records
            if one.macs and one.part == facts.device.part and one.module != "dot_product"]
    rows += [_theirs(one) for one in facts.published]
    head = (("design", ""), ("measured by", "who the figures are from"), ("what", ""),
            ("MAC/cycle", ""), ("LUT", "sites; ours: lut_packed + lutram, an estimate"),
            ("LUT/MAC", "LUT / MAC/cycle"), ("FF", ""), ("BRAM36", ""), ("URAM", ""), ("DSP", ""),
            ("MHz", "met, or 1 / (period - slack); ours: fmax_mhz_est"), ("GOPS", ""),
            ("tool, stage", ""), ("source", ""))  # fmt: skip
    return Section("published", "Published figures beside ours", (
        "Rows marked **others** were measured or estimated by others, with other tools, at other "
        "stages, for other numbers of bits; nothing of them was run here. Ours are estimates of "
        "the open flow unless the tool column says otherwise. A routed LUT count and a packed "
        "estimate are not the same thing: read the table for its orders of magnitude.",
    ), (Table("Ours and others", head, tuple(rows), (
        "Clock of PoTAcc: none of its bitstreams meets its 250 MHz; shown is 1 / (period - slack). "
        "GOPS are worked out here, 2 x MAC/cycle x MHz, where others give none.",
    ), docs=True),), docs=True)  # fmt: skip


def _ours(record: Record) -> tuple[Cell, ...]:
    here = origin(record).words
    amounts = used(record)
    mhz, macs = record.fmax_mhz_est, record.macs

    def one(key: str) -> Cell:
        return number(amounts[key], 0, f"{key}; {here}", record.reasons.get(key, "not counted"))

    return (words(name(record)), words(_OURS), words("accelerator"), number(macs), one("lut"),
            LUT_PER_MAC.cell(record), one("ff"), one("bram36"), one("uram"), one("dsp"),
            MHZ.cell(record),
            number(None if mhz is None or macs is None else gops(macs, mhz), 0,
                   derived(record, "2 x macs x fmax_mhz_est"), "no clock"),
            words(f"{record.tool} {record.tool_version}, {record.stage}"),
            words("build/results"))  # fmt: skip


def _theirs(one: Published) -> tuple[Cell, ...]:
    note = f"measured by others: {one.source}"
    rate = one.gops
    if rate is None and one.macs and one.mhz and one.lut is not None:
        rate = gops(one.macs, one.mhz)
    each = number(one.each, 1, note, _NOT)
    if one.lut_per_mac_most is not None:
        each = Cell(f"{one.each:.0f} to {one.lut_per_mac_most:.0f}", one.each, note)
    return (words(one.who), words("others", note, loud=True), words(one.what),
            number(one.macs, 0, note, _NOT), number(one.lut, 0, note, _NOT), each,
            number(one.ff, 0, note, _NOT), number(one.bram36, 0, note, _NOT),
            number(one.uram, 0, note, _NOT), number(one.dsp, 0, note, _NOT),
            number(one.mhz, 0, note, _NOT), number(rate, 0, note, _NOT), words(one.tool),
            words(one.source))  # fmt: skip


def routed(loaded: Loaded) -> Section:
    """Lanes and the small accelerator on the ECP5, smallest first within each width."""
    found = [one for one in loaded.records if one.flow == ECP5]
    rows = [_routed(one) for one in sorted(found, key=_order)]
    head = (("module", ""), ("lane", ""), ("b", ""), ("N", ""), ("LUT4", "TRELLIS_COMB, routed"),
            ("LUT4/MAC", ""), ("FF", ""), ("MHz, median", "of the seeds, routed"),
            ("MHz, seeds", "each placement seed"), ("spread %", "(highest - lowest) / median"),
            ("tool", ""))  # fmt: skip
    tables = (Table("Routed on a Lattice ECP5-85F", head, tuple(rows), (
        "Placed and routed by nextpnr, out of context. LUT4, 40 nm: another fabric; for the order "
        "of the lanes, not for the KV260's LUTs.",), docs=True),) if rows else ()  # fmt: skip
    return Section("ecp5", "The order of the lanes after place and route", (
        "The only figures here that were really placed and routed by open tools.",), tables,
        absent=() if rows else ("No record: `make bench PART=ecp5`.",),
        docs=bool(rows))  # fmt: skip


def _order(record: Record) -> tuple[str, int, float]:
    count = record.extra.get("lut4")
    each = count / record.macs if isinstance(count, int) and record.macs else float("inf")
    return record.module, record.b or 0, each


def _routed(record: Record) -> tuple[Cell, ...]:
    here = origin(record).words
    count = record.extra.get("lut4")
    count = count if isinstance(count, int) else None
    seeds = record.extra.get("mhz_by_seed") or ()
    median = record.fmax_mhz_est
    spread = 100 * (max(seeds) - min(seeds)) / median if seeds and median else None
    why = "the record does not have it"
    return (words(record.module), words(record.lane or "-"),
            number(record.b, 0, "b", record.reasons.get("b", "")),
            number(record.n, 0, "n", record.reasons.get("n", "")),
            number(count, 0, f"extra.lut4; {here}", why),
            number(count / record.macs if count is not None and record.macs else None, 1,
                   f"extra.lut4 / macs; {here}", why),
            number(record.ff, 0, f"ff; {here}", record.reasons.get("ff", "")),
            number(median, 1, f"fmax_mhz_est; {here}", record.reasons.get("fmax_mhz_est", "")),
            words(" ".join(f"{mhz:.0f}" for mhz in seeds) or "-"),
            number(spread, 1, here, why),
            words(f"{record.tool} {record.tool_version}"))  # fmt: skip
