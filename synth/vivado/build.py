# SPDX-License-Identifier: Apache-2.0
"""One module through Vivado, from sources to records; `build` is what `make synth` calls."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Protocol

from golden.files import write_atomic
from synth import cache
from synth.design import Design
from synth.identity import identify
from synth.records import Record
from synth.vivado import flow, workload
from synth.vivado.to_record import to_record
from synth.vivado.verilog import read_header, shell

Say = Callable[[str], None]
PERIOD_NS = 3.333
"""The clock that is asked for: 300 MHz."""
SYSTEM_MHZ = 200.0
"""The clock that a system asks of the PS."""

PLACES = ("Default", "Explore", "ExtraTimingOpt", "ExtraNetDelay_high")
"""Directives of place_design that `spread` tries; all versions have them."""


class Board(Protocol):
    """What is used of a synth.boards.Board."""

    @property
    def name(self) -> str:
        """For people: "kv260"."""

    @property
    def part(self) -> str:
        """The part's full name."""


def _files(folder: Path, design: Design) -> tuple[Path, dict[str, int | str]]:
    """Write the sources; the list of their names, and parameters with absolute file names."""
    sources = folder / "src"
    sources.mkdir(parents=True, exist_ok=True)
    names = design.write(sources)
    listing = folder / "sources.txt"
    write_atomic(listing, "".join(f"{sources / name}\n" for name in names).encode())
    given: dict[str, int | str] = {
        name: str(sources / str(value)) if name.endswith("_FILE") else value
        for name, value in design.parameters.items()
    }
    return listing, given


def _options(design: Design, dsp: bool | None) -> tuple[bool, int]:
    """(DSP blocks allowed, fewest LUT cells that are believed): a product needs a LUT at least."""
    identity = identify(design.top, dict(design.parameters))
    with_dsp = str(identity.lane).startswith("D") if dsp is None else dsp
    return with_dsp, 1 if with_dsp else max(1, identity.macs or 1)


def build(design: Design, board: Board, vivado: Path, say: Say = print, *,
          dsp: bool | None = None, period_ns: float = PERIOD_NS, search: bool = False,
          no_lc: bool = False, place: str = "Default", power: bool = False, net: str = "",
          saif: Mapping[str, tuple[Path, str]] | None = None,
          home: Path | None = None, stand_in: bool = False) -> list[Record]:  # fmt: skip
    """Synthesise, place and route a module out of context; its records, synthesised and routed.

    dsp: whether DSP blocks may be used (None: as the lane is meant). search: look for the highest
    clock that is met. no_lc: no LUT combining, for counts to hold against Yosys. place: directive
    of place_design. power: simulate the netlist of a dot_product for the watts, on operands of the
    package `net` (as activity.package_of); saif: files of another simulation, "held" and
    "changing" -> (file, path to strip).
    Raises FlowError, ReportError: no unisims, a part that it lacks, a failed run, missed timing.
    """
    with_dsp, least = _options(design, dsp)
    root = home or cache.HOME / "vivado"
    version = flow.version(vivado, root / "version")
    options = {"max_dsp": -1 if with_dsp else 0, "flatten": "rebuilt", "no_lc": int(no_lc),
               "place": place}  # fmt: skip
    code = cache.code_hash(*sorted(flow.SCRIPTS.iterdir()))
    folder = root / cache.key([design.fingerprint(), version, board.part, f"{period_ns}",
                               f"{options} {search}", code])  # fmt: skip
    listing, given = _files(folder, design)
    out, scratch = folder / "out", folder / "scratch"
    generics = " ".join(f"{key}={value}" for key, value in given.items())
    met_ns = period_ns
    # Before the hours of the build, not after them: is there all that power needs?
    work = _workload(design, given, vivado, net) if power and not saif else None
    same = {"out": out, "top": design.top, "part": board.part, "period": period_ns,
            "min_luts": least}  # fmt: skip
    flow.run(vivado, "ooc", {**same, **options, "sources": listing, "generics": generics,
                             "stop_after": "synth" if search else ""}, scratch, say)  # fmt: skip
    if search:  # it leaves the reports of the shortest period that was met
        flow.run(vivado, "fmax", same | {"max_dsp": options["max_dsp"], "place": place}, scratch,
                 say)  # fmt: skip
        found = json.loads((out / "fmax.json").read_text(encoding="utf-8"))
        met_ns = float(found["period_met_ns"])
    if work is not None:
        saif = {}
        for which, stimulus in work.stimuli.items():
            say(f"netlist on {stimulus.about}")
            file, _ = workload.simulate(out / "netlist.v", design.top, work.outputs, stimulus,
                                        work.cells, scratch / which, met_ns)  # fmt: skip
            saif[which] = file, workload.STRIP
    for which, (file, strip) in (saif or {}).items():
        flow.run(vivado, "power", {"out": out, "part": board.part, "saif": file,
                                   "strip_path": strip, "name": f"power_{which}"}, scratch, say)
    identity = identify(design.top, dict(design.parameters))
    return [to_record(out, stage, module=design.top, params=dict(design.parameters),
                      options=options, part=board.part, version=version, identity=identity,
                      board=board.name, period_ns=period, stand_in=stand_in)
            for stage, period in (("post_synth", period_ns), ("post_route", met_ns))]  # fmt: skip


def spread(design: Design, board: Board, vivado: Path, say: Say = print, *,
           directives: Sequence[str] = PLACES, dsp: bool | None = None, no_lc: bool = False,
           period_ns: float = PERIOD_NS, home: Path | None = None, stand_in: bool = False
           ) -> tuple[Record, dict[str, float]]:  # fmt: skip
    """The routed record with the highest clock that was met, and that clock in MHz by directive.

    The clocks are in the record too: extra["mhz_by_directive"].

    Vivado has no seed: what other tools vary by seeds is varied by place directives.
    """
    clocks: dict[str, float] = {}
    best: Record | None = None
    for directive in directives:
        say(f"place_design -directive {directive}")
        routed = build(design, board, vivado, say, search=True, place=directive, dsp=dsp,
                       no_lc=no_lc, period_ns=period_ns, home=home, stand_in=stand_in)[1]
        met = routed.timing.fmax_met_mhz if routed.timing else None
        if met is not None:
            clocks[directive] = met
            if best is None or met > max(v for k, v in clocks.items() if k != directive):
                best = routed
    if best is None:
        raise flow.FlowError(f"{design.top}: no directive met any period", 3)
    return replace(best, extra={**best.extra, "mhz_by_directive": clocks}), clocks


@dataclass(frozen=True)
class _Work:
    """What the simulation for the watts needs: Vivado's cell models, outputs' bits, stimuli."""

    cells: Path
    outputs: Mapping[str, int]
    stimuli: Mapping[str, workload.Stimulus]


def _workload(design: Design, given: Mapping[str, int | str], vivado: Path, net: str) -> _Work:
    """Operands of a network's layers for a dot_product. FlowError for any other module."""
    header = read_header(design.top, design.sources)
    if header is None or {port.name for port in header.ports} != {"clk", "w_we", "w", "a", "sum"}:
        raise flow.FlowError(f"power of {design.top}: only dot_product has a workload of its own; "
                             "give SAIF files of a simulation", 6)  # fmt: skip
    values = header.values(given)
    bits = {port.name: port.width(values) for port in header.ports}
    identity = identify(design.top, dict(design.parameters))
    return _Work(workload.models(vivado), {"sum": bits["sum"]},
                 workload.operands(identity, bits["w"], bits["a"], net=net))  # fmt: skip


def system(design: Design, board: Board, vivado: Path, say: Say = print, *,
           mhz: float = SYSTEM_MHZ, board_repo: str = "", home: Path | None = None) -> Path:
    """The whole system with bitstream; the folder that holds TOP.bit, TOP.hwh and TOP.xsa.

    What Vivado sees is a shell `TOP_core` without parameters (see synth.vivado.verilog).
    """
    root = home or cache.HOME / "vivado"
    version = flow.version(vivado, root / "version")
    code = cache.code_hash(*sorted(flow.SCRIPTS.iterdir()))
    folder = root / cache.key([design.fingerprint(), version, board.part, f"system {mhz}", code])
    listing, given = _files(folder, design)
    sources = [Path(line) for line in listing.read_text(encoding="utf-8").split("\n") if line]
    header = read_header(design.top, sources)
    if header is None:
        raise flow.FlowError(f"no source of {design.top} holds its module", 2)
    top = f"{design.top}_core"
    wrapper = folder / "src" / f"{top}.v"
    write_atomic(wrapper, shell(header, top, given).encode())
    write_atomic(listing, "".join(f"{path}\n" for path in [*sources, wrapper]).encode())
    out = folder / "out"
    arguments: dict[str, object] = {"top": top, "sources": listing, "out": out, "part": board.part,
                                    "mhz": mhz, "min_luts": _options(design, None)[1]}
    if board_repo:
        arguments["board_repo"] = board_repo
    flow.run(vivado, "system", arguments, folder / "scratch", say)
    return out


def system_record(design: Design, board: Board, vivado: Path, out: Path, *,
                  home: Path | None = None, stand_in: bool = False) -> Record:  # fmt: skip
    """The routed record of a finished system in `out`: the figures are the whole board's.

    Raises ReportError, as the records of a module do.
    """
    asked = json.loads((out / "post_route.json").read_text(encoding="utf-8"))
    version = flow.version(vivado, (home or cache.HOME / "vivado") / "version")
    return to_record(out, "post_route", module=design.top, params=dict(design.parameters),
                     options={"mhz_asked": asked["mhz_asked"]}, part=board.part, version=version,
                     identity=identify(design.top, dict(design.parameters)), board=board.name,
                     period_ns=round(1000 / float(asked["mhz"]), 3), flow="vivado-system",
                     design="system_wrapper", stand_in=stand_in)  # fmt: skip
