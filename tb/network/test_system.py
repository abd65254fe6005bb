# SPDX-License-Identifier: Apache-2.0
"""An accelerator with mac_conv beside it, driven by the host program over its own ports.

For `make sim TOPLEVEL=plut_conv` and its like: the engine's benches drive the engine, this one the
module itself, registers and buses included.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import cocotb

from tb.common import results, settings
from tb.network.bench import NetworkBench, in_thread
from tb.network.faults import small_job
from tb.network.state import State
from tb.network.test_network import network
from tb.network.walk import Walk

LANES = {"plut_conv": "P1", "shift_conv": "S0", "mac_conv": "M8"}
FIRST = 3  # steps that Icarus runs: one on mac_conv, two here, the second with its residual
MAC = {"MAC_KMAX": 3, "MAC_PIN": 4, "MAC_POUT": 8}  # as network_bench has them


def completed() -> settings.Settings:
    """The settings, with the parameters of network_bench that the TOPLEVEL does not have."""
    run = settings.load()
    return replace(run, parameters={"LANE": LANES[run.toplevel], **MAC, **run.parameters})


def walk_through(bench: NetworkBench, run: settings.Settings, images: int, steps: int = 0) -> None:
    """Run the network, or its first steps, on some images; record each layer."""
    walk = Walk(bench, network(run), images, State(None), steps=steps)
    walk.run()
    assert walk.first is None, str(walk.first)
    assert len(walk.logits) == (0 if steps else images)
    assert not steps or len(walk.state.records) == steps
    kind = f"system/{images} images" + f", {steps} steps" * bool(steps)
    for record in walk.state.records.values():
        if record["outputs"]:
            results.add_layer(f"{kind}/{record['name']}", outputs=record["outputs"],
                              mismatches=record["mismatches"], cycles=record["cycles"],
                              macs=record["macs"], stalls=record["stalls"],
                              digest=record["digest"])


@cocotb.test
async def host_program(dut: Any) -> None:
    """A small layer with everything switched on, the first layers of the network on one image,
    and then, not on Icarus, all of the network on a few.
    """
    run = completed()
    bench = NetworkBench(dut, run)

    def host() -> None:
        bench.reset()
        work = small_job(bench.targets["main"])
        report = work.check(bench.devices["main"])
        outputs = work.expected.acc.size
        images = run.integer("IMAGES")
        if images:
            walk_through(bench, run, 1, FIRST)
        if images and not run.integer("QUICK"):
            walk_through(bench, run, min(4, images))
        results.add_layer("system/small layer", outputs=outputs, mismatches=0,
                          cycles=report.cycles, macs=report.macs, stalls=report.stalls)
        bench.check_rules()

    await in_thread(host)
