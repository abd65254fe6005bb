# SPDX-License-Identifier: Apache-2.0
"""`make speed`: what cocotb and Python cost, against the same RTL in a bare Verilator program.

One layer of a network is run several times both ways, in turns, by the same host program with the
same players and recorders; outputs are compared with golden in every run.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path

from golden.package import load_package
from sim import bare, network_verb, prepare, results
from sim.build import tool_version
from sim.cli import whole
from sim.errors import HarnessError, unknown
from sim.paths import BUILD, RESULTS, ROOT, shown
from sim.progress import Progress
from sim.report import print_table
from sim.run import DEFAULT_SEED, Run, run_target
from sim.targets import Target, Value, find

_LAYERS = {"digits": "layer1.0.conv2", "resnet20": "layer1.0.conv1", "resnet56": "layer1.0.conv1",
           "resnet18": "layer1.0.conv1"}
_BARE = ("LANE", "B", "KMAX", "PIN", "POUT", "LINE_DEPTH", "PSUM_DEPTH", "COUT_MAX", "FIFO_DEPTH",
         "PLUT_FILE")


def run(choices: Mapping[str, str]) -> int:
    """Time both, print the shares, write build/results/speed.json."""
    target = find(network_verb.BENCH)
    net = choices.get("NET", "resnet20")
    if net not in _LAYERS:
        raise unknown("NET of make speed", net, _LAYERS)
    parameters: dict[str, Value] = dict(network_verb.DEFAULTS)
    parameters["LANE"] = "P1"
    package = network_verb.ensure_package(net, int(target.resolve(parameters)["B"]))
    loaded = load_package(package)
    parameters["MAC_KMAX"] = network_verb.mac_kernel(loaded)
    full = target.resolve(parameters)
    layer = choices.get("LAYER", _LAYERS[net])
    repeats = whole(choices, "REPEATS", 3)
    options: dict[str, Value] = {"LAYER": layer, "IMAGES": 1}
    network_verb.check(loaded, full, options)
    rows: list[dict[str, float]] = []
    with Progress() as progress:
        progress.step("building the bare program")
        executable = bare.build_device(target, {k: full[k] for k in _BARE})
        for number in range(max(1, repeats)):
            progress.step(f"run {number + 1} of {repeats}")
            request = Run(network_verb.BENCH, "verilator", parameters, DEFAULT_SEED,
                          network_verb.TEST, net, options)
            result = run_target(request, target, progress)
            if not result.passed:
                raise HarnessError(f"layer {layer} of {net}: {result.failures[0]}")
            metric = next(m for m in result.metrics if m["name"] == "replay")
            seconds, cycles = _bare(executable, target, full, package, layer)
            rows.append({"cocotb_wall_s": metric["wall_s"], "cocotb_sim_s": metric["sim_s"],
                         "bare_s": seconds, "cycles": cycles})
    return _report(net, layer, rows)


def _bare(executable: Path, target: Target, parameters: Mapping[str, Value], package: Path,
          layer: str) -> tuple[float, int]:
    """(seconds, cycles) of the layer in the bare program; HarnessError if an output is wrong."""
    (BUILD / "run").mkdir(parents=True, exist_ok=True)
    folder = Path(tempfile.mkdtemp(prefix="bare-", dir=BUILD / "run"))
    try:
        prepare.generate(target, folder, parameters)
        task = {"executable": str(executable), "parameters": dict(parameters), "layer": layer,
                "package": str(package.resolve()), "folder": str(folder)}
        done = subprocess.run([sys.executable, "-m", "tb.network.bare", json.dumps(task)],
                              cwd=ROOT, env=prepare.child_environment(), capture_output=True,
                              text=True, check=False)
        if done.returncode:
            raise HarnessError(f"bare program: {(done.stderr or done.stdout).splitlines()[-1]}")
        found = json.loads(done.stdout.splitlines()[-1])
        return float(found["seconds"]), int(found["cycles"])
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _report(net: str, layer: str, rows: list[dict[str, float]]) -> int:
    best = {key: min(row[key] for row in rows) for key in rows[0]}
    share = 1 - best["bare_s"] / best["cocotb_wall_s"]
    content = {"net": net, "layer": layer, "sim_version": tool_version("verilator"),
               "runs": rows, "best": best, "cocotb_share": round(share, 4),
               "cycles_per_s": {"cocotb": round(best["cycles"] / best["cocotb_wall_s"]),
                                "bare": round(best["cycles"] / best["bare_s"])}}
    path = RESULTS / "speed.json"
    results.write_atomic(path, json.dumps(content, indent=1) + "\n")
    keys = ("cocotb_wall_s", "cocotb_sim_s", "bare_s")
    named = [*((str(number), row) for number, row in enumerate(rows, 1)), ("best", best)]
    print_table(("run", "host, cocotb and simulator", "simulator under cocotb", "bare Verilator"),
                [(name, *(f"{row[key]:.3f} s" for key in keys)) for name, row in named])
    print(f"{net} {layer}, {best['cycles']:,.0f} cycles: Python and cocotb are "
          f"{100 * share:.1f} % of the time; results: {shown(path)}")
    return 0
