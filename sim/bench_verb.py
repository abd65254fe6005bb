# SPDX-License-Identifier: Apache-2.0
"""`make bench`: everything that the open flow can measure, and the limits that CI checks."""

from __future__ import annotations

import functools
import os
import resource
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, Final

from golden.errors import PlutarchError
from sim import jobs
from sim.cli import flag, whole
from sim.errors import HarnessError, unknown
from sim.jobs import Job
from sim.paths import RESULTS, shown
from sim.progress import Progress
from sim.report import figure, print_table
from sim.targets import Value, find
from synth import limits, matrix, records, wheels
from synth.design import Design
from synth.records import Record

PARTS = ("lanes", "accelerators", "ecp5", "netlists", "limits")
_BOARD = "kv260"
_NETLIST_S: Final = 60.0
_PLACING: Final = 12.0
"""Place and route of all seeds takes about so many times what mapping for the KV260 takes."""
Work = tuple[Design, Callable[[Design], Record]]


def run(choices: Mapping[str, str]) -> int:
    """Measure, print tables, write build/results/bench.json; 1 when a limit or a build fails."""
    part = choices.get("PART", "")
    if part and part not in PARTS:
        raise unknown("PART of make bench", part, PARTS)
    workers = whole(choices, "WORKERS", os.cpu_count() or 1)
    if not 1 <= workers <= 16:
        raise HarnessError(f"WORKERS={workers}: a whole number from 1 to 16")
    wheels.compiled(print)
    if part == "limits":
        return check_limits(workers, flag(choices, "UPDATE"))
    if part == "netlists":
        failed = compared(run_jobs(netlist_jobs(), workers))
        for line in failed:
            print(f"failed: {line}")
        return 1 if failed else 0
    only = {name: choices[name] for name in ("LANE", "B", "N") if name in choices}
    lanes = [str(lane) for lane in find("dot_product").parameters["LANE"].choices]
    if only.get("LANE", lanes[0]) not in lanes:
        raise unknown("LANE", only["LANE"], lanes)
    work = list(_work(part, only, choices.get("NET", "")))
    if not work:
        raise HarnessError(f"no design of the bench has {' '.join(map('='.join, only.items()))}")
    todo, places = measuring(work)
    netlists = netlist_jobs() if not part and not only else []
    results = run_jobs([*todo, *netlists], workers)
    found, failed = sorted_out([results[place] for place in places])
    if netlists:
        failed += compared(results[len(todo) :])
    show(found)
    path = RESULTS / (f"bench-{part}.json" if part or only else "bench.json")
    records.write(path, found)
    for line in failed:
        print(f"failed: {line}")
    verdict = "FAIL" if failed else "PASS"
    print(f"{verdict} bench: {len(found)} records, {len(failed)} failed; results: {shown(path)}")
    return 1 if failed else 0


def _work(part: str, only: Mapping[str, str], net: str) -> Iterator[Work]:
    if part in ("", "lanes"):
        lane = functools.partial(_lane, net=net)
        yield from ((one, lane) for one in matrix.lanes(only))
    if part == "accelerators" or not (part or only):
        yield from ((one, _module) for one in matrix.accelerators(only))
    if part in ("", "ecp5") and not only:
        yield from ((one, _ecp5) for one in matrix.ecp5())


def _module(one: Design) -> Record:
    from synth.yosys import measure

    return measure.measure(one, board=_BOARD)


def _lane(one: Design, net: str = "") -> Record:
    from synth.yosys import energy

    return energy.with_energy(one, _module(one), net)


def _ecp5(one: Design) -> Record:
    from synth.ecp5 import measure

    return measure.measure(one, board="ulx3s", seeds=matrix.SEEDS)


def _netlist(top: str, given: Mapping[str, Value]) -> dict[str, Any]:
    from tb.netlist import mapped

    return mapped.checked(given, top)


def netlist_jobs() -> list[Job]:
    """The netlists of small accelerators in the RTL's bench, one job each."""
    return [Job(f"netlist of {top} {_words(given)}", _netlist, (top, given), _NETLIST_S)
            for top, given in matrix.COMPARED]  # fmt: skip


def compared(results: Sequence[Any]) -> list[str]:
    """Print what the netlist jobs found; a line for each netlist that differs."""
    failed = []
    for (top, given), seen in zip(matrix.COMPARED, results, strict=True):
        if isinstance(seen, PlutarchError):
            failed.append(str(seen))
            continue
        print(f"equal: {top} {_words(given)}: netlist and RTL give {seen['outputs']:,} outputs in "
              f"{seen['cycles']:,} cycles ({seen['simulator']})")  # fmt: skip
    return failed


def _words(given: Mapping[str, Value]) -> str:
    return " ".join(f"{name}={value}" for name, value in given.items())


def measure_all(work: Sequence[Work], workers: int) -> tuple[list[Record], list[str]]:
    """(records in order, a line for each design that failed); one failure stops no other."""
    todo, places = measuring(work)
    results = run_jobs(todo, workers)
    return sorted_out([results[place] for place in places])


def measuring(work: Sequence[Work]) -> tuple[list[Job], list[int]]:
    """Jobs for all designs, and where among them those are that return the records.

    The seeds of an accelerator on the ECP5, minutes each, are jobs of their own.
    """
    todo: list[Job] = []
    places = []
    for one, call in work:
        name, effort, seeds = f"{one.top} {one.words}", matrix.effort(one), range(0)
        if call is _ecp5:
            name, effort = f"ECP5: {name}", effort * _PLACING
            if one.top != "dot_product":
                seeds = range(1, matrix.SEEDS + 1)
                first = len(todo)
                todo.append(Job(f"{name}: mapping", ecp5_ahead, (one, 0), effort * len(seeds)))
                todo += [Job(f"{name}: seed {seed}", ecp5_ahead, (one, seed), effort, (first,))
                         for seed in seeds]  # fmt: skip
        places.append(len(todo))
        todo.append(Job(name, call, (one,), effort, tuple(len(todo) - seed for seed in seeds)))
    return todo, places


def ecp5_ahead(one: Design, seed: int) -> None:
    """A part of the work on an ECP5 design, left in the cache; its own job meets errors again."""
    from synth.ecp5 import measure

    measure.ahead(one, seed)


def run_jobs(todo: Sequence[Job], workers: int) -> list[Any]:
    """The results in order, see `sim.jobs`; prints what the whole took."""
    start, used = time.monotonic(), _cpu_seconds()
    with Progress() as progress:
        results = jobs.run(todo, workers, lambda number, job: progress.step(
            f"{number} of {len(todo)}: {job.name}"))  # fmt: skip
    print(f"{len(todo)} jobs in {time.monotonic() - start:.0f} s on {workers} workers, "
          f"{_cpu_seconds() - used:.0f} CPU seconds")  # fmt: skip
    return results


def sorted_out(results: Sequence[Any]) -> tuple[list[Record], list[str]]:
    """(records, a line for each failure)."""
    failed = [str(one) for one in results if isinstance(one, PlutarchError)]
    return [one for one in results if not isinstance(one, PlutarchError)], failed


def _cpu_seconds() -> float:
    """CPU time of this process and of the tools that it ran: no matter how busy the machine is."""
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(one.ru_utime + one.ru_stime for one in used)


def show(found: Sequence[Record]) -> None:
    """A row for each record. Figures of two fabrics stand under two heads."""
    for flow in dict.fromkeys(record.flow for record in found):
        some = [record for record in found if record.flow == flow]
        head = ("module", "b", "N", "tree", "LUT cells", "lut_packed", "lutram", "LUT/MAC", "FF",
                "CARRY8", "levels", "MHz est", "fJ/MAC held", "changing")  # fmt: skip
        rows = [
            (f"{one.module if one.module != 'dot_product' else ''} {one.lane or ''}".strip(),
             figure(one.b), figure(one.n), figure(one.tree), figure(one.lut_cells),
             figure(one.lut_packed), figure(one.lutram), figure(one.lut_per_mac, 2), figure(one.ff),
             figure(one.carry8), figure(one.levels), figure(one.fmax_mhz_est),
             figure(one.energy_fj_per_mac_held), figure(one.energy_fj_per_mac_changing))
            for one in some
        ]  # fmt: skip
        print(f"{flow}, {some[0].tool} {some[0].tool_version}, {some[0].stage}, {some[0].part}")
        if flow == "yosys-nextpnr-ecp5":
            print_table(*_routed(some))
        else:
            print_table(head, rows)


def _routed(some: Sequence[Record]) -> tuple[tuple[str, ...], list[tuple[str, ...]]]:
    """Head and rows of the ECP5's table."""
    head = "module", "b", "N", "LUT4", "LUT4/MAC", "FF", "MHz median", "MHz of each seed"
    return head, [
        (f"{one.module if one.module != 'dot_product' else ''} {one.lane or ''}".strip(),
         figure(one.b), figure(one.n), figure(one.extra["lut4"]),
         figure(one.extra["lut4"] / one.macs if one.macs else None, 2), figure(one.ff),
         figure(one.fmax_mhz_est, 1), " ".join(f"{mhz:.0f}" for mhz in one.extra["mhz_by_seed"]))
        for one in some
    ]  # fmt: skip


def check_limits(workers: int, update: bool) -> int:
    """Map what synth/limits.toml names and compare; with `update` write the table anew."""
    entries = limits.load()
    work: list[Work] = [(entry.design, _module) for entry in entries]
    found, failed = measure_all(work, workers)
    path = RESULTS / "bench-limits.json"
    records.write(path, found)
    if failed:
        print(f"FAIL limits: {len(failed)} of {len(entries)} did not build")
        return 1
    if update:
        limits.rewrite(entries, found)
        print(f"{shown(limits.TABLE)} written anew from {len(found)} designs")
        return 0
    broken = [line for entry, record in zip(entries, found, strict=True)
              for line in entry.broken(record)]  # fmt: skip
    print_table(("limit", "lut_cells", "of", "lut_packed", "of", "MHz est"), [
        (entry.name, figure(record.lut_cells), figure(entry.at_most.get("lut_cells")),
         figure(record.lut_packed), figure(entry.at_most.get("lut_packed")),
         figure(record.fmax_mhz_est))
        for entry, record in zip(entries, found, strict=True)
    ])  # fmt: skip
    for line in broken:
        print(f"beyond its limit: {line}")
    if broken:
        print("smaller is better; if the change is worth it: make bench PART=limits UPDATE=1")
    verdict = "FAIL" if broken else "PASS"
    print(f"{verdict} limits: {len(entries)} designs, {len(broken)} figures beyond their limit")
    return 1 if broken else 0
