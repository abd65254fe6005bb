# SPDX-License-Identifier: Apache-2.0
"""What must be true before a simulation counts as a pass. Each guard has a test that fires it."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

from sim.paths import shown
from sim.targets import Target


@dataclass(frozen=True)
class Outcome:
    """One test as the simulation reported it.

    name: with its module; test: without, as TESTCASE takes it; status: passed, failed or skipped.
    """

    name: str
    test: str
    status: str
    seconds: float
    message: str = ""


# Icarus prints these at the start of a line and goes on: its exit status stays 0.
_ICARUS_ERROR = re.compile(r"^(ERROR|FATAL): |^VPI error|^\S*vvp\S*: .*error", re.I)
_EXCEPTION = re.compile(r"^\s*(?:\w+\.)*\w*(?:Error|Exception): ")
_VERILATOR_ERROR = re.compile(r"^(\[\d+\] )?%(Error|Fatal)")


def _read_xml(xml: Path, failures: list[str]) -> list[Outcome]:
    """Return the reported tests; a missing or broken file is a failure."""
    try:
        root = ElementTree.parse(xml).getroot()
    except (OSError, ElementTree.ParseError) as err:
        reason = "missing" if isinstance(err, OSError) else "not readable"
        failures.append(f"the results file {shown(xml)} is {reason}: the simulation did not finish")
        return []
    outcomes = []
    for case in root.iter("testcase"):
        status, message = "passed", ""
        for tag in ("failure", "error", "skipped"):
            note = case.find(tag)
            if note is not None:
                status = "skipped" if tag == "skipped" else "failed"
                # The text is a traceback: its last line is the reason.
                message = note.get("message") or (note.text or "").strip().rsplit("\n", 1)[-1]
        test = case.get("name", "")
        name = f"{case.get('classname', '')}.{test}"
        outcomes.append(Outcome(name, test, status, float(case.get("time", 0)), message))
    return outcomes


def check_simulation(
    bench: str,
    expected: Sequence[str],
    xml: Path,
    log: Path,
    status: int,
    end: str,
    timeout_s: float,
) -> tuple[list[Outcome], list[str]]:
    """Return the tests' outcomes and, one line each, every reason why this is no pass."""
    failures: list[str] = []
    text = log.read_text(encoding="utf-8", errors="replace") if log.exists() else ""
    if status == 124:
        failures.append(f"{bench}: stopped after {timeout_s} s without an end")
    elif status < 0:
        failures.append(f"{bench}: the simulator was killed by signal {-status}")
    elif status:
        failures.append(f"{bench}: the simulator ended with status {status}")
    if "No space left on device" in text:
        failures.append(f"{bench}: no space left on the disk")
    outcomes = _read_xml(xml, failures)
    for outcome in outcomes:
        if outcome.status == "failed":
            failures.append(f"{outcome.name}: {_one_line(outcome.message)}")
    ran = {o.name for o in outcomes if o.status != "skipped"}
    missing = [name for name in expected if name not in ran]
    if outcomes and missing:
        failures.append(f"{bench}: {len(missing)} tests did not run, first {missing[0]}")
    if not expected or not ran:
        failures.append(f"{bench}: no test ran")
    if not outcomes:
        # Why cocotb did not get to its tests: the last exception it printed.
        named = [line.strip() for line in text.splitlines() if _EXCEPTION.search(line)]
        failures += [f"{bench}: {named[-1]}"] if named else []
    for line in text.splitlines():
        if _ICARUS_ERROR.search(line) or _VERILATOR_ERROR.search(line):
            failures.append(f"{bench}: the simulator reported: {line.strip()}")
            break
    if end != "finished" and not failures:
        failures.append(f"{bench}: {end}")
    return outcomes, failures


def _one_line(message: str) -> str:
    lines = [line.strip() for line in message.splitlines() if line.strip()]
    return lines[0] if lines else "failed without a message"


def read_records(
    path: Path, failures: list[str]
) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """Return (layers, metrics) the tests recorded; a half-written line is a failure."""
    layers: list[dict[str, Any]] = []
    metrics: list[dict[str, Any]] = []
    if not path.exists():
        return layers, metrics
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        try:
            record = json.loads(line)
        except json.JSONDecodeError:
            failures.append(f"{shown(path)}: line {number} is not a record")
            continue
        (layers if record.pop("kind", "layer") == "layer" else metrics).append(record)
    return layers, metrics


def check_layers(
    target: Target, testcase: str, layers: Sequence[dict[str, Any]], failures: list[str]
) -> None:
    """Add a failure for mismatches, X on valid beats, and a comparison that compared nothing."""
    for layer in layers:
        name, wrong = layer["name"], layer["mismatches"]
        if wrong:
            failures.append(f"layer {name}: {wrong} of {layer['outputs']} outputs differ")
        if layer.get("x_seen"):
            failures.append(f"layer {name}: {layer['x_seen']} valid beats carried an X")
        if layer["outputs"] <= 0:
            failures.append(f"layer {name}: recorded without a single output compared")
    if target.compare and not testcase and not sum(layer["outputs"] for layer in layers):
        failures.append(f"{target.name}: not a single output was compared")
