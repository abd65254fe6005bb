# SPDX-License-Identifier: Apache-2.0
"""A netlist as a timing graph: nets, the inputs that read them, arcs from an input to a net.

Made once from the cells; `synth/yosys/slack.py` computes on its arrays. The delay of a net is not
in it, it follows from how many inputs read the net: an input can be moved to another net.
"""

from __future__ import annotations

import functools
from collections.abc import Iterator
from typing import Final

from synth.yosys.carry import Chain
from synth.yosys.delays import Delays
from synth.yosys.netlist import BLOCK_RAM, FLIP_FLOPS, LUTRAM_SITES, Bit, Cell, Netlist, is_lut
from synth.yosys.order import SHIFT_REGISTERS, order, passes

CLOCK_PINS: Final = ("C", "CLK", "WCLK", "CLKARDCLK", "CLKBWRCLK", "CLKA", "CLKB")
ROUTED: Final = 0
SLICE: Final = 1
"""Inside the slice: a LUT to its carry bit or wide multiplexer."""
FREE: Final = 2
"""No wire: into an inverter, which what it feeds absorbs, and up inside a chain."""
BESIDE: Final = 3
"""D of a flip-flop behind logic: inside the slice if it is the only such load of its net."""


class Graph:
    """Lists by number: of nets (`net_...`), inputs (`pin_...`), arcs, path starts and ends.

    A few nets more than the netlist has stand for the carry into each CARRY8 of a chain.
    """

    def __init__(self, netlist: Netlist, delays: Delays) -> None:
        self.netlist, self.delays = netlist, delays
        self.net_of: dict[Bit, int] = {}
        self.net_bit: list[Bit | None] = []
        self.net_level: list[int] = []
        self.pin_net: list[int] = []
        self.pin_kind: list[int] = []
        self.pin_at: list[tuple[int, str, int]] = []  # cell (-1: a port), port, index
        self.arc_pin: list[int] = []
        self.arc_net: list[int] = []
        self.arc_ns: list[float] = []
        self.start_net: list[int] = []
        self.start_ns: list[float] = []
        self.end_pin: list[int] = []
        self.end_ns: list[float] = []
        self.unclocked: list[int] = []  # pins at which a path ends without a check
        self.not_timed = 0  # ends at cells without a table entry
        self.pins_of: list[list[int]] = []
        self._along = {name: [delays.along(name, i) for i in range(8)] for name in delays.span}
        self._fill()

    def _net(self, bit: Bit) -> int:
        found = self.net_of.get(bit)
        return self._new_net(bit, 0) if found is None else found

    def _new_net(self, bit: Bit | None, level: int) -> int:
        number = len(self.net_bit)
        if bit is not None:
            self.net_of[bit] = number
        self.net_bit.append(bit)
        self.net_level.append(level)
        return number

    def _pin(self, net: int, kind: int, at: tuple[int, str, int]) -> int:
        self.pin_net.append(net)
        self.pin_kind.append(kind)
        self.pin_at.append(at)
        return len(self.pin_at) - 1

    def _arc(self, pin: int, net: int, ns: float, level: int) -> None:
        self.arc_pin.append(pin)
        self.arc_net.append(net)
        self.arc_ns.append(ns)
        self.net_level[net] = level

    def _fill(self) -> None:
        cells = self.netlist.cells
        logic = {bit for bit, (number, _, _) in self.netlist.driver.items()
                 if _is_logic(cells[number].type)}  # fmt: skip
        for number, cell in enumerate(cells):
            own = []
            for port, bits in cell.read:
                behind, other = _kinds(cell.type, port)
                for i, bit in enumerate(bits):
                    if isinstance(bit, int):
                        kind = behind if bit in logic else other
                        own.append(self._pin(self._net(bit), kind, (number, port, i)))
            self.pins_of.append(own)
            self._clocked(cell, own)
        for name, (direction, bits) in self.netlist.ports.items():
            for i, bit in enumerate(bits):
                if isinstance(bit, int):
                    net = self._net(bit)
                    if direction == "output":
                        self._pin(net, ROUTED, (-1, name, i))
        found = order(self.netlist)
        for number in found.nodes:
            level = 2 * found.levels[number] + 2  # the odd ones are those inside chains
            if number in found.chain_of:
                self._chain(found.chain_of[number], level)
            else:
                self._through(cells[number], self.pins_of[number], level)

    def _clocked(self, cell: Cell, pins: list[int]) -> None:
        """Where paths start and end: at flip-flops and memories."""
        arcs = self.delays.arc
        kind = cell.type
        if (name := _start(kind)) is not None:
            for port, _, bit in cell.driven:
                if isinstance(bit, int) and not (kind in SHIFT_REGISTERS and port == "Q31"):
                    self.start_net.append(self._net(bit))
                    self.start_ns.append(arcs[name])
        if _setup(kind, "D") is None and kind != "DSP48E2":
            return
        for pin in pins:
            port = self.pin_at[pin][1]
            if port in CLOCK_PINS:
                continue
            setup = _setup(kind, port)
            if setup is None:
                self.not_timed += 1
            elif kind in LUTRAM_SITES and not _written(kind, port):
                self.unclocked.append(pin)
            else:
                self.end_pin.append(pin)
                self.end_ns.append(arcs[setup])

    def _through(self, cell: Cell, pins: list[int], level: int) -> None:
        """A cell without memory, or the read side of one: one delay to each output it decides."""
        name = "lutram_read" if cell.type in LUTRAM_SITES else \
            cell.type.lower() if cell.type.startswith("MUXF") else "lut"  # fmt: skip
        delay = 0.0 if cell.type == "INV" else self.delays.arc[name]
        all_pass = is_lut(cell)
        for out, _, bit in cell.driven:
            if not isinstance(bit, int):
                continue
            net = self._net(bit)
            # The halves of a LUT6_2 read different inputs: no ripple through O5.
            used = _support(cell.number("INIT"), out) if cell.type == "LUT6_2" else None
            for pin in pins:
                if all_pass or (passes(cell, port := self.pin_at[pin][1])
                                and (used is None or port in used)):  # fmt: skip
                    self._arc(pin, net, delay, level)

    def _chain(self, chain: Chain, level: int) -> None:
        """A carry chain: in at S or DI, up, out at O or CO; from CARRY8 to CARRY8 by their CO."""
        d, along, size = self.delays, self._along, len(chain.s)
        over = d.arc["carry_ci_to_co"] + d.slice_net  # one whole CARRY8
        into = [self._new_net(None, level - 1) for _ in range(0, size, 8)]
        outs = [[self._net(bit) for bit in (chain.o[i], chain.co[i]) if isinstance(bit, int)]
                for i in range(size)]  # fmt: skip
        for block, net in enumerate(into):
            up = self._pin(net, FREE, (chain.cells[0], "CI", -1))
            for i in range(8 * block, min(8 * block + 8, size)):
                for out in outs[i]:
                    self._arc(up, out, along["carry_ci_to_o"][i % 8], level)
        if (pin := self._carry_in(chain)) is not None:
            self.pin_kind[pin] = ROUTED
            for block, net in enumerate(into):
                self._arc(pin, net, block * over, level - 1)
        for i, port, pin in self._entries(chain):
            block, place = divmod(i, 8)
            own = along["carry_s_to_o" if port == "S" else "carry_s_to_co"][0]
            if port == "S" and isinstance(chain.o[i], int):
                self._arc(pin, self._net(chain.o[i]), own, level)
            if isinstance(chain.co[i], int):
                self._arc(pin, self._net(chain.co[i]), along["carry_s_to_co"][0], level)
            for above in range(i + 1, min(8 * block + 8, size)):
                for out in outs[above]:
                    self._arc(pin, out, along["carry_s_to_o"][above - i], level)
            leave = along["carry_s_to_co"][7 - place] + d.slice_net
            for far, net in enumerate(into[block + 1 :]):
                self._arc(pin, net, leave + far * over, level - 1)

    def _carry_in(self, chain: Chain) -> int | None:
        """The input at which a signal enters at the bottom."""
        for pin in self.pins_of[chain.cells[0]]:
            port = self.pin_at[pin][1]
            if port in ("CYINIT", "CI") and self.net_bit[self.pin_net[pin]] == chain.carry_in:
                return pin
        return None

    def _entries(self, chain: Chain) -> Iterator[tuple[int, str, int]]:
        """(bit, port, pin) of each S and DI that a net reaches."""
        cells, driver = self.netlist.cells, self.netlist.driver
        width = 4 if cells[chain.cells[0]].type == "CARRY4" else 8
        for place, number in enumerate(chain.cells):
            for pin in self.pins_of[number]:
                _, port, index = self.pin_at[pin]
                i = place * width + index
                if port not in ("S", "DI") or i >= len(chain.s):
                    continue
                low, high = driver.get(chain.di[i]), driver.get(chain.s[i])
                if port == "DI" and low and high and low[0] == high[0] \
                        and cells[low[0]].type == "LUT6_2":
                    self.pin_kind[pin] = SLICE  # it makes both: its O5 goes straight to DI
                yield i, port, pin


@functools.cache
def _is_logic(kind: str) -> bool:
    """Whether a kind of cell may have a wire inside its slice to what it drives."""
    return kind.startswith(("LUT", "MUXF", "CARRY"))


@functools.cache
def _kinds(kind: str, port: str) -> tuple[int, int]:
    """What an input is, of a kind of cell: (where such logic drives it, where anything else)."""
    if kind == "INV":
        return FREE, FREE
    if kind in FLIP_FLOPS and port == "D":
        return BESIDE, ROUTED
    inside = kind.startswith("MUXF") or (kind.startswith("CARRY") and port in ("S", "CI"))
    return SLICE if inside else ROUTED, ROUTED


@functools.cache
def _support(init: int, port: str) -> frozenset[str]:
    """The inputs that a half of a LUT6_2 depends on."""
    size = 6 if port == "O6" else 5
    return frozenset(
        f"I{i}" for i in range(size)
        if any((init >> place ^ init >> (place ^ 1 << i)) & 1 for place in range(1 << size))
    )  # fmt: skip


@functools.cache
def _start(kind: str) -> str | None:
    if kind in FLIP_FLOPS:
        return "ff_clk_to_q"
    if kind in SHIFT_REGISTERS:
        return "srl_clk_to_q"
    if kind in LUTRAM_SITES:
        return "lutram_clk_to_o"
    if kind in BLOCK_RAM:
        return "bram_clk_to_o"
    return "uram_clk_to_o" if kind == "URAM288" else None


@functools.cache
def _setup(kind: str, port: str) -> str | None:
    if kind in FLIP_FLOPS:
        return "ff_setup_d" if port == "D" else "ff_setup_control"
    if kind in LUTRAM_SITES:
        return "lutram_setup"
    return "bram_setup" if kind in BLOCK_RAM or kind == "URAM288" else None


@functools.cache
def _written(kind: str, port: str) -> bool:
    """Whether a memory's input is clocked in: data, write enable, write address."""
    return not port.startswith(("DPRA", "ADDRA", "ADDRB", "ADDRC", "ADDRE", "ADDRF", "ADDRG")) \
        and not (kind in SHIFT_REGISTERS and port.startswith("A"))  # fmt: skip
