# SPDX-License-Identifier: Apache-2.0
"""LUT sites that a netlist would fill: two LUT cells share one when they read at most five nets.

Rules (docs/synth.md): a LUT that drives a carry bit keeps its site to itself; a LUT6_2 is one site;
of the other LUT cells as many pairs as possible share one. A carry bit without a LUT of its own
fills a site too, through which its signal passes, but Vivado's reports do not count those (their
LUT cells and O5/O6 rows add up without), so they are given apart. The pairs that are tried: LUTs
with a net in common (of a net with many loads, only near ones), and small LUTs without one.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from synth.yosys.carry import Chain, carry_in_sites, chains
from synth.yosys.matching import maximum_matching
from synth.yosys.netlist import BLOCK_RAM, FLIP_FLOPS, LUTRAM_SITES, Netlist, is_lut, lut_inputs

_FANOUT: Final = 40  # a net with more LUT loads than this pairs each only with its next 12
_NEAR: Final = 12


@dataclass(frozen=True)
class Counts:
    """What a netlist fills; the names are those of the records.

    lut_packed_o5: as lut_packed, but a LUT that makes the DI of a carry bit shares the site of
    the bit's own LUT where both read at most five nets (its O5 half): what a good mapper does.
    pairs: LUT cells that share a site, two by two. carry_sites: sites that carry bits keep.
    carry_through: those of them without a LUT of their own (the signal only passes), which are
    not in lut_packed.
    """

    lut_cells: int
    lut_packed: int
    lut_packed_o5: int
    carry8: int
    ff: int
    lutram: int
    bram36: float
    dsp: int
    uram: int
    muxf: int
    pairs: int
    carry_sites: int
    carry_through: int


def count(netlist: Netlist) -> Counts:
    """Count a mapped netlist."""
    found = chains(netlist)
    on_carry, through, sites = _carry_sites(netlist, found)
    luts = [i for i, cell in enumerate(netlist.cells) if is_lut(cell)]
    free = [i for i in luts if i not in on_carry]
    pairs = _pairs([lut_inputs(netlist.cells[i]) for i in free])
    tucked = _beside_carry(netlist, found, on_carry)
    left = [i for i in free if i not in tucked]
    fewer = _pairs([lut_inputs(netlist.cells[i]) for i in left]) if tucked else pairs
    doubles = [i for i, cell in enumerate(netlist.cells) if cell.type == "LUT6_2"]
    alone = sum(i not in on_carry for i in doubles)
    kinds = [cell.type for cell in netlist.cells]
    return Counts(
        lut_cells=len(luts) + sum(_outputs(netlist, i) for i in doubles),
        lut_packed=sites - through + len(free) - pairs + alone,
        lut_packed_o5=sites - through + len(left) - fewer + alone,
        carry8=sum(chain.carry8 for chain in found),
        ff=sum(kind in FLIP_FLOPS for kind in kinds),
        lutram=sum(LUTRAM_SITES.get(kind, 0) for kind in kinds),
        bram36=sum(BLOCK_RAM.get(kind, 0.0) for kind in kinds),
        dsp=kinds.count("DSP48E2"),
        uram=kinds.count("URAM288"),
        muxf=sum(kind.startswith("MUXF") for kind in kinds),
        pairs=pairs, carry_sites=sites, carry_through=through,
    )  # fmt: skip


def _outputs(netlist: Netlist, number: int) -> int:
    """How many halves of a LUT6_2 are used."""
    return sum(bool(netlist.loads.get(bit)) for _, _, bit in netlist.cells[number].driven)


def _carry_sites(netlist: Netlist, found: list[Chain]) -> tuple[set[int], int, int]:
    """(LUT cells that sit on a carry bit, bits without one, sites the chains keep)."""
    on_carry: set[int] = set()
    through = sites = 0
    for chain in found:
        extra = carry_in_sites(netlist, chain)
        through += extra
        sites += extra + len(chain.s)
        for bit in chain.s:
            driver = netlist.driver.get(bit)
            kind = netlist.cells[driver[0]] if driver else None
            # A LUT can sit on one carry bit only; on a second one its signal passes a site.
            if driver and kind and (is_lut(kind) or kind.type == "LUT6_2") \
                    and driver[0] not in on_carry:  # fmt: skip
                on_carry.add(driver[0])
            else:
                through += 1
    return on_carry, through, sites


def _beside_carry(netlist: Netlist, found: list[Chain], on_carry: set[int]) -> set[int]:
    """LUT cells that fit in the O5 half of the carry bit whose DI they make."""
    tucked: set[int] = set()
    for chain in found:
        for s, di in zip(chain.s, chain.di, strict=True):
            up, low = netlist.driver.get(s), netlist.driver.get(di)
            if not up or not low or up[0] not in on_carry or low[0] in on_carry or low[0] in tucked:
                continue
            cells = netlist.cells[up[0]], netlist.cells[low[0]]
            if all(map(is_lut, cells)) and len({*lut_inputs(cells[0]), *lut_inputs(cells[1])}) <= 5:
                tucked.add(low[0])
    return tucked


def _pairs(inputs: list[tuple[int, ...]]) -> int:
    """How many pairs of these LUTs (given by the nets they read) can share a site."""
    return sum(mate != -1 for mate in maximum_matching(candidates(inputs))) // 2


def candidates(inputs: list[tuple[int, ...]]) -> list[list[int]]:
    """Adjacency lists: which LUTs are tried as partners."""
    sets = [frozenset(nets) for nets in inputs]
    edges: list[set[int]] = [set() for _ in inputs]

    def offer(members: list[int], reach: int) -> None:
        for place, one in enumerate(members):
            for other in members[place + 1 : place + 1 + reach]:
                if len(sets[one] | sets[other]) <= 5:
                    edges[one].add(other)
                    edges[other].add(one)

    readers: dict[int, list[int]] = {}
    small = []
    for number, nets in enumerate(sets):
        if len(nets) <= 5:
            for net in nets:
                readers.setdefault(net, []).append(number)
            if len(nets) <= 3:
                small.append(number)
    for members in readers.values():
        if len(members) <= _FANOUT:
            offer(members, len(members))
        else:
            offer(sorted(members, key=lambda v: (sorted(sets[v]), v)), _NEAR)
    # Unrelated small LUTs: twos with threes and twos with twos always fit.
    twos = [v for v in small if len(sets[v]) <= 2]
    threes = [v for v in small if len(sets[v]) == 3]
    offer(twos, _NEAR)
    step = max(1, len(threes) // max(1, len(twos)))
    for place, one in enumerate(twos):
        for other in (threes[place * step : place * step + _NEAR] or threes[:_NEAR]):
            edges[one].add(other)
            edges[other].add(one)
    return [sorted(one) for one in edges]
