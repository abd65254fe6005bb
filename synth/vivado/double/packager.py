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
_SIGNAL = re.compile(r'X_INTERFACE_INFO = "xilinx\.com:signal:(\w+):1\.0 (\w+) \w+"')
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
    texts = [Path(file).read_text(encoding="utf-8") for file in project.files]
    signals = {m[2]: m[1] for text in texts for m in _SIGNAL.finditer(text)}
    shell.state.core = {"vlnv": vlnv, "signals": signals, "buses": buses,
                        "folder": call.text("-root_dir"),
                        "ports": {port.name: port.direction for port in header.ports}}
    return shell.state.add("core", vlnv)


@command("ipx::current_core")
def _current(shell: Shell, call: Call) -> list[str]:
    return shell.state.add("core", _need(shell)["vlnv"])


@command("ipx::get_bus_interfaces")
def _get(shell: Shell, call: Call) -> list[str]:
    core = _need(shell)
    names = [*core["buses"], *core["signals"]]
    return shell.state.add("bus_interface", *(n for n in names if call.word() in ("", n)))


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
