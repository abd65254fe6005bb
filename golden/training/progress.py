# SPDX-License-Identifier: Apache-2.0
"""What a run shows: a bar that moves on a terminal, a line per epoch elsewhere."""

from __future__ import annotations

import sys
import time
from types import TracebackType
from typing import Protocol, Self

from golden.training.logs import Row


class Progress(Protocol):
    """Receives what the loop does; nothing in a run depends on it."""

    def line(self, text: str) -> None:
        """A message that stays."""

    def begin(self, title: str, epochs: int, steps: int) -> None:
        """A run of `epochs` epochs (those still due) begins, `steps` steps each."""

    def step(self, loss: float) -> None:
        """One step is done. loss: of its batch."""

    def epoch(self, row: Row) -> None:
        """One epoch is done."""


class Silent:
    """Shows nothing (tests, and runs inside other commands)."""

    def line(self, text: str) -> None:
        """Nothing."""

    def begin(self, title: str, epochs: int, steps: int) -> None:
        """Nothing."""

    def step(self, loss: float) -> None:
        """Nothing."""

    def epoch(self, row: Row) -> None:
        """Nothing."""


class Screen:
    """A context that shows a run on the terminal: rich's bar, or plain lines where it is none."""

    def __init__(self, live: bool | None = None) -> None:
        from rich.console import Console
        from rich.progress import BarColumn, Progress, TextColumn

        self._live = sys.stdout.isatty() if live is None else live
        self._console = Console(highlight=False)
        self._bar = Progress(TextColumn("{task.description}"), BarColumn(bar_width=24),
                             TextColumn("{task.percentage:>3.0f} %  {task.fields[told]}"),
                             console=self._console)
        self._task = self._bar.add_task("", total=1, told="", visible=False)
        self._began = time.monotonic()
        self._epochs = self._steps = self._done = 0
        self._loss, self._accuracy = 0.0, ""

    def __enter__(self) -> Self:
        if self._live:
            self._bar.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None,
                 trace: TracebackType | None) -> None:
        if self._live:
            self._bar.stop()

    def line(self, text: str) -> None:
        """A message that stays."""
        if self._live:
            self._console.print(text, markup=False)
        else:
            print(text, flush=True)

    def begin(self, title: str, epochs: int, steps: int) -> None:
        """Start the clock that the time left is reckoned from."""
        self._began, self._epochs, self._steps, self._done = time.monotonic(), epochs, steps, 0
        self._accuracy = ""
        self._bar.reset(self._task, total=max(epochs * steps, 1), description=title, told="",
                        visible=epochs > 0)

    def step(self, loss: float) -> None:
        """Move the bar."""
        self._done += 1
        self._loss = loss
        if self._live:
            self._bar.update(self._task, advance=1, told=self._told())

    def epoch(self, row: Row) -> None:
        """One line per epoch, except on a terminal, where the bar carries it."""
        if row.test_accuracy is not None:
            self._accuracy = f"accuracy {100 * row.test_accuracy:.2f} %  "
        if self._live:
            self._bar.update(self._task, told=self._told())
            return
        extra = f"D {row.distance:.4g}  lambda {row.coefficient:.4g}  " if row.coefficient else ""
        test = "      " if row.test_accuracy is None else f"{100 * row.test_accuracy:6.2f}"
        bits = "" if row.stage == "float" else f" {row.bits} bit"
        print(f"epoch {row.epoch:3}  {row.stage + bits:12} rate {row.rate:8.2g}  loss "
              f"{row.loss:7.4f}  {extra}train {100 * row.train_accuracy:6.2f} %  test {test} %  "
              f"{row.seconds:6.1f} s  left {self._left()}", flush=True)

    def _told(self) -> str:
        epoch = min(self._done // max(self._steps, 1) + 1, self._epochs)
        return (f"epoch {epoch}/{self._epochs}  loss {self._loss:.3f}  {self._accuracy}"
                f"{self._left()} left")

    def _left(self) -> str:
        """Time left at the pace so far, as m:ss or h:mm:ss."""
        due = self._epochs * self._steps - self._done
        pace = (time.monotonic() - self._began) / max(self._done, 1)
        seconds = round(pace * max(due, 0))
        hours, minutes = seconds // 3600, seconds // 60 % 60
        return (f"{hours}:{minutes:02}:{seconds % 60:02}" if hours
                else f"{minutes}:{seconds % 60:02}")
