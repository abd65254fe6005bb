# SPDX-License-Identifier: Apache-2.0
"""The cores that docs/shuff_bank.md compares: each decodes right, and its rate is measured."""

from __future__ import annotations

from typing import Any

import cocotb
import numpy as np
from numpy.typing import NDArray

from golden.errors import PlutarchError
from golden.package import find, load_package
from golden.shuff import encode
from golden.shuff.bank import encode_bank
from golden.shuff.header import header_words, read_header
from golden.shuff.order import bank_steps
from tb.common import clocking, results, settings

PIN = 8


async def play(dut: Any, words: list[int], lengths: tuple[int, ...], steps: int) -> tuple[Any, int]:
    """Load the table, send the words, return the codes (steps, POUT) and the cycles they took."""
    told = settings.load()
    bits, lanes = told.integer("B"), told.integer("POUT")
    dut.lengths_we.value = dut.lengths_high.value = dut.lengths_data.value = 0
    dut.raw.value = dut.start.value = 0
    dut.s_axis_w_tvalid.value = dut.s_axis_w_tdata.value = 0
    dut.m_axis_tready.value = 1
    edge = await clocking.start_and_reset(dut)
    table = sum(length << 4 * symbol for symbol, length in enumerate(lengths))
    for high in range(2 if len(lengths) > 8 else 1):
        dut.lengths_we.value, dut.lengths_high.value = 1, high
        dut.lengths_data.value = table >> 32 * high & 0xFFFFFFFF
        await edge
    dut.lengths_we.value = 0
    dut.start.value = 1
    await edge
    dut.start.value = 0
    mask, found, cycles, first = (1 << bits) - 1, [], 0, 0
    at = 0
    while len(found) < steps:
        dut.s_axis_w_tvalid.value = 1
        dut.s_axis_w_tdata.value = words[at] if at < len(words) else 0
        taken = int(dut.s_axis_w_tready.value)
        if dut.m_axis_tvalid.value:
            first = first or cycles
            beat = int(dut.m_axis_tdata.value)
            found.append([beat >> bits * lane & mask for lane in range(lanes)])
        await edge
        at += taken
        cycles += 1
        assert cycles < 20 * steps + 1000, f"{len(found)} of {steps} steps in {cycles} cycles"
    return np.array(found, dtype=np.uint8), cycles - first


def trained(bits: int, lanes: int) -> list[NDArray[np.uint8]]:
    """Steps of the shipped network's layers."""
    try:
        network = load_package(find("digits", bits))
    except PlutarchError:
        return []
    return [bank_steps(n.layer.weights, lanes) for n in network.nodes if n.layer.act == "pot"]


@cocotb.test()
async def decodes(dut: Any) -> None:
    """Trained layers and random codes from the shortest to the longest: right, and how fast."""
    told = settings.load()
    bits, lanes = told.integer("B"), told.integer("POUT")
    rng = np.random.default_rng([told.seed, 31])
    size = 1 << (bits - 1)
    cases = [(f"trained layer {n}", steps) for n, steps in enumerate(trained(bits, lanes)[:4])]
    for spread in (0.5, 1.0):
        p = spread ** np.arange(size)
        index = rng.choice(size, (300, lanes), p=p / p.sum())
        sign = rng.integers(0, 2, index.shape) * (index > 0)
        cases.append((f"spread {spread}", (index + size * sign).astype(np.uint8)))
    bank = told.toplevel == "bank_core"
    for name, steps in cases:
        flat = steps.ravel()
        data = encode_bank(steps, bits, PIN) if bank else encode(flat, bits, PIN, lanes)
        words = np.frombuffer(data, dtype="<u4").tolist()
        own = lanes if bank else 1
        header = read_header(words, bits, PIN, lanes, lanes=own)
        payload = words[header_words(bits, own) :]
        found, cycles = await play(dut, payload, header.lengths, len(steps))
        wrong = int((found != steps).sum())
        results.add_layer(name, outputs=steps.size, mismatches=wrong, cycles=cycles)
        results.add_metric(
            f"{told.toplevel} {name}",
            symbols_per_cycle=round(steps.size / cycles, 4),
            bits_per_symbol=round(8 * len(data) / steps.size, 4),
        )
        assert not wrong, f"{name}: {wrong} of {steps.size} codes wrong"
