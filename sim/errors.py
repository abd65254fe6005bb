# SPDX-License-Identifier: Apache-2.0
"""Errors the command line prints as one line. Standard library only: the set-up uses them too."""

from __future__ import annotations

import difflib
from collections.abc import Iterable

from golden.errors import PlutarchError


class HarnessError(PlutarchError):
    """A user's mistake or a machine that lacks something; one line, exit code 2."""


class BuildError(HarnessError):
    """A simulator refused the sources; the message carries the tool's first error and the log."""


def unknown(kind: str, given: str, valid: Iterable[str]) -> HarnessError:
    """Return the error for a name that is not in `valid`, with the nearest valid one."""
    names = list(valid)
    lower = {name.lower(): name for name in reversed(names)}
    near = difflib.get_close_matches(given.lower(), list(lower), n=1, cutoff=0.5)
    if near:
        return HarnessError(f"unknown {kind} {given!r}, did you mean {lower[near[0]]!r}?")
    return HarnessError(f"unknown {kind} {given!r}, valid: {', '.join(names) or 'none'}")
