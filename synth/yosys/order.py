# SPDX-License-Identifier: Apache-2.0
"""The cells between registers in an order in which each comes after what it reads."""

from __future__ import annotations

from dataclasses import dataclass

from synth.errors import SynthError
from synth.yosys.carry import Chain, chains
from synth.yosys.netlist import LUTRAM_SITES, Cell, Netlist, is_lut

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
        elif is_lut(cell) or cell.type in LUTRAM_SITES \
                or cell.type.startswith(("MUXF", "LUT6_2", "INV")) \
                or (dsp and cell.type == "DSP48E2"):  # fmt: skip
            node_of[number] = number
    needs: dict[int, int] = dict.fromkeys(node_of.values(), 0)
    feeds: dict[int, list[int]] = {node: [] for node in needs}
    for number, node in node_of.items():
        cell = netlist.cells[number]
        for port, _, bit in cell.inputs:
            driver = netlist.driver.get(bit)
            if driver is None or driver[0] not in node_of or not passes(cell, port):
                continue
            above = node_of[driver[0]]
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
