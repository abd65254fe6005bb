# SPDX-License-Identifier: Apache-2.0
"""What the S-Huff decoder costs: its own records, and its share of an accelerator where split."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from synth.records import Record
from synth.report.choose import MHZ
from synth.report.fill import name
from synth.report.load import Loaded, origin
from synth.report.model import Cell, Section, Table, number, words

MODULES: Final = ("shuff_decoder", "shuff_bank")
SPLIT: Final = ("by_module", "hierarchy", "split")
"""Where `extra` of an accelerator's record may hold {module or instance: {figure: count}}."""
_PART_OF: Final = ("shuff", "decoder")


def split(record: Record) -> Mapping[str, Mapping[str, Any]]:
    """The parts of an accelerator's record, or nothing."""
    for key in SPLIT:
        found = record.extra.get(key)
        if isinstance(found, Mapping) and all(isinstance(one, Mapping) for one in found.values()):
            return found
    return {}


def section(loaded: Loaded) -> Section:
    """A row for each build of a decoder; a row for each decoder inside an accelerator."""
    rows = [_alone(one) for one in loaded.records if one.module in MODULES]
    inside = [row for one in loaded.records if one.macs for row in _inside(one)]
    absent = []
    if not any(one.module == "shuff_decoder" for one in loaded.records):
        absent.append("No record of the decoder: `make bench PART=limits`, or "
                      "`make synth BOARD=kv260 TOPLEVEL=shuff_decoder FLOW=yosys`.")
    if not any(one.module == "shuff_bank" for one in loaded.records) and not inside:
        absent.append("No record of a whole decoder bank: "
                      "`make synth BOARD=kv260 TOPLEVEL=shuff_bank FLOW=yosys`.")
    tables = []
    if rows:
        head = (("module", ""), ("parameters", ""), ("LUT cells", "lut_cells"),
                ("lut_packed", "LUT sites, packed estimate"), ("lutram", "LUT sites of memory"),
                ("FF", "ff"), ("BRAM36", "bram36"), ("MHz est", "fmax_mhz_est"),
                ("tool, stage", ""))  # fmt: skip
        tables.append(Table("Decoders by themselves", head, tuple(rows), (
            "Clock: estimate, register to register.",), docs=True))
    if inside:
        tables.append(Table("Decoders inside accelerators", (
            ("accelerator", ""), ("part", ""), ("LUT cells", "lut_cells"),
            ("lut_packed", "LUT sites"), ("lutram", ""), ("FF", "ff"), ("share of LUTs %", ""),
        ), tuple(inside), docs=True))
    return Section("decoder", "Decoder cost", (
        "The paper measured its decoder's overhead; the value is lost. A decoder lane gives one "
        "weight a cycle; an accelerator of POUT channels has a bank of them.",
    ), tuple(tables), absent=tuple(absent), docs=bool(tables))  # fmt: skip


def _alone(record: Record) -> tuple[Cell, ...]:
    here = origin(record).words
    shown = " ".join(f"{key}={value}" for key, value in record.params.items()) or "-"

    def one(field: str, digits: int = 0) -> Cell:
        return number(getattr(record, field), digits, f"{field}; {here}",
                      record.reasons.get(field, ""))  # fmt: skip

    return (words(record.module), words(shown), one("lut_cells"), one("lut_packed"),
            one("lutram"), one("ff"), one("bram36", 1), MHZ.cell(record),
            words(f"{record.tool} {record.tool_version}, {record.stage}"))  # fmt: skip


def _inside(record: Record) -> list[tuple[Cell, ...]]:
    parts = {key: one for key, one in split(record).items()
             if any(word in key.lower() for word in _PART_OF)}  # fmt: skip
    rows = []
    here = origin(record).words
    for key, part in parts.items():
        cells: list[Cell] = [words(name(record)), words(key)]
        for field in ("lut_cells", "lut_packed", "lutram", "ff"):
            value = part.get(field)
            good = isinstance(value, (int, float)) and not isinstance(value, bool)
            cells.append(number(value if good else None, 0, f"{field}; {here}",
                                "the split does not have it"))
        whole, own = record.lut_cells, part.get("lut_cells")
        share = 100 * own / whole if whole and isinstance(own, (int, float)) else None
        cells.append(number(share, 1, f"lut_cells of it / lut_cells of the whole; {here}",
                            "the split does not have it"))
        rows.append(tuple(cells))
    return rows
