# SPDX-License-Identifier: Apache-2.0
"""The weights of a trained network, every layer in hardware order for this decoder."""

from __future__ import annotations

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
from tb.shuff_decoder.streams import Stream
from tb.shuff_decoder.test_streams import check_cycles, encoded, modes, record

NET = "digits"


def shipped() -> bool:
    """Whether there is a trained network for this decoder's bits; there is one for 3, 4 and 5."""
    try:
        find(NET, decoder().bits)
    except PlutarchError:
        return False
    return True


def in_order(weights: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """A layer's weights (O, I, K, K) as one row in the order of the stream."""
    own = decoder()
    if own.lanes == 1:
        return order_weights(weights, own.pin, own.pout)
    return bank_steps(weights, own.lanes).ravel()


@cocotb.test(skip=not shipped())
async def trained(dut: Any) -> None:
    """All power-of-two layers, joint, flag and raw, back to back at one weight a cycle."""
    bench = Bench(dut)
    await bench.start()
    own = decoder()
    network = load_package(find(NET, own.bits))
    layers = [node.layer for node in network.nodes if node.layer.act == "pot"]
    streams: list[Stream] = []
    weights = []
    for mode in modes() if settings.load().sim == "verilator" else ("joint",):
        for layer in layers:
            codes = in_order(layer.weights)
            streams.append(encoded(f"{layer.name} {mode}", codes.tolist(), mode))
            weights.append(codes)
    verdicts = await bench.run(streams)
    record(f"{NET} b={own.bits}, {len(streams)} streams", streams, verdicts)
    check_cycles(streams, verdicts)
    for stream, codes, verdict in zip(streams, weights, verdicts, strict=True):
        assert verdict.codes == codes.tobytes(), f"{stream.kind}: not the layer's weights"
        data = np.array(stream.words, dtype="<u4").tobytes()
        if own.lanes == 1:
            back = decode(data, own.bits, own.pin, own.pout, own.limit)
            assert back.tobytes() == verdict.codes
        cycles = verdict.last_symbol - verdict.first_symbol + 1
        if stream.kind.endswith("joint"):  # the others may be more bits than the port brings
            assert len(codes) / cycles >= 0.98 * own.lanes, f"{stream.kind}: {cycles} cycles"
        results.add_metric(
            f"trained {stream.kind}",
            weights=len(codes),
            words=len(stream.words),
            bits_per_weight=round(32 * len(stream.words) / len(codes), 4),
            symbols_per_cycle=round(len(codes) / cycles, 6),
        )
