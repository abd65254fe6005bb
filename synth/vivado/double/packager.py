# SPDX-License-Identifier: Apache-2.0
"""The IP packager: buses found by the names of ports, a component in a folder."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

from synth.vivado.double.flow import elaborate, write
from synth.vivado.double.registry import command
from synth.vivado.double.shell import Shell
from synth.vivado.double.syntax import Call, VivadoError

_AXIS = re.compile(r"^([sm])_axis(?:_(\w+?))?_(tdata|tvalid|tready|tlast)$")
_LITE = re.compile(r"^([sm])_axi\w*?_(awaddr|araddr|wdata|rdata)$")


def read_core(folder: str) -> dict[str, Any]:
    """The component of a packaged core."""
    path = Path(folder) / "component.xml"
    if not path.exists():
        return {"vlnv": "", "ports": {}, "buses": {}}
    content: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return content


def _need(shell: Shell) -> dict[str, Any]:
    if shell.state.core is None:
        raise VivadoError("[Ipptcl 7-1] there is no open core")
    return shell.state.core


@command("ipx::package_project")
def _package(shell: Shell, call: Call) -> list[str]:
    project = shell.state.need_project()
    header = elaborate(project.top, [file for file in project.files if file.endswith(".v")])
    values = header.values({})
    buses: dict[str, tuple[str, str, int]] = {}
    for port in header.ports:
        match = _AXIS.match(port.name) or _LITE.match(port.name)
        if match:
            bus = port.name.rpartition("_")[0]
            kind = "axis" if "_axis" in port.name else "aximm"
            width = port.width(values) if port.name.endswith("_tdata") else 0
            width = max(width, buses.get(bus, ("", "", 0))[2])
            buses[bus] = ("slave" if match[1] == "s" else "master", kind, width)
    vlnv = f"{call.text('-vendor')}:{call.text('-library')}:{project.top}:1.0"
    shell.state.core = {"vlnv": vlnv, "buses": buses, "folder": call.text("-root_dir"),
                        "ports": {port.name: port.direction for port in header.ports}}
    return shell.state.add("core", vlnv)


@command("ipx::current_core")
def _current(shell: Shell, call: Call) -> list[str]:
    return shell.state.add("core", _need(shell)["vlnv"])


@command("ipx::infer_bus_interface")
def _infer(shell: Shell, call: Call) -> list[str]:
    core = _need(shell)
    shell.objects(call.word(2), "core")
    if call.word() not in core["ports"]:
        raise VivadoError(f"[IP_Flow 19-459] port '{call.word()}' is not in the core")
    core.setdefault("signals", {})[call.word()] = call.word(1)
    return shell.state.add("bus_interface", call.word())


@command("ipx::get_bus_interfaces")
def _get(shell: Shell, call: Call) -> list[str]:
    core = _need(shell)
    names = [*core["buses"], *core.get("signals", {})]
    return shell.state.add("bus_interface", *(n for n in names if call.word() in ("", n)))


@command("ipx::add_bus_parameter")
def _parameter(shell: Shell, call: Call) -> list[str]:
    (bus,) = shell.objects(call.word(1), "bus_interface")
    return shell.state.add("bus_parameter", f"{bus}/{call.word()}")


@command("ipx::associate_bus_interfaces")
def _associate(shell: Shell, call: Call) -> None:
    core = _need(shell)
    if call.text("-busif") not in core["buses"] or call.text("-clock") not in core["ports"]:
        raise VivadoError(f"[IP_Flow 19-731] no bus '{call.text('-busif')}' or clock "
                          f"'{call.text('-clock')}' in the core")  # fmt: skip


@command("ipx::create_xgui_files", "ipx::update_checksums", "ipx::check_integrity")
def _finish(shell: Shell, call: Call) -> None:
    _need(shell)


@command("ipx::save_core")
def _save(shell: Shell, call: Call) -> None:
    core = _need(shell)
    folder = Path(str(core["folder"]))
    folder.mkdir(parents=True, exist_ok=True)
    write(shell, str(folder / "component.xml"), json.dumps(core))
    shell.state.core = None
