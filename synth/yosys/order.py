# SPDX-License-Identifier: Apache-2.0
"""The cells between registers in an order in which each comes after what it reads."""

from __future__ import annotations

import functools
from dataclasses import dataclass

from synth.errors import SynthError
from synth.yosys.carry import Chain, chains
from synth.yosys.netlist import LUTRAM_SITES, Cell, Netlist

SHIFT_REGISTERS = ("SRL16E", "SRLC32E")


@dataclass(frozen=True)
class Order:
    """nodes: cell numbers, a chain's lowest cell for the whole chain. levels: node -> 0, 1, ...

    chain_of: cell number of a carry cell -> its chain.
    """

    nodes: tuple[int, ...]
    levels: dict[int, int]
    chain_of: dict[int, Chain]


def passes(cell: Cell, port: str) -> bool:
    """Whether an input reaches an output without a clock: of a memory, the read addresses.

    In RAM32M16 and its like one address both writes and reads; it passes as well.
    """
    if cell.type in SHIFT_REGISTERS or cell.type in LUTRAM_SITES:
        return port.startswith(("A", "DPRA"))
    return True


@functools.cache
def _through(kind: str) -> bool:
    """Whether a signal passes a kind of cell without a clock, carries and DSP slices apart."""
    return kind in LUTRAM_SITES or kind.startswith(("MUXF", "LUT", "INV"))


def order(netlist: Netlist, *, dsp: bool = False) -> Order:
    """Sort a netlist. Raises SynthError that names a cell of a combinational loop.

    dsp: DSP slices are nodes too, combinational ones; without it paths end at them.
    """
    chain_of: dict[int, Chain] = {}
    for chain in chains(netlist):
        chain_of |= dict.fromkeys(chain.cells, chain)
    node_of: dict[int, int] = {}
    for number, cell in enumerate(netlist.cells):
        if number in chain_of:
            node_of[number] = chain_of[number].cells[0]
        elif _through(cell.type) or (dsp and cell.type == "DSP48E2"):
            node_of[number] = number
    needs: dict[int, int] = dict.fromkeys(node_of.values(), 0)
    feeds: dict[int, list[int]] = {node: [] for node in needs}
    makes = {bit: node_of[number] for bit, (number, _, _) in netlist.driver.items()
             if number in node_of}  # fmt: skip
    for number, node in node_of.items():
        cell = netlist.cells[number]
        for port, bits in cell.read:
            if not passes(cell, port):
                continue
            for bit in bits:
                above = makes.get(bit, node)
                if above != node:
                    needs[node] += 1
                    feeds[above].append(node)
    levels = dict.fromkeys(needs, 0)
    ready = [node for node, count in needs.items() if count == 0]
    done = []
    while ready:
        node = ready.pop()
        done.append(node)
        for other in feeds[node]:
            needs[other] -= 1
            levels[other] = max(levels[other], levels[node] + 1)
            if needs[other] == 0:
                ready.append(other)
    if len(done) != len(needs):
        stuck = next(node for node, count in needs.items() if count)
        raise SynthError(f"{netlist.name}: combinational loop through {netlist.cells[stuck].name}")
    return Order(tuple(done), levels, chain_of)
