# SPDX-License-Identifier: Apache-2.0
"""Is the netlist the RTL? Both run the same vectors: the RTL in Icarus, the netlist here.

Streams follow each other in the RTL's one simulation; the first cycles of each, in which the
registers still hold the stream before, are left out.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from sim.paths import BUILD
from synth.design import Design
from synth.errors import SynthError
from synth.records import Record
from synth.yosys import cells, run, stimulus
from synth.yosys.netlist import Netlist
from synth.yosys.simulate import Simulator
from synth.yosys.words import Bytes

_TIMEOUT_S = 600


@dataclass(frozen=True)
class Verdict:
    """compared: output words of both. mismatches: of those, how many differ (x counts)."""

    compared: int
    mismatches: int
    first: str


def check(design: Design, mapped: run.Mapped, netlist: Netlist, record: Record | None = None, *,
          cycles: int = 64, streams: int = 16, gates: bool = False, seed: int = 1,
          simulator: Simulator | None = None) -> Verdict:  # fmt: skip
    """Compare every output in every cycle. gates: put the netlist into Icarus too, with Yosys' own
    cell models, instead of our simulator: that checks our simulator against another one.
    simulator: the netlist's, if it is made already.
    """
    inputs, warm = stimulus.random(netlist, record, cycles, streams, seed)
    want = icarus(design, netlist, inputs, None)
    if gates:
        got = icarus(design, netlist, inputs, mapped)
    else:
        outputs = (simulator or Simulator(netlist)).run(inputs).outputs
        got = {name: bits.astype(np.int8) for name, bits in outputs.items()}
    compared = mismatches = 0
    first = ""
    for name, bits in want.items():
        wrong = ((bits != got[name]) | (bits < 0))[warm:].any(axis=1)
        compared += wrong.size
        mismatches += int(wrong.sum())
        if wrong.any() and not first:
            cycle, stream = (int(i) for i in np.argwhere(wrong)[0])
            first = f"{name} in cycle {cycle + warm} of stream {stream}, seed {seed}"
    return Verdict(compared, mismatches, first)


def require(design: Design, verdict: Verdict) -> None:
    """Raise SynthError naming the first difference; nothing compared is an error too."""
    if not verdict.compared or verdict.mismatches:
        what = f"{verdict.mismatches} of {verdict.compared} words differ, first {verdict.first}"
        raise SynthError(f"{design.top} {design.words}: netlist and RTL are not equal: {what}")


def icarus(design: Design, netlist: Netlist, inputs: Mapping[str, Bytes],
           gates: run.Mapped | None) -> dict[str, np.ndarray[tuple[int, ...], np.dtype[np.int8]]]:
    """Outputs (cycles, width, streams), -1 for x, of the RTL, or of the netlist `gates`."""
    if shutil.which("iverilog") is None:
        raise SynthError("the netlist is checked with Icarus Verilog, which is not installed")
    home = BUILD / "synth"
    home.mkdir(parents=True, exist_ok=True)
    folder = Path(tempfile.mkdtemp(prefix="equal-", dir=home))
    try:
        return _simulate(design, netlist, inputs, gates, folder)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _simulate(design: Design, netlist: Netlist, inputs: Mapping[str, Bytes],
              gates: run.Mapped | None, folder: Path,
              ) -> dict[str, np.ndarray[tuple[int, ...], np.dtype[np.int8]]]:  # fmt: skip
    sources = design.write(folder)
    if gates is not None:
        (folder / "netlist.v").write_text(gates.verilog(), encoding="utf-8")
        sources = ["netlist.v", str(cells.share() / "cells_sim.v")]
    first = next(iter(inputs.values()))
    cycles, streams = first.shape[0], first.shape[2]
    widths = {name: len(netlist.ports[name][1]) for name in inputs}
    outs = {name: len(bits) for name, (way, bits) in netlist.ports.items() if way == "output"}
    # One line a cycle, the first input's highest bit first.
    line = np.concatenate([bits[:, ::-1] for bits in inputs.values()], axis=1)
    rows = line.transpose(2, 0, 1).reshape(cycles * streams, -1)
    text = (rows + ord("0")).astype(np.uint8)
    (folder / "in.txt").write_bytes(b"\n".join(row.tobytes() for row in text) + b"\n")
    (folder / "bench.v").write_text(_bench(design, widths, outs, len(rows), gates is not None))
    words = ["iverilog", "-g2012", "-o", "sim.vvp", "-s", "bench", "bench.v", *sources]
    for command in (words, ["vvp", "-n", "sim.vvp"]):
        done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False,
                              timeout=_TIMEOUT_S, stdin=subprocess.DEVNULL)  # fmt: skip
        if done.returncode:
            said = (done.stdout + done.stderr).strip().splitlines() or ["no message"]
            raise SynthError(f"{design.top}: Icarus: {said[0]}")
    raw = (folder / "out.txt").read_bytes().split()
    if len(raw) != len(rows):
        raise SynthError(f"{design.top}: Icarus gave {len(raw)} of {len(rows)} cycles")
    seen = np.frombuffer(b"".join(raw), np.uint8).reshape(streams, cycles, -1)
    value = np.where((seen == ord("0")) | (seen == ord("1")), seen.astype(np.int16) - ord("0"), -1)
    found, place = {}, 0
    for name, width in outs.items():
        part = value[:, :, place : place + width][:, :, ::-1]
        found[name] = part.transpose(1, 2, 0).astype(np.int8)
        place += width
    return found


def _bench(design: Design, widths: Mapping[str, int], outs: Mapping[str, int], count: int,
           gates: bool) -> str:  # fmt: skip
    total = sum(widths.values())
    ports = [f".{name}({name})" for name in ("clk", *widths, *outs)]
    # Where the design spells out the part's cells, its inferred twin is the reference.
    plain = {**design.parameters, **({"MAP": "none"} if "MAP" in design.parameters else {})}
    given = "" if gates else ", ".join(
        f".{name}({value})" if isinstance(value, int) else f'.{name}("{value}")'
        for name, value in plain.items()
    )  # fmt: skip
    if not all(re.fullmatch(r"\w+", name) for name in (*widths, *outs)):
        raise SynthError(f"{design.top}: a port name that Verilog must escape")
    return "\n".join((
        "`timescale 1ns / 1ps", "module bench;", "reg clk = 0; integer i, f;",
        f"reg [{total - 1}:0] in [0:{count - 1}]; reg [{total - 1}:0] now;",
        *(f"wire [{width - 1}:0] {name};" for name, width in (*widths.items(), *outs.items())),
        f"assign {{{', '.join(widths)}}} = now;",
        f"{design.top} {f'#({given}) ' if given else ''}dut ({', '.join(ports)});",
        "initial begin", '$readmemb("in.txt", in); f = $fopen("out.txt", "w");',
        f"for (i = 0; i < {count}; i = i + 1) begin",
        # Outputs are read after the inputs have settled and before the edge, as our simulator does.
        f'now = in[i]; #5 $fdisplay(f, "{"%b" * len(outs)}", {", ".join(outs)});',
        "clk = 1; #5 clk = 0;", "end", "$fclose(f); $finish(0);", "end", "endmodule", "",
    ))  # fmt: skip
