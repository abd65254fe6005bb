# SPDX-License-Identifier: Apache-2.0
"""The weights of a trained network, every layer in hardware order for this decoder."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import cocotb
import numpy as np
from numpy.typing import NDArray

from golden.errors import PlutarchError
from golden.package import find, load_package
from golden.shuff import decode, order_weights
from golden.shuff.order import bank_steps
from tb.common import results, settings
from tb.shuff_decoder.bench import Bench, decoder
from tb.shuff_decoder.test_streams import check_cycles, encoded, modes, record

NET = "digits"


def found(net: str) -> bool:
    """Whether there is a trained network for this decoder's bits."""
    try:
        find(net, decoder().bits)
    except PlutarchError:
        return False
    return True


def shipped() -> bool:
    """Whether a network comes with the repository; there is one for 3, 4 and 5 bits."""
    return found(NET)


def in_order(weights: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """A layer's weights (O, I, K, K) as one row in the order of the stream."""
    own = decoder()
    if own.lanes == 1:
        return order_weights(weights, own.pin, own.pout)
    return bank_steps(weights, own.lanes).ravel()


@cocotb.test(skip=not shipped())
async def trained(dut: Any) -> None:
    """All power-of-two layers, joint, flag and raw, back to back at one weight a cycle and lane."""
    bench = Bench(dut)
    await bench.start()
    fast = settings.load().sim == "verilator"
    await network(bench, NET, modes() if fast else ("joint",))


@cocotb.test(skip=not found("resnet20"))
async def resnet20(dut: Any) -> None:
    """The same for a CIFAR network, where `make quantize` has made one; the rate of each layer."""
    if settings.load().sim == "verilator":
        bench = Bench(dut)
        await bench.start()
        await network(bench, "resnet20", ("joint",))


async def network(bench: Bench, net: str, ways: Sequence[str]) -> None:
    """Play every power-of-two layer in these modes; symbols, cycles and rate must be right."""
    own = decoder()
    nodes = load_package(find(net, own.bits)).nodes
    layers = [node.layer for node in nodes if node.layer.act == "pot"]
    weights = [in_order(layer.weights) for _ in ways for layer in layers]
    names = [f"{layer.name} {mode}" for mode in ways for layer in layers]
    streams = [
        encoded(name, codes.tolist(), name.split()[-1])
        for name, codes in zip(names, weights, strict=True)
    ]
    verdicts = await bench.run(streams)
    record(f"{net} b={own.bits}, {len(streams)} streams", streams, verdicts)
    check_cycles(streams, verdicts)
    for stream, codes, verdict in zip(streams, weights, verdicts, strict=True):
        assert verdict.codes == codes.tobytes(), f"{stream.kind}: not the layer's weights"
        if own.lanes == 1:
            data = np.array(stream.words, dtype="<u4").tobytes()
            back = decode(data, own.bits, own.pin, own.pout, own.limit)
            assert back.tobytes() == verdict.codes
        cycles = verdict.last_symbol - verdict.first_symbol + 1
        rate = len(codes) / cycles
        port = 32 * own.parts * len(codes) / (32 * len(stream.words))  # weights that it brings
        if stream.kind.endswith("joint"):
            most = min(own.lanes, port)
            assert rate >= 0.98 * most, f"{stream.kind}: {rate:.3f} weights a cycle of {most:.3f}"
        results.add_metric(
            f"{net} {stream.kind}",
            weights=len(codes),
            words=len(stream.words),
            bits_per_weight=round(32 * len(stream.words) / len(codes), 4),
            symbols_per_cycle=round(rate, 6),
        )
