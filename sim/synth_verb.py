# SPDX-License-Identifier: Apache-2.0
"""`make synth BOARD=kv260`: what one module costs, by Vivado where it is, else by open tools."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from sim import synth_vivado, verbs
from sim.cli import flag, whole
from sim.errors import HarnessError
from sim.paths import RESULTS, shown
from sim.progress import Progress
from sim.report import figure, print_table
from synth import boards, records
from synth.design import Design, design
from synth.records import Record
from synth.vivado import flow as vivado_flow

_DEFAULT = "plut_conv"
_READ_BY = {"SEEDS": ("nextpnr",), "ENERGY": ("yosys",), "NET": ("yosys", "vivado")}
"""Variables that not every flow reads; those that only Vivado reads are in sim.synth_vivado."""


def run(choices: Mapping[str, str]) -> int:
    """Build, print one table and the critical path, write build/results/synth-<TOPLEVEL>.json."""
    board = boards.find(choices.get("BOARD", ""))
    launcher = vivado_flow.find(choices.get("VIVADO", "")) if "vivado" in board.flows else None
    flow = boards.flow(board, choices.get("FLOW", ""), launcher)
    for name, flows in _READ_BY.items():
        if name in choices and flow not in flows:
            raise HarnessError(f"{name}={choices[name]}: FLOW={flow} does not read it, only "
                               f"{' and '.join(flows)}")  # fmt: skip
    if flow != "vivado":
        synth_vivado.refuse(choices, flow)
    own = verbs.VERBS["synth"].variables or {}
    given = {name: value for name, value in choices.items() if name not in own}
    wanted = design(choices.get("TOPLEVEL", _DEFAULT), given)
    path = RESULTS / f"synth-{wanted.top}.json"
    path.unlink(missing_ok=True)
    with Progress() as progress:
        progress.step(f"{flow}: {wanted.top} {wanted.words} for {board.part}")
        found = _FLOWS[flow](wanted, board, launcher, choices, progress)
    records.write(path, found)
    show(found)
    print(f"{wanted.top} {wanted.words}; results: {shown(path)}")
    return 0


def _yosys(wanted: Design, board: boards.Board, _: Path | None, choices: Mapping[str, str],
           progress: Progress) -> list[Record]:  # fmt: skip
    from synth.yosys import measure

    record = measure.measure(wanted, board=board.name)
    if record.module == "dot_product" and flag({"ENERGY": choices.get("ENERGY", "1")}, "ENERGY"):
        from synth.yosys import energy

        progress.step("energy: toggles of the mapped netlist on real activations")
        record = energy.with_energy(wanted, record, choices.get("NET", ""))
    return [record]


def _nextpnr(wanted: Design, board: boards.Board, _: Path | None, choices: Mapping[str, str],
             progress: Progress) -> list[Record]:  # fmt: skip
    from synth.ecp5 import measure

    seeds = whole(choices, "SEEDS", measure.SEEDS)
    return [measure.measure(wanted, board=board.name, seeds=seeds, say=progress.step)]


def _vivado(wanted: Design, board: boards.Board, launcher: Path | None,
            choices: Mapping[str, str], progress: Progress) -> list[Record]:  # fmt: skip
    assert launcher is not None  # boards.flow saw it
    asked = synth_vivado.request(choices, wanted.top)
    return synth_vivado.run(wanted, board, launcher, asked, progress.step)


_FLOWS = {"yosys": _yosys, "nextpnr": _nextpnr, "vivado": _vivado}


def show(found: Sequence[Record]) -> None:
    """Print a table with a row for each figure, and what the figures rest on."""
    for record in found:
        per = [] if not record.macs else [
            ("LUT sites per MAC, memories included", figure(record.lut_per_mac, 2)),
        ]  # fmt: skip
        if "lut4" in record.extra:
            per.append(("LUT4, routed (TRELLIS_COMB)", figure(record.extra["lut4"])))
            seeds = " ".join(f"{mhz:.1f}" for mhz in record.extra["mhz_by_seed"])
            per.append(("clock of each seed, MHz", seeds))
        rows = [
            ("LUT cells", figure(record.lut_cells)),
            ("LUT sites (lut_packed)", figure(record.lut_packed)),
            ("LUT sites used as memory", figure(record.lutram)),
            *per,
            ("CARRY8", figure(record.carry8)), ("flip-flops", figure(record.ff)),
            ("BRAM36", figure(record.bram36, 1)), ("DSP", figure(record.dsp)),
            ("logic levels on the critical path", figure(record.levels)),
            ("clock, MHz (fmax_mhz_est)", figure(record.fmax_mhz_est, 1)),
            *_changed(record),
            *_measured(record),
            ("energy, fJ per MAC, weights held", figure(record.energy_fj_per_mac_held)),
            ("energy, fJ per MAC, weights changing", figure(record.energy_fj_per_mac_changing)),
        ]  # fmt: skip
        print_table(("figure", f"{record.tool} {record.tool_version}, {record.stage}"), rows)
        for line in record.extra.get("critical_path", ()):
            print(f"  {line}")
        for name in ("clock", "energy", "fabric"):
            if note := record.extra.get(name):
                print(f"{name}: {note}")
        for name, why in record.reasons.items():
            if name in _SHOWN:
                print(f"no {name}: {why}")


def _changed(record: Record) -> list[tuple[str, str]]:
    """Rows of what the open flow changed in the mapped netlist, where there is anything."""
    before = record.extra.get("fmax_mhz_est_as_mapped")
    if before is None:
        return []
    what = {"ff": "flip-flops", "lut": "LUTs", "srl": "shift registers"}
    return [("  as mapped", figure(before, 1)),
            ("  LUTs rewritten", figure(record.extra["rewritten_lut"]))] + [
        (f"  {name} copied, counted above", figure(record.extra[f"copied_{kind}"]))
        for kind, name in what.items()
    ]  # fmt: skip


def _measured(record: Record) -> list[tuple[str, str]]:
    """Rows that only Vivado's records have: the clock that was met, its spread, watts."""
    rows = []
    if record.timing is not None:
        rows.append(("clock that was met, MHz", figure(record.timing.fmax_met_mhz, 1)))
    for name, mhz in record.extra.get("mhz_by_directive", {}).items():
        rows.append((f"  place_design -directive {name}", figure(mhz, 1)))
    if record.power is not None:
        rows.append(("dynamic power, W", figure(record.power.dynamic_w, 3)))
    return rows


_SHOWN = ("lut_cells", "lut_packed", "carry8", "lutram", "bram36", "dsp", "levels", "fmax_mhz_est",
          "energy_fj_per_mac_held", "energy_fj_per_mac_changing")  # fmt: skip
