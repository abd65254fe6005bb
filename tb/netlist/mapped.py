# SPDX-License-Identifier: Apache-2.0
"""Put Yosys' mapped netlist of an accelerator where its RTL stands, and run the RTL's own bench.

    python -m tb.netlist.mapped                         # plut_conv, 2 x 2 channels, on Icarus
    python -m tb.netlist.mapped --set LANE=P2 TREE=3    # other parameters

The bench is the system's: the host program drives registers and streams through one job (three
input tiles, three output tiles, residual in, both outputs) and compares every output with golden.
The RTL runs the same job; outputs compared and cycles must be the same. Cells are Yosys' own models
(cells_sim.v), of block RAM ours.
"""

from __future__ import annotations

import argparse
import json
import re
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import zip_longest
from pathlib import Path
from typing import Any

from golden.errors import PlutarchError
from sim import rewire
from sim.paths import BUILD, ROOT
from sim.request import Run, RunResult
from sim.run import run_target
from sim.targets import Target, Value, find
from synth import cache
from synth.design import Design, design
from synth.errors import SynthError
from synth.matrix import COMPARED
from synth.yosys import cells, copies

SMALL: Mapping[str, Value] = COMPARED[0][1]
BLOCK_RAM = Path(__file__).with_name("ramb36e2.v")
_EMPTY = re.compile(r"^\s*\.INITP?_[0-9A-F]{2}\(256'bx+\),\n", re.M)


def sources(wanted: Design, text: str, folder: Path) -> list[Path]:
    """Write the netlist `text` under another name, and a shell around it with the RTL's own head.

    The shell takes the RTL's parameters and stops elaboration when one is not the netlist's.
    Raises SynthError when the netlist or the RTL has no module of the design's name.
    """
    netlist, found = re.subn(rf"^module {wanted.top}\b", f"module {wanted.top}_mapped", text,
                             flags=re.M)  # fmt: skip
    rtl = next(path for path in wanted.sources if path.stem == wanted.top).read_text("utf-8")
    head = re.search(rf"^module {wanted.top}\b.*?^\);", rtl, re.M | re.S)
    if found != 1 or head is None:
        raise SynthError(f"{wanted.top}: no module of that name in the netlist or in the RTL")
    ports = re.findall(r"^\s*(?:input|output)\s.*?(\w+)\s*(?:,|//|$)", head[0], re.M)
    checks = [
        f"if ({name} != {_literal(value)}) "
        f"illegal_parameter_{name}_is_not_the_netlists stop_elaboration();"
        for name, value in wanted.parameters.items() if not name.endswith("_FILE")
    ]  # fmt: skip
    shell = [head[0], f"{wanted.top}_mapped mapped (",
             ",\n".join(f"    .{port}({port})" for port in ports), ");", "generate", *checks,
             "endgenerate", "endmodule", ""]  # fmt: skip
    (folder / "mapped.v").write_text(_EMPTY.sub("", netlist), encoding="utf-8")
    (folder / f"{wanted.top}.v").write_text("\n".join(shell), encoding="utf-8")
    return [folder / f"{wanted.top}.v", folder / "mapped.v",
            cells.share() / "cells_sim.v", BLOCK_RAM]  # fmt: skip


def _literal(value: Value) -> str:
    return str(value) if isinstance(value, int) else f'"{value}"'


def with_netlist(target: Target, top: str, netlist: Sequence[Path] = ()) -> Target:
    """The target with its bench of the whole system alone, the netlist's files for the top's RTL.

    Models of the part's cells leave with the RTL, the netlist brings Yosys'. No netlist: the RTL.
    """
    (bench,) = (one for one in target.benches if one.name == "system")
    if not netlist:
        return replace(target, benches=(bench,))
    out = {ROOT / "rtl" / f"{top}.v", *(ROOT / "tb" / "common" / "hdl" / "xcup").iterdir()}
    kept = tuple(path for path in bench.sources if path not in out)
    return replace(target, benches=(replace(bench, sources=(*netlist, *kept)),))


def compare(given: Mapping[str, Value], *, top: str = "plut_conv", sim: str = "icarus",
            text: str | None = None, plain: bool = False,
            ) -> tuple[RunResult, RunResult]:  # fmt: skip
    """(RTL's run, netlist's run) of the same job; both must have passed and be equal.

    plain: on Icarus leave the netlist as it is; it is rewired otherwise (sim.rewire), for time.
    text: the netlist in Verilog, if it is not the one that Yosys makes of the design.
    Raises PlutarchError naming the first difference.
    """
    wanted = design(top, given)
    if text is None:
        text = copies.synthesise(wanted).verilog()
    target = find(top)
    BUILD.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="netlist-", dir=BUILD) as name:
        netlist = sources(wanted, text, Path(name))
        request = Run(top, sim, parameters=wanted.parameters, options={"IMAGES": 0, "QUICK": 1},
                      testcase="host_program")  # fmt: skip
        rtl = run_target(request, with_netlist(target, top))
        gates = run_target(replace(request, rewire=sim == "icarus" and not plain),
                           with_netlist(target, top, netlist))  # fmt: skip
    for what, result in (("RTL", rtl), ("netlist", gates)):
        if not result.passed or not result.outputs_compared:
            why = (result.failures or ["no output was compared"])[0]
            raise PlutarchError(f"{top} {wanted.words}: the {what} fails its bench: {why}")
    for one, other in zip_longest(rtl.layers, gates.layers):
        if one is None or other is None or _seen(one) != _seen(other):
            raise PlutarchError(f"{top} {wanted.words}: netlist and RTL are not equal: "
                                f"{other and _seen(other)} and {one and _seen(one)}")  # fmt: skip
    return rtl, gates


def _seen(layer: Mapping[str, Any]) -> tuple[Any, ...]:
    return tuple(layer[name] for name in ("name", "outputs", "mismatches", "cycles", "stalls"))


def checked(given: Mapping[str, Value], top: str = "plut_conv") -> dict[str, Any]:
    """What `compare` found, out of the cache where it is there: outputs, cycles, simulator.

    Raises PlutarchError as `compare`.
    """
    wanted = design(top, given)
    mapped = copies.synthesise(wanted)
    own = cache.code_hash(__file__, BLOCK_RAM, ROOT / "tb" / "network" / "test_system.py",
                          ROOT / "tb" / "network" / "faults.py", *rewire.SOURCES)  # fmt: skip

    def make(folder: Path) -> None:
        _, gates = compare(given, top=top)
        (folder / "equal.json").write_text(json.dumps({
            "simulator": gates.sim_version, "outputs": gates.outputs_compared,
            "cycles": sum(layer["cycles"] for layer in gates.layers),
        }), encoding="utf-8")  # fmt: skip

    done = cache.folder("netlist-sim", cache.key((mapped.folder.name, own)), make)
    found: dict[str, Any] = json.loads((done / "equal.json").read_text(encoding="utf-8"))
    return found


def main(words: Sequence[str] | None = None) -> int:
    """Run as a program; 0 when netlist and RTL are equal."""
    parser = argparse.ArgumentParser(prog="python -m tb.netlist.mapped", description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--top", default="plut_conv", choices=("plut_conv", "shift_conv"))
    parser.add_argument("--sim", default="icarus", choices=("icarus", "verilator"))
    parser.add_argument("--plain", action="store_true",
                        help="Icarus: the netlist as it is (see sim/rewire); slow")  # fmt: skip
    parser.add_argument("--set", nargs="*", default=[], metavar="NAME=VALUE")
    chosen = parser.parse_args(words)
    try:
        given = dict(SMALL) | dict(_pair(word) for word in chosen.set)
        rtl, gates = compare(given, top=chosen.top, sim=chosen.sim, plain=chosen.plain)
        cycles = sum(layer["cycles"] for layer in gates.layers)
    except PlutarchError as error:
        print(f"error: {error}")
        return 1
    print(f"PASS {chosen.top} on {gates.sim_version}: the netlist gives the RTL's "
          f"{gates.outputs_compared:,} outputs in its {cycles:,} cycles; RTL {rtl.wall_s:.0f} s, "
          f"netlist {gates.wall_s:.0f} s")  # fmt: skip
    return 0


def _pair(word: str) -> tuple[str, Value]:
    name, sign, value = word.partition("=")
    if not sign:
        raise PlutarchError(f"expected NAME=value, got {word!r}")
    return name, value


if __name__ == "__main__":
    raise SystemExit(main())
