# SPDX-License-Identifier: Apache-2.0
"""The mapped netlist made faster: what is counted, timed, simulated and run.

`synthesise` stands before `run.synthesise`: same arguments, same result, but that the netlist meets
the period asked for, or as nearly as LUTs rewritten on late paths (`synth/yosys/collapse.py`) and
copies of drivers (`synth/yosys/replicate.py`) get it there.
"""

from __future__ import annotations

import copy
import gzip
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

from synth import cache
from synth.design import Design
from synth.errors import SynthError
from synth.yosys import (
    carry,
    collapse,
    copy_state,
    delays,
    give_back,
    graph,
    netlist,
    order,
    replicate,
    run,
    slack,
    timing,
)
from synth.yosys.collapse import Rewrites
from synth.yosys.copy_state import Copies, kind_of
from synth.yosys.replicate import PERIOD_NS
from synth.yosys.run import Mapped

CODE: Final = cache.code_hash(__file__, delays.TABLE, *(str(module.__file__) for module in (
    carry, collapse, copy_state, delays, give_back, graph, netlist, order, replicate, slack,
    timing)))  # fmt: skip
"""A hash over everything that decides what is changed."""
_FILE: Final = "copies.json"


@dataclass(frozen=True)
class Copied(Mapped):
    """A netlist with changes; `folder` is that of copies.json, `of` Yosys' netlist without them.

    mapped_ns: its longest path without them.
    """

    of: Mapped
    rewrites: Rewrites
    copies: Copies
    mapped_ns: float

    def raw(self) -> dict[str, Any]:
        """Yosys' JSON, parsed, with the changes in it."""
        return apply(collapse.apply(self.of.raw(), self.top, self.rewrites), self.top, self.copies)

    def netlist_text(self) -> str:
        """Yosys' JSON with the changes in it."""
        return json.dumps(self.raw())

    def files(self) -> dict[str, str]:
        """Yosys' netlist and the changes."""
        return self.of.files() | {_FILE: (self.folder / _FILE).read_text(encoding="utf-8")}

    def verilog(self) -> str:
        """The same netlist as Verilog, written by Yosys."""

        def make(folder: Path) -> None:
            (folder / "netlist.json").write_text(self.netlist_text(), encoding="utf-8")
            run.yosys("read_json netlist.json\nwrite_verilog -noattr -nohex netlist.v\n", folder)
            text = (folder / "netlist.v").read_bytes()
            (folder / "netlist.v.gz").write_bytes(gzip.compress(text, 4, mtime=0))
            for name in ("netlist.json", "netlist.v"):
                (folder / name).unlink()

        done = cache.folder("copies-verilog", self.folder.name, make)
        return gzip.decompress((done / "netlist.v.gz").read_bytes()).decode()


def synthesise(design: Design, *, dsp: bool = False, period_ns: float = PERIOD_NS,
               spare: bool = True) -> Mapped:  # fmt: skip
    """The mapped netlist of a design, changed for a period, out of the cache where it is there.

    A netlist that needs no change, or that none would help, comes as Yosys made it. spare: without
    copies that shorten paths, but not the longest one.
    """
    mapped = run.synthesise(design, dsp=dsp)

    def make(folder: Path) -> None:
        raw = mapped.raw()
        found = netlist.from_json(raw, design.top)
        path = timing.estimate(found)
        luts = collapse.rewrites(found, period_ns)
        made = copies_for(collapse.apply(raw, design.top, luts), design.top, period_ns, spare)
        if luts.luts and path and (made.after_ns or 0.0) > path.path_ns:
            luts = Rewrites({})  # they count on copies that did not come
            made = copies_for(raw, design.top, period_ns, spare)
        text = json.dumps({"mapped_ns": path and path.path_ns, "rewrites": asdict(luts),
                           "copies": asdict(made)})  # fmt: skip
        (folder / _FILE).write_text(text, encoding="utf-8")

    words = mapped.folder.name, CODE, str(period_ns), str(spare)
    folder = cache.folder("copies", cache.key(words), make)
    kept = json.loads((folder / _FILE).read_text(encoding="utf-8"))
    luts, made = collapse.from_dict(kept["rewrites"]), _read(kept["copies"])
    if not made.cells and not luts.luts:
        return mapped
    return Copied(folder, mapped.top, mapped.version, mapped.seconds, mapped, luts, made,
                  kept["mapped_ns"])  # fmt: skip


def _read(raw: Mapping[str, Any]) -> Copies:
    return Copies(tuple((new, of) for new, of in raw["cells"]),
                  tuple((cell, port, index, by) for cell, port, index, by in raw["moved"]),
                  raw["before_ns"], raw["after_ns"])  # fmt: skip


def copies_for(raw: Mapping[str, Any], top: str, period_ns: float = PERIOD_NS,
               spare: bool = True) -> Copies:  # fmt: skip
    """The copies that a parsed netlist wants, checked: with them it must be as fast as they claim.

    Raises SynthError if it is not, which is a mistake of the program.
    """
    found = netlist.from_json(raw, top)
    made = replicate.Replicator(found, period_ns=period_ns).run(spare=spare)
    if made.cells:
        path = timing.estimate(netlist.from_json(apply(raw, top, made), top))
        if path is None or made.after_ns is None or abs(path.path_ns - made.after_ns) > 1e-6:
            raise SynthError(f"{top}: with its copies {path and path.path_ns} ns, "
                             f"not {made.after_ns}")  # fmt: skip
    return made


def apply(raw: Mapping[str, Any], top: str, copies: Copies) -> dict[str, Any]:
    """A parsed netlist with the copies; the one that was given stays as it is.

    Raises SynthError for a name that is taken or unknown, or a cell with more than one output.
    """
    old = raw["modules"][top]
    cells, names = dict(old["cells"]), dict(old["netnames"])
    bits = [bit for cell in cells.values() for some in cell["connections"].values() for bit in some]
    bits += [bit for port in old["ports"].values() for bit in port["bits"]]
    free = max((bit for bit in bits if isinstance(bit, int)), default=1) + 1
    called = _labels(names)
    for number, (new, of) in enumerate(copies.cells):
        out = _output(cells[of], of)
        # Named after the cell, so that reports show which copy a path goes through.
        net = called.get(cells[of]["connections"][out][0], of) + new[len(of) :]
        if new in cells or net in names:
            raise SynthError(f"{top}: there is a {new} or {net} already")
        cells[new] = copy.deepcopy(cells[of])
        cells[new]["connections"][out] = [free + number]
        names[net] = {"hide_name": 1, "bits": [free + number], "attributes": {}}
    fresh = {new for new, _ in copies.cells}
    for name in {cell for cell, _, _, _ in copies.moved} - fresh:
        cells[name] = {**cells[name], "connections": {
            port: list(some) for port, some in cells[name]["connections"].items()}}  # fmt: skip
    for name, port, index, by in copies.moved:
        cells[name]["connections"][port][index] = \
            cells[by]["connections"][_output(cells[by], by)][0]  # fmt: skip
    return {**raw, "modules": {**raw["modules"], top: {**old, "cells": cells, "netnames": names}}}


def _labels(names: Mapping[str, Any]) -> dict[int | str, str]:
    """Net -> one of its names, not one that Yosys made up if there is another."""
    found: dict[int | str, str] = {}
    for name, net in names.items():
        for i, bit in enumerate(net["bits"]):
            if bit not in found or (found[bit][0] == "$" != name[0]):
                found[bit] = f"{name}[{i}]" if len(net["bits"]) > 1 else name
    return found


def _output(cell: Mapping[str, Any], name: str) -> str:
    """The one output of a cell, of one bit."""
    found: list[str] = [port for port, way in cell["port_directions"].items() if way == "output"]
    if len(found) != 1 or len(cell["connections"][found[0]]) != 1:
        raise SynthError(f"{name}: a {cell['type']} has no single output to copy")
    return found[0]


def figures(mapped: Mapped, found: netlist.Netlist) -> dict[str, Any]:
    """What a record says of the changes: how many of each kind, the clock in MHz without them.

    found: the netlist that is counted. Of inverters the copies count as little as the others do.
    """
    if not isinstance(mapped, Copied):
        return {"rewritten_lut": 0, "copied_ff": 0, "copied_lut": 0, "copied_srl": 0}
    fresh = {new for new, _ in mapped.copies.cells}
    kinds = [kind_of(cell) for cell in found.cells if cell.name in fresh]
    table = delays.load()
    period = max(mapped.mapped_ns + table.uncertainty, timing.limits(found, table)[0])
    return {"rewritten_lut": len(mapped.rewrites.luts),
            **{f"copied_{kind}": kinds.count(kind) for kind in ("ff", "lut", "srl")},
            "fmax_mhz_est_as_mapped": round(1000 / period, 1)}  # fmt: skip
