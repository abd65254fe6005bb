# SPDX-License-Identifier: Apache-2.0
"""Input bits for dot_product: real operands with weights held or changing, and random ones.

Lane P3 has no weights to hold: its tables are loaded by beats first, and "changing" would mean a
load of many cycles for each product, so that energy is given for the load itself instead.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from synth import activity
from synth.errors import SynthError
from synth.identity import OWN_BITS
from synth.records import Record
from synth.yosys.netlist import Netlist
from synth.yosys.simulate import to_bits
from synth.yosys.words import Bytes

WARM: Final = 24  # cycles until the pipeline holds nothing from before
Ints = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Stimulus:
    """Bits by port, (cycles, width, streams).

    load_cycles: cycles at the start in which P3's tables are loaded, 0 for other lanes. changing:
    None where weights cannot change in every cycle.
    """

    held: dict[str, Bytes]
    changing: dict[str, Bytes] | None
    load_cycles: int
    about: str
    package: str


def real(netlist: Netlist, record: Record, net: str, cycles: int, streams: int) -> Stimulus:
    """Operands of a trained network's layers. SynthError for a lane that no package serves."""
    lane, bits, n = record.lane, record.b, record.n
    assert lane is not None and bits is not None and n is not None
    widths = _widths(netlist)
    found = activity.layer_activity(lane, bits, n, WARM + cycles, streams, net)
    w, a = found.weights, found.activations
    width_a = OWN_BITS.get(lane, 8 if lane in activity.SHIFT8 else bits)
    if lane == "P3":
        load = activity.load_beats(w[0], bits)
        a = np.concatenate([np.resize(a, (len(load), *a.shape[1:])), a])
        return Stimulus(_loaded(load, a, widths["w"], width_a), None, len(load), found.about,
                        found.package)  # fmt: skip
    # A unit that shares its multipliers takes more weight sets and pixels at once: neighbours.
    outputs, pixels = widths["w"] // (n * bits), widths["a"] // (n * width_a)
    w = np.concatenate([np.roll(w, -i, axis=0) for i in range(outputs)], axis=1)
    a = np.concatenate([np.roll(a, -i, axis=0) for i in range(pixels)], axis=1)
    turned = w[np.arange(len(a)) % len(w)]
    still = np.broadcast_to(w[:1], turned.shape)
    enable = np.ones((len(a), 1, streams), np.uint8)
    held = enable.copy()
    held[4:] = 0
    given = {"a": to_bits(a, width_a)}
    return Stimulus(given | {"w": to_bits(still, bits), "w_we": held},
                    given | {"w": to_bits(turned, bits), "w_we": enable}, 0, found.about,
                    found.package)  # fmt: skip


def random(netlist: Netlist, record: Record | None, cycles: int, streams: int,
           seed: int = 1) -> tuple[dict[str, Bytes], int]:  # fmt: skip
    """(bits by port, cycles that are not to be compared): random bits for any module.

    rst holds for four cycles, then is 0. A weight write enable is on in the first cycles, so that
    the bank holds known weights. P3's tables are loaded with random weights, whole.
    """
    rng = np.random.default_rng(seed)
    if record is not None and record.lane == "P3" and record.module == "dot_product":
        assert record.b is not None and record.n is not None
        load = activity.load_beats(rng.integers(0, 1 << record.b, (record.n, streams)), record.b)
        a = rng.integers(0, 1 << record.b, (len(load) + cycles, record.n, streams))
        return _loaded(load, a, _widths(netlist)["w"], record.b), len(load) + WARM
    made: dict[str, Bytes] = {}
    for name, (way, bits) in netlist.ports.items():
        if way == "input" and name != "clk":
            made[name] = rng.integers(0, 2, (cycles, len(bits), streams)).astype(np.uint8)
    if "rst" in made:
        made["rst"][:] = 0
        made["rst"][:4] = 1
    if "w_we" in made:
        made["w_we"][:4] = 1
    return made, WARM


def _widths(netlist: Netlist) -> dict[str, int]:
    widths = {name: len(bits) for name, (way, bits) in netlist.ports.items() if way == "input"}
    if set(widths) != {"clk", "w_we", "w", "a"}:
        raise SynthError(f"{netlist.name} has not the ports clk, w_we, w, a of the measured unit")
    return widths


def _loaded(load: Ints, a: Ints, width_w: int, width_a: int) -> dict[str, Bytes]:
    """The load, then nothing more on the bus; activations all the while."""
    bus = np.zeros((len(a), 1, a.shape[2]), np.int64)
    bus[: len(load), 0] = load
    bus[len(load) :, 0] = load[-1]
    enable = np.zeros((len(a), 1, a.shape[2]), np.uint8)
    enable[: len(load)] = 1
    return {"w_we": enable, "w": to_bits(bus, width_w), "a": to_bits(a, width_a)}
