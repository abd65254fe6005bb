# SPDX-License-Identifier: Apache-2.0
"""Runs a mapped netlist cycle by cycle on many independent input streams at once, with numpy.

Settled values only: each net has one value a cycle, so glitches do not exist here. Every net is a
row of bytes, one for each stream; cells of one kind and level are worked on together.
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
from synth.yosys.netlist import FLIP_FLOPS, LUTRAM_SITES, Bit, Cell, Netlist, is_lut
from synth.yosys.order import order

Bytes = npt.NDArray[np.uint8]
Rows = npt.NDArray[np.int64]
_NO_MODEL = ("RAMB36E2", "RAMB18E2", "URAM288", "FDCE", "FDPE")


@dataclass(frozen=True)
class _Luts:
    inputs: Rows  # (cells, k)
    table: Bytes  # (cells, 2^k)
    out: Rows  # (cells,)


@dataclass(frozen=True)
class _Chains:
    s: Rows  # (chains, bits)
    di: Rows
    o: Rows
    co: Rows
    carry_in: Rows  # (chains,)


@dataclass(frozen=True)
class _Memories:
    read: Rows  # (columns, address bits)
    write: Rows
    data: Rows  # (columns,)
    enable: Rows
    out: Rows
    initial: Bytes  # (columns, words)
    shift: bool


@dataclass(frozen=True)
class _Products:
    a: Rows  # (cells, 27)
    b: Rows  # (cells, 18)
    p: Rows  # (cells, 48)


_Step = _Luts | _Chains | _Products | tuple[int, _Memories]


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
        self._memories: list[_Memories] = []
        self._steps = list(self._plan())
        registers = [cell for cell in netlist.cells if cell.type in FLIP_FLOPS]
        self._d = self._of(cell.one("D") for cell in registers)
        self._ce = self._of(cell.one("CE") for cell in registers)
        self._r = self._of(cell.one("S" if cell.type == "FDSE" else "R") for cell in registers)
        self._q = self._of(cell.one("Q") for cell in registers)
        column = -1, 1  # without registers too
        self._to = np.array([cell.type == "FDSE" for cell in registers], np.uint8).reshape(column)
        self._init = np.array([cell.number("INIT") for cell in registers],
                              np.uint8).reshape(column)  # fmt: skip

    def _of(self, bits: Any) -> Rows:
        return np.array([self._row[bit] for bit in bits], np.int64)

    def _outs(self, bits: Any) -> Rows:
        """Rows to write; an open output goes to row 2, which nobody reads."""
        return np.array([self._row[bit] if isinstance(bit, int) else 2 for bit in bits], np.int64)

    def _plan(self) -> Iterator[_Step]:
        found = order(self.netlist, dsp=True)
        levels: dict[int, list[int]] = {}
        for node in found.nodes:
            levels.setdefault(found.levels[node], []).append(node)
        for level in sorted(levels):
            luts: dict[int, list[tuple[tuple[Bit, ...], int, Bit]]] = {}
            longs: dict[int, list[Chain]] = {}
            stores: dict[tuple[int, int, bool], list[Column]] = {}
            slices = []
            for node in levels[level]:
                cell = self.netlist.cells[node]
                if node in found.chain_of:
                    chain = found.chain_of[node]
                    longs.setdefault(len(chain.s), []).append(chain)
                elif cell.type in LUTRAM_SITES:
                    for column in columns(cell):
                        kind = len(column.read), len(column.write), column.shift
                        stores.setdefault(kind, []).append(column)
                elif cell.type == "DSP48E2":
                    slices.append(dsp.product(cell))
                else:
                    for inputs, table, out in _functions(cell):
                        luts.setdefault(len(inputs), []).append((inputs, table, out))
            for size, some in luts.items():
                yield _Luts(
                    np.array([[self._row[bit] for bit in one] for one, _, _ in some], np.int64),
                    np.array([[(init >> i) & 1 for i in range(1 << size)] for _, init, _ in some],
                             np.uint8),
                    self._outs(out for _, _, out in some),
                )  # fmt: skip
            for some_chains in longs.values():
                yield _Chains(
                    np.stack([self._of(one.s) for one in some_chains]),
                    np.stack([self._of(one.di) for one in some_chains]),
                    np.stack([self._outs(one.o) for one in some_chains]),
                    np.stack([self._outs(one.co) for one in some_chains]),
                    self._of(one.carry_in for one in some_chains),
                )
            if slices:
                yield _Products(
                    np.stack([self._of(a) for a, _, _ in slices]),
                    np.stack([self._of(b) for _, b, _ in slices]),
                    np.stack([self._outs(p + ("x",) * (dsp.P_BITS - len(p)))
                              for _, _, p in slices]),
                )  # fmt: skip
            for kept in stores.values():
                yield len(self._memories), self._store(kept)

    def _store(self, kept: list[Column]) -> _Memories:
        words = 1 << len(kept[0].read)
        made = _Memories(
            np.stack([self._of(one.read) for one in kept]),
            np.stack([self._of(one.write) for one in kept]),
            self._of(one.data for one in kept), self._of(one.enable for one in kept),
            self._outs(one.out for one in kept),
            np.array([[(one.initial >> i) & 1 for i in range(words)] for one in kept], np.uint8),
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
        value = np.zeros((self.rows, streams), np.uint8)
        value[1] = 1
        memory = [np.repeat(one.initial[:, :, None], streams, axis=2) for one in self._memories]
        ports = {name: self._of(bits) for name, (way, bits) in self.netlist.ports.items()
                 if way == "input" and name in inputs}  # fmt: skip
        outs = {name: self._of(bits) for name, (way, bits) in self.netlist.ports.items()
                if way == "output"}  # fmt: skip
        seen = {name: np.zeros((cycles, len(rows), streams), np.uint8)
                for name, rows in outs.items()}  # fmt: skip
        toggles, early = np.zeros((2, self.rows), np.int64)
        before = value.copy()
        state = np.repeat(self._init, streams, axis=1)
        for cycle in range(cycles):
            value[self._q] = state
            for name, rows in ports.items():
                value[rows] = inputs[name][cycle]
            self._settle(value, memory)
            if cycle and (cycle >= count_from or cycle < early_until):
                into = toggles if cycle >= count_from else early
                into += (value != before).sum(axis=1)
            np.copyto(before, value)
            for name, rows in outs.items():
                seen[name][cycle] = value[rows]
            state = self._clock(value, memory)
        return Run(seen, toggles, (cycles - max(count_from, 1)) * streams,
                   early, max(early_until - 1, 0) * streams)  # fmt: skip

    def _settle(self, value: Bytes, memory: list[Bytes]) -> None:
        for step in self._steps:
            if isinstance(step, _Luts):
                index = np.zeros((len(step.out), value.shape[1]), np.uint8)
                for i in range(step.inputs.shape[1]):
                    index |= value[step.inputs[:, i]] << np.uint8(i)
                value[step.out] = np.take_along_axis(step.table, index.astype(np.intp), axis=1)
            elif isinstance(step, _Chains):
                carry = value[step.carry_in]
                for i in range(step.s.shape[1]):
                    s = value[step.s[:, i]]
                    value[step.o[:, i]] = s ^ carry
                    carry = np.where(s, carry, value[step.di[:, i]])
                    value[step.co[:, i]] = carry
            elif isinstance(step, _Products):
                sums = _signed(value, step.a) * _signed(value, step.b)
                for i in range(dsp.P_BITS):
                    value[step.p[:, i]] = (sums >> i) & 1
            else:
                number, kept = step
                place = _address(value, kept.read)[:, None]
                value[kept.out] = np.take_along_axis(memory[number], place, axis=1)[:, 0]

    def _clock(self, value: Bytes, memory: list[Bytes]) -> Bytes:
        """The flip-flops' next state; memories are written in place."""
        state = np.where(value[self._ce], value[self._d], value[self._q])
        state = np.where(value[self._r], self._to, state)
        for kept, words in zip(self._memories, memory, strict=True):
            enable, data = value[kept.enable].astype(bool), value[kept.data]
            if not enable.any():
                continue
            if kept.shift:
                moved = np.concatenate([data[:, None], words[:, :-1]], axis=1)
                np.copyto(words, moved, where=enable[:, None])
            else:
                place = _address(value, kept.write)[:, None]
                old = np.take_along_axis(words, place, axis=1)
                new = np.where(enable[:, None], data[:, None], old)
                np.put_along_axis(words, place, new, axis=1)
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


def _address(value: Bytes, rows: Rows) -> npt.NDArray[np.intp]:
    place = np.zeros((rows.shape[0], value.shape[1]), np.intp)
    for i in range(rows.shape[1]):
        place |= value[rows[:, i]].astype(np.intp) << i
    return place


def _signed(value: Bytes, rows: Rows) -> npt.NDArray[np.int64]:
    """Numbers in two's complement, (cells, streams)."""
    top = rows.shape[1] - 1
    found: npt.NDArray[np.int64] = -(value[rows[:, top]].astype(np.int64) << top)
    for i in range(top):
        found |= value[rows[:, i]].astype(np.int64) << i
    return found


def _functions(cell: Cell) -> Iterator[tuple[tuple[Bit, ...], int, Bit]]:
    """(inputs LSB first, truth table, output) of a cell without memory."""
    if is_lut(cell):
        size = int(cell.type[3])
        yield tuple(cell.one(f"I{i}") for i in range(size)), cell.number("INIT"), cell.one("O")
    elif cell.type == "LUT6_2":
        six = tuple(cell.one(f"I{i}") for i in range(6))
        init = cell.number("INIT")
        yield six, init, cell.one("O6")
        yield six[:5], init & 0xFFFFFFFF, cell.one("O5")
    elif cell.type == "INV":
        yield (cell.one("I"),), 1, cell.one("O")
    elif cell.type.startswith("MUXF"):
        yield (cell.one("I0"), cell.one("I1"), cell.one("S")), 0b11001010, cell.one("O")
    else:
        raise SynthError(f"no simulation model of {cell.type} ({cell.name})")


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
