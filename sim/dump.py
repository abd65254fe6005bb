# SPDX-License-Identifier: Apache-2.0
"""The signal names in a wave dump, VCD or FST, with their scopes and ranges."""

from __future__ import annotations

import gzip
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

# Block types of the FST container that hold the hierarchy, by compression.
_HIER_GZIP, _HIER_LZ4, _HIER_LZ4_TWICE = 4, 6, 7
_SCOPE, _UPSCOPE, _ATTRIBUTE, _ATTRIBUTE_END = 254, 255, 252, 253


@dataclass(frozen=True)
class Signal:
    """One variable: scopes from the outside in, bare name, range text such as "[7:0]" or ""."""

    scope: tuple[str, ...]
    name: str
    range: str

    @property
    def path(self) -> str:
        """Dotted path without the range."""
        return ".".join((*self.scope, self.name))


def signals(path: Path) -> list[Signal]:
    """Return the variables of a dump in file order. Raises ValueError if it is not one."""
    if path.suffix == ".vcd":
        return list(_vcd(path))
    return list(_fst(_fst_hierarchy(path.read_bytes())))


def _signal(scope: list[str], text: str) -> Signal:
    found = re.fullmatch(r"(.*?)\s*((?:\[[^\]]*\])?)", text)
    assert found  # both parts may be empty, so this always matches
    return Signal(tuple(scope), found[1], found[2])


def _vcd(path: Path) -> Iterator[Signal]:
    scope: list[str] = []
    with path.open(encoding="utf-8", errors="replace") as text:
        for line in text:
            words = line.split()
            if words[:1] == ["$scope"]:
                scope.append(words[2])
            elif words[:1] == ["$upscope"]:
                scope.pop()
            elif words[:1] == ["$var"]:
                yield _signal(scope, " ".join(words[4:-1]))
            elif words[:1] == ["$enddefinitions"]:
                return


def _lz4(data: bytes, size: int) -> bytes:
    """Return the contents of one raw LZ4 block of `size` bytes when unpacked."""
    out = bytearray()
    at = 0

    def extended(length: int, at: int) -> tuple[int, int]:
        if length == 15:
            while True:
                more = data[at]
                at += 1
                length += more
                if more != 255:
                    break
        return length, at

    while at < len(data) and len(out) < size:
        token = data[at]
        literals, at = extended(token >> 4, at + 1)
        out += data[at : at + literals]
        at += literals
        if at + 2 > len(data) or len(out) >= size:
            break
        distance = data[at] | data[at + 1] << 8
        length, at = extended(token & 15, at + 2)
        for _ in range(length + 4):  # a match may overlap what it writes: byte by byte
            out.append(out[-distance])
    return bytes(out[:size])


def _fst_hierarchy(data: bytes) -> bytes:
    """Return the unpacked hierarchy block of an FST file."""
    at = 0
    while at + 9 <= len(data):
        kind, length = data[at], int.from_bytes(data[at + 1 : at + 9], "big")
        body = data[at + 9 : at + 1 + length]
        size = int.from_bytes(body[:8], "big")
        if kind == _HIER_GZIP:
            return gzip.decompress(body[8:])
        if kind == _HIER_LZ4:
            return _lz4(body[8:], size)
        if kind == _HIER_LZ4_TWICE:
            middle = int.from_bytes(body[8:16], "big")
            return _lz4(_lz4(body[16:], middle), size)
        if length < 8:
            break
        at += 1 + length
    raise ValueError("no hierarchy block: not a finished FST file")


def _fst(data: bytes) -> Iterator[Signal]:
    scope: list[str] = []
    at = 0

    def text(at: int) -> tuple[str, int]:
        end = data.index(0, at)
        return data[at:end].decode("utf-8", "replace"), end + 1

    def varint(at: int) -> int:
        while data[at] & 0x80:
            at += 1
        return at + 1

    while at < len(data):
        tag = data[at]
        at += 1
        if tag == _SCOPE:
            name, at = text(at + 1)
            _, at = text(at)
            scope.append(name)
        elif tag == _UPSCOPE:
            scope.pop()
        elif tag == _ATTRIBUTE:
            _, at = text(at + 2)
            at = varint(at)
        elif tag != _ATTRIBUTE_END:
            name, at = text(at + 1)
            at = varint(varint(at))
            yield _signal(scope, name)
