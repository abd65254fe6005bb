# SPDX-License-Identifier: Apache-2.0
"""Block designs: the pins and buses of the IP that we use, their wires, and what validation finds.

Pins and buses depend on the settings of a cell, as in Vivado. Names: PG021 (AXI DMA), PG201 (Zynq
UltraScale+ PS), PG247 (SmartConnect), PG164 (reset).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

Bus = tuple[str, str]  # ("master" or "slave", "aximm" or "axis")

CATALOGUE = {
    "xilinx.com:ip:zynq_ultra_ps_e": "3.5",
    "xilinx.com:ip:axi_dma": "7.1",
    "xilinx.com:ip:smartconnect": "1.0",
    "xilinx.com:ip:proc_sys_reset": "5.0",
    "xilinx.com:ip:axi_interconnect": "2.1",
}
"""IP -> its version; packaged cores are added to it by update_ip_catalog."""

_PS_BUSES = {  # setting -> bus, its mode, its clock pin
    "PSU__USE__M_AXI_GP0": ("M_AXI_HPM0_FPD", "master", "maxihpm0_fpd_aclk"),
    "PSU__USE__M_AXI_GP1": ("M_AXI_HPM1_FPD", "master", "maxihpm1_fpd_aclk"),
    "PSU__USE__M_AXI_GP2": ("M_AXI_HPM0_LPD", "master", "maxihpm0_lpd_aclk"),
    "PSU__USE__S_AXI_GP0": ("S_AXI_HPC0_FPD", "slave", "saxihpc0_fpd_aclk"),
    "PSU__USE__S_AXI_GP2": ("S_AXI_HP0_FPD", "slave", "saxihp0_fpd_aclk"),
    "PSU__USE__S_AXI_GP3": ("S_AXI_HP1_FPD", "slave", "saxihp1_fpd_aclk"),
}
_SETTINGS: dict[str, dict[str, str]] = {
    "zynq_ultra_ps_e": {**dict.fromkeys(_PS_BUSES, "0"), "PSU__USE__IRQ0": "0",
                        "PSU__CRL_APB__PL0_REF_CTRL__FREQMHZ": "100",
                        "PSU__CRL_APB__PL0_REF_CTRL__ACT_FREQMHZ": "99.999"},
    "axi_dma": {"c_include_sg": "1", "c_sg_length_width": "14", "c_include_mm2s": "1",
                "c_include_s2mm": "1", "c_addr_width": "32", "c_m_axi_mm2s_data_width": "32",
                "c_m_axis_mm2s_tdata_width": "32", "c_m_axi_s2mm_data_width": "32",
                "c_s_axis_s2mm_tdata_width": "32"},
    "smartconnect": {"NUM_SI": "1", "NUM_MI": "1", "NUM_CLKS": "1"},
    "proc_sys_reset": {},
}  # fmt: skip
PRESET = {"PSU__USE__M_AXI_GP0": "1", "PSU__USE__M_AXI_GP1": "1", "PSU__USE__IRQ0": "1"}
"""What the KV260's board preset switches on."""


@dataclass
class Cell:
    """One IP in a block design. `ports`, `buses`: of a packaged core, from its component."""

    name: str
    ip: str
    settings: dict[str, str]
    ports: Mapping[str, str] = field(default_factory=dict)  # name -> input or output
    core_buses: Mapping[str, tuple[str, str, int]] = field(default_factory=dict)

    def on(self, setting: str) -> bool:
        """Whether a switch among the settings is on."""
        return self.settings.get(setting) == "1"

    def buses(self) -> dict[str, Bus]:
        """Buses that the settings give it."""
        if self.ip == "zynq_ultra_ps_e":
            return {bus: (mode, "aximm") for setting, (bus, mode, _) in _PS_BUSES.items()
                    if self.on(setting)}  # fmt: skip
        if self.ip == "axi_dma":
            buses: dict[str, Bus] = {"S_AXI_LITE": ("slave", "aximm")}
            if self.on("c_include_sg"):
                buses["M_AXI_SG"] = ("master", "aximm")
            if self.on("c_include_mm2s"):
                buses |= {"M_AXI_MM2S": ("master", "aximm"), "M_AXIS_MM2S": ("master", "axis")}
            if self.on("c_include_s2mm"):
                buses |= {"M_AXI_S2MM": ("master", "aximm"), "S_AXIS_S2MM": ("slave", "axis")}
            return buses
        if self.ip == "smartconnect":
            sides = (("S", "slave", "NUM_SI"), ("M", "master", "NUM_MI"))
            return {f"{letter}{i:02}_AXI": (mode, "aximm") for letter, mode, count in sides
                    for i in range(int(self.settings[count]))}  # fmt: skip
        return {name: (mode, kind) for name, (mode, kind, _) in self.core_buses.items()}

    def pins(self) -> dict[str, str]:
        """Pins outside of buses: name -> output, input, or optional (an input that may hang)."""
        if self.ip == "zynq_ultra_ps_e":
            clocks = {clock: "input" for setting, (_, _, clock) in _PS_BUSES.items()
                      if self.on(setting)}  # fmt: skip
            irq = {"pl_ps_irq0": "optional"} if self.on("PSU__USE__IRQ0") else {}
            return {"pl_clk0": "output", "pl_resetn0": "output", **clocks, **irq}
        if self.ip == "axi_dma":
            pins = {"s_axi_lite_aclk": "input", "axi_resetn": "input"}
            for setting, pin in (("c_include_sg", "m_axi_sg_aclk"),
                                 ("c_include_mm2s", "m_axi_mm2s_aclk"),
                                 ("c_include_s2mm", "m_axi_s2mm_aclk")):  # fmt: skip
                pins |= {pin: "input"} if self.on(setting) else {}
            return pins | {"mm2s_introut": "output", "s2mm_introut": "output"}
        if self.ip == "smartconnect":
            return {"aclk": "input", "aresetn": "input"}
        if self.ip == "proc_sys_reset":
            return {"slowest_sync_clk": "input", "ext_reset_in": "input",
                    "aux_reset_in": "optional", "dcm_locked": "optional", "mb_reset": "output",
                    "bus_struct_reset": "output", "peripheral_reset": "output",
                    "interconnect_aresetn": "output", "peripheral_aresetn": "output"}  # fmt: skip
        inside = tuple(f"{bus}_" for bus in self.core_buses)
        return {name: way for name, way in self.ports.items() if not name.startswith(inside)}


@dataclass
class Board:
    """A block design: cells, nets (each pin -> its driver), buses joined in pairs."""

    name: str
    cells: dict[str, Cell] = field(default_factory=dict)
    drivers: dict[str, str] = field(default_factory=dict)
    joined: dict[str, str] = field(default_factory=dict)
    addressed: bool = False
    validated: bool = False

    def pin(self, path: str) -> str | None:
        """The direction of "cell/pin", None when there is no such pin."""
        cell, _, name = path.partition("/")
        return self.cells[cell].pins().get(name) if cell in self.cells else None

    def bus(self, path: str) -> Bus | None:
        """Mode and kind of "cell/bus", None when there is no such bus."""
        cell, _, name = path.partition("/")
        return self.cells[cell].buses().get(name) if cell in self.cells else None

    def problems(self) -> list[str]:
        """What validation complains of, as Vivado words it."""
        found = []
        for cell in self.cells.values():
            for name, way in cell.pins().items():
                if way == "input" and f"{cell.name}/{name}" not in self.drivers:
                    number = "41-758" if "clk" in name else "41-759"
                    found.append(f"[BD {number}] The following clock pins or inputs are not "
                                 f"connected to a valid source: /{cell.name}/{name}")  # fmt: skip
            for name in cell.buses():
                if f"{cell.name}/{name}" not in self.joined:
                    found.append(f"[BD 41-1271] The interface /{cell.name}/{name} is not connected")
        if not self.addressed:
            found.append("[BD 41-1356] Slave segments are not assigned into address space")
        return found


def new_cell(name: str, ip: str) -> Cell:
    """A cell of a catalogue IP with its default settings."""
    kind = ip.rsplit(":", 1)[-1]
    return Cell(name, kind, dict(_SETTINGS.get(kind, {})))
