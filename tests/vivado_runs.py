# SPDX-License-Identifier: Apache-2.0
"""Running our Tcl on the stand-in, as it is or with one mistake planted in it."""

from __future__ import annotations

import json
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from sim.paths import ROOT
from synth.vivado.double.__main__ import install
from synth.vivado.double.world import World

VERSIONS = ("2020.2", "2025.1")

LANE = """\
module lane #(parameter N = 9, parameter LANE = "P1") (
    input wire clk, input wire [N-1:0] w, input wire [N-1:0] a, output reg [N-1:0] sum);
    always @(posedge clk) sum <= w ^ a;
endmodule
"""

CORE = """\
module core (
    (* X_INTERFACE_INFO = "xilinx.com:signal:clock:1.0 clk CLK" *) input wire clk,
    (* X_INTERFACE_INFO = "xilinx.com:signal:reset:1.0 rst RST" *) input wire rst,
    (* X_INTERFACE_INFO = "xilinx.com:signal:interrupt:1.0 irq INTERRUPT" *) output wire irq,
    input wire [11:0] s_axil_awaddr, input wire [31:0] s_axil_wdata,
    input wire [11:0] s_axil_araddr, output wire [31:0] s_axil_rdata,
    input wire [31:0] s_axis_w_tdata, input wire s_axis_w_tvalid, output wire s_axis_w_tready,
    input wire [127:0] s_axis_a_tdata, input wire s_axis_a_tvalid, output wire s_axis_a_tready,
    input wire [63:0] s_axis_r_tdata, input wire s_axis_r_tvalid, output wire s_axis_r_tready,
    output wire [127:0] m_axis_y_tdata, output wire m_axis_y_tvalid, input wire m_axis_y_tready,
    output wire [63:0] m_axis_r_tdata, output wire m_axis_r_tvalid, input wire m_axis_r_tready
);
endmodule
"""


def need_tcl() -> None:
    """Skip the test, with the reason, where Python has no Tcl."""
    pytest.importorskip("tkinter", reason="Python has no Tcl here: apt-get install python3-tk")


@dataclass
class Ended:
    """How a run ended: exit code, all it said, its output folder."""

    code: int
    said: str
    out: Path

    def figures(self, name: str) -> dict[str, Any]:
        """A JSON file that the Tcl wrote."""
        content: dict[str, Any] = json.loads((self.out / f"{name}.json").read_text())
        return content

    @property
    def error(self) -> str:
        """The line that our Tcl prints last when it stops."""
        lines = [line for line in self.said.splitlines() if line.startswith("PLUTARCH ERROR")]
        return lines[-1] if lines else ""


class Bench:
    """A folder with a copy of vivado/, sources, and the stand-in installed."""

    def __init__(self, folder: Path, **world: Any) -> None:
        self.folder = folder
        self.out = folder / "out"
        self.scripts = folder / "scripts"
        shutil.copytree(ROOT / "vivado", self.scripts)
        self.executable = install(folder / "bin", World(**world))
        for name, text in (("lane", LANE), ("core", CORE)):
            (folder / f"{name}.v").write_text(text, encoding="utf-8")
            (folder / f"{name}.txt").write_text(f"{folder / f'{name}.v'}\n", encoding="utf-8")

    def plant(self, script: str, old: str, new: str) -> None:
        """Put a mistake into a script; the place must be there."""
        path = self.scripts / script
        text = path.read_text(encoding="utf-8")
        assert old in text, f"{script} has no {old!r}: the mistake is nowhere"
        path.write_text(text.replace(old, new, 1), encoding="utf-8")

    def world(self, **world: Any) -> None:
        """Other settings of the stand-in from now on."""
        install(self.folder / "bin", World(**world))

    def run(self, script: str, **options: Any) -> Ended:
        """Run SCRIPT.tcl; options are its arguments."""
        words = [word for name, value in ({"out": self.out} | options).items()
                 for word in (f"-{name}", str(value))]  # fmt: skip
        done = subprocess.run(
            [self.executable, "-mode", "batch", "-source", self.scripts / f"{script}.tcl",
             "-nojournal", "-log", self.folder / "vivado.log", "-tclargs", *words],
            cwd=self.folder, capture_output=True, text=True, check=False, timeout=60,
        )  # fmt: skip
        return Ended(done.returncode, done.stdout + done.stderr, self.out)

    def ooc(self, **options: Any) -> Ended:
        """ooc.tcl on the lane."""
        return self.run("ooc", **({"top": "lane", "sources": self.folder / "lane.txt",
                                   "min_luts": 20} | options))  # fmt: skip

    def system(self, **options: Any) -> Ended:
        """system.tcl on the core."""
        return self.run("system", **({"top": "core", "sources": self.folder / "core.txt",
                                      "min_luts": 20} | options))  # fmt: skip

    def saif(self) -> Path:
        """A SAIF file that the stand-in takes."""
        path = self.folder / "toggles.saif"
        path.write_text('(SAIFILE\n(SAIFVERSION "2.0")\n)\n', encoding="utf-8")
        return path
