# SPDX-License-Identifier: Apache-2.0
"""How much of the KV260 a design fills, how often it fits, and what that makes at its clock."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from synth.records import Record
from synth.report.choose import CLOCK, LUT_PER_MAC, MHZ, Lanes, derived
from synth.report.facts import Device
from synth.report.load import Loaded, Origin, origin
from synth.report.model import Cell, Section, Table, number, words

FILL: Final = 0.7
"""Share of the LUTs, flip-flops and carries that a router can be expected to use."""
_SHARED: Final = ("lut", "lutram", "ff", "carry8")


@dataclass(frozen=True)
class Fit:
    """How many of a design fit; which resource runs out first."""

    copies: int
    limit: str


def used(record: Record) -> dict[str, float | None]:
    """What a design takes of each resource of the device; None where it was not counted.

    LUT sites are those of logic and of memory together, as the device counts them.
    """
    logic, memory = record.lut_packed, record.lutram
    return {"lut": None if logic is None or memory is None else logic + memory,
            "lutram": memory, "ff": record.ff, "carry8": record.carry8, "bram36": record.bram36,
            "uram": record.extra.get("uram") if record.resources is None else record.resources.uram,
            "dsp": record.dsp}  # fmt: skip


def fit(record: Record, device: Device) -> Fit | None:
    """How many copies of the design fit; None when its LUTs were not counted.

    LUTs, flip-flops and carries up to FILL of the device, the others to the last one.
    """
    best: Fit | None = None
    amounts = used(record)
    if amounts["lut"] is None:
        return None
    for name, amount in amounts.items():
        if not amount:
            continue
        room = getattr(device, name) * (FILL if name in _SHARED else 1.0)
        copies = int(room // amount)
        if best is None or copies < best.copies:
            best = Fit(copies, name)
    return best


def gops(macs: float, mhz: float) -> float:
    """Operations a second in 10^9: a product and its addition are two."""
    return 2 * macs * mhz / 1000


def section(lanes: Iterable[Lanes], loaded: Loaded, device: Device) -> Section:
    """Fill, copies and peak rate of lanes and of accelerators."""
    tables = [_lanes(one, device) for one in lanes]
    modules = [(where, [one for one in found if one.macs])
               for where, found in loaded.origins(lanes=False).items() if where.part == device.part]
    tables += [_accelerators(where, found, device) for where, found in modules if found]
    absent = () if any(found for _, found in modules) else (
        "No record of an accelerator: `make bench PART=accelerators`.",)
    return Section(
        "fill", f"{device.board} fill and peak rate", (
            f"{device.part} has {device.lut:,} LUT sites ({device.lutram:,} of them usable as "
            f"memory), {device.ff:,} flip-flops, {device.carry8:,} CARRY8, {device.bram36} BRAM36, "
            f"{device.uram} URAM and {device.dsp:,} DSP ({device.source}). Copies: as many as fit "
            f"in {FILL:.0%} of LUTs, flip-flops and carries and in all BRAM, URAM and DSP. Peak "
            f"rate: 2 x products a cycle x fmax_mhz_est; {CLOCK}, and a full device is slower. "
            "Lanes alone feed on nothing: theirs is an upper bound that no accelerator reaches.",
        ), tuple(tables), absent=absent, docs=True)  # fmt: skip


def _lanes(lanes: Lanes, device: Device) -> Table:
    rows = []
    for b, n in lanes.largest.items():
        for lane, record in sorted(lanes.best[b, n].items()):
            found = fit(record, device)
            why = "LUT sites were not counted"
            count = None if found is None else found.copies
            made = None if count is None or not record.macs else count * record.macs
            mhz = record.fmax_mhz_est
            here = origin(record).words
            rows.append((
                words(lane), number(b), number(n),
                number(count, 0, f"copies of the dot product; {here}", why),
                words(found.limit if found else "-"),
                number(made, 0, f"products a cycle; {here}", why),
                MHZ.cell(record),
                number(None if made is None or mhz is None else gops(made, mhz), 0,
                       derived(record, "2 x products x fmax_mhz_est"), why),
            ))  # fmt: skip
    return Table(f"Lanes that fit ({lanes.origin.words})", (
        ("lane", ""), ("b", "bits"), ("N", "operands"), ("copies", f"at {FILL:.0%}"),
        ("limited by", "the resource that runs out"), ("MAC/cycle", "copies x products a cycle"),
        ("MHz est", "fmax_mhz_est"), ("GOPS", "2 x MAC/cycle x MHz")), tuple(rows),
        ("Lanes alone, an upper bound. Clock: estimate.",))  # fmt: skip


def name(record: Record) -> str:
    """An accelerator in a few words: "plut_conv P2 8x8 b=4 TREE=3"; TREE=2 is not said."""
    size = "x".join(str(record.params[key]) for key in ("PIN", "POUT") if key in record.params)
    parts = (record.module, record.lane or "", size, f"b={record.b}" if record.b else "",
             f"TREE={record.tree}" if record.tree == 3 else "")
    return " ".join(part for part in parts if part)


def _accelerators(where: Origin, found: list[Record], device: Device) -> Table:
    rows = []
    for record in found:
        amounts = used(record)
        cells: list[Cell] = [words(name(record)), number(record.macs, 0, "products a cycle")]
        for key in ("lut", "ff", "bram36", "uram", "dsp"):
            amount = amounts[key]
            note = f"{amount} of {getattr(device, key):,} {key}; {where.words}"
            cells.append(number(None if amount is None else 100 * amount / getattr(device, key), 1,
                                note, record.reasons.get(key, f"{key} was not counted")))
        holds = fit(record, device)
        mhz, macs = record.fmax_mhz_est, record.macs or 0
        cells += [
            number(None if holds is None else holds.copies, 0, where.words, "LUTs not counted"),
            words(holds.limit if holds else "-"),
            LUT_PER_MAC.cell(record), MHZ.cell(record),
            number(None if mhz is None else gops(macs, mhz), 0,
                   derived(record, "2 x macs x fmax_mhz_est"), "no clock"),
        ]
        rows.append(tuple(cells))
    head = (("accelerator", "module, lane, PIN x POUT, bits"), ("MAC/cycle", "products a cycle"),
            ("LUT %", "(lut_packed + lutram) of the device"), ("FF %", ""), ("BRAM36 %", ""),
            ("URAM %", ""), ("DSP %", ""), ("copies", f"at {FILL:.0%}"), ("limited by", ""),
            ("LUT/MAC", "whole accelerator"), ("MHz est", "fmax_mhz_est"),
            ("GOPS", "of one copy: 2 x MAC/cycle x MHz"))  # fmt: skip
    return Table(f"Accelerators ({where.words})", head, tuple(rows), (
        "Whole accelerators: decoder, buffers, accumulators and all. Clock: estimate.",), docs=True)
