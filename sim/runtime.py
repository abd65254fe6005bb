# SPDX-License-Identifier: Apache-2.0
"""Verilator's own C++ runtime, compiled once per set of flags and lent to every build.

Objects, and its headers precompiled: most of a small design's build time, whatever the design.
"""

from __future__ import annotations

import fcntl
import functools
import hashlib
import importlib.metadata
import re
import shutil
import subprocess
from collections.abc import Callable, Sequence
from pathlib import Path

from sim.paths import BUILD

# What every verilated file includes, and cocotb's main() besides.
_HEADER = """#include "verilated.h"
#include "verilated_dpi.h"
#include "verilated_vpi.h"
#if VM_TRACE_FST
#include "verilated_fst_c.h"
#elif VM_TRACE_VCD
#include "verilated_vcd_c.h"
#endif
"""


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


def _flag(make: Sequence[str], name: str) -> str:
    return next(word.partition("=")[2] for word in make if word.startswith(f"{name}="))


def _store(folder: Path, make: Sequence[str]) -> Path:
    """Return where the runtime for these flags is kept.

    Whether there are waves is no part of it: a file of the runtime either does not ask, or is
    compiled for one kind of waves only.
    """
    from sim.build import compiler_version

    text = (folder / "Vtop_classes.mk").read_text(encoding="utf-8")
    words = re.findall(r"^VM_(?!CLASSES|SUPPORT|GLOBAL|TRACE)\w+ = \S*$", text, re.M)
    words += [importlib.metadata.version("verilator"), compiler_version()]
    words += [_HEADER, _flag(make, "OPT_GLOBAL")]
    key = hashlib.sha256("\0".join(words).encode()).hexdigest()[:16]
    return BUILD / "sim" / ".runtime" / key


def lend(
    folder: Path, trace: str, make: Sequence[str], execute: Callable[[list[str]], object]
) -> Path | None:
    """Give a verilated folder the runtime's objects, which make then finds done.

    Returns the header to compile the design with. What is not there yet is made, `make` being the
    command and `execute` what runs it, by one process at a time: with two, each would make it all.
    """
    store = _store(folder, make)
    store.mkdir(parents=True, exist_ok=True)
    header = f"runtime{trace}{_flag(make, 'OPT_FAST')}.h.fast" if _takes_precompiled() else ""
    names = _names(folder) + ([f"{header}.gch"] if header else [])
    if not all((store / name).exists() for name in names):
        with (store / ".lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            missing = [name for name in names if not (store / name).exists()]
            if header:
                (store / header).write_text(_HEADER, encoding="utf-8")
                shutil.copyfile(store / header, folder / header.removesuffix(".fast"))
            if missing:
                execute([*make, *missing])
            for name in missing:  # moved: what is precompiled has 75 MB
                half = store / f".{name}"
                shutil.move(folder / name, half)
                half.rename(store / name)
    for name in _names(folder):
        shutil.copyfile(store / name, folder / name)
    return store / header if header else None


def _takes_precompiled() -> bool:
    """Whether the compiler is GCC, which reads the header itself if it finds the other one unfit.

    Clang stops there, and takes a header whose time has changed for another one.
    """
    from sim.build import compiler_version

    return "clang" not in compiler_version().lower()
