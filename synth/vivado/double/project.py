# SPDX-License-Identifier: Apache-2.0
"""Projects: sources, properties, the catalogue of IP."""

from __future__ import annotations

from pathlib import Path

from synth.vivado.double.flow import existing, known_part
from synth.vivado.double.packager import read_core
from synth.vivado.double.queries import hand_out
from synth.vivado.double.registry import command
from synth.vivado.double.shell import Shell
from synth.vivado.double.state import Project
from synth.vivado.double.syntax import Call, VivadoError

_PROJECT = {"BOARD_PART", "BOARD_CONNECTIONS", "IP_REPO_PATHS", "PART", "TOP"}
_OTHERS = {"fileset": {"TOP", "GENERIC"}, "file": {"SYNTH_CHECKPOINT_MODE", "USED_IN"},
           "bus_parameter": {"VALUE"}, "core": {"DISPLAY_NAME", "VERSION"}}  # fmt: skip


def property_of(shell: Shell, name: str, one: str) -> str | None:
    """What get_property answers, None for a property that the object has not."""
    kind, key = shell.state.objects[one], name.upper()
    if kind == "run":
        progress, status = shell.state.need_project().runs[one]
        return {"PROGRESS": progress, "STATUS": status}.get(key)
    if kind == "ipdef" and key == "VLNV":
        return one
    if kind == "bd_cell" and name.startswith("CONFIG."):
        return shell.state.need_board().cells[one].settings.get(name[7:])
    if kind == "bd_intf_pin" and key == "CONFIG.TDATA_NUM_BYTES":
        cell, _, bus = one.partition("/")
        width = shell.state.need_board().cells[cell].core_buses.get(bus, ("", "", 0))[2]
        return str(width // 8) if width else None
    if kind == "project" and key == "PART":
        return shell.state.need_project().part
    return None


def set_property_of(shell: Shell, name: str, value: str, one: str) -> None:
    """Set it, or Vivado's error about a property that the object has not."""
    kind, key, state = shell.state.objects[one], name.upper(), shell.state
    unknown = VivadoError(f"[Common 17-54] The object '{kind}' does not have a property '{name}'.")
    if kind == "bd_cell":
        cell = state.need_board().cells[one]
        if not name.startswith("CONFIG.") or name[7:] not in cell.settings:
            raise unknown
        cell.settings[name[7:]] = value
        return
    if kind == "project":
        if key not in _PROJECT:
            raise unknown
        if key == "BOARD_PART" and value not in state.world.boards:
            raise VivadoError(f"[Board 49-71] The board_part definition was not found for {value}. "
                              "The project's board_part property was not set, but the project's "
                              f"part property was set to {state.need_project().part}.")
        if key == "IP_REPO_PATHS":
            state.need_project().repositories = shell.split(value)
    elif key not in _OTHERS.get(kind, set()):
        raise unknown
    if kind == "fileset" and key == "TOP":
        state.need_project().top = value
    state.properties[one, key] = value


@command("create_project")
def _create(shell: Shell, call: Call) -> list[str]:
    if shell.state.project is not None:
        raise VivadoError("[Coretcl 2-101] Project is already open.")
    part = known_part(shell, call.text("-part"))
    folder = Path(call.word(1) or ".")
    if folder.exists() and any(folder.iterdir()) and not call.has("-force"):
        raise VivadoError(f"[Common 17-53] User Exception: Project already exists: {folder}")
    folder.mkdir(parents=True, exist_ok=True)
    shell.state.project = Project(call.word(), str(folder), part)
    shell.state.board = None
    return shell.state.add("project", call.word())


def save_project(shell: Shell) -> None:
    """Write the project file of the open project, if there is one that has a folder."""
    project = shell.state.project
    if project is not None and not project.in_memory:
        shell.state.save(Path(project.folder) / f"{project.name}.xpr", "project")


@command("open_project")
def _open_project(shell: Shell, call: Call) -> list[str]:
    if shell.state.project is not None:
        raise VivadoError("[Coretcl 2-101] Project is already open.")
    existing(shell, call.words)
    shell.state.load_project(Path(call.word()))
    return shell.state.add("project", shell.state.need_project().name)


@command("close_project")
def _close(shell: Shell, call: Call) -> None:
    if shell.state.project is None:
        raise VivadoError("[Coretcl 2-88] No projects are currently open.")
    shell.state.project = shell.state.board = shell.state.design = None


@command("current_project")
def _current(shell: Shell, call: Call) -> list[str]:
    return shell.state.add("project", shell.state.need_project().name)


@command("get_projects")
def _projects(shell: Shell, call: Call) -> list[str]:
    names = [shell.state.project.name] if shell.state.project else []
    return hand_out(shell, call, "project", names)


@command("current_fileset")
def _fileset(shell: Shell, call: Call) -> list[str]:
    shell.state.need_project()
    return shell.state.add("fileset", "sources_1")


@command("add_files")
def _add(shell: Shell, call: Call) -> list[str]:
    files = existing(shell, call.words)
    shell.state.need_project().files += files
    return shell.state.add("file", *files)


@command("update_ip_catalog")
def _catalogue(shell: Shell, call: Call) -> None:
    project = shell.state.need_project()
    cores = [read_core(folder)["vlnv"] for folder in project.repositories
             if (Path(folder) / "component.xml").exists()]  # fmt: skip
    shell.state.properties["catalogue", "cores"] = " ".join(map(str, cores))


@command("get_files")
def _get_files(shell: Shell, call: Call) -> list[str]:
    files = shell.state.need_project().files
    names = [file for file in files
             if not call.words or Path(file).name in shell.split(call.word())]  # fmt: skip
    return hand_out(shell, call, "file", names)
