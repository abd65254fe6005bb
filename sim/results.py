# SPDX-License-Identifier: Apache-2.0
"""Results on disk: JSON with fixed keys and JUnit XML, each written whole or not at all."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

from sim.paths import RESULTS
from sim.request import RunResult


def write_atomic(path: Path, text: str) -> None:
    """Write `text` to a temporary name beside `path`, then rename it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    half = path.with_name(f".{path.name}-{os.getpid()}")
    try:
        half.write_text(text, encoding="utf-8")
        half.replace(path)
    finally:
        half.unlink(missing_ok=True)


def stem(toplevel: str, sim: str) -> str:
    """Return the file name without its ending: Verilator is the unmarked one."""
    return f"sim-{toplevel}" if sim == "verilator" else f"sim-{toplevel}-{sim}"


def as_json(result: RunResult) -> dict[str, Any]:
    """Return the result's figures; the first group of keys is a promise to readers."""
    failed = [o for o in result.outcomes if o.status == "failed"]
    ran = [o for o in result.outcomes if o.status != "skipped"]
    layers = [{k: v for k, v in layer.items() if k != "x_seen"} for layer in result.layers]
    return {
        "toplevel": result.run.toplevel,
        "sim": result.run.sim,
        "sim_version": result.sim_version,
        "parameters": result.parameters,
        "seed": result.run.seed,
        "net": result.net,
        "layers": layers,
        "outputs_compared": result.outputs_compared,
        "mismatches": sum(layer["mismatches"] for layer in result.layers),
        "tests_run": len(ran),
        "tests_failed": len(failed),
        "build_s": round(result.build_s, 3),
        "wall_s": round(result.wall_s, 3),
        "passed": result.passed,
        # Further figures, free to grow.
        "options": result.options,
        "testcase": result.run.testcase,
        "metrics": result.metrics,
        "tests": [
            {"name": o.name, "status": o.status, "seconds": o.seconds} for o in result.outcomes
        ],
        "failures": result.failures,
    }


def forget(toplevel: str, sims: Sequence[str]) -> None:
    """Remove earlier results, so that a run that ends early leaves no old PASS behind."""
    for sim in sims:
        for ending in (".json", ".xml"):
            (RESULTS / (stem(toplevel, sim) + ending)).unlink(missing_ok=True)


def write(result: RunResult) -> Path:
    """Write the JSON and the JUnit XML of one run; return the JSON's path."""
    name = stem(result.run.toplevel, result.run.sim)
    write_junit(result.xml, RESULTS / f"{name}.xml")
    path = RESULTS / f"{name}.json"
    write_atomic(path, json.dumps(as_json(result), indent=1) + "\n")
    return path


def write_junit(parts: Sequence[Path], path: Path) -> None:
    """Merge cocotb's results files into one JUnit file; unreadable ones were reported already."""
    root = ElementTree.Element("testsuites", name="plutarch")
    for part in parts:
        try:
            root.extend(ElementTree.parse(part).getroot().iter("testsuite"))
        except (OSError, ElementTree.ParseError):
            continue
    text = ElementTree.tostring(root, encoding="unicode")
    write_atomic(path, '<?xml version="1.0" encoding="utf-8"?>\n' + text + "\n")


def compare(one: RunResult, other: RunResult) -> list[str]:
    """Return, a line each, where two simulators disagree on the layers both ran."""
    theirs = {layer["name"]: layer for layer in other.layers}
    common = [layer for layer in one.layers if layer["name"] in theirs]
    if (one.layers or other.layers) and not common:
        return ["the simulators have no layer in common: nothing could be compared"]
    problems = []
    for layer in common:
        for key in ("outputs", "cycles", "digest"):
            mine, his = layer[key], theirs[layer["name"]][key]
            if mine != his:
                where = f"{mine} on {one.run.sim}, {his} on {other.run.sim}"
                problems.append(f"layer {layer['name']}: {key} {where}")
    return problems
