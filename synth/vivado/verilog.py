# SPDX-License-Identifier: Apache-2.0
"""Headers of Verilog modules: parameters, ports with their widths, and a shell with fixed values.

The packager cannot follow derived parameters ($clog2, conditions), so what it gets is a module
without any: the same ports as numbers around one instance.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from sim.ports import balanced
from synth.errors import SynthError
from synth.vivado.constants import evaluate

_COMMENT = re.compile(r"//[^\n]*|/\*.*?\*/", re.S)
_ATTRIBUTE = re.compile(r"\(\*.*?\*\)", re.S)
_BUS = re.compile(r"^([sm]_axi[sl]\w*?)_(?:awaddr|tvalid)$")
_PORT = re.compile(
    r"^\s*(input|output)\b\s*(?:wire\b|reg\b)?\s*(?:signed\b)?\s*(\[.*\])?\s*(\w+)\s*$", re.S
)


@dataclass(frozen=True)
class Port:
    """A port of a module; `span` is the text of its range, "" for one bit."""

    direction: str
    name: str
    span: str

    def width(self, values: Mapping[str, int | str]) -> int:
        """Bits, given the values of all parameters."""
        if not self.span:
            return 1
        high, _, low = self.span[1:-1].partition(":")
        return int(evaluate(high, values)) - int(evaluate(low, values)) + 1


@dataclass(frozen=True)
class Header:
    """A module's name, the defaults of its parameters in order (texts), and its ports."""

    name: str
    parameters: Mapping[str, str]
    ports: tuple[Port, ...]

    def values(self, given: Mapping[str, int | str]) -> dict[str, int | str]:
        """All parameters with the given ones set; SynthError for a name that there is not."""
        for name in given:
            if name not in self.parameters:
                raise SynthError(f"module {self.name} has no parameter {name!r}, only "
                                 f"{', '.join(self.parameters)}")  # fmt: skip
        values: dict[str, int | str] = {}
        for name, default in self.parameters.items():
            values[name] = given[name] if name in given else evaluate(default, values)
        return values


def _split(text: str) -> list[str]:
    """Parts between commas that stand in no bracket."""
    parts, depth, last = [], 0, 0
    for at, letter in enumerate(text):
        depth += (letter in "([{") - (letter in ")]}")
        if letter == "," and depth == 0:
            parts.append(text[last:at])
            last = at + 1
    return [*parts, text[last:]]


def read_header(module: str, sources: Iterable[Path]) -> Header | None:
    """The header of a module with ANSI ports; None when no source holds it."""
    for source in sources:
        text = _COMMENT.sub(" ", source.read_text(encoding="utf-8"))
        head = re.search(rf"\bmodule\s+{re.escape(module)}\b\s*", text)
        if head:
            return _header(module, text, head.end())
    return None


def _header(module: str, text: str, at: int) -> Header:
    parameters: dict[str, str] = {}
    if text[at : at + 1] == "#":
        start = text.index("(", at)
        at = balanced(text, start)
        for part in _split(text[start + 1 : at - 1]):
            name, _, default = part.partition("=")
            words = re.sub(r"\[[^\]]*\]", " ", name).split()
            if words:
                parameters[words[-1]] = default.strip()
    start = text.index("(", at)
    body = _ATTRIBUTE.sub(" ", text[start + 1 : balanced(text, start) - 1])
    ports: list[Port] = []
    for part in _split(body):
        match = _PORT.match(part)
        if match:
            ports.append(Port(match[1], match[3], match[2] or ""))
        elif part.strip() and ports:  # `input a, b`: b is as a
            ports.append(Port(ports[-1].direction, part.strip(), ports[-1].span))
    return Header(module, parameters, tuple(ports))


def shell(header: Header, name: str, given: Mapping[str, int | str]) -> str:
    """Verilog of module `name`: the ports of `header` as numbers, around one instance of it."""
    values = header.values(given)
    ports = []
    for port in header.ports:
        width = port.width(values)
        span = f"[{width - 1}:0] " if port.span else ""
        note = _interface(port, header)
        ports.append(f"{note}    {port.direction} wire {span}{port.name}")
    settings = [f"        .{key}({_literal(given[key])})" for key in header.parameters
                if key in given]  # fmt: skip
    wires = [f"        .{port.name}({port.name})" for port in header.ports]
    fixed = " #(\n" + ",\n".join(settings) + "\n    )" if settings else ""
    return (f"// SPDX-License-Identifier: Apache-2.0\n// Made by synth.vivado.verilog: "
            f"{header.name} with its parameters fixed, for the packager.\n`default_nettype none\n"
            f"module {name} (\n" + ",\n".join(ports) + f"\n);\n    {header.name}{fixed} u_core (\n"
            + ",\n".join(wires) + "\n    );\nendmodule\n`default_nettype wire\n")  # fmt: skip


def _interface(port: Port, header: Header) -> str:
    """Attributes (UG994) that tell the packager what a port alone is; "" for those of a bus."""
    kinds = {"clk": ("clock", "CLK"), "rst": ("reset", "RST"), "irq": ("interrupt", "INTERRUPT")}
    if port.name not in kinds:
        return ""
    buses = [m[1] for m in (_BUS.match(one.name) for one in header.ports) if m]
    kind, pin = kinds[port.name]
    more = {"clock": f"ASSOCIATED_BUSIF {':'.join(buses)}, ASSOCIATED_RESET rst",
            "reset": "POLARITY ACTIVE_HIGH", "interrupt": "SENSITIVITY LEVEL_HIGH"}[kind]
    return (f'    (* X_INTERFACE_INFO = "xilinx.com:signal:{kind}:1.0 {port.name} {pin}" *)\n'
            f'    (* X_INTERFACE_PARAMETER = "{more}" *)\n')  # fmt: skip


def _literal(value: int | str) -> str:
    return f'"{value}"' if isinstance(value, str) else str(value)
