# SPDX-License-Identifier: Apache-2.0
"""Projects, block designs and runs."""

from __future__ import annotations

from pathlib import Path

from synth.vivado.double.blocks import PRESET, Board, Cell, new_cell
from synth.vivado.double.flow import elaborate, existing, known_part, write
from synth.vivado.double.queries import hand_out, matching
from synth.vivado.double.registry import command
from synth.vivado.double.shell import Shell
from synth.vivado.double.state import Design, Project
from synth.vivado.double.syntax import Call, VivadoError

_RUNS = {"synth_1", "impl_1"}
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
    from synth.vivado.double.packager import read_core

    project = shell.state.need_project()
    cores = [read_core(folder)["vlnv"] for folder in project.repositories
             if (Path(folder) / "component.xml").exists()]  # fmt: skip
    shell.state.properties["catalogue", "cores"] = " ".join(map(str, cores))


@command("create_bd_design")
def _create_board(shell: Shell, call: Call) -> list[str]:
    project = shell.state.need_project()
    shell.state.board = Board(call.word())
    project.board_design = call.word()
    folder = Path(project.folder) / f"{project.name}.srcs/sources_1/bd/{call.word()}"
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{call.word()}.bd"
    path.write_text("{}\n", encoding="utf-8")
    project.files.append(str(path))
    return shell.state.add("bd_design", call.word())


@command("get_bd_designs")
def _boards(shell: Shell, call: Call) -> list[str]:
    return hand_out(shell, call, "bd_design", [shell.state.board.name] if shell.state.board else [])


@command("open_bd_design")
def _open_board(shell: Shell, call: Call) -> list[str]:
    project = shell.state.need_project()
    shell.objects(call.word(), "file")
    shell.state.board = Board(project.board_design)
    shell.state.board.cells["ps"] = new_cell("ps", "xilinx.com:ip:zynq_ultra_ps_e")
    return shell.state.add("bd_design", project.board_design)


@command("create_bd_cell")
def _cell(shell: Shell, call: Call) -> list[str]:
    from synth.vivado.double.packager import read_core

    board, project = shell.state.need_board(), shell.state.need_project()
    vlnv = call.text("-vlnv")
    for folder in project.repositories:
        core = read_core(folder)
        if core["vlnv"] == vlnv:
            board.cells[call.word()] = Cell(call.word(), vlnv, {}, core["ports"], core["buses"])
            return shell.state.add("bd_cell", call.word())
    ip = vlnv.rpartition(":")[0]
    if shell.state.objects.get(vlnv) != "ipdef" and ip not in shell.state.objects:
        raise VivadoError(f"[BD 5-390] IP definition not found for VLNV: {vlnv}")
    board.cells[call.word()] = new_cell(call.word(), ip)
    return shell.state.add("bd_cell", call.word())


@command("get_bd_cells", "get_bd_pins", "get_bd_intf_pins")
def _parts_of_board(shell: Shell, call: Call) -> list[str]:
    board = shell.state.need_board()
    kind = call.command[4:-1]
    names = list(board.cells)
    if kind != "bd_cell":
        inside = (Cell.pins, Cell.buses)[kind == "bd_intf_pin"]
        names = [f"{cell.name}/{one}" for cell in board.cells.values() for one in inside(cell)]
    return hand_out(shell, call, kind, matching(call, names))


@command("apply_bd_automation")
def _automation(shell: Shell, call: Call) -> None:
    board = shell.state.need_board()
    for name in shell.objects(call.word(), "bd_cell"):
        cell = board.cells[name]
        if call.text("-rule") != f"xilinx.com:bd_rule:{cell.ip}":
            raise VivadoError(f"[BD 5-7] Rule '{call.text('-rule')}' does not apply to /{name}")
        cell.settings |= PRESET


@command("connect_bd_net")
def _net(shell: Shell, call: Call) -> None:
    board = shell.state.need_board()
    pins = [pin for word in call.words for pin in shell.objects(word, "bd_pin")]
    drivers = {board.drivers.get(pin, pin) for pin in pins
               if board.pin(pin) == "output" or pin in board.drivers}  # fmt: skip
    if len(pins) < 2 or len(drivers) != 1:
        raise VivadoError(f"[BD 41-1306] cannot connect {' '.join(pins) or 'nothing'}: one source "
                          f"and one sink or more are needed, found {len(drivers)} sources")
    driver = drivers.pop()
    board.drivers |= dict.fromkeys([pin for pin in pins if pin != driver], driver)


@command("connect_bd_intf_net")
def _bus(shell: Shell, call: Call) -> None:
    board = shell.state.need_board()
    ends = [one for word in call.words for one in shell.objects(word, "bd_intf_pin")]
    buses = [board.bus(end) for end in ends]
    if len(ends) != 2 or None in buses or {b[0] for b in buses if b} != {"master", "slave"}:
        raise VivadoError("[BD 5-104] a master and a slave interface pin are needed, got: "
                          f"{' '.join(ends) or 'none'}")  # fmt: skip
    if len({b[1] for b in buses if b}) != 1:
        raise VivadoError(f"[BD 41-166] interfaces of different types: {' '.join(ends)}")
    if any(end in board.joined for end in ends):
        raise VivadoError(f"[BD 41-171] an interface is connected already: {' '.join(ends)}")
    board.joined |= {ends[0]: ends[1], ends[1]: ends[0]}


@command("assign_bd_address")
def _address(shell: Shell, call: Call) -> None:
    shell.state.need_board().addressed = True


@command("validate_bd_design")
def _validate(shell: Shell, call: Call) -> None:
    board = shell.state.need_board()
    problems = board.problems()
    for problem in problems:
        shell.say(f"ERROR: {problem}")
    if problems:
        raise VivadoError(f"[Common 17-39] 'validate_bd_design' failed due to earlier errors: "
                          f"{problems[0]}")  # fmt: skip
    board.validated = True


@command("save_bd_design")
def _save_board(shell: Shell, call: Call) -> None:
    shell.state.need_board()


@command("get_files")
def _get_files(shell: Shell, call: Call) -> list[str]:
    files = shell.state.need_project().files
    names = [file for file in files
             if not call.words or Path(file).name in shell.split(call.word())]  # fmt: skip
    return hand_out(shell, call, "file", names)


@command("generate_target")
def _generate(shell: Shell, call: Call) -> None:
    shell.objects(call.word(1), "file")
    board, project = shell.state.need_board(), shell.state.need_project()
    if not board.validated:
        raise VivadoError("[BD 41-1031] the block design is not validated")
    folder = Path(project.folder) / f"{project.name}.gen/sources_1/bd/{board.name}/hw_handoff"
    folder.mkdir(parents=True, exist_ok=True)
    cells = "".join(f'<MODULE INSTANCE="{name}"/>' for name in board.cells)
    write(shell, str(folder / f"{board.name}.hwh"), f"<EDKSYSTEM>{cells}</EDKSYSTEM>\n")
    project.generated = True


@command("make_wrapper")
def _wrapper(shell: Shell, call: Call) -> str:
    shell.objects(call.word(), "file")
    project = shell.state.need_project()
    if not project.generated:
        raise VivadoError("[BD 41-1] make_wrapper: the block design has no output products")
    path = Path(project.folder) / f"{project.board_design}_wrapper.v"
    path.write_text(f"module {path.stem} (\n    input clk\n);\nendmodule\n", encoding="utf-8")
    if call.has("-import"):
        project.files.append(str(path))
    return str(path)


@command("get_runs")
def _runs(shell: Shell, call: Call) -> list[str]:
    runs = shell.state.need_project().runs
    return hand_out(shell, call, "run", matching(call, runs))


@command("reset_runs")
def _reset(shell: Shell, call: Call) -> None:
    runs = shell.state.need_project().runs
    for run in shell.split(call.word()):
        if run not in runs:
            raise VivadoError(f"[Vivado 12-106] *** No runs matched '{run}'")
        runs[run] = ["0%", "Not started"]


@command("launch_runs")
def _launch(shell: Shell, call: Call) -> None:
    project = shell.state.need_project()
    for run in [one for word in call.words for one in shell.split(word)]:
        if run not in project.runs:
            raise VivadoError(f"[Vivado 12-106] *** No runs matched '{run}'")
        if project.runs[run][1] != "Not started":
            raise VivadoError(f"[Common 17-69] Command failed: Run '{run}' needs to be reset "
                              "before launching.")  # fmt: skip
        verilog = [file for file in project.files if file.endswith(".v")]
        elaborate(project.top, verilog)
        steps = ("write_bitstream", "route_design", "place_design", "phys_opt_design")
        if call.text("-to_step", steps[0]) not in steps:
            raise VivadoError(f"[Common 17-69] Command failed: Run '{run}' has no step "
                              f"'{call.text('-to_step')}'")  # fmt: skip
        project.runs[run] = ["1%", f"Running {call.text('-to_step')}"]


@command("wait_on_run")
def _wait(shell: Shell, call: Call) -> None:
    project = shell.state.need_project()
    (run,) = shell.split(call.word())
    if run not in project.runs:
        raise VivadoError(f"[Vivado 12-106] *** No runs matched '{run}'")
    step = project.runs[run][1].partition(" ")[2]
    if run == shell.state.world.fail_run:  # no error, only a warning: that is how Vivado does it
        name = "synth_design" if run.startswith("synth") else "route_design"
        project.runs[run] = ["33%", f"{name} ERROR"]
        shell.say(f"WARNING: [Vivado 12-8222] Failed run(s) : '{run}'")
    elif run == "impl_1" and project.runs["synth_1"][0] != "100%":
        project.runs[run] = ["0%", "Scripts Generated"]
    else:
        done = step or ("synth_design" if run == "synth_1" else "route_design")
        project.runs[run] = ["100%", f"{done} Complete!"]
        folder = Path(project.folder) / f"{project.name}.runs" / run
        folder.mkdir(parents=True, exist_ok=True)
        if step == "write_bitstream":
            write(shell, str(folder / f"{project.top}.bit"), "stand-in\n")


@command("open_run")
def _open_run(shell: Shell, call: Call) -> list[str]:
    project = shell.state.need_project()
    (run,) = shell.split(call.word())
    if project.runs.get(run, ["0%"])[0] != "100%":
        raise VivadoError(f"[Project 1-598] Run '{run}' is not complete, it cannot be opened")
    stage = "routed" if run == "impl_1" else "synthesised"
    shell.state.design = Design(project.top, project.part, stage, clocks={"clk_pl_0": 5.0})
    return shell.state.add("design", run)


@command("write_hw_platform")
def _platform(shell: Shell, call: Call) -> None:
    project = shell.state.need_project()
    if call.has("-include_bit") and "write_bitstream" not in project.runs["impl_1"][1]:
        raise VivadoError("[Common 17-69] Command failed: there is no bitstream to include")
    write(shell, call.word(), "stand-in\n", call.has("-force"))
