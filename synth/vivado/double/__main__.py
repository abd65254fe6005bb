# SPDX-License-Identifier: Apache-2.0
"""The launcher: takes Vivado's own options, `-mode batch -source FILE -tclargs ...` and `-version`.

`install` writes an executable `vivado` that starts it, for a PATH or for VIVADO=.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

from synth.vivado.double.shell import Shell
from synth.vivado.double.world import World

_ROOT = Path(__file__).resolve().parents[3]
_VALUES = {"-mode", "-source", "-log", "-journal", "-tempDir"}
_PLAIN = {"-nojournal", "-nolog", "-verbose"}


def install(folder: Path, world: World) -> Path:
    """Write `vivado` and its settings into a folder; return the executable."""
    folder.mkdir(parents=True, exist_ok=True)
    settings = folder / "world.json"
    settings.write_text(json.dumps(asdict(world)), encoding="utf-8")
    script = folder / "vivado"
    script.write_text(f"#!/bin/sh\nPYTHONPATH='{_ROOT}' exec '{sys.executable}' -m "
                      f"synth.vivado.double '{settings}' \"$@\"\n", encoding="utf-8")  # fmt: skip
    script.chmod(0o755)
    return script


def main(arguments: Sequence[str]) -> int:
    """Run as Vivado would; the first argument is the file of settings."""
    world = World.read(Path(arguments[0]))
    words = list(arguments[1:])
    if words == ["-version"]:
        print(f"vivado v{world.version} (64-bit)\nstand-in of plutarch, it synthesises nothing")
        return 0
    options: dict[str, str] = {}
    while words and words[0] != "-tclargs":
        word = words.pop(0)
        if word in _VALUES and words:
            options[word] = words.pop(0)
        elif word not in _PLAIN:
            print(f"ERROR: [Common 17-170] Unknown option '{word}', please type 'vivado -help' for "
                  "usage info.")  # fmt: skip
            return 1
    if options.get("-mode") != "batch" or "-source" not in options:
        print("ERROR: the stand-in runs in batch mode only: -mode batch -source FILE")
        return 1
    shell = Shell(world, Path(options["-log"]) if "-log" in options else None)
    shell.say(f"****** Vivado v{world.version} (stand-in)")
    shell.tcl.setvar("argv", tuple(words[1:]))
    shell.tcl.setvar("argc", len(words[1:]))
    try:
        shell.tcl.eval(f"source {{{options['-source']}}}")
    except Exception as error:  # tkinter.TclError, which Pythons without Tcl do not have
        shell.say(f"ERROR: [Common 17-39] the script ended with an error: {error}")
        return 1
    return 0  # batch mode ends after the script


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
