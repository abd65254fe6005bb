# SPDX-License-Identifier: Apache-2.0
"""Legal parameters elaborate without a single warning, illegal ones stop both simulators.

Only elaboration: `verilator --lint-only -Wall` through the harness's shim, and iverilog.
"""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from sim import simulators, targets

Value = int | str

LEGAL: list[tuple[str, dict[str, Value]]] = [
    *[("axis_skid", {"WIDTH": width}) for width in (1, 8, 65, 65536)],
    *[("axis_fifo", {"WIDTH": w, "DEPTH": d})
      for w, d in ((1, 2), (33, 64), (65536, 4), (8, 65536))],
    *[("adder_tree", {"N": n, "IW": iw}) for n, iw in ((1, 2), (2, 14), (3, 64), (72, 14))],
    *[("adder_tree", {"TREE": 3, "N": n, "MAP": mapped, "LEAD": lead, "NEGATE": lead})
      for n, mapped, lead in ((1, "none", 1), (2, "xcup", 0), (22, "xcup", 1), (72, "none", 0))],
    *[("adder_tree", given) for given in ({"PEAK": 4096}, {"WIDTH": 14}, {"WIDTH": 64})],
    *[("dot_product", {"LANE": lane, "B": b, "N": n, "TREE": tree})
      for lane, b, n, tree in (("P2", 5, 9, 3), ("P3", 2, 1, 2), ("P3", 5, 3, 3), ("S2", 3, 2, 2),
                               ("A1", 2, 9, 3), ("M3", 2, 2, 2), ("D4", 4, 16, 3),
                               ("D8", 4, 8, 2))],
    *[(lane, {"B": b, "N": n}) for lane in ("lane_plut", "lane_shift", "lane_shift8")
      for b, n in ((2, 1), (3, 9), (4, 1), (4, 72), (5, 2), (5, 49))],
    *[("lane_mac", {"N": n}) for n in (1, 2, 9, 72)],
    *[("y_pack", {"POUT": p, "B": b, "ACCW": w})
      for p, b, w in ((1, 2, 5), (1, 5, 63), (8, 3, 22), (64, 5, 46))],
    *[("axil_regs", {"LANE": lane, "ACCW": w}) for lane, w in (("S0", 1), ("S1", 33), ("M8", 70),
                                                              ("P2", 30), ("P3", 30))],
    *[("lane_bank", {"LANE": lane, "B": b, "KMAX": k, "PIN": pin, "POUT": pout})
      for lane in ("P1", "P2", "P3", "S0", "S1", "M8")
      for b, k, pin, pout in ((2, 3, 1, 1), (3, 7, 2, 3), (4, 3, 8, 8), (5, 5, 1, 2))],
    *[("lane_bank", {"LANE": lane, "TREE": 3, "MAP": mapped, "PIN": 2, "POUT": 1})
      for lane, mapped in (("P1", "none"), ("P2", "xcup"), ("P3", "xcup"), ("S0", "xcup"),
                           ("S1", "none"), ("M8", "xcup"))],
    *[("lane_bank", {"LANE": "P3", "BUSES": buses, "PIN": 3, "POUT": 2}) for buses in (1, 2, 8)],
    *[("shuff_bank", {"B": b, "POUT": p}) for b, p in ((2, 1), (3, 3), (5, 8), (4, 16))],
    *[("byte_bank", {"POUT": p}) for p in (1, 3, 8, 16)],
    *[("pot_project", {"B": b, "TW": tw})
      for b, tw in ((2, 3), (3, 40), (4, 48), (5, 17), (5, 128))],
    *[("post_process", {"B": b, "POUT": p, "ACCW": w, "MAP": m})
      for b, p, w, m in ((2, 1, 12, "none"), (5, 8, 100, "xcup"), (3, 64, 30, "none"))],
]  # fmt: skip

ILLEGAL: list[tuple[str, dict[str, Value], str]] = [
    *[("axis_skid", {"WIDTH": value}, "width") for value in (-1, 0, 65537)],
    *[("axis_fifo", {"WIDTH": value}, "width") for value in (0, 65537)],
    *[("axis_fifo", {"DEPTH": value}, "depth") for value in (1, 3, 12, 131072)],
    *[("adder_tree", {"N": value}, "n") for value in (0, 2049)],
    *[("adder_tree", {"IW": value}, "iw") for value in (1, 65)],
    ("adder_tree", {"OW": 17}, "ow"),
    *[("adder_tree", {"TREE": value}, "tree") for value in (1, 4)],
    ("adder_tree", {"MAP": "xc7s"}, "map"),
    *[("adder_tree", {name: 3}, "flag") for name in ("LEAD", "NEGATE")],
    *[("adder_tree", {"PEAK": value}, "peak") for value in (-1, 4095, 8192)],
    *[("adder_tree", {"WIDTH": value}, "width") for value in (13, 65)],
    *[("dot_product", {name: value}, name.lower())
      for name, value in (("LANE", "P9"), ("B", 1), ("B", 6), ("N", 0), ("TREE", 4),
                          ("MAP", "xc7s"))],
    ("dot_product", {"LANE": "S2", "N": 513}, "n"),
    *[("dot_product", {name: value}, "derived")
      for name, value in (("OUTS", 2), ("PIX", 2), ("GROUP", 2), ("WBITS", 4), ("SUMW", 12))],
    *[(lane, {name: value}, name.lower())
      for lane in ("lane_plut", "lane_shift", "lane_shift8")
      for name, value in (("B", 1), ("B", 6), ("N", 0), ("N", 2049), ("SUMW", 12))],
    *[("y_pack", {name: value}, name.lower())
      for name, value in (("POUT", 0), ("POUT", 12), ("POUT", 128), ("B", 1), ("B", 6),
                          ("ACCW", 3), ("ACCW", 64), ("YW", 256))],
    ("axil_regs", {"LANE": "P9"}, "lane"),
    *[("axil_regs", {"ACCW": value}, "accw") for value in (0, 71)],
    *[("accelerator", {name: value}, "derived")
      for name, value in (("AB", 8), ("ABITS", 64), ("YBITS", 64), ("WBITS", 64))],
    *[("lane_mac", {name: value}, name.lower())
      for name, value in (("N", 0), ("N", 2049), ("WB", 1), ("AB", 15), ("SUMW", 12))],
    ("lane_bank", {"LANE": "P9"}, "lane"),
    *[("lane_bank", {name: value}, name.lower())
      for name, value in (("B", 1), ("B", 6), ("KMAX", 1), ("KMAX", 2), ("KMAX", 9), ("PIN", 0),
                          ("POUT", 0), ("POUT", 65), ("TREE", 4), ("MAP", "xc7s"),
                          ("BUSES", 3))],
    ("lane_bank", {"PIN": 228, "POUT": 1}, "pin"),
    *[("lane_bank", {name: value}, "derived")
      for name, value in (("AB", 9), ("TAPW", 9), ("WB", 5), ("SUMW", 12))],
    *[(bank, {"POUT": value}, "pout") for bank in ("shuff_bank", "byte_bank")
      for value in (0, 9, 12, 128)],
    *[(bank, {"WBITS": 64}, "wbits") for bank in ("shuff_bank", "byte_bank")],
    ("byte_bank", {"B": 4}, "b"),
    *[("pot_project", {name: value}, name.lower())
      for name, value in (("B", 1), ("B", 6), ("TW", 8), ("TW", 129))],
]  # fmt: skip


def label(case: object) -> str | None:
    """A short test id for a parameter set."""
    if isinstance(case, dict):
        return ",".join(f"{name}={value}" for name, value in case.items())
    return None


def run(command: list[str], folder: Path) -> tuple[int, str]:
    """Run a tool; return its status and all it printed, progress lines left out."""
    done = subprocess.run(command, cwd=folder, env=simulators.clean_environment(), check=False,
                          capture_output=True, text=True, timeout=300)  # fmt: skip
    lines = (done.stdout + done.stderr).splitlines()
    return done.returncode, "\n".join(line for line in lines if not line.startswith("- "))


def elaborate(sim: str, top: str, given: dict[str, Value], folder: Path) -> tuple[int, str]:
    """Elaborate one module on one simulator; return the tool's status and output."""
    text = {name: f'"{v}"' if isinstance(v, str) else str(v) for name, v in given.items()}
    sources = [str(path) for path in targets.find(top).sources]
    if sim == "icarus":
        values = [f"-P{top}.{name}={value}" for name, value in text.items()]
        return run(["iverilog", "-g2005", "-Wall", "-o", "x.vvp", "-s", top, *values, *sources],
                   folder)  # fmt: skip
    values = [f"-G{name}={value}" for name, value in text.items()]
    return run(["verilator", "--lint-only", "-Wall", "--top-module", top, *values, *sources],
               folder)  # fmt: skip


@pytest.fixture(params=["icarus", "verilator"])
def sim(request: pytest.FixtureRequest) -> str:
    """Both simulators, skipped where one is not installed."""
    name: str = request.param
    if name == "icarus" and not shutil.which("iverilog"):
        pytest.skip("iverilog is not installed")
    if name == "verilator" and not shutil.which("perl"):
        pytest.skip("perl, which starts Verilator, is not installed")
    return name


@pytest.mark.parametrize(("top", "given"), LEGAL, ids=label)
def test_legal_parameters_give_no_warning(
    sim: str, top: str, given: dict[str, Value], tmp_path: Path
) -> None:
    status, text = elaborate(sim, top, given, tmp_path)
    assert status == 0, text
    assert text == ""


@pytest.mark.parametrize(("top", "given", "what"), ILLEGAL, ids=label)
def test_illegal_parameter_stops_elaboration(
    sim: str, top: str, given: dict[str, Value], what: str, tmp_path: Path
) -> None:
    status, text = elaborate(sim, top, given, tmp_path)
    assert status != 0
    assert re.search(rf"\billegal_parameter_{top}_{what}\b", text), text


def test_every_check_in_these_modules_is_tried() -> None:
    """A check that no test fires would be dead text."""
    tops = {top for top, _, _ in ILLEGAL}
    written = set()
    for top in tops:
        source = next(p for p in targets.find(top).sources if p.stem == top)
        written |= set(re.findall(r"\billegal_parameter_\w+", source.read_text(encoding="utf-8")))
    assert written == {f"illegal_parameter_{top}_{what}" for top, _, what in ILLEGAL}
