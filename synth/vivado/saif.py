# SPDX-License-Identifier: Apache-2.0
"""Toggles of a simulation as SAIF 2.0, the file that read_saif takes: a reader of VCD, a writer.

T0, T1, TX, TZ: time that a bit was 0, 1, X, Z within the window; they sum to DURATION. TC counts
changes between 0 and 1 only: X is a value that nobody knows, not a toggle. TB (glitches that a
simulation without delays cannot tell) is 0.

    python -m synth.vivado.saif IN.vcd OUT.saif [--start PS] [--stop PS]
"""

from __future__ import annotations

import argparse
import re
import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from golden.errors import PlutarchError
from golden.files import write_atomic
from synth.errors import SynthError

_UNITS = {"s": 10**12, "ms": 10**9, "us": 10**6, "ns": 10**3, "ps": 1}
_PLAIN = re.compile(r"^[A-Za-z_]\w*$")
_SPAN = re.compile(r"^(.*?)\s*(\[(-?\d+)(?::(-?\d+))?\])?$")


@dataclass
class Bit:
    """One bit: times in ps by value, changes between 0 and 1."""

    times: dict[str, int] = field(default_factory=lambda: {"0": 0, "1": 0, "x": 0, "z": 0})
    toggles: int = 0
    value: str = "x"
    since: int = 0

    def advance(self, now: int, start: int, stop: int) -> None:
        """Account for the time up to now, as far as it lies in the window."""
        spent = min(now, stop) - max(self.since, start)
        if spent > 0:
            self.times[self.value] += spent
        self.since = now

    def change(self, value: str, now: int, start: int, stop: int) -> None:
        """A new value from now on."""
        if value == self.value:
            return
        self.advance(now, start, stop)
        if start < now <= stop and {value, self.value} == {"0", "1"}:
            self.toggles += 1
        self.value = value


@dataclass
class Scope:
    """An instance: names of its nets with their bits, instances within it."""

    nets: dict[str, Bit] = field(default_factory=dict)
    inside: dict[str, Scope] = field(default_factory=dict)


@dataclass(frozen=True)
class Activity:
    """All nets of a simulation; duration in ps."""

    top: Scope
    duration: int

    def count(self) -> int:
        """How many bits there are, each name of one counted."""

        def bits(scope: Scope) -> int:
            return len(scope.nets) + sum(bits(one) for one in scope.inside.values())

        return bits(self.top)


class _Reader:
    """Reads the words of a VCD file; errors name the file."""

    def __init__(self, name: str, start: int, stop: int | None) -> None:
        self.name = name
        self.scale = 1
        self.start, self.limit = start, stop
        self.top = Scope()
        self.codes: dict[str, list[Bit]] = {}  # most significant bit first
        self.now = 0

    def fail(self, why: str) -> SynthError:
        return SynthError(f"{self.name}: {why}")

    def declarations(self, words: Iterable[str]) -> None:
        stack = [self.top]
        entry: list[str] = []
        for word in words:
            if word != "$end":
                entry.append(word)
                continue
            kind = entry[0] if entry else ""
            if kind == "$timescale":
                self._timescale("".join(entry[1:]))
            elif kind == "$scope" and len(entry) == 3:
                stack.append(stack[-1].inside.setdefault(entry[2], Scope()))
            elif kind == "$upscope":
                if len(stack) == 1:
                    raise self.fail("$upscope without a scope")
                stack.pop()
            elif kind == "$var":
                self._variable(stack[-1], entry)
            elif kind == "$enddefinitions":
                return
            entry = []
        raise self.fail("it ends within its declarations: no VCD file, or a cut one")

    def _timescale(self, text: str) -> None:
        match = re.fullmatch(r"(\d+)\s*([a-z]+)", text)
        if not match or match[2] not in _UNITS:
            raise self.fail(f"time scale {text!r} is not one of 1, 10, 100 s to ps")
        self.scale = int(match[1]) * _UNITS[match[2]]

    def _variable(self, scope: Scope, entry: list[str]) -> None:
        if len(entry) < 5 or not entry[2].isdigit():
            raise self.fail(f"cannot read the declaration {' '.join(entry)}")
        width, code = int(entry[2]), entry[3]
        if entry[1] in ("real", "parameter", "event", "string"):
            return
        match = _SPAN.match(" ".join(entry[4:]))
        name = match[1] if match else entry[4]
        bits = self.codes.setdefault(code, [Bit() for _ in range(width)])
        if len(bits) != width:
            raise self.fail(f"code {code!r} stands for {len(bits)} and for {width} bits")
        if match and match[3] is not None:
            high, low = int(match[3]), int(match[4] if match[4] is not None else match[3])
        else:
            high, low = width - 1, 0
        step = -1 if high >= low else 1
        alone = width == 1 and not (match and match[3] is not None)
        for place, bit in enumerate(bits):
            scope.nets[name if alone else f"{name}[{high + step * place}]"] = bit

    def changes(self, words: Iterable[str]) -> int:
        """Follow the values to the end; returns the end of the window in ps."""
        stop = self.limit if self.limit is not None else 1 << 62
        vector: str | None = None
        for word in words:
            if vector is not None:
                self._set(word, vector, stop)
                vector = None
            elif word[0] == "#":
                if not word[1:].isdigit() or int(word[1:]) * self.scale < self.now:
                    raise self.fail(f"time {word!r} is no time or goes back")
                self.now = int(word[1:]) * self.scale
            elif word[0] in "bB":
                vector = word[1:].lower()
            elif word[0] in "rRsS":
                vector = ""
            elif word[0] in "01xXzZ":
                self._set(word[1:], word[0].lower(), stop)
            elif word[0] != "$":
                raise self.fail(f"cannot read {word!r} at {self.now} ps")
        end = min(stop, self.now)
        for bits in self.codes.values():
            for bit in bits:
                bit.advance(end, self.start, stop)
        return end

    def _set(self, code: str, value: str, stop: int) -> None:
        bits = self.codes.get(code)
        if bits is None or value == "":
            return
        fill = value[0] if value[0] in "xz" else "0"
        padded = value.rjust(len(bits), fill)
        if len(padded) > len(bits) or padded.strip("01xz"):
            raise self.fail(f"{value!r} is no value of {len(bits)} bits at {self.now} ps")
        for bit, one in zip(bits, padded, strict=True):
            bit.change(one, self.now, self.start, stop)


def read_vcd(path: Path, start: int = 0, stop: int | None = None) -> Activity:
    """Toggles between start and stop (ps, the end of the file). SynthError naming file and cause.

    Bits that share a VCD code are one net under several names, and each name gets its toggles.
    """
    try:
        text = path.read_text(encoding="utf-8", errors="replace")
    except OSError as error:
        raise SynthError(f"{path}: cannot read: {error.strerror or error}") from error
    reader = _Reader(str(path), start, stop)
    words = iter(text.split())
    reader.declarations(words)
    end = reader.changes(words)
    if end <= start:
        raise SynthError(f"{path}: nothing happens after {start} ps, it ends at {end} ps")
    return Activity(reader.top, end - start)


def _name(name: str) -> str:
    return name if _PLAIN.match(name) else f"\\{name.removeprefix(chr(92))} "


def to_saif(activity: Activity) -> str:
    """The text of a SAIF 2.0 file."""
    lines = ['(SAIFILE', '(SAIFVERSION "2.0")', '(DIRECTION "backward")', "(DESIGN )",
             '(VENDOR "plutarch")', '(PROGRAM_NAME "synth.vivado.saif")', '(VERSION "1")',
             "(DIVIDER / )", "(TIMESCALE 1 ps)", f"(DURATION {activity.duration})"]  # fmt: skip

    def instances(scope: Scope, pad: str) -> None:
        for name, one in scope.inside.items():
            lines.append(f"{pad}(INSTANCE {_name(name)}")
            if one.nets:
                lines.append(f"{pad} (NET")
                for net, bit in one.nets.items():
                    t = bit.times
                    lines.append(
                        f"{pad}  ({_name(net)} (T0 {t['0']}) (T1 {t['1']}) (TX {t['x']}) "
                        f"(TZ {t['z']}) (TB 0) (TC {bit.toggles}))"
                    )
                lines.append(f"{pad} )")
            instances(one, pad + " ")
            lines.append(f"{pad})")

    instances(activity.top, "")
    return "\n".join([*lines, ")", ""])


def convert(vcd: Path, saif: Path, start: int = 0, stop: int | None = None) -> Activity:
    """VCD file to SAIF file; what it held."""
    activity = read_vcd(vcd, start, stop)
    if not activity.count():
        raise SynthError(f"{vcd}: declares no nets")
    write_atomic(saif, to_saif(activity).encode())
    return activity


def main(arguments: Sequence[str] | None = None) -> int:
    """The command; exit code 2 for a file that is none."""
    parser = argparse.ArgumentParser(prog="python -m synth.vivado.saif",
                                     description="VCD to SAIF 2.0, for read_saif.")
    parser.add_argument("vcd", type=Path)
    parser.add_argument("saif", type=Path)
    parser.add_argument("--start", type=int, default=0, help="ps, after the reset for example")
    parser.add_argument("--stop", type=int, default=None, help="ps")
    options = parser.parse_args(arguments)
    try:
        activity = convert(options.vcd, options.saif, options.start, options.stop)
    except PlutarchError as error:
        print(error, file=sys.stderr)
        return 2
    print(f"{options.saif}: {activity.count()} bits, {activity.duration} ps")
    return 0


if __name__ == "__main__":
    sys.exit(main())
