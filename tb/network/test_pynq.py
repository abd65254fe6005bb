# SPDX-License-Identifier: Apache-2.0
"""The transport of the board, its very calls to PYNQ, against the RTL: a network, and errors."""

from __future__ import annotations

import sys
from typing import Any

import cocotb

from host.driver import AcceleratorError, Device
from host.transports.base import TransportError
from host.transports.pynq import DMAS, PynqTransport
from tb.common import results, settings
from tb.network.bench import NetworkBench, in_thread
from tb.network.fake_pynq import FakePynq
from tb.network.faults import Mute, small_job, spoiled
from tb.network.state import State
from tb.network.test_network import network
from tb.network.walk import Walk

FIRST = 3  # steps: one on mac_conv, two on the main accelerator


def over_pynq(bench: NetworkBench) -> FakePynq:
    """Put the devices of the bench behind PYNQ."""
    fake = FakePynq(bench.transports)
    sys.modules["pynq"] = fake  # type: ignore[assignment]
    transports = {
        name: PynqTransport.open("plutarch.bit", name,
                                 {s: f"{name}_{dma}" for s, dma in DMAS.items()})
        for name in bench.targets}
    bench.devices = bench.over(dict(transports))
    return fake


@cocotb.test
async def pynq_network(dut: Any) -> None:
    """The network on one image, over Overlay, MMIO, allocate and AXI DMA.

    On Icarus its first layers: all of them run there in whole_network, on another transport.
    """
    run = settings.load()
    steps = FIRST if run.sim == "icarus" else 0
    bench = NetworkBench(dut, run)

    def host() -> None:
        bench.reset()
        over_pynq(bench)
        walk = Walk(bench, network(run), 1, State(None), steps=steps)
        walk.program.check()
        walk.run()
        assert walk.first is None, str(walk.first)
        assert len(walk.logits) == (0 if steps else 1)
        assert not steps or len(walk.state.records) == steps
        outputs = sum(record["outputs"] for record in walk.state.records.values())
        name = "pynq network" + f", {steps} steps" * bool(steps)
        results.add_layer(name, outputs=outputs, mismatches=0, cycles=0)
        bench.check_rules()

    await in_thread(host)


@cocotb.test
async def pynq_errors(dut: Any) -> None:
    """A transfer cut short is a clear error; the board's way to recover makes the next job good."""
    run = settings.load()
    bench = NetworkBench(dut, run)

    def host() -> None:
        bench.reset()
        fake = over_pynq(bench)
        work = small_job(bench.targets["main"])
        device: Device = bench.devices["main"]
        work.check(device)
        try:
            device.run(spoiled(work.job, a=lambda beats: beats[:-1]), work.a, work.residual)
        except AcceleratorError as error:
            assert error.name == "A_TLAST" and not fake.downloads, str(error)
        else:
            raise AssertionError("a transfer cut short: no error")
        work.check(device)
        transport: Any = device.transport
        transport._patience = 0.2
        muted: Any = Mute(transport, "a")
        try:
            Device("main", device.target, muted).run(work.job, work.a, work.residual)
        except TransportError as error:
            assert "nothing moves" in str(error) and fake.downloads == 1, str(error)
        else:
            raise AssertionError("no activations: no error")
        work.check(device)
        results.add_layer("pynq errors", outputs=3 * work.expected.acc.size, mismatches=0, cycles=0)

    await in_thread(host)
