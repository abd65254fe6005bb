# SPDX-License-Identifier: Apache-2.0
"""Verilator's own C++ runtime, compiled once per set of flags and lent to every build.

It is most of a small design's build time and does not depend on the design.
"""

from __future__ import annotations

import functools
import hashlib
import importlib.metadata
import os
import re
import shutil
import subprocess
from pathlib import Path

from sim.paths import BUILD


def has_fst_headers() -> bool:
    """Whether the headers Verilator's FST writer includes are there."""
    probe = "#include <lz4.h>\n#include <zlib.h>\n"
    done = subprocess.run(
        ["c++", "-E", "-x", "c++", "-"], input=probe, capture_output=True, text=True, check=False
    )
    return done.returncode == 0


@functools.cache
def trace_format() -> str:
    """Return 'fst', or 'vcd' where FST cannot be compiled."""
    return "fst" if has_fst_headers() else "vcd"


def _names(folder: Path) -> list[str]:
    """Return the runtime's object names out of the makefile Verilator generated."""
    text = (folder / "Vtop_classes.mk").read_text(encoding="utf-8").replace("\\\n", " ")
    names: list[str] = []
    for group in re.findall(r"^VM_GLOBAL_(?:FAST|SLOW) \+=(.*)$", text, re.M):
        names += group.split()
    return [f"{name}.o" for name in names]


def _flags(folder: Path) -> str:
    text = (folder / "Vtop_classes.mk").read_text(encoding="utf-8")
    return " ".join(re.findall(r"^VM_(?!CLASSES|SUPPORT|GLOBAL)\w+ = \S*$", text, re.M))


def borrow(folder: Path, trace: str) -> Path:
    """Copy the runtime's objects into a verilated folder, where make finds them done.

    Returns the store they come from (and `keep` puts new ones into).
    """
    from sim.build import compiler_version

    words = [importlib.metadata.version("verilator"), compiler_version(), trace, _flags(folder)]
    key = hashlib.sha256("\0".join(words).encode()).hexdigest()[:16]
    store = BUILD / "sim" / ".runtime" / key
    for name in _names(folder):
        if (store / name).exists():
            shutil.copyfile(store / name, folder / name)
    return store


def keep(folder: Path, store: Path) -> None:
    """Put the runtime's objects of a finished build into the store, each with one rename."""
    store.mkdir(parents=True, exist_ok=True)
    for name in _names(folder):
        if not (store / name).exists():
            half = store / f".{name}-{os.getpid()}"
            shutil.copyfile(folder / name, half)
            half.rename(store / name)
