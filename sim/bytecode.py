# SPDX-License-Identifier: Apache-2.0
"""Python keeps its bytecode under `build/`. Standard library only: it is set before `.venv` is.

A simulation is a Python process of a second or two, a third of it spent on compiling our modules
where nothing may be kept (PYTHONDONTWRITEBYTECODE, which container images set so that no
`__pycache__` stands among the sources; with a folder of its own none does).
"""

from __future__ import annotations

from collections.abc import MutableMapping

from sim.paths import BUILD

FOLDER = BUILD / "bytecode"


def keep(environment: MutableMapping[str, str]) -> None:
    """Let Python processes of this environment keep bytecode, in the user's folder if he has one.

    Python checks each file against its source's time and size, so what is kept never grows wrong.
    """
    environment.pop("PYTHONDONTWRITEBYTECODE", None)
    environment.setdefault("PYTHONPYCACHEPREFIX", str(FOLDER))
