# SPDX-License-Identifier: Apache-2.0
"""Synthesis to routing without a project: what may follow what, and which files come out."""

from __future__ import annotations

import re
from pathlib import Path

from synth.vivado.double.registry import command
from synth.vivado.double.shell import Shell
from synth.vivado.double.state import Design, Project
from synth.vivado.double.syntax import Call, VivadoError
from synth.vivado.verilog import Header, read_header

_XDC = {"create_clock", "set_clock_uncertainty", "set_system_jitter", "set_false_path",
        "set_input_delay", "set_output_delay", "set_property", "get_ports", "get_clocks",
        "get_cells"}  # fmt: skip


def existing(shell: Shell, words: list[str]) -> list[str]:
    """The files of arguments that may be Tcl lists; Vivado's error for one that is not there."""
    files = [file for word in words for file in shell.split(word)]
    for file in files:
        if not Path(file).exists():
            raise VivadoError(f"[Vivado 12-172] File or Directory '{file}' does not exist")
    return files


def write(shell: Shell, path: str, text: str, force: bool = True) -> None:
    """Write an output file, unless it is one that the settings say gets lost."""
    target = Path(path)
    if not force and target.exists():
        raise VivadoError(f"[Common 17-176] Overwrite of existing file isn't enabled. Please "
                          f"specify -force to overwrite file '{path}'")  # fmt: skip
    if not target.parent.is_dir():
        raise VivadoError(f"[Common 17-37] Directory does not exist [{target.parent}]")
    if not (shell.state.world.lose and target.name.endswith(shell.state.world.lose)):
        target.write_text(text, encoding="utf-8")


def known_part(shell: Shell, part: str) -> str:
    """The part, or the two lines of Vivado about one that it does not have."""
    if part not in shell.state.world.parts:
        shell.say(f"WARNING: [Device 21-436] No parts matched '{part}'")
        raise VivadoError("[Coretcl 2-106] Specified part could not be found.")
    return part


@command("read_verilog")
def _read_verilog(shell: Shell, call: Call) -> str:
    shell.state.sources += existing(shell, call.words)
    return " ".join(call.words)


@command("read_xdc")
def _read_xdc(shell: Shell, call: Call) -> None:
    shell.state.constraints += existing(shell, call.words)


def synthesis_fails(detail: str) -> VivadoError:
    """What synth_design answers when the sources do not hold."""
    return VivadoError(f"[Common 17-69] Command failed: Synthesis failed - please see the console "
                       f"or run log file for details: {detail}")  # fmt: skip


def elaborate(top: str, sources: list[str]) -> Header:
    """The header of the top, or the failure of synthesis."""
    header = read_header(top, [Path(file) for file in sources]) if top else None
    if header is None:
        raise synthesis_fails(f"[Synth 8-439] module '{top}' not found")
    return header


@command("synth_design")
def _synth(shell: Shell, call: Call) -> None:
    state = shell.state
    part = known_part(shell, call.text("-part", state.project.part if state.project else ""))
    header = elaborate(call.text("-top"), state.sources)
    generics: dict[str, int | str] = {}
    for value in call.all_values.get("-generic", []):
        for one in shell.split(value):
            name = one.partition("=")[0]
            if name not in header.parameters or "=" not in one:
                raise synthesis_fails(f"parameter '{one}' of module '{header.name}'")
            text = one.partition("=")[2]
            generics[name] = int(text) if text.isdigit() else text
    state.design = Design(header.name, part, max_dsp=int(call.text("-max_dsp", "-1")),
                          ports=[port.name for port in header.ports], generics=generics)
    if state.project is None:
        state.project = Project("project_1", "", part, in_memory=True)
    for file in state.constraints:
        read_constraints(shell, file)


def read_constraints(shell: Shell, file: str) -> None:
    """Run an XDC file: an error in it is a critical warning and the build goes on, unless asked."""
    for line in Path(file).read_text(encoding="utf-8").splitlines():
        word = re.match(r"\s*(\w[\w:]*)", line)
        if not word:
            continue
        try:
            if word[1] not in _XDC:
                raise VivadoError(f"[Designutils 20-1307] Command '{word[1]}' is not supported in "
                                  "the xdc constraint file.")  # fmt: skip
            shell.tcl.eval(line)
        except Exception as error:  # a Tcl error has no type of its own here
            if "Common 17-1548" in shell.state.errors_of:
                raise synthesis_fails(f"[Common 17-1548] {file}: {error}") from error
            shell.say(f"CRITICAL WARNING: [Common 17-1548] Command failed: {error} [{file}]")


@command("create_clock")
def _clock(shell: Shell, call: Call) -> None:
    design = shell.state.need_design()
    try:
        period = float(call.text("-period"))
    except ValueError:
        period = 0.0
    if period <= 0:
        raise VivadoError(f"[Common 17-161] Invalid option value '{call.text('-period')}' "
                          "specified for 'period'.")  # fmt: skip
    objects = shell.objects(call.word(), "port", "pin", "net")
    if not objects:
        raise VivadoError("[Common 17-55] 'create_clock' expects at least one object.")
    design.clocks[call.text("-name", objects[0])] = period


@command("set_clock_uncertainty", "set_false_path", "set_input_delay", "set_output_delay",
         "set_system_jitter")  # fmt: skip
def _constraint(shell: Shell, call: Call) -> None:
    shell.state.need_design()
    if call.command == "set_clock_uncertainty" and call.word(1):
        shell.objects(call.word(1), "clock")


@command("opt_design")
def _opt(shell: Shell, call: Call) -> None:
    shell.state.need_design().stage = "optimised"


@command("place_design")
def _place(shell: Shell, call: Call) -> None:
    shell.state.need_design("synthesised").stage = "placed"


@command("phys_opt_design")
def _phys(shell: Shell, call: Call) -> None:
    shell.state.need_design("placed")


@command("route_design")
def _route(shell: Shell, call: Call) -> None:
    shell.state.need_design("placed").stage = "routed"


@command("write_checkpoint")
def _checkpoint(shell: Shell, call: Call) -> None:
    shell.state.need_design()
    path = call.word() if call.word().endswith(".dcp") else f"{call.word()}.dcp"
    write(shell, path, "", call.has("-force"))
    if Path(path).exists():
        shell.state.save(Path(path), "design")


@command("open_checkpoint")
def _open(shell: Shell, call: Call) -> None:
    existing(shell, call.words[:1])
    if shell.state.design is not None or (shell.state.project is not None):
        raise VivadoError("[Coretcl 2-101] Project is already open.")
    shell.state.load_design(Path(call.word()))
    design = shell.state.need_design()
    shell.state.project = Project("checkpoint", "", known_part(shell, design.part), in_memory=True)


@command("close_design")
def _close(shell: Shell, call: Call) -> None:
    shell.state.need_design()
    shell.state.design = None
    if shell.state.project and shell.state.project.in_memory:
        shell.state.project = None


@command("write_verilog")
def _netlist(shell: Shell, call: Call) -> None:
    design = shell.state.need_design()
    header = read_header(design.top, [Path(file) for file in shell.state.sources])
    if header is None:
        write(shell, call.word(), f"module {design.top} ();\nendmodule\n", call.has("-force"))
        return
    values = header.values(design.generics)
    lines = [f"// stand-in: every output counts\nmodule {design.top} ("]
    kinds = {"input": "input wire", "output": "output reg"}
    ports = [f"    {kinds[port.direction]} [{port.width(values) - 1}:0] {port.name}"
             for port in header.ports]  # fmt: skip
    lines += [",\n".join(ports), ");"]
    for port in header.ports:
        if port.direction == "output":
            lines.append(f"    initial {port.name} = 0;\n    always @(posedge "
                         f"{header.ports[0].name}) {port.name} <= {port.name} + 1'b1;")
    write(shell, call.word(), "\n".join([*lines, "endmodule", ""]), call.has("-force"))


@command("read_saif")
def _saif(shell: Shell, call: Call) -> None:
    design = shell.state.need_design()
    (file,) = existing(shell, call.words[:1])
    if not Path(file).read_text(encoding="utf-8").startswith("(SAIFILE"):
        raise VivadoError(f"[Power 33-12] Could not parse SAIF file '{file}'")
    design.saif = file
    design.matched = int(shell.state.figures().nets * shell.state.world.matched)
    if call.text("-out_file"):
        write(shell, call.text("-out_file"), "unmatched nets\n")


@command("set_switching_activity", "reset_switching_activity", "set_operating_conditions")
def _activity(shell: Shell, call: Call) -> None:
    design = shell.state.need_design()
    if call.command == "reset_switching_activity":
        design.saif, design.matched = "", None
