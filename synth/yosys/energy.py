# SPDX-License-Identifier: Apache-2.0
"""Energy per MAC out of the toggles of the mapped netlist on real operands.

An estimate and not calibrated: settled values (no glitches), a table of energies with a factor of
two either way (energy_xck26.toml). Good for comparing lanes that were all counted like this.
"""

from __future__ import annotations

import functools
import json
import tomllib
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

from golden.errors import PlutarchError
from golden.files import sha256
from golden.package import MANIFEST
from synth import activity, cache, records
from synth.design import Design
from synth.errors import SynthError
from synth.records import Record
from synth.yosys import (
    carry,
    copies,
    dsp,
    equivalence,
    memories,
    netlist,
    order,
    run,
    simulate,
    steps,
    stimulus,
    words,
)
from synth.yosys.netlist import FLIP_FLOPS, LUTRAM_SITES, Netlist, is_lut
from synth.yosys.simulate import Simulator

TABLE: Final = Path(__file__).with_name("energy_xck26.toml")
NOTE: Final = "estimate, uncalibrated, no glitches"
NO_DSP: Final = ("of a DSP48E2 only 2.5 to 3.1 pJ a cycle at an unknown activity are known "
                 "(vectorless reports), no energy of its toggles")  # fmt: skip
_FIELDS: Final = "energy_fj_per_mac_held", "energy_fj_per_mac_changing"
_CYCLES: Final = 64
_STREAMS: Final = 64
_CODE: Final = cache.code_hash(
    __file__, TABLE, *(str(module.__file__) for module in (
        activity, carry, dsp, equivalence, memories, netlist, order, records, simulate, steps,
        stimulus, words)),
)  # fmt: skip


@functools.cache
def table(path: Path = TABLE) -> dict[str, float]:
    """The energies in fJ by name. SynthError naming the file and what it lacks."""
    try:
        raw = tomllib.loads(path.read_text(encoding="utf-8"))
        names = ("lut_toggle", "net_toggle", "net_fanout", "ff_toggle", "ff_cycle", "lutram_cycle")
        return {name: float(raw[name]) for name in names}
    except (OSError, tomllib.TOMLDecodeError, KeyError) as error:
        raise SynthError(f"{path.name}: {error}") from None


def with_energy(design: Design, record: Record, net: str = "") -> Record:
    """The record with both energies and the equivalence check that precedes them.

    net: whose activations; without one the first of activity.NETS that has a package of these bits.
    Fields stay null, with the reason, for lanes that have no operands or no simulation model.
    Raises SynthError when the netlist is not the RTL.
    """
    mapped = copies.synthesise(design, dsp=not record.options["nodsp"])

    def make(folder: Path) -> None:
        (folder / "energy.json").write_text(json.dumps(_measure(design, mapped, record, net)))

    lane, bits = str(record.lane), record.b or 0
    try:
        of = activity.package_of(lane, bits, net)
    except PlutarchError as error:
        if net:  # asked for by name: a slip of the pen is no reason for a null
            raise
        return replace(record, reasons={**record.reasons, **dict.fromkeys(_FIELDS, str(error))})
    name = cache.key((mapped.folder.name, _CODE, lane, str(bits), of.name,
                      sha256((of / MANIFEST).read_bytes())))  # fmt: skip
    found = json.loads((cache.folder("energy", name, make) / "energy.json").read_text())
    reasons = {key: why for key, why in record.reasons.items() if not key.startswith("energy_")}
    return replace(record, **found["figures"], reasons=reasons | found["reasons"],
                   extra={**record.extra, **found["extra"]})  # fmt: skip


def _measure(design: Design, mapped: run.Mapped, record: Record, net: str) -> dict[str, Any]:
    found = netlist.from_json(mapped.raw(), design.top)
    try:
        simulator = Simulator(found)
    except SynthError as error:
        return {"figures": {}, "reasons": dict.fromkeys(_FIELDS, str(error)), "extra": {}}
    # P3 loads its tables through a narrow port: fewer streams, or Icarus does nothing but load.
    verdict = equivalence.check(design, mapped, found, record, cycles=64,
                                streams=2 if record.lane == "P3" else 8,
                                simulator=simulator)  # fmt: skip
    equivalence.require(design, verdict)
    extra: dict[str, Any] = {"equivalent_words": verdict.compared}
    if found.count("DSP48E2"):
        return {"figures": {}, "reasons": dict.fromkeys(_FIELDS, NO_DSP), "extra": extra}
    try:
        given = stimulus.real(found, record, net, _CYCLES, _STREAMS)
    except SynthError as error:
        return {"figures": {}, "reasons": dict.fromkeys(_FIELDS, str(error)), "extra": extra}
    figures, reasons, toggles = {}, {}, {}
    start = given.load_cycles + stimulus.WARM
    for name, inputs in zip(_FIELDS, (given.held, given.changing), strict=True):
        if inputs is None:
            reasons[name] = f"new weights take {given.load_cycles} cycles to load"
            continue
        done = simulator.run(inputs, count_from=start, early_until=given.load_cycles)
        spent, counted = _spent(found, simulator, done)
        products = done.cycles * (record.macs or 1)
        figures[name] = round(spent / products, 1)
        toggles[name.rpartition("_")[2]] = round(counted / products, 3)
        if given.load_cycles:
            load = replace(done, toggles=done.early_toggles, cycles=done.early_cycles)
            extra["load_beats"] = given.load_cycles
            extra["load_fj_per_weight"] = round(
                _spent(found, simulator, load)[0] / (_STREAMS * (record.n or 1)), 1)
    extra |= {"energy": f"{NOTE}; {given.about}", "energy_package": given.package,
              "toggles_per_mac": toggles}  # fmt: skip
    return {"figures": figures, "reasons": reasons, "extra": extra}


def _spent(found: Netlist, simulator: Simulator, done: simulate.Run) -> tuple[float, int]:
    """(fJ of the whole run, toggles of LUT and flip-flop outputs)."""
    e = table()
    spent = 0.0
    counted = 0
    for row, bit in simulator.bit_of_row.items():
        toggles = int(done.toggles[row])
        driver = found.driver.get(bit)
        if not toggles or driver is None:
            continue
        cell = found.cells[driver[0]]
        if is_lut(cell) or cell.type in ("LUT6_2", "INV") or cell.type in LUTRAM_SITES \
                or (cell.type.startswith("CARRY") and driver[1] == "O"):  # fmt: skip
            spent += toggles * e["lut_toggle"]
            counted += toggles
        elif cell.type in FLIP_FLOPS:
            spent += toggles * e["ff_toggle"]
            counted += toggles
        routed = [number for number, port, _ in found.loads.get(bit, ()) if number < 0 or not (
            found.cells[number].type.startswith("CARRY") and port in ("S", "CI"))]  # fmt: skip
        if routed:
            spent += toggles * e["net_toggle"] * (1 + len(routed)) / (1 + e["net_fanout"])
    clocked = sum(e["ff_cycle"] for cell in found.cells if cell.type in FLIP_FLOPS)
    clocked += sum(LUTRAM_SITES.get(cell.type, 0) * e["lutram_cycle"] for cell in found.cells)
    return spent + clocked * done.cycles, counted
