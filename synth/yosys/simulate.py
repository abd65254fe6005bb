# SPDX-License-Identifier: Apache-2.0
"""Runs a mapped netlist cycle by cycle on many independent input streams at once, with numpy.

Settled values only: each net has one value a cycle, so glitches do not exist here. Every net is a
row of 64-bit words, one bit for each stream (words.py); cells of one kind and level are worked on
together.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from synth.errors import SynthError
from synth.yosys import dsp
from synth.yosys.carry import Chain
from synth.yosys.memories import Column, columns
from synth.yosys.netlist import FLIP_FLOPS, LUTRAM_SITES, Bit, Netlist
from synth.yosys.order import order
from synth.yosys.steps import SIZES, Chains, Luts, Memories, Products, Rows, Step, functions
from synth.yosys.words import Bytes, Words, chosen, mux, one_hot, packed, signed, spread, unpacked

_NO_MODEL = ("RAMB36E2", "RAMB18E2", "URAM288", "FDCE", "FDPE")


class Simulator:
    """A netlist made ready. Raises SynthError for cells without a model here (block RAM)."""

    def __init__(self, netlist: Netlist) -> None:
        self.netlist = netlist
        # Row 0 is constant 0, row 1 constant 1, row 2 takes what nobody reads.
        self._row: dict[Bit, int] = {"0": 0, "1": 1, "x": 0, "z": 0}
        for cell in netlist.cells:
            if cell.type in _NO_MODEL:
                raise SynthError(f"no simulation model of {cell.type} ({cell.name})")
            for name, value in cell.parameters.items():
                if name.startswith("IS_") and cell.number(name):
                    raise SynthError(f"{cell.name}: {name}={value} has no model here")
        nets = {bit for cell in netlist.cells for bits in cell.ports.values() for bit in bits}
        nets |= {bit for _, bits in netlist.ports.values() for bit in bits}
        for bit in sorted(one for one in nets if isinstance(one, int)):
            self._row[bit] = len(self._row) - 1
        self.rows = len(self._row) - 1
        self.bit_of_row = {row: bit for bit, row in self._row.items() if isinstance(bit, int)}
        self._memories: list[Memories] = []
        self._steps = list(self._plan())
        registers = [cell for cell in netlist.cells if cell.type in FLIP_FLOPS]
        self._d = self._of(cell.one("D") for cell in registers)
        self._ce = self._of(cell.one("CE") for cell in registers)
        self._r = self._of(cell.one("S" if cell.type == "FDSE" else "R") for cell in registers)
        self._q = self._of(cell.one("Q") for cell in registers)
        self._to, self._init = (
            spread(np.array(bits, bool).reshape(-1, 1)) for bits in (
                [cell.type == "FDSE" for cell in registers],
                [cell.number("INIT") for cell in registers]))  # fmt: skip

    def _of(self, bits: Any) -> Rows:
        return np.array([self._row[bit] for bit in bits], np.int64)

    def _outs(self, bits: Any) -> Rows:
        """Rows to write; an open output goes to row 2, which nobody reads."""
        return np.array([self._row[bit] if isinstance(bit, int) else 2 for bit in bits], np.int64)

    def _plan(self) -> Iterator[Step]:
        found = order(self.netlist, dsp=True)
        levels: dict[int, list[int]] = {}
        for node in found.nodes:
            levels.setdefault(found.levels[node], []).append(node)
        for level in sorted(levels):
            luts: dict[int, list[tuple[tuple[Bit, ...], int, Bit]]] = {}
            longs: list[Chain] = []
            stores: dict[tuple[int, int, bool], list[Column]] = {}
            slices = []
            for node in levels[level]:
                cell = self.netlist.cells[node]
                if node in found.chain_of:
                    chain = found.chain_of[node]
                    if chain.s:
                        longs.append(chain)
                elif cell.type in LUTRAM_SITES:
                    for column in columns(cell):
                        kind = len(column.read), len(column.write), column.shift
                        stores.setdefault(kind, []).append(column)
                elif cell.type == "DSP48E2":
                    slices.append(dsp.product(cell))
                else:
                    for inputs, table, out in functions(cell):
                        luts.setdefault(SIZES[len(inputs)], []).append((inputs, table, out))
            for size, some in luts.items():
                yield self._luts(size, some)
            if longs:
                filled = ("x",) * max(len(one.s) for one in longs)
                long = len(filled)
                yield Chains(
                    np.stack([self._of((one.s + filled)[:long]) for one in longs], 1),
                    np.stack([self._of((one.di + filled)[:long]) for one in longs], 1),
                    np.stack([self._outs((one.o + filled)[:long]) for one in longs], 1),
                    np.stack([self._outs((one.co + filled)[:long]) for one in longs], 1),
                    self._of(one.carry_in for one in longs),
                )
            if slices:
                yield Products(
                    np.stack([self._of(a) for a, _, _ in slices]),
                    np.stack([self._of(b) for _, b, _ in slices]),
                    np.stack([self._outs(p + ("x",) * (dsp.P_BITS - len(p)))
                              for _, _, p in slices]),
                )  # fmt: skip
            for kept in stores.values():
                yield len(self._memories), self._store(kept)

    def _luts(self, size: int, some: list[tuple[tuple[Bit, ...], int, Bit]]) -> Luts:
        """Functions of at most `size` inputs; where one has fewer, the others are constant 0."""
        table = spread([[init >> i & 1 if i < 1 << len(inputs) else 0 for inputs, init, _ in some]
                        for i in range(1 << size)])[:, :, None]  # fmt: skip
        return Luts(
            np.stack([self._of((*inputs, *("0",) * (size - len(inputs))))
                      for inputs, _, _ in some], 1),
            table[0::2], table[0::2] ^ table[1::2], self._outs(out for _, _, out in some),
        )  # fmt: skip

    def _store(self, kept: list[Column]) -> Memories:
        words = 1 << len(kept[0].read)
        made = Memories(
            np.stack([self._of(one.read) for one in kept], 1),
            np.stack([self._of(one.write) for one in kept], 1),
            self._of(one.data for one in kept), self._of(one.enable for one in kept),
            self._outs(one.out for one in kept),
            spread([[one.initial >> i & 1 for one in kept] for i in range(words)])[:, :, None],
            kept[0].shift,
        )  # fmt: skip
        self._memories.append(made)
        return made

    def run(self, inputs: Mapping[str, Bytes], count_from: int = 0, early_until: int = 0) -> Run:
        """Clock the netlist once a cycle.

        inputs: port -> bits (cycles, width, streams), 0 or 1, applied before the clock edge.
        Toggles of each net are counted over the cycles from `count_from` on, and apart from them
        over those before `early_until`.
        """
        first = next(iter(inputs.values()))
        cycles, streams = first.shape[0], first.shape[2]
        mask = packed(np.ones(streams, np.uint8))
        value = np.zeros((self.rows, len(mask)), np.uint64)
        value[1] = mask
        memory = [np.repeat(one.initial, len(mask), axis=2) for one in self._memories]
        ports = [(self._of(bits), packed(inputs[name]))
                 for name, (way, bits) in self.netlist.ports.items()
                 if way == "input" and name in inputs]  # fmt: skip
        outs = {name: self._of(bits) for name, (way, bits) in self.netlist.ports.items()
                if way == "output"}  # fmt: skip
        seen = {name: np.zeros((cycles, len(rows), len(mask)), np.uint64)
                for name, rows in outs.items()}  # fmt: skip
        toggles, early = np.zeros((2, self.rows), np.int64)
        before = value.copy()
        state = np.repeat(self._init, len(mask), axis=1)
        for cycle in range(cycles):
            value[self._q] = state
            for rows, given in ports:
                value[rows] = given[cycle]
            self._settle(value, memory)
            if cycle and (cycle >= count_from or cycle < early_until):
                into = toggles if cycle >= count_from else early
                into += np.bitwise_count((value ^ before) & mask).sum(axis=1, dtype=np.int64)
            np.copyto(before, value)
            for name, rows in outs.items():
                seen[name][cycle] = value[rows]
            state = self._clock(value, memory)
        return Run({name: unpacked(words, streams) for name, words in seen.items()}, toggles,
                   (cycles - max(count_from, 1)) * streams,
                   early, max(early_until - 1, 0) * streams)  # fmt: skip

    def _settle(self, value: Words, memory: list[Words]) -> None:
        for step in self._steps:
            if isinstance(step, Luts):
                given = value[step.inputs]
                value[step.out] = chosen(step.low ^ (step.differ & given[0]), given[1:])
            elif isinstance(step, Chains):
                carry, s, di = value[step.carry_in], value[step.s], value[step.di]
                co = np.empty_like(s)
                for i in range(len(s)):
                    co[i] = mux(di[i], carry if i == 0 else co[i - 1], s[i])
                value[step.o] = s ^ np.concatenate([carry[None], co[:-1]])
                value[step.co] = co
            elif isinstance(step, Products):
                streams = 64 * value.shape[1]
                sums = signed(unpacked(value[step.a], streams)) \
                    * signed(unpacked(value[step.b], streams))  # fmt: skip
                bits = (sums[:, None] >> np.arange(dsp.P_BITS)[:, None]) & 1
                value[step.p] = packed(bits.astype(np.uint8))
            else:
                number, kept = step
                value[kept.out] = chosen(memory[number], value[kept.read])

    def _clock(self, value: Words, memory: list[Words]) -> Words:
        """The flip-flops' next state; memories are written in place."""
        state = mux(value[self._q], value[self._d], value[self._ce])
        state = mux(state, self._to, value[self._r])
        for kept, words in zip(self._memories, memory, strict=True):
            at = np.flatnonzero(value[kept.enable].any(axis=1))
            if not len(at):
                continue
            enable, data, old = value[kept.enable[at]], value[kept.data[at]], words[:, at]
            if kept.shift:
                words[:, at] = mux(old, np.concatenate([data[None], old[:-1]]), enable)
            else:
                words[:, at] = mux(old, data, one_hot(value[kept.write[:, at]]) & enable)
        return state


@dataclass(frozen=True)
class Run:
    """What a run gave. outputs: port -> bits (cycles, width, streams).

    toggles: changes of each row's net. cycles: over how many stream cycles they were counted.
    early_toggles, early_cycles: the same of the cycles before `early_until`.
    """

    outputs: Mapping[str, Bytes]
    toggles: npt.NDArray[np.int64]
    cycles: int
    early_toggles: npt.NDArray[np.int64]
    early_cycles: int


def to_bits(words: npt.NDArray[Any], width: int) -> Bytes:
    """(cycles, N, streams) words of `width` bits -> (cycles, N * width, streams), LSB first."""
    bits = (words[:, :, None, :] >> np.arange(width)[None, None, :, None]) & 1
    return np.asarray(bits.reshape(words.shape[0], -1, words.shape[2]), np.uint8)


def from_bits(bits: Bytes, signed: bool = True) -> npt.NDArray[np.int64]:
    """(cycles, width, streams) bits -> (cycles, streams) numbers; at most 63 bits."""
    width = bits.shape[1]
    weights = np.left_shift(np.int64(1), np.arange(width, dtype=np.int64))
    if signed:
        weights[-1] = -weights[-1]
    return np.asarray(np.einsum("cws,w->cs", bits.astype(np.int64), weights))
