# SPDX-License-Identifier: Apache-2.0
"""`make sim`: one TOPLEVEL, one parameter set, one simulator or both."""

from __future__ import annotations

from collections.abc import Mapping

import find_libpython

from sim import report, results, runtime, systools, waves
from sim.build import tool_version
from sim.cli import flag, whole
from sim.errors import HarnessError, unknown
from sim.paths import shown
from sim.progress import Progress
from sim.run import DEFAULT_SEED, SIMULATORS, Run, RunResult, run_target
from sim.targets import find

_FIXED = ("TOPLEVEL", "SIM", "NET", "SEED", "TESTCASE", "WAVES", "DEBUG")


def simulators(choice: str) -> list[str]:
    """Return the simulators to run on this machine. Raises HarnessError if none is left."""
    if choice not in (*SIMULATORS, "both"):
        raise unknown("SIM", choice, (*SIMULATORS, "both"))
    wanted = list(SIMULATORS) if choice == "both" else [choice]
    if "icarus" in wanted and not systools.ensure_icarus(print):
        if choice == "icarus":
            raise HarnessError("SIM=icarus needs Icarus Verilog; SIM=verilator works without it")
        print("going on with Verilator alone")
        wanted.remove("icarus")
    return wanted


def requests(choices: Mapping[str, str]) -> list[Run]:
    """Return one Run per simulator out of make's variables. Raises HarnessError."""
    if "TOPLEVEL" not in choices:
        raise HarnessError("which module? make sim TOPLEVEL=plut_conv (make help lists them)")
    target = find(choices["TOPLEVEL"])
    own = target.by_make_name()
    given = {name: value for name, value in choices.items() if name not in _FIXED}
    for name in given:
        if name not in own:
            raise unknown(f"parameter of {target.name}", name, own)
    parameters = {own[n].name: own[n].parse(v) for n, v in given.items()
                  if own[n].name in target.parameters}  # fmt: skip
    options = {own[n].name: own[n].parse(v) for n, v in given.items()
               if own[n].name in target.options}  # fmt: skip
    net = choices.get("NET", "")
    if net and net not in target.nets:
        raise unknown(f"NET of {target.name}", net, target.nets)
    return [
        Run(
            toplevel=target.name,
            sim=sim,
            parameters=parameters,
            seed=whole(choices, "SEED", DEFAULT_SEED),
            testcase=choices.get("TESTCASE", ""),
            net=net,
            options=options,
            waves=flag(choices, "WAVES"),
            debug=flag(choices, "DEBUG"),
        )
        for sim in simulators(choices.get("SIM", "verilator"))
    ]


def run(choices: Mapping[str, str]) -> int:
    """Run it, report it, write its results; 0 only if every test on every simulator passed."""
    wanted = requests(choices)
    systools.ensure_libpython(find_libpython.find_libpython, print)
    if wanted[0].waves and any(r.sim == "verilator" for r in wanted):
        systools.ensure_fst_headers(runtime.has_fst_headers, print)
    results.forget(wanted[0].toplevel, SIMULATORS)
    finished: list[RunResult] = []
    for request in wanted:
        with Progress(verbose=request.debug) as progress:
            progress.line(f"{request.toplevel} on {tool_version(request.sim)}, seed {request.seed}")
            result = run_target(request, progress=progress)
        if len(wanted) > 1 and finished:
            result.failures += results.compare(finished[0], result)
        dumps = waves.save_files(result)
        path = results.write(result)
        report.show(result, dumps)
        print(f"results: {shown(path)}")
        finished.append(result)
    if len(finished) > 1 and all(result.passed for result in finished):
        count = len(finished[1].layers)
        if count:
            print(f"both simulators agree: {count} layers, same outputs and same cycle counts")
        else:
            print("both simulators pass; the tests recorded no layer to compare")
    return 0 if all(result.passed for result in finished) else 1
