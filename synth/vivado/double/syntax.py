# SPDX-License-Identifier: Apache-2.0
"""Flags, values and arguments of a call, checked against the version's table as Vivado checks."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

TABLE = Path(__file__).with_name("commands.json")
VERSIONS = ("2020.2", "2025.1")
_NUMBER = re.compile(r"^-\d*\.?\d+$")
# What a flag takes, where the manual lists it and our scripts could get it wrong.
_CHOICES: dict[tuple[str, str], tuple[str, ...]] = {
    ("report_timing_summary", "-delay_type"): ("max", "min", "min_max"),
    ("report_timing", "-delay_type"): ("max", "min", "min_max"),
    ("synth_design", "-mode"): ("default", "out_of_context"),
    ("synth_design", "-flatten_hierarchy"): ("none", "full", "rebuilt"),
    ("read_xdc", "-mode"): ("out_of_context",),
    ("write_verilog", "-mode"): ("timesim", "funcsim", "design", "synth_stub", "sta", "port"),
    ("report_power", "-hier"): ("power", "logic", "all"),
    ("report_power", "-format"): ("text", "xml"),
    ("set_operating_conditions", "-process"): ("typical", "maximum"),
    ("create_bd_cell", "-type"): ("ip", "module", "hier", "container"),
    ("set_msg_config", "-new_severity"): ("ERROR", "CRITICAL WARNING", "WARNING", "INFO",
                                          "STATUS"),
    ("place_design", "-directive"): (
        "Default", "Explore", "ExtraNetDelay_high", "ExtraNetDelay_low", "ExtraPostPlacementOpt",
        "ExtraTimingOpt", "AltSpreadLogic_low", "AltSpreadLogic_medium", "AltSpreadLogic_high",
        "WLDrivenBlockPlacement", "EarlyBlockPlacement", "RuntimeOptimized", "Quick"),
    ("route_design", "-directive"): (
        "Default", "Explore", "AggressiveExplore", "NoTimingRelaxation", "MoreGlobalIterations",
        "HigherDelayCost", "AdvancedSkewModeling", "AlternateCLBRouting", "RuntimeOptimized",
        "Quick"),
}  # fmt: skip


class VivadoError(Exception):
    """What a command answers instead of a result; `str` is Vivado's line without "ERROR: "."""


@dataclass
class Call:
    """One checked call; flags without a value are True, repeated ones keep all values."""

    command: str
    words: list[str]
    flags: dict[str, str | bool] = field(default_factory=dict)
    all_values: dict[str, list[str]] = field(default_factory=dict)

    def text(self, flag: str, default: str = "") -> str:
        """The value of a flag that takes one."""
        value = self.flags.get(flag, default)
        return value if isinstance(value, str) else default

    def has(self, flag: str) -> bool:
        """Whether the flag was given."""
        return flag in self.flags

    def word(self, at: int = 0) -> str:
        """A positional argument, "" when it was left out."""
        return self.words[at] if at < len(self.words) else ""


class Syntax:
    """The table of one version."""

    def __init__(self, version: str) -> None:
        table = json.loads(TABLE.read_text(encoding="utf-8"))
        self.commands = table["commands"]
        if version >= "2025":  # between the two tables nothing is known, so the older one stands
            for name, flags in table["flags_2025.1"].items():
                self.commands[name] = self.commands[name] | {"flags": flags}

    def check(self, command: str, arguments: Sequence[str]) -> Call:
        """The call, or VivadoError as Vivado words it."""
        entry = self.commands[command]
        flags = entry["flags"]
        help_line = f"please type '{command} -help' for usage info."
        call = Call(command, [])
        words = list(arguments)
        while words:
            word = words.pop(0)
            if not re.match(r"^-[A-Za-z_]", word) or _NUMBER.match(word) or " " in word:
                call.words.append(word)
                continue
            if word not in flags:
                raise VivadoError(f"[Common 17-170] Unknown option '{word}', {help_line}")
            if flags[word] is None:
                call.flags[word] = True
                continue
            if not words or words[0] in flags:
                raise VivadoError(
                    f"[Common 17-163] Missing value for option '{word[1:]}', {help_line}"
                )
            value = words.pop(0)
            allowed = _CHOICES.get((command, word))
            if allowed and value not in allowed:
                raise VivadoError(f"[Vivado 12-1248] '{word}' {value}: is not one of "
                                  f"{', '.join(allowed)}")  # fmt: skip
            call.flags[word] = value
            call.all_values.setdefault(word, []).append(value)
        for flag in entry["required"]:
            if flag not in call.flags:
                raise VivadoError(
                    f"[Common 17-163] Missing value for option '{flag[1:]}', {help_line}"
                )
        self._count(call, entry["positional"], help_line)
        return call

    def _count(self, call: Call, bounds: Sequence[int | None], help_line: str) -> None:
        least, most = bounds[0] or 0, bounds[1]
        if call.command == "set_property" and call.has("-dict"):
            least, most = 1, None
        if len(call.words) < least:
            raise VivadoError(f"[Common 17-163] Missing value for a positional argument, "
                              f"{help_line}")  # fmt: skip
        if most is not None and len(call.words) > most:
            raise VivadoError(f"[Common 17-165] Too many positional options when parsing "
                              f"'{call.words[most]}', {help_line}")  # fmt: skip
