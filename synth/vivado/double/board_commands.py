# SPDX-License-Identifier: Apache-2.0
"""Block designs: cells, wires, buses, validation, output products."""

from __future__ import annotations

from pathlib import Path

from synth.vivado.double.blocks import PRESET, Board, Cell, new_cell
from synth.vivado.double.flow import write
from synth.vivado.double.packager import read_core
from synth.vivado.double.queries import hand_out, matching
from synth.vivado.double.registry import command
from synth.vivado.double.shell import Shell
from synth.vivado.double.syntax import Call, VivadoError


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
