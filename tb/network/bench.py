# SPDX-License-Identifier: Apache-2.0
"""The two accelerators of network_bench, ready for the host program."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from cocotb.task import bridge

from host import layout
from host.driver import Device
from host.system import targets_of
from host.transports.base import Transport
from host.transports.simulation import SimulationTransport
from tb.common.settings import Settings
from tb.network.pins import Clocks, DevicePins


class NetworkBench:
    """Pins, transports and devices; over() puts the devices behind other transports."""

    def __init__(self, dut: Any, settings: Settings) -> None:
        self.targets = targets_of(settings.parameters)
        self.clocks = Clocks()
        self.pins = {name: DevicePins(dut, name, layout.bus_bytes(target), settings.data_dir,
                                      self.clocks)
                     for name, target in self.targets.items()}
        self.transports = {name: SimulationTransport(pins) for name, pins in self.pins.items()}
        self.devices = self.over(dict(self.transports))

    def over(self, transports: dict[str, Transport]) -> dict[str, Device]:
        """Devices over these transports."""
        return {name: Device(name, self.targets[name], transports[name]) for name in self.targets}

    def reset(self) -> None:
        """Reset both devices and see that they are the ones that the jobs are compiled for."""
        for name, device in self.devices.items():
            self.transports[name].reset()
            device.check()

    def check_rules(self) -> None:
        """AssertionError if an output port ever broke the rules of a stream, or showed an X."""
        found = [rule for pins in self.pins.values() for rule in pins.rules]
        assert not found, "; ".join(found)


async def in_thread(call: Callable[[], None]) -> None:
    """Run blocking Python, as it runs on the board, beside the simulator."""
    await bridge(call)()
