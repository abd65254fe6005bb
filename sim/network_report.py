# SPDX-License-Identifier: Apache-2.0
"""What `make network` shows and writes: progress, the table by layer, network-<NET>.json."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from host.memory import PAPER_RATIO, on_chip_bits
from host.system import targets_of
from sim.paths import RESULTS, shown
from sim.progress import Progress
from sim.report import print_table
from sim.request import Run, RunResult
from sim.results import write_atomic

TAG = "plutarch-network "  # begins the lines of tb/network/walk.py
_EVERY = 5.0  # seconds between plain lines
_HEAD = ("layer", "device", "map", "cycles", "MMAC", "util %", "unused %", "wait w", "wait a",
         "wait r", "wait y", "other %", "in KB a/w/r", "out KB y/q", "weights KB", "sent KB",
         "ratio")


class NetworkProgress:
    """A Reporter: shows layers, images and time left, and all else as Progress does."""

    def __init__(self, progress: Progress) -> None:
        self._progress = progress
        self._begin = 0.0
        self._base = 0
        self._shown = 0.0

    def step(self, text: str) -> None:
        """Say what happens now."""
        self._progress.step(text)

    def line(self, text: str) -> None:
        """Print a line that stays."""
        self._progress.line(text)

    def output(self, text: str) -> None:
        """Take one line of the simulation."""
        at = text.find(TAG)
        if at < 0:
            self._progress.output(text)
            return
        try:
            said = json.loads(text[at + len(TAG):])
        except ValueError:
            return
        now = time.monotonic()
        if not self._begin:
            self._begin, self._base = now, int(said["done"])
            left = ""
        else:
            share = (said["done"] - self._base) / max(1, said["total"] - self._base)
            seconds = (now - self._begin) * (1 - share) / max(share, 1e-9)
            left = f", about {_duration(seconds)} left"
        if now - self._shown < (_EVERY if not self._progress.live else 0.2):
            return
        self._shown = now
        first, last = said["images"]
        self._progress.step(f"{100 * said['done'] / max(1, said['total']):5.1f} %  {said['layer']}"
                            f"  images {first}..{last - 1}{left}")


def _duration(seconds: float) -> str:
    if seconds < 90:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"


def stem(request: Run) -> str:
    """File name of the results without its ending."""
    return f"network-{request.net}" + ("" if request.sim == "verilator" else f"-{request.sim}")


def toplevel(request: Run) -> str:
    """The main accelerator's module, out of its lane."""
    lane = str(request.parameters["LANE"])
    return {"M8": "mac_conv", "S0": "shift_conv", "S1": "shift_conv"}.get(lane, "plut_conv")


def forget(request: Run) -> None:
    """Remove earlier results: a run that ends early leaves no old PASS behind."""
    (RESULTS / f"{stem(request)}.json").unlink(missing_ok=True)


def metric(result: RunResult, name: str) -> Mapping[str, Any] | None:
    """What the test recorded under that name, or None if it did not get so far."""
    return next((m for m in result.metrics if m["name"] == name), None)


def split(layer: Mapping[str, Any]) -> dict[str, float]:
    """Where the lanes' cycles of a layer went, as shares that add up to 1.

    useful: multiplications of the definition; unused: lanes idle while positions are issued (other
    kernel, channels that do not fill a tile); w, a, r, y: waiting for that stream; other: filling,
    draining, starting.
    """
    cycles = max(1, layer["cycles"])
    useful = layer["macs"] / (max(1, layer["lanes"]) * cycles)
    shares = {"useful": useful, "unused": layer["busy"] / cycles - useful}
    shares |= {cause: layer["stalls"].get(cause, 0) / cycles for cause in ("w", "a", "r", "y")}
    shares["other"] = 1 - sum(shares.values())
    return {key: round(value, 5) for key, value in shares.items()}


def as_json(result: RunResult) -> dict[str, Any]:
    """The figures; the first group of keys is a promise to readers."""
    seen = metric(result, "network") or {}
    layers = [dict(layer) for layer in seen.get("layers", [])]
    for layer in layers:
        if layer["cycles"]:
            layer["utilisation"] = round(layer["macs"] / (layer["lanes"] * layer["cycles"]), 5)
            layer["loss"] = split(layer)
            layer["ratio"] = round(layer["raw_bytes"] / max(1, layer["stream_bytes"]), 4)
    ran = [layer for layer in layers if layer["cycles"]]
    pot = [layer for layer in ran if layer["quantised"]]
    macs, cycles = (sum(layer[key] for layer in ran) for key in ("macs", "cycles"))
    labelled = bool(seen.get("labelled"))
    raw, sent = (sum(layer[key] for layer in pot) for key in ("raw_bytes", "stream_bytes"))
    simulated = sum(layer.get("sim_seconds", 0.0) for layer in layers)
    spent = sum(layer.get("seconds", 0.0) for layer in layers)
    wall = max(float(seen.get("wall_s", 0.0)), spent)  # of all runs where one was interrupted
    return {
        "net": result.run.net, "images": seen.get("images", 0), "macs": macs, "cycles": cycles,
        "utilisation": _ratio(macs, sum(la["lanes"] * la["cycles"] for la in ran)),
        "wall_s": round(wall, 3), "sim_macs_per_s": round(macs / spent) if spent else 0,
        "mismatches": sum(layer["mismatches"] for layer in layers),
        "top1_golden": seen.get("top1_golden") if labelled else None,
        "top1_rtl": seen.get("top1_rtl") if labelled else None,
        "layers": layers,
        # Further figures, free to grow.
        "toplevel": toplevel(result.run), "sim": result.run.sim,
        "sim_version": result.sim_version, "parameters": result.parameters,
        "seed": result.run.seed, "outputs_compared": sum(la["outputs"] for la in layers),
        "agree": seen.get("agree", 0), "answers": seen.get("answers", 0),
        "utilisation_quantised": _ratio(sum(la["macs"] for la in pot),
                                        sum(la["lanes"] * la["cycles"] for la in pot)),
        "weights": {"raw_bytes": raw, "stream_bytes": sent, "ratio": _ratio(raw, sent),
                    "paper_ratio": PAPER_RATIO},
        "on_chip_bits": {name: on_chip_bits(target, int(result.parameters["FIFO_DEPTH"]))
                         for name, target in targets_of(result.parameters).items()},
        "resumed_steps": seen.get("resumed", 0),
        "host_share": round(1 - simulated / spent, 4) if spent else 0.0,
        "build_s": round(result.build_s, 3), "first_mismatch": seen.get("first"),
        "passed": result.passed, "failures": result.failures,
    }


def _ratio(a: float, b: float) -> float:
    return round(a / b, 5) if b else 0.0


def write(result: RunResult) -> Path:
    """Write the JSON; return its path."""
    path = RESULTS / f"{stem(result.run)}.json"
    write_atomic(path, json.dumps(as_json(result), indent=1) + "\n")
    return path


def _row(layer: Mapping[str, Any]) -> tuple[str, ...]:
    shares = split(layer)
    moved = layer["bytes"]
    percent = [f"{100 * shares[key]:.1f}" for key in ("useful", "unused", "w", "a", "r", "y",
                                                      "other")]
    size = "x".join(map(str, layer["shape"][1]))
    into = "/".join(f"{moved.get(s, 0) / 1024:.0f}" for s in "awr")
    out = "/".join(f"{moved.get(s, 0) / 1024:.0f}" for s in "yq")
    return (layer["name"], layer["device"], size, f"{layer['cycles']:,}",
            f"{layer['macs'] / 1e6:.2f}", *percent, into, out, f"{layer['raw_bytes'] / 1024:.1f}",
            f"{layer['stream_bytes'] / 1024:.1f}",
            f"{layer['raw_bytes'] / max(1, layer['stream_bytes']):.2f}")


def show(result: RunResult) -> None:
    """Print the table, what is wrong, and the verdict."""
    whole = as_json(result)
    rows = [_row(layer) for layer in whole["layers"] if layer["cycles"]]
    if rows:
        print_table(_HEAD, rows)
        weights = whole["weights"]
        print(f"quantised convolutions: utilisation {100 * whole['utilisation_quantised']:.1f} %, "
              f"weights {weights['raw_bytes']:,} bytes raw, {weights['stream_bytes']:,} on the "
              f"wire, {weights['ratio']:.2f} times less (the paper: {PAPER_RATIO})")
        chip = whole["on_chip_bits"]["main"]
        print(f"memory on chip of {whole['toplevel']}: {sum(chip.values()) / 8192:.1f} KB (" +
              ", ".join(f"{name} {bits / 8192:.1f}" for name, bits in chip.items()) + ")")
        print(f"simulation: {whole['sim_macs_per_s'] / 1e6:.1f} M MAC/s, "
              f"{100 * whole['host_share']:.0f} % of the time in Python, "
              f"build {whole['build_s']:.1f} s")
    if whole["answers"]:
        top = (f"; Top-1 golden {whole['top1_golden']}, RTL {whole['top1_rtl']} of "
               f"{whole['answers']}" if whole["top1_rtl"] is not None else "; no labels")
        print(f"answers: {whole['agree']} of {whole['answers']} images the same as golden's{top}")
    _problems(result, whole["first_mismatch"])
    word = "PASS" if result.passed else "FAIL"
    print(f"{word} network {whole['net']} on {whole['toplevel']}, {result.sim_version}: "
          f"{whole['images']} images, {whole['outputs_compared']:,} values compared, "
          f"{whole['mismatches']:,} mismatches, {whole['cycles']:,} cycles, "
          f"{whole['wall_s']:.1f} s")


def show_replay(result: RunResult) -> None:
    """Print what a replay of one layer found."""
    seen = metric(result, "replay")
    _problems(result, None)
    if seen:
        word = "PASS" if result.passed else "FAIL"
        tile = "all tiles" if seen["tile"] < 0 else f"output tile {seen['tile']}"
        print(f"{word} layer {seen['layer']}, {tile}, image {seen['image']}: {seen['outputs']:,} "
              f"values compared, {seen['mismatches']:,} mismatches")


def _problems(result: RunResult, first: Mapping[str, Any] | None) -> None:
    for failure in result.failures[:4]:
        print(f"failed: {failure}")
    if result.failures:
        for log in result.logs:
            print(f"log: {shown(log)}")
    if first:
        print(f"replay with waves: {replay_command(result, first)}")


def replay_command(result: RunResult, first: Mapping[str, Any]) -> str:
    """The command that runs just the layer and output tile of a mismatch."""
    seen = metric(result, "network") or {}
    layer = next(la for la in seen["layers"] if la["name"] == first["layer"])
    pout = seen["pout"].get(layer["device"], 1)
    run = result.run
    words = ["make", "network", f"NET={run.net}", f"TOPLEVEL={toplevel(run)}"]
    words += [f"{'K' if name == 'KMAX' else name}={value}"
              for name, value in run.parameters.items() if not name.startswith("MAC_")]
    if run.sim != "verilator":
        words.append(f"SIM={run.sim}")
    if first["part"] == "sums" and first["layer"] != "fc":
        words.append("RAW=1")
    words += [f"LAYER={first['layer']}", f"TILE={first['channel'] // pout}",
              f"IMAGE={first['image']}", "WAVES=1"]
    return " ".join(words)

