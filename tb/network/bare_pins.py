# SPDX-License-Identifier: Apache-2.0
"""The pins of one accelerator in a bare Verilator process: the host program without cocotb."""

from __future__ import annotations

import subprocess
from pathlib import Path
from types import SimpleNamespace

from tb.network.pins import _OUTPUTS, Clocks, DevicePins


class BarePins(DevicePins):
    """DevicePins over the commands of bare_main.cpp. seconds: what the process spent clocking."""

    def __init__(self, executable: Path, sizes: dict[str, int], data: Path) -> None:
        self.process = subprocess.Popen([str(executable), f"+DATA={data}"], text=True, cwd=data,
                                        stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        self.seconds = 0.0
        nothing = _AnyPin()
        super().__init__(nothing, "main", sizes, data, Clocks())
        self._cycles, self._reset = self._run, self._pulse_pin

    def close(self) -> None:
        """End the process."""
        assert self.process.stdin is not None
        self.process.stdin.close()
        try:
            self.process.wait(timeout=5)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()

    def _say(self, *lines: str) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write("\n".join(lines) + "\n")
        self.process.stdin.flush()

    def _apply(self) -> None:
        lines = [f"set {key} {value}" for key, value in self._waiting.items()]
        self._waiting.clear()
        if lines:
            self._say(*lines)

    def _run(self) -> None:
        self._apply()
        self._say("run")
        assert self.process.stdout is not None
        *values, seconds = self.process.stdout.readline().split()
        self._seen = dict(zip(_OUTPUTS, map(int, values), strict=True))
        self.seconds += float(seconds)

    def _pulse_pin(self, key: str) -> None:
        self._apply()
        self._say(f"pulse {key}")


class _AnyPin(SimpleNamespace):
    """Stands where cocotb has the handle of the bench."""

    def __getattr__(self, name: str) -> _AnyPin:
        return self
