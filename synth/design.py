# SPDX-License-Identifier: Apache-2.0
"""What is to be synthesised: a TOPLEVEL of the table, its parameters, and the files it reads."""

from __future__ import annotations

import functools
import hashlib
import importlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from sim.paths import ROOT
from sim.targets import Target, Value, find
from synth.errors import SynthError


@dataclass(frozen=True)
class Design:
    """One module with all its parameters, and the sources to read, in order."""

    target: Target
    parameters: Mapping[str, Value]
    root: Path = ROOT

    @property
    def top(self) -> str:
        """The Verilog module."""
        return self.target.name

    @property
    def words(self) -> str:
        """The parameters in one line, for people."""
        return " ".join(f"{name}={value}" for name, value in self.parameters.items()
                        if not name.endswith("_FILE"))  # fmt: skip

    def source_name(self, path: Path) -> str:
        """The name of a source in the flow's own folder: its path with no folder in it."""
        return "_".join(path.relative_to(self.root).parts)

    def fingerprint(self) -> str:
        """SHA-256 over the contents of all sources, the generated files' makers, the parameters."""
        digest = hashlib.sha256(self.top.encode())
        for name, value in sorted(self.parameters.items()):
            digest.update(f"\0{name}={value!r}".encode())
        for path in self.sources:
            digest.update(f"\0{self.source_name(path)}\0".encode() + self._bytes(path))
        for made in self.target.generate:
            module, _, function = str(made["call"]).partition(":")
            code = Path(str(importlib.import_module(module).__file__)).read_bytes()
            digest.update(f"\0{made['file']}:{function}\0".encode() + code)
        return digest.hexdigest()

    def write(self, folder: Path) -> list[str]:
        """Copy the sources and make the generated files in `folder`; the sources' names, in order.

        Tools then see no path of this machine, so equal sources give equal netlists anywhere.
        """
        names = []
        for path in self.sources:
            names.append(self.source_name(path))
            (folder / names[-1]).write_bytes(self._bytes(path))
        for made in self.target.generate:
            module, _, function = str(made["call"]).partition(":")
            call = getattr(importlib.import_module(module), function)
            file = str(made["file"]).format_map(dict(self.parameters))
            call(folder / file, *(self.parameters[name] for name in made.get("args", ())))
        return names

    @functools.cached_property
    def sources(self) -> tuple[Path, ...]:
        """The target's files under rtl/ that the top can reach, so that little depends on little.

        Files elsewhere are models of the part's cells, which a synthesis tool brings itself.
        """
        texts = {path: self._bytes(path).decode("utf-8", "replace")
                 for path in self.target.sources if self.root / "rtl" in path.parents}  # fmt: skip
        defines = {name: path for path, text in texts.items()
                   for name in re.findall(r"^\s*module\s+(\w+)", text, re.M)}  # fmt: skip
        if self.top not in defines:
            raise SynthError(f"sim/tables: no source of {self.top} defines it")
        reached: set[Path] = set()
        waiting = [defines[self.top]]
        while waiting:
            path = waiting.pop()
            if path not in reached:
                reached.add(path)
                words = set(re.findall(r"[A-Za-z_]\w*", re.sub(r"//.*", "", texts[path])))
                waiting += [other for name, other in defines.items() if name in words]
        return tuple(path for path in texts if path in reached)

    def _bytes(self, path: Path) -> bytes:
        try:
            return path.read_bytes()
        except OSError as error:
            raise SynthError(f"{path.name}: cannot read: {error.strerror}") from None


def design(name: str, given: Mapping[str, Value] | None = None) -> Design:
    """The design of a TOPLEVEL of sim/tables. Raises HarnessError naming what is not legal."""
    target = find(name)
    own = {*target.parameters, *target.by_make_name()}
    for word in given or {}:
        if word not in own:
            raise SynthError(f"{name} has no parameter {word}, it has {', '.join(sorted(own))}")
    return Design(target, target.resolve(given or {}))
