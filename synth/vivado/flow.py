# SPDX-License-Identifier: Apache-2.0
"""Run one of vivado/*.tcl in a scratch folder: progress as it comes, one line when it goes wrong.

The process group dies with us (Ctrl-C, a time limit); an unfinished build goes on from its last
stage when it is run again.
"""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Callable, Mapping
from pathlib import Path

from sim.paths import ROOT
from sim.process import run_logged
from synth.errors import SynthError

SCRIPTS = ROOT / "vivado"
_VERSION = re.compile(r"[Vv]ivado v(\d{4}\.\d(?:\.\d)?)")
_STOPPED = re.compile(r"^PLUTARCH ERROR \(([\w ]*)\): (.*)$")
_ERROR = re.compile(r"^(?:ERROR|CRITICAL WARNING): ")
_CODES = {2: "bad arguments", 3: "timing not met", 4: "a check failed", 5: "a run failed",
          6: "power refused"}  # fmt: skip


class FlowError(SynthError):
    """Vivado is not there, or a run of it failed; `code` is the exit code of vivado/common.tcl."""

    def __init__(self, message: str, code: int = 1) -> None:
        super().__init__(message)
        self.code = code


def find(given: str = "") -> Path | None:
    """Vivado's launcher: VIVADO= (a folder or the program) or the environment's, else PATH's.

    None when there is none and none was named; FlowError when what was named is no program.
    """
    given = given or os.environ.get("VIVADO", "")
    if given:
        path = Path(given)
        launcher = path / "bin" / "vivado" if path.is_dir() else path
        if not launcher.is_file() or not os.access(launcher, os.X_OK):
            raise FlowError(f"VIVADO={given}: no Vivado there (its folder, or bin/vivado in it)", 2)
        return launcher.resolve()
    found = shutil.which("vivado")
    return Path(found) if found else None


def version(launcher: Path, scratch: Path) -> str:
    """What `vivado -version` says, for example "2024.2". FlowError when it says nothing like it."""
    scratch.mkdir(parents=True, exist_ok=True)
    said: list[str] = []
    log = scratch / "version.log"
    code = run_logged([str(launcher), "-version"], cwd=scratch, env=os.environ, log=log,
                      timeout_s=120, on_line=said.append)  # fmt: skip
    match = next((m for m in map(_VERSION.search, said) if m), None)
    if code or match is None:
        raise FlowError(f"{launcher.name} -version says no version (exit code {code}): "
                        f"{said[0].strip() if said else 'nothing at all'}")  # fmt: skip
    return match[1]


def run(launcher: Path, script: str, arguments: Mapping[str, object], scratch: Path,
        say: Callable[[str], None] = print, timeout_s: float | None = None) -> None:
    """Run SCRIPT.tcl; `arguments` are its options, with `out` the folder of its results.

    scratch: where Vivado leaves logs and journals; no path may hold a character that is not ASCII.
    Raises FlowError with the script's own line, or with Vivado's first error, and the log's name.
    """
    scratch.mkdir(parents=True, exist_ok=True)
    for path in (scratch, SCRIPTS, Path(str(arguments["out"]))):
        if not str(path).isascii() or " " in str(path):
            raise FlowError(f"{path}: Vivado breaks file names in folders with blanks or letters "
                            "that are not ASCII; work in another folder", 2)  # fmt: skip
    words = [word for name, value in arguments.items() for word in (f"-{name}", str(value))]
    log = scratch / f"{script}.log"
    log.unlink(missing_ok=True)
    stopped: list[str] = []
    errors: list[str] = []

    def on_line(line: str) -> None:
        line = line.rstrip()
        if line.startswith(("PLUTARCH stage", "PLUTARCH period")):
            say(line[len("PLUTARCH ") :])
        match = _STOPPED.match(line)
        if match:
            stopped.append(f"{match[2]} (stage {match[1]})")
        elif _ERROR.match(line):
            errors.append(line)

    code = run_logged(
        [str(launcher), "-mode", "batch", "-source", str(SCRIPTS / f"{script}.tcl"), "-nojournal",
         "-log", str(scratch / "vivado.log"), "-tclargs", *words],
        cwd=scratch, env=os.environ, log=log, timeout_s=timeout_s, on_line=on_line,
    )  # fmt: skip
    status = Path(str(arguments["out"])) / "status.txt"
    if code == 0 and status.is_file() and status.read_text(encoding="utf-8").startswith("0 "):
        return
    if code == 0:  # Vivado ended well, our script did not come to its end
        why = "Vivado ended with exit code 0, but the script did not finish"
    elif code == 124 and timeout_s:
        why = f"stopped after {timeout_s:.0f} s"
    else:
        why = (stopped or errors or [f"exit code {code} and no error message"])[0]
    kind = _CODES.get(code, "failed")
    raise FlowError(f"vivado {script}: {kind}: {why}; log: {log}", code or 1)
