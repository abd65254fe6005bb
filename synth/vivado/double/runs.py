# SPDX-License-Identifier: Apache-2.0
"""Runs of a project: launched, waited for, failing without an error as Vivado's do."""

from __future__ import annotations

from pathlib import Path

from synth.vivado.double.flow import elaborate, write
from synth.vivado.double.queries import hand_out, matching
from synth.vivado.double.registry import command
from synth.vivado.double.shell import Shell
from synth.vivado.double.state import Design
from synth.vivado.double.syntax import Call, VivadoError


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
