# SPDX-License-Identifier: Apache-2.0
"""Objects: get_* commands, properties, reports."""

from __future__ import annotations

import fnmatch
import re
from collections.abc import Callable, Iterable

from synth.vivado.double import paper, paper_power, paper_timing
from synth.vivado.double.blocks import CATALOGUE
from synth.vivado.double.figures import Figures
from synth.vivado.double.flow import write
from synth.vivado.double.registry import command
from synth.vivado.double.shell import Shell
from synth.vivado.double.syntax import Call, VivadoError

_FILTER = re.compile(r"^\s*(\w+)\s*(==|=~|!=)\s*(.+?)\s*$")


def matching(call: Call, names: Iterable[str]) -> list[str]:
    """Names that fit the patterns of a call ("*" when it has none)."""
    patterns = call.words or ["*"]
    return [name for name in names if any(fnmatch.fnmatchcase(name, p) for p in patterns)]


def hand_out(shell: Shell, call: Call, kind: str, names: list[str]) -> list[str]:
    """Objects as a result; none are a warning, but for -quiet."""
    if not names and not call.has("-quiet"):
        shell.say(f"WARNING: [Vivado 12-508] No {kind}s matched '{' '.join(call.words)}'.")
    return shell.state.add(kind, *names)


def filtered(call: Call, objects: dict[str, dict[str, str]]) -> list[str]:
    """Names of the objects whose properties fit -filter."""
    text = call.text("-filter")
    if not text:
        return list(objects)
    match = _FILTER.match(text)
    if not match:
        raise VivadoError(f"[Common 17-241] Invalid filter '{text}'")
    name, sign, value = match[1], match[2], match[3].strip("\"'")
    chosen = []
    for one, properties in objects.items():
        if name not in properties:
            raise VivadoError(f"[Common 17-246] Unknown property '{name}' in filter '{text}'")
        equal = (fnmatch.fnmatchcase(properties[name], value) if sign == "=~"
                 else properties[name] == value)  # fmt: skip
        if equal != (sign == "!="):
            chosen.append(one)
    return chosen


def _cells(f: Figures) -> dict[str, dict[str, str]]:
    kinds = (("LUT6", "CLB.LUT.LUT6", f.lut_o6), ("LUT5", "CLB.LUT.LUT5", f.lut_o5o6),
             ("LUT3", "CLB.LUT.LUT3", f.lut_o5o6), ("LUT2", "CLB.LUT.LUT2", f.lut_o5),
             ("FDRE", "REGISTER.SDR.FDRE", f.ff), ("CARRY8", "CLB.CARRY.CARRY8", f.carry8),
             ("DSP48E2", "ARITHMETIC.DSP.DSP48E2", f.dsp))  # fmt: skip
    return {f"{kind.lower()}_{i}": {"REF_NAME": kind, "PRIMITIVE_TYPE": group}
            for kind, group, count in kinds for i in range(count)}  # fmt: skip


@command("get_cells")
def _get_cells(shell: Shell, call: Call) -> list[str]:
    found = filtered(call, _cells(shell.state.figures()))
    return hand_out(shell, call, "cell", matching(call, found))


@command("get_ports")
def _get_ports(shell: Shell, call: Call) -> list[str]:
    return hand_out(shell, call, "port", matching(call, shell.state.need_design().ports))


@command("get_clocks")
def _get_clocks(shell: Shell, call: Call) -> list[str]:
    return hand_out(shell, call, "clock", matching(call, shell.state.need_design().clocks))


@command("get_drc_violations")
def _get_violations(shell: Shell, call: Call) -> list[str]:
    count = shell.state.figures().drc_errors
    found = {f"UCIO-1#{i + 1}": {"SEVERITY": "Error"} for i in range(count)}
    return hand_out(shell, call, "drc_violation", filtered(call, found))


@command("get_parts")
def _get_parts(shell: Shell, call: Call) -> list[str]:
    return hand_out(shell, call, "part", matching(call, shell.state.world.parts))


@command("get_board_parts")
def _get_boards(shell: Shell, call: Call) -> list[str]:
    return hand_out(shell, call, "board_part", matching(call, shell.state.world.boards))


@command("get_ipdefs")
def _get_ipdefs(shell: Shell, call: Call) -> list[str]:
    shell.state.need_project()
    cores = shell.state.properties.get(("catalogue", "cores"), "").split()
    names = [f"{ip}:{version}" for ip, version in CATALOGUE.items()] + cores
    return hand_out(shell, call, "ipdef", matching(call, names))


@command("current_design")
def _current_design(shell: Shell, call: Call) -> list[str]:
    if shell.state.design is None:
        if not call.has("-quiet"):
            raise VivadoError("[Vivado 12-398] No designs are open")
        return []
    return shell.state.add("design", shell.state.design.top)


@command("get_property")
def _get_property(shell: Shell, call: Call) -> str:
    if not shell.split(call.word(1)):
        raise VivadoError("[Common 17-55] 'get_property' expects at least one object.")
    objects = shell.objects(call.word(1))
    found = shell.property(call.word(), objects[0])
    if found is None:
        raise VivadoError(f"[Common 17-54] The object '{shell.state.objects[objects[0]]}' does not "
                          f"have a property '{call.word()}'.")  # fmt: skip
    return found


@command("set_property")
def _set_property(shell: Shell, call: Call) -> None:
    if call.has("-dict"):
        pairs, targets = shell.split(call.text("-dict")), call.words
        if len(pairs) % 2:
            raise VivadoError("[Common 17-161] Invalid option value specified for 'dict'.")
    else:
        pairs, targets = call.words[:2], call.words[2:]
    objects = [one for word in targets for one in shell.objects(word)]
    if not objects:
        raise VivadoError("[Common 17-55] 'set_property' expects at least one object.")
    for name, value in zip(pairs[::2], pairs[1::2], strict=True):
        for one in objects:
            shell.set_property(name, value, one)


@command("set_param", "update_compile_order")
def _nothing(shell: Shell, call: Call) -> None:
    if call.command == "update_compile_order":
        shell.state.need_project()


@command("set_msg_config")
def _messages(shell: Shell, call: Call) -> None:
    if call.text("-new_severity") == "ERROR":
        shell.state.errors_of.add(call.text("-id"))


@command("version")
def _version(shell: Shell, call: Call) -> str:
    return shell.state.world.version if call.has("-short") else (
        f"Vivado v{shell.state.world.version} (64-bit)")  # fmt: skip


_REPORTS: dict[str, Callable[[Figures, str], str]] = {
    "report_timing_summary": paper_timing.timing,
    "report_power": paper_power.power,
    "report_route_status": lambda f, _: paper.route(f),
    "report_drc": lambda f, line: paper.rules(f, line, "Report DRC"),
    "report_methodology": lambda f, line: paper.rules(f, line, "Report Methodology"),
    "check_timing": lambda f, _: paper_timing.check_timing(f),
}


@command("report_utilization", "report_timing_summary", "report_power", "report_route_status",
         "report_drc", "report_methodology", "check_timing", "report_clock_utilization",
         "report_control_sets", "report_design_analysis", "report_timing")  # fmt: skip
def _report(shell: Shell, call: Call) -> str:
    figures = shell.state.figures()
    line = f"{call.command} -file {call.text('-file') or 'none'}"
    if call.command == "report_utilization":
        layout = paper.hierarchy if call.has("-hierarchical") else paper.utilization
        text = layout(figures, line + (" -hierarchical" if call.has("-hierarchical") else ""))
    elif call.command in _REPORTS:
        text = _REPORTS[call.command](figures, line)
    else:
        text = paper.header(figures, line) + "stand-in: no content\n"
    if call.text("-file"):
        write(shell, call.text("-file"), text)
    return text if call.has("-return_string") else ""
