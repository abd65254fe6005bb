# SPDX-License-Identifier: Apache-2.0
"""The open tools come as Python wheels (extra `synth`); which release of one is installed."""

from __future__ import annotations

import importlib.metadata

from synth.errors import SynthError


def installed(package: str) -> str:
    """The version of a wheel; SynthError with the way out when it is not there."""
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        raise SynthError(
            f"{package} is not installed: `make synth` installs it, or pip install '.[synth]'"
        ) from None
