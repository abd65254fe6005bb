# SPDX-License-Identifier: Apache-2.0
"""One layer through one accelerator in a bare Verilator program; a child of `make speed`."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from golden.package import load_package
from host import layout
from host.driver import Device
from host.system import for_lane, targets_of
from host.transports.simulation import SimulationTransport
from tb.network.bare_pins import BarePins
from tb.network.walk import replay


def run(task: dict[str, Any]) -> dict[str, float]:
    """Run the layer on the first image, all its outputs compared; seconds are the program's own.

    task: executable, parameters of network_bench, layer, package, folder of the streams' files.
    """
    targets = targets_of(task["parameters"])
    folder = Path(task["folder"])
    pins = BarePins(Path(task["executable"]), layout.bus_bytes(targets["main"]), folder)
    try:
        device = Device("main", targets["main"], SimulationTransport(pins))
        device.transport.reset()
        device.check()
        before, at = pins.seconds, pins.cycle
        bench: Any = SimpleNamespace(targets=targets, devices={"main": device})
        net = for_lane(load_package(task["package"]), task["parameters"]["LANE"])
        verdict = replay(bench, net, task["layer"], 0, -1)
        assert verdict.first is None, str(verdict.first)
        return {"seconds": pins.seconds - before, "cycles": pins.cycle - at}
    finally:
        pins.close()


if __name__ == "__main__":
    print(json.dumps(run(json.loads(sys.argv[1]))))
