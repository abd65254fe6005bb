# SPDX-License-Identifier: Apache-2.0
"""The full run of all lanes: every lane at 3, 4 and 5 bits, with adders of two and of three in
both mappings, on both simulators, each at seven sizes with VECTORS random vectors a size and all
pairs of codes at N = 1. What is done with the same sources is kept in build/results/lanes/ and
not run again, so it can be stopped at any time; --keep puts it into the repository as well. All of
it takes hours (docs/lanes.md): `make test` takes small parts of it.
"""

from __future__ import annotations

import argparse
import dataclasses
import multiprocessing
import multiprocessing.connection
import resource
import signal
import sys
import time
from collections.abc import Iterator, Sequence
from multiprocessing.process import BaseProcess

from sim import process
from sim.build import tool_version
from sim.progress import Progress
from sim.request import Run
from sim.run import run_target
from sim.targets import Target, find
from tb.common.lane_kinds import Kind
from tb.dot_product.player import SIZES
from tb.dot_product.records import BUILDS, KEPT, Entry, Record, keep, kept, load
from tb.dot_product.sweep_table import line, markdown, table

PLAIN_VECTORS = 200  # of a lane in each build on the netlist as Icarus made it, at one width
PLAIN_BITS = 3
_TIMEOUT_S = 8 * 3600
_FORK = multiprocessing.get_context("fork")


def arguments(words: Sequence[str] | None) -> argparse.Namespace:
    """Parse the command line."""
    lanes = [str(lane) for lane in find("dot_product").parameters["LANE"].choices]
    parser = argparse.ArgumentParser(prog="python -m tb.dot_product.sweep", description=__doc__)
    parser.add_argument("--vectors", type=int, default=100_000, help="random vectors a size")
    parser.add_argument("--lane", nargs="+", choices=lanes, default=lanes)
    parser.add_argument("--bits", nargs="+", type=int, choices=(2, 3, 4, 5), default=(3, 4, 5))
    parser.add_argument("--sim", nargs="+", choices=("verilator", "icarus"),
                        default=("verilator", "icarus"))  # fmt: skip
    parser.add_argument("--build", nargs="+", choices=list(BUILDS), default=list(BUILDS))
    parser.add_argument("--jobs", type=int, default=1, help="runs at the same time")
    parser.add_argument("--plain", action="store_true",
                        help="Icarus: the netlist as it is (see sim/rewire); slow")  # fmt: skip
    parser.add_argument("--table", action="store_true", help="show what is done, run nothing")
    parser.add_argument("--markdown", action="store_true",
                        help="the same as a table for docs/lanes.md, a line a lane")  # fmt: skip
    parser.add_argument("--keep", action="store_true",
                        help=f"put what is done into tb/dot_product/{KEPT.name}")  # fmt: skip
    parser.add_argument("--again", action="store_true", help="run what is done, too")
    wanted = parser.parse_args(words)
    if wanted.jobs < 1 or wanted.vectors < 100:
        parser.error("--jobs is at least 1 and --vectors at least 100")
    return wanted


def entries(wanted: argparse.Namespace) -> Iterator[Entry]:
    """Every run of the sweep, all lanes of a build first; a lane of one width only is run once."""
    for sim in wanted.sim:
        for build in wanted.build:
            for at, bits in enumerate(wanted.bits):
                for lane in wanted.lane:
                    rewired = sim == "icarus" and not wanted.plain
                    entry = Entry(lane, bits, build, sim, wanted.vectors, rewired)
                    if not entry.fixed:
                        yield entry
                    elif at == 0:
                        yield dataclasses.replace(entry, bits=4)


def _take(record: Record, target: Target, vectors: int, full: int, rewired: bool) -> int:
    """Run once and add it to the record; return the sums compared."""
    run = Run("dot_product", record.entry.sim, parameters=record.entry.parameters,
              options={"VECTORS": vectors, "FULL": full}, rewire=rewired)  # fmt: skip
    result = run_target(run, target)
    record.failures += result.failures
    record.mismatches += sum(int(metric["mismatches"]) for metric in result.metrics)
    if full:
        for name in ("random", "pairs", "vectors"):
            got = sum(int(metric.get(name, 0)) for metric in result.metrics)
            setattr(record, name, getattr(record, name) + got)
    return result.outputs_compared


def perform(entry: Entry) -> Record:
    """Do one run: all of it, on Icarus before that a little on the netlist as it is."""
    start, record = time.monotonic(), Record(entry, tool_version(entry.sim))
    target = dataclasses.replace(find("dot_product"), timeout_s=_TIMEOUT_S)
    try:
        if entry.rewired and PLAIN_VECTORS and (entry.fixed or entry.bits == PLAIN_BITS):
            record.plain = _take(record, target, min(PLAIN_VECTORS, entry.vectors), 0, False)
        if not record.failures:
            record.sums = _take(record, target, entry.vectors, 1, entry.rewired)
            _count(record)
    except Exception as err:  # a build that fails, a bench that cannot be imported: named, not lost
        record.failures.append(f"{type(err).__name__}: {err}")
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    record.cpu_s = round(sum(one.ru_utime + one.ru_stime for one in used), 1)
    record.seconds = round(time.monotonic() - start, 1)
    return record


def _count(record: Record) -> None:
    """Add a failure if less was compared than was asked for."""
    entry = record.entry
    kind = Kind(entry.lane, entry.bits)
    pairs = 1 << (kind.weight_bits + kind.act_bits)
    if record.random < entry.vectors:
        record.failures.append(f"only {record.random} of {entry.vectors} random vectors ran")
    if record.pairs < pairs:
        record.failures.append(f"only {record.pairs} of {pairs} pairs of codes ran at N = 1")
    if record.sums != record.vectors * len(SIZES) * kind.outs * kind.pixels:
        record.failures.append(f"{record.sums} sums compared of {record.vectors} vectors")


def _stop(number: int, _frame: object) -> None:
    raise KeyboardInterrupt


def _work(entry: Entry) -> None:
    """Do one run in a process of its own, whose end is the end of its simulator."""
    process.die_with_parent()
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent has it too, and ends us
    try:
        perform(entry).save()
    except KeyboardInterrupt:  # run_target has killed what it had started
        raise SystemExit(1) from None


def sweep(due: Sequence[Entry], jobs: int, progress: Progress) -> list[Record]:
    """Run what is due, `jobs` at a time, a line each. Whatever ends this ends the simulators."""
    waiting, done = list(due), []
    running: dict[int, tuple[Entry, BaseProcess]] = {}
    try:
        while waiting or running:
            while waiting and len(running) < jobs:
                entry = waiting.pop(0)
                entry.path.unlink(missing_ok=True)
                worker = _FORK.Process(target=_work, args=(entry,))
                worker.start()
                running[worker.sentinel] = (entry, worker)
                progress.step(f"{len(due) - len(waiting)}/{len(due)}  {entry.name}")
            for sentinel in multiprocessing.connection.wait(list(running)):
                entry, worker = running.pop(int(str(sentinel)))
                worker.join()
                record = load(entry) or Record(
                    entry, tool_version(entry.sim),
                    failures=[f"the run left no record (status {worker.exitcode})"],
                )  # fmt: skip
                done.append(record)
                progress.line(line(record))
    finally:
        for _, worker in running.values():
            worker.terminate()
            worker.join()
    return done


def _done(chosen: Sequence[Entry]) -> dict[Entry, Record]:
    """Good records of these runs, of this machine or out of the repository."""
    shared, found = kept(), {}
    for entry in chosen:
        record = load(entry) or shared.get(entry.key())
        if record and record.passed:
            found[entry] = record
    return found


def main(words: Sequence[str] | None = None) -> int:
    """Run what is not done yet, print all; 0 only if every run of the choice is good."""
    wanted = arguments(words)
    chosen = list(entries(wanted))
    try:
        done = {} if wanted.again else _done(chosen)
    except ValueError as err:
        print(err, file=sys.stderr)
        return 2
    if not (wanted.table or wanted.markdown or wanted.keep):
        due = [entry for entry in chosen if entry not in done]
        for number in (signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, _stop)
        try:
            with Progress() as progress:
                progress.line(f"{len(chosen)} runs, {len(done)} done before, {len(due)} to do")
                for record in sweep(due, wanted.jobs, progress):
                    done[record.entry] = record
        except KeyboardInterrupt:
            print("stopped; what is done is kept, the same command goes on", file=sys.stderr)
            return 130
    elif not done:
        print("nothing is done yet")
    if wanted.keep:
        print(f"{keep(done.values())} records in {KEPT.name}")
    if wanted.markdown:
        print("\n".join(markdown(done)))
    return table([done[entry] for entry in chosen if entry in done], len(chosen) - len(done))


if __name__ == "__main__":
    raise SystemExit(main())
