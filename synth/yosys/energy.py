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

import numpy as np

from synth import activity, cache, records
from synth.design import Design
from synth.errors import SynthError
from synth.records import Record
from synth.yosys import equivalence, memories, netlist, order, run, simulate
from synth.yosys.netlist import FLIP_FLOPS, LUTRAM_SITES, Netlist, is_lut
from synth.yosys.simulate import Bytes, Simulator, to_bits

TABLE: Final = Path(__file__).with_name("energy_xck26.toml")
NOTE: Final = "estimate, uncalibrated, no glitches"
_CYCLES: Final = 64
_STREAMS: Final = 64
_WARM: Final = equivalence.WARM
_CODE: Final = cache.code_hash(
    __file__, TABLE, *(str(module.__file__) for module in
                       (activity, equivalence, memories, netlist, order, records, simulate)),
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


def with_energy(design: Design, record: Record, net: str) -> Record:
    """The record with both energies and the equivalence check that precedes them.

    Fields stay null, with the reason, for lanes that have no operands or no simulation model.
    Raises SynthError when the netlist is not the RTL.
    """
    mapped = run.synthesise(design, dsp=not record.options["nodsp"])

    def make(folder: Path) -> None:
        (folder / "energy.json").write_text(json.dumps(_measure(design, mapped, record, net)))

    name = cache.key((mapped.folder.name, _CODE, net, str(record.lane), str(record.b)))
    found = json.loads((cache.folder("energy", name, make) / "energy.json").read_text())
    reasons = {key: why for key, why in record.reasons.items() if not key.startswith("energy_")}
    return replace(record, **found["figures"], reasons=reasons | found["reasons"],
                   extra={**record.extra, **found["extra"]})  # fmt: skip


def _measure(design: Design, mapped: run.Mapped, record: Record, net: str) -> dict[str, Any]:
    found = netlist.from_json(json.loads(mapped.netlist_text()), design.top)
    fields = "energy_fj_per_mac_held", "energy_fj_per_mac_changing"
    try:
        simulator = Simulator(found)
    except SynthError as error:
        return {"figures": {}, "reasons": dict.fromkeys(fields, str(error)), "extra": {}}
    verdict = equivalence.check(design, mapped, found, cycles=_WARM + 40, streams=8)
    equivalence.require(design, verdict)
    extra: dict[str, Any] = {"equivalent_words": verdict.compared}
    try:
        held, changing, about = _inputs(found, record, net)
    except SynthError as error:
        return {"figures": {}, "reasons": dict.fromkeys(fields, str(error)), "extra": extra}
    figures, toggles = {}, {}
    for name, inputs in zip(fields, (held, changing), strict=True):
        done = simulator.run(inputs, count_from=_WARM)
        spent, counted = _spent(found, simulator, done)
        figures[name] = round(spent / (done.cycles * (record.macs or 1)), 1)
        toggles[name.rpartition("_")[2]] = round(counted / (done.cycles * (record.macs or 1)), 3)
    extra |= {"energy": f"{NOTE}; {about}", "toggles_per_mac": toggles}
    return {"figures": figures, "reasons": {}, "extra": extra}


def _inputs(found: Netlist, record: Record, net: str
            ) -> tuple[dict[str, Bytes], dict[str, Bytes], str]:  # fmt: skip
    """Inputs of both runs: weights loaded once, then other ones in every cycle."""
    assert record.lane is not None and record.b is not None and record.n is not None
    ways = {name: len(bits) for name, (way, bits) in found.ports.items() if way == "input"}
    if set(ways) != {"clk", "w_we", "w", "a"}:
        raise SynthError(f"{found.name} has no ports clk, w_we, w, a and nothing else")
    real = activity.layer_activity(record.lane, record.b, record.n, _WARM + _CYCLES, _STREAMS, net)
    bits = record.lane in activity.CODES, record.lane in activity.SHIFT8
    width_w = record.b
    width_a = record.b if bits[0] else 8 if bits[1] else activity.INTEGERS[record.lane]
    w, a = real.weights, real.activations
    sets, pixels = ways["w"] // (record.n * width_w), ways["a"] // (record.n * width_a)
    # A unit that shares tables takes more weight sets and pixels at once: neighbouring ones.
    a = np.concatenate([np.roll(a, -i, axis=0) for i in range(pixels)], axis=1)
    w = np.concatenate([np.roll(w, -i, axis=0) for i in range(sets)], axis=1)
    cycles, streams = a.shape[0], a.shape[2]
    turned = w[np.arange(cycles) % len(w)]
    enable = np.zeros((cycles, 1, streams), np.uint8)
    enable[:4] = 1
    inputs = {"a": to_bits(a, width_a)}
    still = np.broadcast_to(w[:1], (cycles, *w.shape[1:]))
    held = inputs | {"w": to_bits(still, width_w), "w_we": enable}
    changing = inputs | {"w": to_bits(turned, width_w), "w_we": np.ones_like(enable)}
    return held, changing, real.about


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
