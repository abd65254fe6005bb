# SPDX-License-Identifier: Apache-2.0
"""Lets records of the sweep's Icarus runs count for RTL that Icarus compiles to the same netlist.

A change that no simulation can show (a comment, how a constant is computed) makes hours of Icarus
runs due again, because a record counts for the very text it was made with. This takes the records
that a revision has in the repository, and compiles each run with its RTL and with ours: where both
give the same netlist (same_netlist.py) the record is saved for ours, with the revision in it. The
bench must be the same, too. Verilator's half is not carried: it takes minutes.
"""

from __future__ import annotations

import argparse
import dataclasses
import os
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from golden.errors import PlutarchError
from sim import build, jobs
from sim.paths import ROOT
from sim.progress import Progress
from sim.simulators import Job
from sim.targets import find
from tb.dot_product import records, sweep
from tb.dot_product.records import Entry, Record
from tb.dot_product.same_netlist import canonical


class RevisionError(PlutarchError):
    """The revision is not there or has no such file, or there is no git to ask."""


def check_out(revision: str, folder: Path) -> str:
    """Write our RTL and the records as of a revision below `folder`; return the commit, short."""
    found = _git("rev-parse", "--short", "--verify", "--quiet", f"{revision}^{{commit}}")
    if found is None:
        raise RevisionError(f"{revision!r} is not a revision of this repository")
    commit = found.strip()
    for path in (*find("dot_product").benches[0].sources, records.KEPT):
        name = path.relative_to(ROOT)
        text = _git("show", f"{commit}:{name}")
        if text is None:
            raise RevisionError(f"{name} is not in revision {commit}")
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text, encoding="utf-8")
    return commit


def _git(*words: str) -> str | None:
    """What git says; None where it refuses."""
    command = ["git", *words]
    try:
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    except OSError as err:
        raise RevisionError(f"git: {err.strerror}") from None
    return None if done.returncode else done.stdout


def compiled(entry: Entry, tree: Path) -> list[str]:
    """What Icarus makes of a run's bench with the RTL below `tree`, in its canonical form."""
    target = find("dot_product")
    bench = target.benches[0]
    sources = tuple(tree / path.relative_to(ROOT) for path in bench.sources)
    parameters = bench.takes(target.resolve(entry.parameters))
    job = Job(bench.top, sources, target.includes, parameters, separate=target.separate)
    return canonical(build.build("icarus", job).executable.read_text(encoding="utf-8"))


def carry(entry: Entry, record: Record, commit: str, tree: Path) -> bool:
    """Save another state's record for ours if Icarus compiles both to the same; return whether."""
    if compiled(entry, tree) != compiled(entry, ROOT):
        return False
    dataclasses.replace(record, carried=record.carried or commit).save()
    return True


def main(words: Sequence[str] | None = None) -> int:
    """Carry what can be; 0 if all of it could, 1 where a netlist is another one."""
    parser = argparse.ArgumentParser(prog="python -m tb.dot_product.carry", description=__doc__)
    parser.add_argument("revision", help="a commit with records in tb/dot_product/sweep.json")
    wanted = parser.parse_args(words)
    with tempfile.TemporaryDirectory() as folder:
        tree = Path(folder)
        try:
            commit, kept = check_out(wanted.revision, tree), records.kept(tree)
            named = [(entry, kept[key]) for entry in sweep.entries(sweep.arguments([]))
                     if entry.sim == "icarus" and (key := entry.key(tree)) in kept]  # fmt: skip
            due = [jobs.Job(entry.name, carry, (entry, record, commit, tree), entry.bits)
                   for entry, record in named]  # fmt: skip
            with Progress() as progress:
                progress.line(f"{len(due)} Icarus runs have records of {commit}")

                def say(begun: int, job: jobs.Job) -> None:
                    progress.line(f"{begun:3}  {job.name}")

                same = jobs.run(due, os.cpu_count() or 1, say)
        except (PlutarchError, ValueError) as err:
            print(err, file=sys.stderr)
            return 2
        except KeyboardInterrupt:
            print("stopped; what is carried is kept", file=sys.stderr)
            return 130
    for job, result in zip(due, same, strict=True):
        if result is not True:
            print(f"not carried: {job.name}: {result or 'another netlist'}")
    print(f"{same.count(True)} of {len(due)} carried; sweep --keep puts them into the repository")
    return 0 if due and same.count(True) == len(due) else 1


if __name__ == "__main__":
    raise SystemExit(main())
