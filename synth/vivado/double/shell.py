# SPDX-License-Identifier: Apache-2.0
"""A Tcl interpreter in which every command of the table is ours: checked, then stood in for."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import IO, Any

from synth.vivado.double.state import State
from synth.vivado.double.syntax import Call, Syntax, VivadoError
from synth.vivado.double.world import World

# Python's own Tcl loses the text of a Python exception, so results come as {code text} pairs.
_GLUE = """
proc {name} args {{
    lassign [plutarch_double {name} {{*}}$args] bad result
    if {{$bad}} {{ return -code error $result }}
    return $result
}}
"""
_EXIT = "proc exit {{code 0}} { plutarch_exit $code }\nnamespace eval ipx {}\n"


class Shell:
    """One run of the stand-in. RuntimeError where Python has no Tcl (python3-tk)."""

    def __init__(self, world: World, log: Path | None = None) -> None:
        try:
            import tkinter
        except ImportError as error:
            raise RuntimeError("Python has no Tcl here: apt-get install python3-tk") from error
        # They need Shell, and importing them registers the commands.
        from synth.vivado.double import board_commands, flow, packager, project, queries, runs
        from synth.vivado.double.registry import HANDLERS

        assert all((board_commands, flow, packager, project, queries, runs))
        self.handlers = HANDLERS
        self.state = State(world)
        self.syntax = Syntax(world.version)
        self.log: IO[str] | None = log.open("w", encoding="utf-8") if log else None
        self.tcl: Any = tkinter.Tcl()
        self.tcl.createcommand("plutarch_double", self._run)
        self.tcl.createcommand("plutarch_exit", self.leave)
        self.tcl.eval(_EXIT)
        for name in self.syntax.commands:
            self.tcl.eval(_GLUE.format(name=name))

    def say(self, line: str) -> None:
        """A line on the console and in the log, as Vivado's messages."""
        print(line, flush=True)
        if self.log:
            print(line, file=self.log, flush=True)

    def leave(self, code: str = "0") -> None:
        """The process ends at once, as Tcl's exit does."""
        self.say("INFO: [Common 17-206] Exiting Vivado (stand-in)")
        sys.stdout.flush()
        os._exit(int(code))

    def split(self, text: str) -> list[str]:
        """The words of a Tcl list; VivadoError when it is none."""
        try:
            return [str(word) for word in self.tcl.tk.splitlist(text)]
        except Exception as error:
            raise VivadoError(f"[Common 17-161] Invalid option value '{text}'") from error

    def objects(self, text: str, *kinds: str) -> list[str]:
        """The objects that a text names; plain texts are none (Vivado: 17-161)."""
        names = self.split(text)
        for name in names:
            kind = self.state.objects.get(name)
            if kind is None or (kinds and kind not in kinds):
                raise VivadoError(f"[Common 17-161] Invalid option value '{name}' specified for "
                                  "'object(s)'.")  # fmt: skip
        return names

    def property(self, name: str, one: str) -> str | None:
        """A property of an object, None when it has no such."""
        from synth.vivado.double.project import property_of

        if name.upper() == "NAME":
            return one
        return self.state.properties.get((one, name.upper())) or property_of(self, name, one)

    def set_property(self, name: str, value: str, one: str) -> None:
        """Set a property; the commands of projects say which there are."""
        from synth.vivado.double.project import set_property_of

        set_property_of(self, name, value, one)

    def _run(self, name: str, *arguments: str) -> tuple[int, str | Sequence[str]]:
        from synth.vivado.double.project import save_project

        try:
            call: Call = self.syntax.check(name, arguments)
            handler = self.handlers.get(name)
            if handler is None:
                raise VivadoError(f"[Common 17-69] Command failed: the stand-in knows the syntax "
                                  f"of {name} but does not play it")  # fmt: skip
            result = handler(self, call)
            save_project(self)  # Vivado keeps the project file up to date by itself
        except VivadoError as error:
            if "-quiet" in arguments:
                return 0, ""
            self.say(f"ERROR: {error}")
            return 1, f"ERROR: {error}"
        return 0, "" if result is None else result
