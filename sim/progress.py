# SPDX-License-Identifier: Apache-2.0
"""Progress: a live line on a terminal, plain lines elsewhere."""

from __future__ import annotations

import re
import sys
import time
from types import TracebackType

from rich.console import Console
from rich.status import Status

_RUNNING = re.compile(r"cocotb\.regression\s+running (\S+) \((\d+)/(\d+)\)")
_ENDED = re.compile(r"cocotb\.regression\s+(\S+) (passed|failed|skipped)\b")


class Progress:
    """Shows what a run is doing. Use as a context; call it with each new step.

    verbose: also show every line the simulator prints.
    """

    def __init__(self, verbose: bool = False) -> None:
        self._console = Console(highlight=False)
        self._live = sys.stdout.isatty()
        self._verbose = verbose
        self._status: Status | None = None
        self._start = time.monotonic()
        self._test_start = self._start

    def __enter__(self) -> Progress:
        if self._live:
            self._status = self._console.status("")
            self._status.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._status:
            self._status.stop()

    @property
    def live(self) -> bool:
        """Whether this is a terminal, where a line can change in place."""
        return self._live

    def step(self, text: str) -> None:
        """Say what happens now."""
        if self._status:
            self._status.update(text)
        else:
            print(f"[{time.monotonic() - self._start:6.1f} s] {text}", flush=True)

    def line(self, text: str) -> None:
        """Print a line that stays."""
        if self._live:
            self._console.print(text, markup=False)
        else:
            print(text, flush=True)

    def output(self, text: str) -> None:
        """Take one line of simulator output; tests that begin and end are shown."""
        if self._verbose:
            self.line(text)
        if found := _RUNNING.search(text):
            self._test_start = time.monotonic()
            if self._status:
                self._status.update(f"{found[2]}/{found[3]} {found[1]}")
        elif found := _ENDED.search(text):
            seconds = time.monotonic() - self._test_start
            self.line(f"  {found[2]:7} {found[1]}  {seconds:.1f} s")
