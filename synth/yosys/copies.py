# SPDX-License-Identifier: Apache-2.0
"""The mapped netlist made faster: what is counted, timed, simulated and run.

`synthesise` stands before `run.synthesise`: same arguments, same result, but that the netlist meets
the period asked for, or as nearly as LUTs rewritten on late paths (`synth/yosys/collapse.py`) and
copies of drivers (`synth/yosys/replicate.py`) get it there.
"""

from __future__ import annotations

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
    steps,
    timing,
)
from synth.yosys.collapse import Rewrites
from synth.yosys.copy_state import Copies, apply, kind_of
from synth.yosys.graph import Graph
from synth.yosys.replicate import PERIOD_NS, Replicator
from synth.yosys.run import Mapped

CODE: Final = cache.code_hash(__file__, delays.TABLE, *(str(module.__file__) for module in (
    carry, collapse, copy_state, delays, give_back, graph, netlist, order, replicate, slack,
    steps, timing)))  # fmt: skip
"""A hash over everything that decides what is changed."""
_FILE: Final = "copies.json"
_PATH: Final = "path.json"


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


def synthesise(design: Design, *, dsp: bool = False, period_ns: float = PERIOD_NS,
               spare: bool = True) -> Mapped:  # fmt: skip
    """The mapped netlist of a design, changed for a period, out of the cache where it is there.

    A netlist that needs no change, or that none would help, comes as Yosys made it. spare: without
    copies that shorten paths, but not the longest one.
    """
    return timed(design, dsp=dsp, period_ns=period_ns, spare=spare).mapped


@dataclass(frozen=True)
class Timed:
    """A netlist as `synthesise` gives it and its longest path.

    raw, found: the netlist parsed, and that read, where this process had it in hand anyway.
    """

    mapped: Mapped
    path: timing.Timing | None
    raw: Mapping[str, Any] | None = None
    found: netlist.Netlist | None = None


def timed(design: Design, *, dsp: bool = False, period_ns: float = PERIOD_NS,
          spare: bool = True) -> Timed:  # fmt: skip
    """As `synthesise`, with the longest path: it is known once the copies are checked."""
    mapped = run.synthesise(design, dsp=dsp)
    in_hand: list[tuple[Mapping[str, Any], netlist.Netlist]] = []

    def make(folder: Path) -> None:
        raw = mapped.raw()
        done = _changed(raw, design.top, period_ns, spare)
        in_hand.append((done.raw, done.graph.netlist))
        text = json.dumps({"mapped_ns": done.mapped_ns, "rewrites": asdict(done.rewrites),
                           "copies": asdict(done.copies)})  # fmt: skip
        (folder / _FILE).write_text(text, encoding="utf-8")
        (folder / _PATH).write_text(json.dumps(done.path and asdict(done.path)), encoding="utf-8")

    words = mapped.folder.name, CODE, str(period_ns), str(spare)
    folder = cache.folder("copies", cache.key(words), make)
    kept = json.loads((folder / _FILE).read_text(encoding="utf-8"))
    path = timing.from_dict(json.loads((folder / _PATH).read_text(encoding="utf-8")))
    luts, made = collapse.from_dict(kept["rewrites"]), _read(kept["copies"])
    if made.cells or luts.luts:
        mapped = Copied(folder, mapped.top, mapped.version, mapped.seconds, mapped, luts, made,
                        kept["mapped_ns"])  # fmt: skip
    return Timed(mapped, path, *(in_hand[0] if in_hand else (None, None)))


@dataclass(frozen=True)
class _Changed:
    """What was made of a netlist, all of it: the parsed netlist with the changes, its graph."""

    rewrites: Rewrites
    copies: Copies
    mapped_ns: float | None
    path: timing.Timing | None
    raw: Mapping[str, Any]
    graph: Graph


def _changed(raw: Mapping[str, Any], top: str, period_ns: float, spare: bool) -> _Changed:
    """A parsed netlist rewritten and with copies.

    A graph of a whole accelerator takes longer to make than all that is done on it, so there are
    three: as mapped, rewritten, and at last one of what was written out, to check the others by.
    """
    first = Graph(netlist.from_json(raw, top), delays.load())
    path = timing.of(first)
    mapped_ns = path.path_ns if path else None
    luts, graph = collapse.rewrites(first, period_ns)
    made = Replicator(graph, period_ns).run(spare=spare)
    if luts.luts and mapped_ns is not None and (made.after_ns or 0.0) > mapped_ns:
        luts = Rewrites({})  # they count on copies that did not come
        made = Replicator(first, period_ns).run(spare=spare)
    if not luts.luts and not made.cells:
        return _Changed(luts, made, mapped_ns, path, raw, first)
    whole = apply(collapse.apply(raw, top, luts), top, made)
    last = Graph(netlist.from_json(whole, top), first.delays)
    return _Changed(luts, made, mapped_ns, _checked(last, made), whole, last)


def _read(raw: Mapping[str, Any]) -> Copies:
    return Copies(tuple((new, of) for new, of in raw["cells"]),
                  tuple((cell, port, index, by) for cell, port, index, by in raw["moved"]),
                  raw["before_ns"], raw["after_ns"])  # fmt: skip


def _checked(last: Graph, made: Copies) -> timing.Timing | None:
    """The longest path of a netlist with the copies in it, which must be the one they claim."""
    path = timing.of(last)
    seen = path.path_ns if path else None
    if abs((seen or 0.0) - (made.after_ns or 0.0)) > 1e-6:
        raise SynthError(f"{last.netlist.name}: with its copies {seen} ns, not {made.after_ns}")
    return path


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
