# SPDX-License-Identifier: Apache-2.0
"""`make network`: a whole network through the RTL, layer by layer against golden."""

from __future__ import annotations

import hashlib
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import find_libpython

from golden.errors import PlutarchError
from golden.network import Network
from golden.package import KNOWN, find, load_package
from host.compiler import compile_network
from host.system import for_lane, targets_of
from sim import network_report, results, runtime, systools, waves
from sim.build import tool_version
from sim.cli import flag, whole
from sim.errors import HarnessError, unknown
from sim.network_report import NetworkProgress
from sim.paths import BUILD, ROOT, shown
from sim.progress import Progress
from sim.run import DEFAULT_SEED, Run, RunResult, run_target
from sim.sim_verb import simulators
from sim.targets import Target, Value
from sim.targets import find as find_target

BENCH, TEST = "network_bench", "whole_network"
TOPLEVELS = {  # and their lanes
    "plut_conv": ("P1", "P2", "P3"), "shift_conv": ("S0", "S1"), "mac_conv": ("M8",),
}  # fmt: skip
_PARAMETERS = ("LANE", "B", "K", "PIN", "POUT", "LINE_DEPTH", "PSUM_DEPTH", "COUT_MAX",
               "FIFO_DEPTH", "TREE", "MAP", "BUSES")
DEFAULTS = {"PIN": 8, "POUT": 8, "MAC_PIN": 4, "MAC_POUT": 8}  # the bench's own are for tests
_DEFAULT_IMAGES = {"digits": 200, "resnet20": 1, "resnet56": 1, "resnet18": 1}
_CODE = ("golden", "host", "tb/network", "tb/common")  # Python that decides what a step is worth


def run(choices: Mapping[str, str]) -> int:
    """Run it, report it, write its results; 0 only if every value on every simulator is right."""
    target = find_target(BENCH)
    main = choices.get("TOPLEVEL", "plut_conv")
    if main not in TOPLEVELS:
        raise unknown("TOPLEVEL of make network", main, TOPLEVELS)
    net_name = choices.get("NET", target.nets[0])
    if net_name not in target.nets:
        raise unknown("NET of make network", net_name, target.nets)
    parameters = _parameters(target, main, choices)
    package = ensure_package(net_name, int(target.resolve(parameters)["B"]))
    net = load_package(package)
    parameters["MAC_KMAX"] = mac_kernel(net)
    images = whole(choices, "IMAGES", min(_DEFAULT_IMAGES[net_name], len(net.images)))
    if not 1 <= images <= len(net.images):
        raise HarnessError(f"IMAGES={images}: {shown(package)} has {len(net.images)} samples")
    options = _options(target, choices, images)
    check(net, target.resolve(parameters), options)
    systools.ensure_libpython(find_libpython.find_libpython, print)
    sims = simulators(choices.get("SIM", "verilator"))
    if flag(choices, "WAVES") and "verilator" in sims:
        systools.ensure_fst_headers(runtime.has_fst_headers, print)
    finished: list[RunResult] = []
    for sim in sims:
        request = Run(BENCH, sim, parameters, whole(choices, "SEED", DEFAULT_SEED), TEST, net_name,
                      options, flag(choices, "WAVES"), flag(choices, "DEBUG"))
        finished.append(_one(request, target, package, choices))
        if len(finished) > 1:
            finished[-1].failures += results.compare(finished[0], finished[-1])
            for failure in finished[-1].failures:
                print(f"failed: {failure}")
    if len(finished) > 1 and all(result.passed for result in finished):
        print("both simulators agree: same outputs and same cycle counts in every layer")
    return 0 if all(result.passed for result in finished) else 1


def _one(request: Run, target: Target, package: Path, choices: Mapping[str, str]) -> RunResult:
    """One simulator: run, print, write."""
    layer = str(request.options.get("LAYER", ""))
    state = None if layer else _state(request, target, package)
    if state is not None:
        if flag(choices, "FRESH"):
            state.unlink(missing_ok=True)
        request = Run(**{**vars(request), "options": {**request.options,
                                                      "STATE": str(state)}})
    if not layer:
        network_report.forget(request)
    with Progress(verbose=request.debug) as shown_progress:
        progress = NetworkProgress(shown_progress)
        progress.line(f"{request.net} on {network_report.toplevel(request)}, "
                      f"{tool_version(request.sim)}, {shown(package)}")
        if state is not None and state.exists():
            progress.line("goes on where an earlier run stopped (FRESH=1 begins again)")
        try:
            result = run_target(request, target, progress)
        except KeyboardInterrupt:
            if state is not None and state.exists():
                progress.line("interrupted; the same command goes on behind the last whole layer")
            raise
    dumps = waves.save_files(result)
    for path in dumps:
        print(f"waves: {shown(path)}")
    if layer:
        network_report.show_replay(result)
    else:
        network_report.show(result)
        print(f"results: {shown(network_report.write(result))}")
    return result


def _parameters(target: Target, main: str, choices: Mapping[str, str]) -> dict[str, Value]:
    """Verilog parameters of the bench, by Verilog name."""
    own = target.by_make_name()
    given: dict[str, Value] = {"LANE": TOPLEVELS[main][0], **DEFAULTS}
    for name in _PARAMETERS:
        if name in choices:
            given[own[name].name] = own[name].parse(choices[name])
    if given["LANE"] not in TOPLEVELS[main]:
        raise HarnessError(f"LANE={given['LANE']}: {main} has {', '.join(TOPLEVELS[main])}")
    return given


def _options(target: Target, choices: Mapping[str, str], images: int) -> dict[str, Value]:
    own = target.options
    given: dict[str, Value] = {"IMAGES": images, "RAW": int(flag(choices, "RAW"))}
    for name in ("LAYER", "TILE", "IMAGE"):
        if name in choices:
            given[name] = own[name].parse(choices[name])
    if "LAYER" not in given and ("TILE" in given or "IMAGE" in given):
        raise HarnessError("TILE and IMAGE go with LAYER=, the name of a layer to run again")
    return given


def check(net: Network, parameters: Mapping[str, Value], options: Mapping[str, Value]) -> None:
    """See, before anything is built, that every layer fits and LAYER, TILE, IMAGE exist."""
    steps = compile_network(for_lane(net, str(parameters["LANE"])), targets_of(parameters), 1)
    name = str(options.get("LAYER", ""))
    if not name:
        return
    layers = {step.name: step for step in steps if step.jobs}
    if name not in layers:
        raise unknown("LAYER", name, layers)
    step, tile = layers[name], int(options.get("TILE", -1))
    count = -(-step.out_shape[0] // step.jobs[0].target.pout)
    if tile >= count:
        raise HarnessError(f"TILE={tile}: layer {name} has {count} output tiles, 0..{count - 1}")
    if not 0 <= int(options.get("IMAGE", 0)) < len(net.images):
        raise HarnessError(f"IMAGE={options['IMAGE']}: the package has {len(net.images)} samples")


def ensure_package(net: str, bits: int) -> Path:
    """Folder of the package, made by its verb where it is not there yet. Raises PlutarchError."""
    try:
        return find(net, bits)
    except PlutarchError:
        if net not in KNOWN:
            raise
    print(f"no package of {net} for B={bits} yet: make {KNOWN[net]} NET={net} B={bits}", flush=True)
    if net == "resnet18":
        print("its weights are random (seeded); CHECKPOINT= of make package takes yours")
    words = [sys.executable, "-m", "sim", KNOWN[net], f"NET={net}", f"B={bits}"]
    if subprocess.run(words, cwd=ROOT, check=False).returncode:
        raise HarnessError(f"make {KNOWN[net]} NET={net} B={bits} failed")
    return find(net, bits)


def mac_kernel(net: Network) -> int:
    """KMAX of mac_conv: what the 8-bit layers of the network need."""
    kernels = [node.layer.kernel for node in net.nodes if node.layer.wgt == "int8"]
    return max([3, *kernels])


def _state(request: Run, target: Target, package: Path) -> Path:
    """The file of finished steps, named after everything that decides what they are worth."""
    digest = hashlib.sha256((package / "manifest.json").read_bytes())
    chosen = [request.sim, tool_version(request.sim), request.seed, target.resolve(
        request.parameters), sorted(request.options.items())]
    digest.update(repr(chosen).encode())
    code = [path for folder in _CODE for path in sorted((ROOT / folder).rglob("*.py"))]
    for path in (*target.benches[0].sources, *code):
        digest.update(f"{path.name}\0".encode() + path.read_bytes())
    return BUILD / "state" / f"network-{request.net}-{digest.hexdigest()[:20]}.json"
