# SPDX-License-Identifier: Apache-2.0
"""The netlist that Vivado wrote, run by Icarus on real operands, and its toggles as SAIF.

Vivado's own cell models (unisims) are read from its installation. The simulation has no delays, so
it has no glitches: powers of deep adder trees come out low, for all lanes alike.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from golden.files import write_atomic
from sim.process import run_logged
from synth import activity
from synth.errors import SynthError
from synth.identity import OWN_BITS, Identity
from synth.vivado.flow import FlowError
from synth.vivado.saif import Activity, convert

_STREAMS = 8
STRIP = "tb/dut"
"""What read_saif has to strip of the names."""


@dataclass(frozen=True)
class Stimulus:
    """A word for each input in each cycle; all ports but the clock. about: for people.

    warm: cycles before the window in which toggles count: pipelines full, weights loaded.
    """

    ports: Mapping[str, tuple[int, Sequence[int]]]  # name -> (bits, words)
    about: str
    warm: int = 8

    @property
    def cycles(self) -> int:
        """How many cycles there are."""
        return min(len(words) for _, words in self.ports.values())


def models(launcher: Path) -> Path:
    """The folder data/verilog/src of the installation of `vivado`; FlowError when there is none."""
    folder = launcher.resolve().parents[1] / "data" / "verilog" / "src"
    if not (folder / "unisims").is_dir() or not (folder / "glbl.v").is_file():
        raise FlowError(f"{folder}: no unisims and glbl.v there, power needs them to simulate the "
                        "netlist", 6)  # fmt: skip
    return folder


def _bench(design: str, outputs: Mapping[str, int], stimulus: Stimulus, period_ps: int) -> str:
    """Inputs change on the falling edge; the window begins after the warm-up."""
    total = sum(bits for bits, _ in stimulus.ports.values())
    lines = ["`timescale 1ps / 1ps", "module tb;", "    reg clk = 1'b0;",
             f"    reg [{total - 1}:0] words [0:{stimulus.cycles - 1}];",
             f"    reg [{total - 1}:0] now;", "    integer i;"]  # fmt: skip
    pins = ["        .clk(clk)"]
    low = 0
    for name, (bits, _) in stimulus.ports.items():
        lines.append(f"    wire [{bits - 1}:0] {name} = now[{low + bits - 1}:{low}];")
        pins.append(f"        .{name}({name})")
        low += bits
    for name, bits in outputs.items():
        lines.append(f"    wire [{bits - 1}:0] {name};")
        pins.append(f"        .{name}({name})")
    half = period_ps // 2
    return "\n".join([
        *lines, f"    {design} dut (", ",\n".join(pins), "    );",
        f"    always #{half} clk = ~clk;",
        "    initial begin", '        $readmemh("words.hex", words);', "        now = words[0];",
        '        $dumpfile("toggles.vcd");', "        $dumpvars(0, tb.dut);",
        f"        for (i = 0; i < {stimulus.cycles}; i = i + 1) begin",
        "            @(negedge clk) now = words[i];", "        end", "        @(negedge clk);",
        "        $finish;", "    end", "endmodule", ""])  # fmt: skip


def _words(stimulus: Stimulus) -> str:
    lines = []
    for cycle in range(stimulus.cycles):
        word, low = 0, 0
        for bits, words in stimulus.ports.values():
            word |= (int(words[cycle]) & ((1 << bits) - 1)) << low
            low += bits
        lines.append(f"{word:x}\n")
    return "".join(lines)


def simulate(netlist: Path, design: str, outputs: Mapping[str, int], stimulus: Stimulus,
             cells: Path, folder: Path, period_ns: float = 3.334) -> tuple[Path, Activity]:
    """Run the netlist; its SAIF file and what it holds. outputs: name -> bits.

    Raises SynthError with Icarus' first error, when it is missing, or when nothing toggles.
    """
    if not shutil.which("iverilog") or not shutil.which("vvp"):
        raise SynthError("power needs Icarus Verilog to simulate the netlist: apt-get install "
                         "iverilog")  # fmt: skip
    folder.mkdir(parents=True, exist_ok=True)
    period_ps = 2 * round(period_ns * 500)
    write_atomic(folder / "tb.v", _bench(design, outputs, stimulus, period_ps).encode())
    write_atomic(folder / "words.hex", _words(stimulus).encode())
    said: list[str] = []
    log = folder / "simulation.log"
    log.unlink(missing_ok=True)
    for command in (
        ["iverilog", "-g2012", "-o", "sim.vvp", "-s", "tb", "-s", "glbl", "-y",
         str(cells / "unisims"), str(cells / "glbl.v"), str(netlist.resolve()), "tb.v"],
        ["vvp", "-n", "sim.vvp"],
    ):  # fmt: skip
        code = run_logged(command, cwd=folder, env=os.environ, log=log, timeout_s=3600,
                          on_line=said.append)  # fmt: skip
        if code:
            first = next((line.strip() for line in said if "error" in line.lower()), f"exit {code}")
            raise SynthError(f"{netlist.name}: {command[0]}: {first}; log: {log}")
    saif = folder / "toggles.saif"
    found = convert(folder / "toggles.vcd", saif, start=stimulus.warm * period_ps)
    (folder / "toggles.vcd").unlink()  # it is large, and all that is needed of it is in the SAIF
    return saif, found


def operands(identity: Identity, bits_w: int, bits_a: int, cycles: int = 512,
             net: str = "") -> dict[str, Stimulus]:  # fmt: skip
    """"held" and "changing" for a dot_product, out of a network's layers; streams one by one.

    bits_w, bits_a: width of the ports. Lane P3 has "held" alone: its tables are loaded before the
    window, once, with the first stream's weights, since a load takes longer than a stream.
    Raises SynthError for a module that is no lane.
    """
    lane, b, n = identity.lane, identity.b, identity.n
    if lane is None or b is None or n is None:
        raise SynthError("no operands for a module that is no lane")
    real = activity.layer_activity(lane, b, n, cycles // _STREAMS, _STREAMS, net)
    width_a = b if lane in activity.CODES else OWN_BITS.get(lane, 8)
    pixels = bits_a // (n * width_a)
    pixels_of = np.concatenate([np.roll(real.activations, -i, axis=0) for i in range(pixels)],
                               axis=1)  # fmt: skip
    a = [_pack(column, width_a) for stream in range(_STREAMS) for column in pixels_of[:, :, stream]]
    if lane == "P3":
        beats = activity.load_beats(real.weights[0][:, :1], b)[:, 0].tolist()
        wait, warm = [a[0]] * len(beats), len(beats) + Stimulus.warm
        ports = {"w_we": (1, [1] * len(beats) + [0] * len(a)),
                 "w": (bits_w, beats + [beats[-1]] * len(a)), "a": (bits_a, wait + a)}
        about = f"{real.about}, tables of the first layer's weights"
        return {"held": Stimulus(ports, about, warm)}
    sets = bits_w // (n * b)
    weights = np.concatenate([np.roll(real.weights, -i, axis=0) for i in range(sets)], axis=1)
    still, turned, load = [], [], []
    for stream in range(_STREAMS):
        for cycle in range(len(pixels_of)):
            still.append(_pack(weights[0, :, stream], b))
            turned.append(_pack(weights[cycle % len(weights), :, stream], b))
            load.append(int(cycle == 0))
    return {
        "held": Stimulus({"w_we": (1, load), "w": (bits_w, still), "a": (bits_a, a)},
                         f"{real.about}, weights held"),
        "changing": Stimulus({"w_we": (1, [1] * len(a)), "w": (bits_w, turned),
                              "a": (bits_a, a)}, f"{real.about}, weights changing"),
    }  # fmt: skip


def _pack(values: activity.Ints, width: int) -> int:
    """Words of `width` bits side by side in one number, the first lowest."""
    return sum((word & ((1 << width) - 1)) << (i * width) for i, word in enumerate(values.tolist()))
