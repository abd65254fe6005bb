# SPDX-License-Identifier: Apache-2.0
"""What must come from the operating system: compiler, make, perl, Icarus. Standard library only."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Sequence

from sim.errors import HarnessError
from sim.paths import ROOT

Say = Callable[[str], None]

# Verilator turns Verilog into C++: these make the simulator out of it.
_VERILATOR_NEEDS = {"c++": "g++", "make": "make", "perl": "perl"}


def apt_prefix() -> list[str] | None:
    """Return the words that run apt-get as root ([] when we are root), None when it cannot be."""
    if not shutil.which("apt-get"):
        return None
    if os.geteuid() == 0:
        return []
    if not shutil.which("sudo"):
        return None
    allowed = subprocess.run(["sudo", "-n", "true"], capture_output=True, check=False)
    return ["sudo", "-n"] if allowed.returncode == 0 else None


def apt_install(packages: Sequence[str], why: str, say: Say) -> bool:
    """Install system packages when we may; return whether that worked."""
    prefix = apt_prefix()
    if prefix is None:
        return False
    say(f"set-up: apt-get install {' '.join(packages)} ({why})")
    quiet = ["env", "DEBIAN_FRONTEND=noninteractive"]
    install = [*prefix, *quiet, "apt-get", "install", "-y", "--no-install-recommends", *packages]
    for command in (install, [*prefix, *quiet, "apt-get", "update"], install):
        done = subprocess.run(
            command, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False
        )
        if done.returncode == 0 and command is install:
            return True
    reason = (done.stderr.strip().splitlines() or ["no reason given"])[-1]
    say(f"set-up: apt-get did not install {' '.join(packages)}: {reason}")
    return False


def require_compiler() -> None:
    """Raise HarnessError that names what stops Verilator's builds: missing tools, a bad path."""
    if any(letter.isspace() for letter in str(ROOT)):
        raise HarnessError(f"{ROOT}: make cannot build in a path with a space, clone elsewhere")
    missing = [package for tool, package in _VERILATOR_NEEDS.items() if not shutil.which(tool)]
    if missing:
        raise HarnessError(
            f"missing on this machine: {', '.join(missing)} (Verilator compiles C++); "
            f"install them, for example: apt-get install {' '.join(missing)}"
        )


_LIBPYTHON = f"libpython{sys.version_info.major}.{sys.version_info.minor}"
NO_LIBPYTHON = (
    f"cocotb needs Python as a shared library, which this python3 lacks: "
    f"apt-get install {_LIBPYTHON}"
)


def ensure_libpython(find: Callable[[], str | None], say: Say) -> None:
    """Debian's python3 comes without its shared library; raise HarnessError if it cannot be had."""
    if find() is None:
        apt_install([_LIBPYTHON], "cocotb embeds Python", say)
        if find() is None:
            raise HarnessError(NO_LIBPYTHON)


def have_icarus() -> bool:
    """Whether both halves of Icarus Verilog are on PATH."""
    return bool(shutil.which("iverilog") and shutil.which("vvp"))


def ensure_icarus(say: Say) -> bool:
    """Return whether Icarus is there, installing it when we may; say in one line when it is not."""
    if have_icarus():
        return True
    apt_install(["iverilog"], "Icarus Verilog, the second simulator", say)
    if have_icarus():
        return True
    say("Icarus Verilog is missing and cannot be installed from here: apt-get install iverilog")
    return False


def ensure_fst_headers(have: Callable[[], bool], say: Say) -> bool:
    """Return whether Verilator can write FST; installs the two headers it needs when we may."""
    if have():
        return True
    apt_install(["liblz4-dev", "zlib1g-dev"], "headers for FST waves", say)
    if have():
        return True
    say("FST needs lz4.h and zlib.h (apt-get install liblz4-dev zlib1g-dev): writing VCD instead")
    return False


def ensure_venv_module(say: Say) -> None:
    """Debian splits ensurepip from python3; raise HarnessError when it cannot be had."""
    if _have_ensurepip():
        return
    package = f"python{sys.version_info.major}.{sys.version_info.minor}-venv"
    apt_install([package], "python3 -m venv", say)
    if not _have_ensurepip():
        raise HarnessError(f"python3 cannot make a virtual environment: apt-get install {package}")


def _have_ensurepip() -> bool:
    probe = [sys.executable, "-c", "import ensurepip, venv"]
    return subprocess.run(probe, capture_output=True, check=False).returncode == 0
