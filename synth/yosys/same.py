# SPDX-License-Identifier: Apache-2.0
"""Compares a netlist with its changes (synth/yosys/copies.py) with the one that was mapped.

    python -m synth.yosys.same plut_conv LANE=P2 TREE=3 MAP=xcup PIN=8 POUT=8

Changes stay between registers, so both netlists are cut there: what flip-flops and memories put out
is random, the same in both and for a copy the same as for its original; then every input of every
flip-flop and memory and every output port must be equal, bit by bit. A copy's inputs are compared
with its original's: equal next states, so copies stay equal for ever. That needs no model of block
RAM, so it runs on accelerators of any size.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping, Sequence
from typing import Final

import numpy as np

from golden.errors import PlutarchError
from synth.design import design
from synth.errors import SynthError
from synth.yosys import copies, netlist
from synth.yosys.graph import CLOCK_PINS
from synth.yosys.netlist import Bit, Cell, Netlist, is_lut
from synth.yosys.simulate import Simulator

_STREAMS: Final = 64
_ROUNDS: Final = 16  # cycles of random values, 64 streams each
Pin = tuple[str, str, int]
"""A cell, or "" for the module's own ports; the port; the bit."""


def _between(cell: Cell) -> bool:
    """Whether a cell has no state."""
    return is_lut(cell) or cell.type in ("LUT6_2", "INV") or cell.type.startswith(("MUXF", "CARRY"))


def _cut(found: Netlist, original: Mapping[str, str]) -> tuple[Netlist, list[Pin], list[Pin]]:
    """(the cells between registers, what comes in, what goes out), pins named by originals."""
    out: list[tuple[Pin, Bit]] = []
    given: list[tuple[Pin, Bit]] = []
    for name, (way, bits) in found.ports.items():
        pins = [(("", name, i), bit) for i, bit in enumerate(bits)]
        given += pins if way == "input" else []
        out += pins if way == "output" else []
    for cell in found.cells:
        if not _between(cell):
            name = original.get(cell.name, cell.name)
            given += [((name, port, i), bit) for port, i, bit in cell.driven]
            out += [((name, port, i), bit) for port, i, bit in cell.inputs
                    if port not in CLOCK_PINS]  # fmt: skip
    given = [(pin, bit) for pin, bit in given if isinstance(bit, int)]
    ports = {"state": ("input", tuple(bit for _, bit in given)),
             "next": ("output", tuple(bit for _, bit in out))}  # fmt: skip
    cells = tuple(cell for cell in found.cells if _between(cell))
    return Netlist(found.name, ports, cells), [pin for pin, _ in given], [pin for pin, _ in out]


def differences(before: Netlist, after: Netlist, original: Mapping[str, str], seed: int = 1
                ) -> tuple[int, Iterator[Pin]]:  # fmt: skip
    """(bits compared, pins that differ) of two netlists.

    original: name of a copy in `after` -> name of its original. SynthError if a flip-flop, memory
    or port of one has no partner in the other.
    """
    one, ins, outs = _cut(before, {})
    other, more, others = _cut(after, original)
    if set(ins) != set(more) or set(outs) != set(others):
        alone = next(iter({*ins, *outs} ^ {*more, *others}))
        raise SynthError(f"{before.name}: {alone} is in one netlist only")
    rng = np.random.default_rng(seed)
    state = rng.integers(0, 2, (_ROUNDS, len(ins), _STREAMS)).astype(np.uint8)
    at = {pin: i for i, pin in enumerate(ins)}
    seen = Simulator(one).run({"state": state}).outputs["next"]
    got = Simulator(other).run({"state": state[:, [at[pin] for pin in more]]}).outputs["next"]
    place = {pin: i for i, pin in enumerate(outs)}
    wrong = (seen[:, [place[pin] for pin in others]] != got).any(axis=(0, 2))
    return got.size, (pin for pin, bad in zip(others, wrong.tolist(), strict=True) if bad)


def main(words: Sequence[str] | None = None) -> int:
    """Run as a program; 0 when both are the same, 1 when not, 2 for what cannot be compared."""
    given = list(sys.argv[1:] if words is None else words)
    if not given or any("=" not in word for word in given[1:]) or "=" in given[0]:
        print(__doc__)
        return 2
    try:
        wanted = design(given[0], dict(word.split("=", 1) for word in given[1:]))
        mapped = copies.synthesise(wanted)
        if not isinstance(mapped, copies.Copied):
            print(f"{wanted.top} {wanted.words}: nothing was changed")
            return 0
        before, after = (netlist.from_json(one.raw(), wanted.top) for one in (mapped.of, mapped))
        compared, wrong = differences(before, after, dict(mapped.copies.cells))
    except PlutarchError as error:
        print(f"error: {error}")
        return 2
    bad = [f"{cell or 'port'}.{port}[{i}]" for cell, port, i in wrong]
    print(f"{'FAIL' if bad else 'PASS'} {wanted.top} {wanted.words}: {len(mapped.rewrites.luts)} "
          f"LUTs rewritten, {len(mapped.copies.cells)} copies, {compared:,} bits compared, "
          f"{len(bad)} pins differ {' '.join(bad[:3])}")  # fmt: skip
    return 1 if bad else 0


if __name__ == "__main__":
    raise SystemExit(main())
