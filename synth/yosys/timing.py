# SPDX-License-Identifier: Apache-2.0
"""An estimated clock: the longest register-to-register path, with the part's delay table.

Paths from input ports and to output ports are not timed (their delay is another module's), nor
those through a DSP48E2, for which the table has no arcs: `untimed` says how many ends that were.
"""

from __future__ import annotations

import functools
from dataclasses import dataclass

from synth.yosys.carry import Chain
from synth.yosys.delays import Delays, load
from synth.yosys.netlist import (
    BLOCK_RAM,
    FLIP_FLOPS,
    LUTRAM_SITES,
    Bit,
    Cell,
    Netlist,
    is_lut,
)
from synth.yosys.order import SHIFT_REGISTERS, order, passes

_CLOCK_PINS = ("C", "CLK", "WCLK", "CLKARDCLK", "CLKBWRCLK", "CLKA", "CLKB")


@dataclass(frozen=True)
class Hop:
    """One step of a path: through which cell, onto which net, the cell's and the net's ns."""

    cell: str
    net: str
    cell_ns: float
    net_ns: float
    fanout: int


@dataclass(frozen=True)
class Timing:
    """The longest path. levels: LUTs, carries and wide multiplexers on it, as Vivado counts them.

    period_ns: path, setup and clock uncertainty, or the part's pulse width limit if that is longer.
    limited_by: "path", or the kind of cell whose limit holds. untimed: path ends left out.
    """

    period_ns: float
    path_ns: float
    levels: int
    hops: tuple[Hop, ...]
    limited_by: str
    untimed: int

    @property
    def fmax_mhz(self) -> float:
        """The estimated clock."""
        return 1000 / self.period_ns


@dataclass(frozen=True)
class _Arrival:
    time: float
    levels: int
    before: Bit | None
    cell: str
    delay: float


class _Pass:
    """The pass itself: arrivals of nets, in topological order of the cells between registers."""

    def __init__(self, netlist: Netlist, delays: Delays) -> None:
        self.netlist, self.delays = netlist, delays
        self.at: dict[Bit, _Arrival] = {}
        self.order = order(netlist)

    def fanout(self, bit: Bit) -> int:
        """Inputs that read a net."""
        return len(self.netlist.loads.get(bit, ()))

    def wire(self, bit: Bit, load: int, port: str) -> float:
        """The delay of a net to one of its loads."""
        driver = self.netlist.driver.get(bit)
        kind = self.netlist.cells[load].type
        if driver is not None:
            source = self.netlist.cells[driver[0]]
            logic = is_lut(source) or source.type.startswith(("MUXF", "CARRY", "LUT6_2"))
            if logic and (
                (kind.startswith("CARRY") and port in ("S", "CI"))
                or kind.startswith("MUXF")
                or (kind in FLIP_FLOPS and port == "D" and self._only_flip_flop(bit))
            ):  # fmt: skip
                return self.delays.slice_net
        return self.delays.net(self.fanout(bit))

    def _only_flip_flop(self, bit: Bit) -> bool:
        """Whether one flip-flop alone takes the net at D: it then sits beside the driver."""
        cells = self.netlist.cells
        taken = [1 for number, port, _ in self.netlist.loads[bit]
                 if number >= 0 and port == "D" and cells[number].type in FLIP_FLOPS]  # fmt: skip
        return len(taken) == 1

    def reach(self, bit: Bit, load: int, port: str) -> float | None:
        """When a net arrives at an input; None when no register starts a path to it."""
        arrival = self.at.get(bit)
        return None if arrival is None else arrival.time + self.wire(bit, load, port)

    def put(self, bit: Bit, start: Bit | None, cell: Cell, time: float, delay: float,
            level: int) -> None:  # fmt: skip
        """Keep an arrival if it is the latest of its net so far."""
        old = self.at.get(bit)
        if isinstance(bit, int) and (old is None or time > old.time):
            levels = (self.at[start].levels if start is not None else 0) + level
            self.at[bit] = _Arrival(time, levels, start, cell.name, delay)

    def start(self, cell: Cell, arc: str) -> None:
        """A clocked cell's outputs start paths."""
        delay = self.delays.arc[arc]
        for port, _, bit in cell.driven:
            if not (cell.type in SHIFT_REGISTERS and port == "Q31"):
                self.put(bit, None, cell, delay, delay, 0)

    def through(self, number: int, arc: str) -> None:
        """A cell without memory: the latest input that an output depends on, one delay."""
        cell, delay = self.netlist.cells[number], self.delays.arc[arc]
        late = [(time, bit, port) for port, _, bit in cell.inputs if passes(cell, port)
                and (time := self.reach(bit, number, port)) is not None]  # fmt: skip
        for port, _, out in cell.driven:
            own = late
            if cell.type == "LUT6_2":  # its halves read different inputs: no ripple through O5
                used = _support(cell.number("INIT"), port)
                own = [one for one in late if one[2] in used]
            if own:
                time, bit, _ = max(own, key=lambda one: one[0])
                self.put(out, bit, cell, time + delay, delay, 1)

    def along(self, chain: Chain) -> None:
        """A carry chain, bit by bit: in at S or DI, up, out at O or CO."""
        d, cells = self.delays, self.netlist.cells
        first = chain.cells[0]
        width = 4 if cells[first].type == "CARRY4" else 8
        # The latest signal on its way up: when it entered this CARRY8, where, and from what net.
        up: tuple[float, int, Bit] | None = None
        if isinstance(chain.carry_in, int):
            time = self.reach(chain.carry_in, first, "CYINIT")
            up = None if time is None else (time, -1, chain.carry_in)
        for i in range(len(chain.s)):
            number, place = chain.cells[i // width], i % 8
            cell = cells[number]
            if place == 0 and i and up is not None:
                top = d.arc["carry_ci_to_co"] if up[1] < 0 else d.along("carry_s_to_co", 7 - up[1])
                up = (up[0] + top + d.slice_net, -1, up[2])
            if up is not None:
                time, entered, bit = up
                inner = d.along("carry_ci_to_o", place) if entered < 0 \
                    else d.along("carry_s_to_o", place - entered)  # fmt: skip
                self.put(chain.o[i], bit, cell, time + inner, inner, 1)
                self.put(chain.co[i], bit, cell, time + inner, inner, 1)
            for port, bit in (("S", chain.s[i]), ("DI", chain.di[i])):
                reached = self.reach(bit, number, port)
                if reached is None:
                    continue
                if port == "DI" and self._beside(bit, chain.s[i]):
                    reached = self.at[bit].time + d.slice_net
                own = d.along("carry_s_to_o", 0) if port == "S" else d.along("carry_s_to_co", 0)
                if port == "S":
                    self.put(chain.o[i], bit, cell, reached + own, own, 1)
                self.put(chain.co[i], bit, cell, reached + own, own, 1)
                # From here up the later of two signals stays the later one: both take one road.
                if up is None or reached > up[0] + self._lead(up[1], place):
                    up = (reached, place, bit)

    def _beside(self, di: Bit, s: Bit) -> bool:
        """Whether one LUT6_2 makes both: its O5 goes straight to DI."""
        driver = self.netlist.driver
        return di in driver and s in driver and driver[di][0] == driver[s][0]

    def _lead(self, entered: int, place: int) -> float:
        """How far a signal that entered below has come, measured as an entry at `place`."""
        d = self.delays
        if entered < 0:
            return d.along("carry_ci_to_o", place) - d.along("carry_s_to_o", 0)
        return d.along("carry_s_to_o", place - entered) - d.along("carry_s_to_o", 0)


@functools.cache
def _support(init: int, port: str) -> frozenset[str]:
    """The inputs that a half of a LUT6_2 depends on."""
    size = 6 if port == "O6" else 5
    return frozenset(
        f"I{i}" for i in range(size)
        if any((init >> place ^ init >> (place ^ 1 << i)) & 1 for place in range(1 << size))
    )  # fmt: skip


def estimate(netlist: Netlist, delays: Delays | None = None) -> Timing | None:
    """The longest path of a netlist; None when no path runs from register to register."""
    d = delays or load()
    done = _Pass(netlist, d)
    for cell in netlist.cells:
        if arc := _clocked(cell):
            done.start(cell, arc)
    for number in done.order.nodes:
        cell = netlist.cells[number]
        if number in done.order.chain_of:
            done.along(done.order.chain_of[number])
        elif cell.type in LUTRAM_SITES:
            done.through(number, "lutram_read")
        elif cell.type != "INV":
            done.through(number, cell.type.lower() if cell.type.startswith("MUXF") else "lut")
        else:  # absorbed by what it feeds
            for _, _, bit in cell.inputs:
                if (arrival := done.at.get(bit)) is not None:
                    done.put(cell.one("O"), bit, cell, arrival.time, 0.0, 0)
    return _worst(netlist, done)


def _clocked(cell: Cell) -> str | None:
    if cell.type in FLIP_FLOPS:
        return "ff_clk_to_q"
    if cell.type in SHIFT_REGISTERS:
        return "srl_clk_to_q"
    if cell.type in LUTRAM_SITES:
        return "lutram_clk_to_o"
    if cell.type in BLOCK_RAM:
        return "bram_clk_to_o"
    return "uram_clk_to_o" if cell.type == "URAM288" else None


def _setup(cell: Cell, port: str) -> str | None:
    if cell.type in FLIP_FLOPS:
        return "ff_setup_d" if port == "D" else "ff_setup_control"
    if cell.type in LUTRAM_SITES:
        return "lutram_setup"
    return "bram_setup" if cell.type in BLOCK_RAM or cell.type == "URAM288" else None


def _worst(netlist: Netlist, done: _Pass) -> Timing | None:
    d = done.delays
    best: tuple[float, float, Bit, int, str] | None = None
    untimed = 0
    for number, cell in enumerate(netlist.cells):
        setup = _setup(cell, "D")
        if setup is None and cell.type != "DSP48E2":
            continue
        for port, _, bit in cell.inputs:
            if port in _CLOCK_PINS or not isinstance(bit, int):
                continue
            time = done.reach(bit, number, port)
            if time is None or setup is None:
                untimed += 1
                continue
            if cell.type in LUTRAM_SITES and not _written(cell, port):
                continue
            total = time + d.arc[_setup(cell, port) or setup]
            if best is None or total > best[0]:
                best = (total, time - done.at[bit].time, bit, number, port)
    if best is None:
        return None
    total, net, bit, number, port = best
    # Mapping loses most names in between: what the last cell drives says where the path ends.
    end = netlist.cells[number]
    into = next((netlist.label(out) for _, _, out in end.driven), "")
    hops = [Hop(f"{end.type} {end.name}.{port}", into, 0.0, 0.0, 0)]
    levels, walk = done.at[bit].levels, bit
    while True:
        arrival = done.at[walk]
        driver = netlist.cells[netlist.driver[walk][0]]
        hops.append(Hop(f"{driver.type} {driver.name}", netlist.label(walk), arrival.delay, net,
                        done.fanout(walk)))  # fmt: skip
        if arrival.before is None:
            break
        net = arrival.time - arrival.delay - done.at[arrival.before].time
        walk = arrival.before
    limit, by = _limit(netlist, d)
    period = total + d.uncertainty
    return Timing(max(period, limit), total, levels, tuple(reversed(hops)),
                  "path" if period >= limit else by, untimed)  # fmt: skip


def _written(cell: Cell, port: str) -> bool:
    """Whether a memory's input is clocked in: data, write enable, write address."""
    return not port.startswith(("DPRA", "ADDRA", "ADDRB", "ADDRC", "ADDRE", "ADDRF", "ADDRG")) \
        and not (cell.type in SHIFT_REGISTERS and port.startswith("A"))  # fmt: skip


def _limit(netlist: Netlist, d: Delays) -> tuple[float, str]:
    """(ns, kind): the longest minimum period among the cells that the netlist has."""
    kinds = {cell.type for cell in netlist.cells}
    found = {"BUFG": d.min_period["BUFG"]}
    for name, members in (("LUTRAM", set(LUTRAM_SITES)), ("BRAM", set(BLOCK_RAM)),
                          ("URAM", {"URAM288"}), ("DSP", {"DSP48E2"})):  # fmt: skip
        if kinds & members:
            found[name] = d.min_period[name]
    name = max(found, key=lambda one: found[one])
    return found[name], name
