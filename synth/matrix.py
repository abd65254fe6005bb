# SPDX-License-Identifier: Apache-2.0
"""Everything that `make bench` measures: lanes, accelerators, and what is small enough for CI."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

from sim.targets import Target, Value, find
from synth.design import Design, design
from synth.identity import OWN_BITS, identify
from synth.yosys.measure import BUILT_OF_DSP

BITS: Final = (3, 4, 5)
OPERANDS: Final = (1, 2, 9, 16, 25, 49, 64)
TERNARY_OPERANDS: Final = (9, 64)
"""Where adders of three are compared too; below nine operands there is nothing to save."""
_HAND: Final[Mapping[str, Value]] = {"TREE": 3, "MAP": "xcup"}
ACCELERATORS: Final[tuple[tuple[str, Mapping[str, Value]], ...]] = (
    ("plut_conv", {"PIN": 8, "POUT": 8}),
    ("plut_conv", {"PIN": 8, "POUT": 8, "LANE": "P1", **_HAND}),
    ("plut_conv", {"PIN": 8, "POUT": 8, "LANE": "P2", **_HAND}),
    ("plut_conv", {"PIN": 8, "POUT": 8, "LANE": "P3", **_HAND}),
    ("shift_conv", {"PIN": 8, "POUT": 8, "LANE": "S0", **_HAND}),
    ("shift_conv", {"PIN": 8, "POUT": 8, "LANE": "S1", **_HAND}),
    ("mac_conv", {"PIN": 8, "POUT": 8, **_HAND}),
    ("plut_conv", {"PIN": 16, "POUT": 16, "LANE": "P2", **_HAND}),
    ("plut_conv", {"PIN": 16, "POUT": 16, "LANE": "P3", **_HAND}),
)
"""All at 8x8 channels a cycle with the same adders, as built by default, and P-LUT at 16x16."""


def _choices(target: Target, name: str) -> tuple[Value, ...]:
    parameter = target.parameters.get(name)
    return () if parameter is None else parameter.choices


def lanes(only: Mapping[str, str] | None = None) -> Iterator[Design]:
    """Every lane that the table has, at all widths and sizes, hand-mapped parts where it has them.

    only: LANE, B, N -> the one value to keep. TREE=3 at a few sizes. A lane whose width is in its
    name is built once, not once for each B.
    """
    target = find("dot_product")
    keep = only or {}
    mapped: dict[str, Value] = {"MAP": "xcup"} if "xcup" in _choices(target, "MAP") else {}
    for lane in _choices(target, "LANE"):
        for bits in BITS if lane not in OWN_BITS else (4,):
            for tree in _choices(target, "TREE"):
                if tree == 3 and str(lane) in BUILT_OF_DSP:
                    continue  # the sum is made inside the DSP slices
                for n in OPERANDS if tree == 2 else TERNARY_OPERANDS:
                    given: dict[str, Value] = {"LANE": lane, "B": bits, "N": n, "TREE": tree}
                    shown = {**given, "B": OWN_BITS.get(str(lane), bits)}
                    if all(str(shown[name]) == value for name, value in keep.items()):
                        yield design("dot_product", {**given, **mapped})


def accelerators(only: Mapping[str, str] | None = None) -> Iterator[Design]:
    """The accelerators, those whose lane the table has.

    only: LANE, B, N -> the one value to keep; N is the products of an output, KMAX^2 * PIN.
    """
    for name, given in ACCELERATORS:
        if given.get("LANE", "") not in ("", *_choices(find(name), "LANE")):
            continue
        one = design(name, given)
        who = identify(name, one.parameters)
        found = {"LANE": str(who.lane), "B": str(who.b), "N": str(who.n)}
        if all(found[key] == value for key, value in (only or {}).items()):
            yield one


def ecp5() -> Iterator[Design]:
    """What goes through place and route on the ECP5: nine operands of each lane, a small engine."""
    target = find("dot_product")
    for bits in (3, 4):
        for lane in _choices(target, "LANE"):
            if lane not in BUILT_OF_DSP and (bits == 4 or lane not in OWN_BITS):
                yield design("dot_product", {"LANE": lane, "B": bits, "N": 9})
    yield design("plut_conv", SMALL)


def effort(one: Design) -> float:
    """CPU seconds that it takes to map a design, roughly: for the order of work, no figure."""
    who = identify(one.top, one.parameters)
    around = 1 if one.top == "dot_product" else 16  # an engine is more than its lanes
    return around + (who.macs or 1) * _SECONDS.get(who.b or 0, 0.1)


_SECONDS: Final[Mapping[int, float]] = {3: 0.08, 4: 0.13, 5: 0.5}
"""For each product of a cycle, by bits: on tables of five bits Yosys' mapper works longest."""
_SHALLOW: Final[Mapping[str, Value]] = {
    "LINE_DEPTH": 32, "PSUM_DEPTH": 256, "COUT_MAX": 32, "FIFO_DEPTH": 32,
}  # fmt: skip
SMALL: Final[Mapping[str, Value]] = {"PIN": 1, "POUT": 1, **_SHALLOW}
"""A small accelerator, for place and route."""
SEEDS: Final = 3
"""Placement seeds of the bench: one takes nextpnr seconds on a lane and minutes on the small
accelerator. By itself `make synth BOARD=ulx3s` takes more."""
COMPARED: Final[tuple[tuple[str, Mapping[str, Value]], ...]] = (
    ("plut_conv", {"PIN": 2, "POUT": 2, **_SHALLOW}),
    ("plut_conv", {"PIN": 2, "POUT": 2, **_SHALLOW, "LANE": "P2", **_HAND}),
    ("plut_conv", {"PIN": 2, "POUT": 2, **_SHALLOW, "LANE": "P3", **_HAND}),
)
"""Accelerators whose netlist runs a job in the RTL's own bench (tb/netlist)."""
