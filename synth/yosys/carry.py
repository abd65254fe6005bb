# SPDX-License-Identifier: Apache-2.0
"""Carry chains: Yosys writes CARRY4 even for UltraScale+, whose CARRY8 has eight bits."""

from __future__ import annotations

from dataclasses import dataclass

from synth.yosys.netlist import Bit, Netlist

_WIDTH = {"CARRY4": 4, "CARRY8": 8}


@dataclass(frozen=True)
class Chain:
    """One chain, all its bits up to the last one that anybody reads.

    cells: the netlist's cell numbers from low to high. s, di, o, co: the nets of each bit.
    carry_in: the net or constant that enters at the bottom.
    """

    cells: tuple[int, ...]
    s: tuple[Bit, ...]
    di: tuple[Bit, ...]
    o: tuple[Bit, ...]
    co: tuple[Bit, ...]
    carry_in: Bit

    @property
    def carry8(self) -> int:
        """CARRY8 cells the chain fills."""
        return -(-len(self.s) // 8)


def chains(netlist: Netlist) -> list[Chain]:
    """Every chain of the netlist, in the order of its lowest cell."""
    after: dict[int, int] = {}
    joined: set[int] = set()
    for number, cell in enumerate(netlist.cells):
        if cell.type not in _WIDTH:
            continue
        driver = netlist.driver.get(cell.one("CI"))
        if driver is None:
            continue
        below, port, index = driver
        if port == "CO" and index == _WIDTH[netlist.cells[below].type] - 1 and below not in after:
            after[below] = number
            joined.add(number)
    found = []
    for number, cell in enumerate(netlist.cells):
        if cell.type in _WIDTH and number not in joined:
            members = [number]
            while members[-1] in after:
                members.append(after[members[-1]])
            found.append(_chain(netlist, members))
    return found


def _chain(netlist: Netlist, members: list[int]) -> Chain:
    s: list[Bit] = []
    di: list[Bit] = []
    o: list[Bit] = []
    co: list[Bit] = []
    for number in members:
        cell = netlist.cells[number]
        width = _WIDTH[cell.type]
        for port, where in (("S", s), ("DI", di), ("O", o), ("CO", co)):
            bits = cell.ports.get(port, ())
            where.extend([*bits, *("x" for _ in range(width - len(bits)))])
    own, loads = set(members), netlist.loads

    def taken(bit: Bit) -> bool:
        """Whether anybody but the chain itself reads it."""
        return any(number not in own or port != "CI" for number, port, _ in loads.get(bit, ()))

    read = [i for i in range(len(s)) if taken(o[i]) or taken(co[i])]
    used = read[-1] + 1 if read else 0
    first = netlist.cells[members[0]]
    carry_in = first.one("CI")
    if first.type == "CARRY4" and carry_in in ("0", "x", "z"):
        carry_in = first.one("CYINIT")
    return Chain(tuple(members), tuple(s[:used]), tuple(di[:used]), tuple(o[:used]),
                 tuple(co[:used]), carry_in)  # fmt: skip


def carry_in_sites(netlist: Netlist, chain: Chain) -> int:
    """1 when a carry-in that is a signal costs the chain one more bit, else 0.

    The carry-in enters on the AX pin. Bit 0's DI wants the same pin, unless it is constant or the
    O5 half of bit 0's own LUT can deliver it: then that LUT and the DI net together read at most
    five nets (UG574: DI comes from O5 or from the bypass pin).
    """
    if not isinstance(chain.carry_in, int) or not chain.s or not isinstance(chain.di[0], int):
        return 0
    driver = netlist.driver.get(chain.s[0])
    if driver is None:
        return 0 if chain.s[0] == chain.di[0] else 1
    cell = netlist.cells[driver[0]]
    if cell.type == "LUT6_2":
        return 0 if netlist.driver.get(chain.di[0], (-1,))[0] == driver[0] else 1
    nets = {bit for _, _, bit in cell.inputs if isinstance(bit, int)} | {chain.di[0]}
    return 0 if len(nets) <= 5 else 1
