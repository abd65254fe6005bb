# SPDX-License-Identifier: Apache-2.0
"""Which function stands in for which command."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from synth.vivado.double.syntax import Call

if TYPE_CHECKING:
    from synth.vivado.double.shell import Shell

Handler = Callable[["Shell", Call], "str | Sequence[str] | None"]
"""What a command answers: a text, a list, or nothing."""

HANDLERS: dict[str, Handler] = {}


def command(*names: str) -> Callable[[Handler], Handler]:
    """Register a function for these commands."""

    def register(handler: Handler) -> Handler:
        HANDLERS.update(dict.fromkeys(names, handler))
        return handler

    return register
