# SPDX-License-Identifier: Apache-2.0
"""The pins of one accelerator of network_bench, as the simulation transport wants them.

Called from the host program's thread; the clock runs only inside run(), read() and reset().
"""

from __future__ import annotations

import time
from collections.abc import Collection, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from cocotb.clock import Clock
from cocotb.task import resume
from cocotb.triggers import ClockCycles, FallingEdge, RisingEdge

from host.transports.base import TransportError
from tb.common import axil
from tb.common.beats import read_recorder
from tb.common.clocking import PERIOD_NS, known

BITS = {"w": 0, "a": 1, "r": 2, "axil": 3, "y": 4, "q": 5}  # of go, idle and watch
FILES = {"axil": "x", "axil_log": "x_log"}
# Cycles without a beat: a flush of lines takes at most 6 * 257, the check of a layer one for each
# row and each image (64 at most here, tb/network/walk.py).
QUIET = 2000
_INPUTS = ("go", "arm", "abort", "job", "want_y", "want_q", "watch", "quiet_limit")
_OUTPUTS = ("idle", "cycles", "refused", "failed", "xseen", "unstable")


class Clocks:
    """The clocks of the bench: one runs, the others rest. seconds: spent in the simulator."""

    def __init__(self) -> None:
        self.running: Any = None
        self._clock: Clock | None = None
        self.seconds = 0.0

    def only(self, signal: Any) -> None:
        """Let this clock run and no other."""
        if self.running is signal:
            return
        if self._clock is not None:
            self._clock.stop()
        self.running = signal
        self._clock = Clock(signal, PERIOD_NS, unit="ns", impl="gpi")
        self._clock.start(start_high=False)


class DevicePins:
    """See host.transports.simulation.Pins. name: prefix of the ports; sizes: bytes of a beat."""

    def __init__(self, dut: Any, name: str, sizes: dict[str, int], data: Path,
                 clocks: Clocks) -> None:
        self.name = name
        self._sizes = sizes
        self._data = data
        self._clocks = clocks
        self._pin = {key: getattr(dut, f"{name}_{key}") for key in (
            "clk", "rst", "wake", *_INPUTS, *_OUTPUTS)}
        self._go = self._arm = self._number = 0
        self._loads = 0  # bits of go that change with the next run
        self._script = axil.Script()
        self._recorded: dict[str, int] = {}  # number of the file that each recorder writes
        self._records: dict[str, tuple[bytes, bytes]] = {}  # last transfer and its player file
        self._waiting: dict[str, int] = {}  # pin values for the next step of the simulator
        self._seen: dict[str, int] = {}
        self._cycles = resume(self._run_clock)
        self._reset = resume(self._run_reset)
        for key in ("rst", *_INPUTS):
            self._set(key, 0)
        self._set("quiet_limit", QUIET)

    def play(self, stream: str, transfers: Sequence[bytes]) -> None:
        """Write the player's file; the same object given again and again is laid out once."""
        with self._path(stream, self._number + 1).open("wb") as out:
            for data in transfers:
                out.write(self._player(stream, data))
        self._loads |= 1 << BITS[stream]

    def record(self, stream: str, transfers: int) -> None:
        """Open the recorder with the next run."""
        self._set(f"want_{stream}", transfers)
        self._recorded[stream] = self._number + 1
        self._loads |= 1 << BITS[stream]

    def script(self, writes: Sequence[tuple[int, int]]) -> None:
        """Register writes, played with the next run."""
        for address, value in writes:
            self._script.access(axil.WRITE, address, value)
        self._loads |= 1 << BITS["axil"]

    def run(self, watch: Collection[str]) -> set[str]:
        """Run the clock until something watched is through or nothing moves."""
        mask = sum(1 << BITS[name] for name in watch)
        self._launch(mask)
        idle = self._get("idle")
        if self._get("failed"):
            raise AssertionError(f"{self.name}: a player or recorder has no file: "
                                 f"{self._get('failed'):06b}")
        if self._get("refused"):
            raise TransportError(f"{self.name}: a register access was answered with an error")
        return {name for name, bit in BITS.items() if idle >> bit & 1}

    def recorded(self, stream: str) -> list[bytes]:
        """Read the recorder's file, cut behind each TLAST."""
        path = self._path(stream, self._recorded[stream])
        seen = read_recorder(path, self._sizes[stream])
        path.unlink()
        ends = np.flatnonzero(seen.last) + 1
        return [part.tobytes() for part in np.split(seen.data, ends)[:-1]]

    def read(self, addresses: Sequence[int]) -> list[int]:
        """Read registers."""
        for address in addresses:
            self._script.access(axil.READ, address)
        self._loads |= 1 << BITS["axil"]
        if "axil" not in self.run({"axil"}):
            raise TransportError(f"{self.name}: no answer from register {addresses[0]:#05x}")
        log = axil.read_log(self._path("axil_log", self._number))
        return [answer.value for answer in log[-len(addresses):]]

    def abort(self) -> None:
        """Stop players and recorders."""
        self._pulse("abort")

    def reset(self) -> None:
        """Reset the device and everything around it."""
        self._pulse("abort")
        self._pulse("rst")

    @property
    def rules(self) -> list[str]:
        """Breaches of the stream rules at the device's outputs so far; X shows on Icarus only."""
        found = [(self._get("xseen"), "X while valid"), (self._get("unstable"), "valid taken back "
                 "or payload changed before ready")]  # fmt: skip
        return [f"{self.name}: stream {stream}: {text}" for bits, text in found
                for stream, bit in (("y", 3), ("q", 4)) if bits >> bit & 1]

    @property
    def cycle(self) -> int:
        """Cycles of this device's clock so far."""
        return self._get("cycles")

    def _launch(self, watch: int) -> None:
        if self._loads:
            self._number += 1
            if len(self._script):
                self._script.save(self._path("axil", self._number))
                self._script = axil.Script()
            self._set("job", self._number)
            self._go ^= self._loads
            self._loads = 0
            self._set("go", self._go)
        self._set("watch", watch)
        self._arm ^= 1
        self._set("arm", self._arm)
        begin = time.perf_counter()
        self._cycles()
        self._clocks.seconds += time.perf_counter() - begin

    async def _run_clock(self) -> None:
        self._clocks.only(self._pin["clk"])
        self._apply()
        await RisingEdge(self._pin["wake"])
        await FallingEdge(self._pin["clk"])  # nobody else writes or reads there
        self._seen = {key: known(self._pin[key], self.name) for key in _OUTPUTS}

    async def _run_reset(self, key: str) -> None:
        self._clocks.only(self._pin["clk"])
        self._set(key, 1)
        self._apply()
        await ClockCycles(self._pin["clk"], 4)
        await FallingEdge(self._pin["clk"])
        self._set(key, 0)
        self._apply()
        await FallingEdge(self._pin["clk"])

    def _pulse(self, key: str) -> None:
        begin = time.perf_counter()
        self._reset(key)
        self._clocks.seconds += time.perf_counter() - begin

    def _player(self, stream: str, data: bytes) -> bytes:
        """The records of one transfer, TLAST on its last beat."""
        held = self._records.get(stream)
        if held is not None and held[0] is data:
            return held[1]
        rows = np.frombuffer(data, np.uint8).reshape(-1, self._sizes[stream])
        records = np.zeros((len(rows), rows.shape[1] + 1), np.uint8)
        records[:, 1:] = rows[:, ::-1]
        records[-1, 0] = 1
        self._records[stream] = data, records.tobytes()
        return self._records[stream][1]

    def _path(self, stream: str, number: int) -> Path:
        return self._data / f"{self.name}_{FILES.get(stream, stream)}_{number}.bin"

    def _set(self, key: str, value: int) -> None:
        self._waiting[key] = value

    def _apply(self) -> None:
        for key, value in self._waiting.items():
            self._pin[key].value = value
        self._waiting.clear()

    def _get(self, key: str) -> int:
        return self._seen[key]
