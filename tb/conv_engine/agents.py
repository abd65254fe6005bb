# SPDX-License-Identifier: Apache-2.0
"""Driver, monitor, scoreboard and their environment."""

from __future__ import annotations

from typing import Any

from pyuvm import (
    ConfigDB,
    uvm_analysis_port,
    uvm_driver,
    uvm_env,
    uvm_monitor,
    uvm_scoreboard,
    uvm_sequencer,
    uvm_subscriber,
)

from tb.common import results
from tb.conv_engine.bfm import ConvBfm, Observed
from tb.conv_engine.coverage import ConvCoverage
from tb.conv_engine.job import LayerJob
from tb.conv_engine.verdict import Verdict, judge

MAX_BAD_JOBS = 10  # a broken device fails everything; no use in waiting for all of it


class ConvDriver(uvm_driver):
    """Plays one job after the other; tells the scoreboard what it has launched."""

    def build_phase(self) -> None:
        self.launched = uvm_analysis_port("launched", self)
        self.withdrawn = uvm_analysis_port("withdrawn", self)
        self.bfm: ConvBfm = ConfigDB().get(self, "", "BFM")

    async def run_phase(self) -> None:
        while True:
            job: LayerJob = await self.seq_item_port.get_next_item()
            await self._play(job)
            self.seq_item_port.item_done()

    async def _play(self, job: LayerJob) -> None:
        await self.bfm.launch(job)
        self.launched.write(job)
        if job.reset_after is not None:
            await self.bfm.reset_after(job.reset_after)
            self.withdrawn.write(job)
            return
        await self.bfm.finished()
        await self.bfm.settle()
        if not job.faults and self.bfm.stuck:  # one bad job must not spoil those after it
            await self.bfm.reset()
        if job.faults and job.faults.early:
            await self.bfm.pulse_clear()
        if job.faults and not job.faults.untouched:
            await self.bfm.drain()
        if job.faults and job.faults.early:
            await self.bfm.cleared()
            return
        if job.faults and job.faults.clear:
            await self.bfm.clear()


class ConvMonitor(uvm_monitor):
    """Reads every job that finishes, from pins and recorded files only."""

    def build_phase(self) -> None:
        self.seen = uvm_analysis_port("seen", self)
        self.bfm: ConvBfm = ConfigDB().get(self, "", "BFM")

    async def run_phase(self) -> None:
        while True:
            await self.bfm.finished()
            self.seen.write(self.bfm.observe())


class _Inbox(uvm_subscriber):
    """Hands what it is sent to a function of its parent."""

    def __init__(self, name: str, parent: Any, handler: Any) -> None:
        super().__init__(name, parent)
        self._handler = handler

    def write(self, tt: Any) -> None:
        self._handler(tt)


class ConvScoreboard(uvm_scoreboard):
    """Judges every job against golden. Ends empty, without a problem, or the test fails."""

    def build_phase(self) -> None:
        self.launched = _Inbox("launched", self, self._expect)
        self.withdrawn = _Inbox("withdrawn", self, self._withdraw)
        self.seen = _Inbox("seen", self, self._check)
        self.bfm: ConvBfm = ConfigDB().get(self, "", "BFM")
        self.bad_jobs = 0
        self.waiting: dict[int, LayerJob] = {}
        self.problems: list[str] = []
        self.verdicts: list[tuple[LayerJob, Observed, Verdict]] = []

    def _expect(self, job: LayerJob) -> None:
        self.waiting[job.number] = job

    def _withdraw(self, job: LayerJob) -> None:
        """A reset ended the job, unless it was over already: nothing may be asked of it."""
        self.waiting.pop(job.number, None)

    def _check(self, seen: Observed) -> None:
        job = self.waiting.pop(seen.number, None)
        if job is None:
            self.problems.append(f"job {seen.number} finished, but nobody had launched it")
            return
        verdict = judge(job, seen)
        self.verdicts.append((job, seen, verdict))
        for problem in verdict.problems:
            self.logger.error(problem)
        self.problems += verdict.problems
        self.bad_jobs += bool(verdict.problems)
        if self.bad_jobs > MAX_BAD_JOBS:
            raise AssertionError(f"{self.problems[0]} (stopped after {self.bad_jobs} bad jobs)")
        if job.record and not job.faults:
            record(job, seen, verdict)

    def take_problems(self) -> list[str]:
        """Return and forget the problems so far: for tests that provoke them."""
        problems, self.problems, self.bad_jobs = self.problems, [], 0
        return problems

    def check_phase(self) -> None:
        if self.waiting:
            names = ", ".join(job.name for job in self.waiting.values())
            self.problems.append(f"{len(self.waiting)} jobs never finished: {names}")
        if not self.verdicts:
            self.problems.append("nothing was compared")
        if self.problems:
            more = f" (and {len(self.problems) - 1} more)" if len(self.problems) > 1 else ""
            raise AssertionError(self.problems[0] + more)


def record(job: LayerJob, seen: Observed, verdict: Verdict) -> None:
    """Write a job's figures and the digest of its outputs to the results."""
    parts = (seen.y.data, seen.y.last, seen.q.data, seen.q.last)
    results.add_layer(
        job.name,
        outputs=verdict.outputs,
        mismatches=verdict.mismatches,
        cycles=seen.counters["cycles"],
        macs=job.work.macs,
        stalls={s: seen.counters[f"stall_{s}"] for s in ("w", "a", "r", "y")},
        digest=b"".join(part.tobytes() for part in parts),
        x_seen=sum("X" in rule for rule in seen.rules),
    )


class ConvEnv(uvm_env):
    """Sequencer, driver, monitor, scoreboard, coverage."""

    def build_phase(self) -> None:
        self.sequencer = uvm_sequencer("sequencer", self)
        self.driver = ConvDriver("driver", self)
        self.monitor = ConvMonitor("monitor", self)
        self.scoreboard = ConvScoreboard("scoreboard", self)
        self.coverage = ConvCoverage("coverage", self)

    def connect_phase(self) -> None:
        self.driver.seq_item_port.connect(self.sequencer.seq_item_export)
        self.driver.launched.connect(self.scoreboard.launched.analysis_export)
        self.driver.withdrawn.connect(self.scoreboard.withdrawn.analysis_export)
        self.monitor.seen.connect(self.scoreboard.seen.analysis_export)
        self.monitor.seen.connect(self.coverage.analysis_export)
