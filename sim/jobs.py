# SPDX-License-Identifier: Apache-2.0
"""Independent jobs on all processors: the longest first, each worker a process of its own."""

from __future__ import annotations

import concurrent.futures
import heapq
import multiprocessing
import signal
import sys
from collections.abc import Callable, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from typing import Any

from golden.errors import PlutarchError
from sim.errors import HarnessError


@dataclass(frozen=True)
class Job:
    """A call that pickle can carry, and how long it may take.

    effort: seconds, roughly; only their order counts. after: places, in the sequence of jobs, of
    earlier ones that must have ended before this one begins, well or not.
    """

    name: str
    call: Callable[..., Any]
    args: tuple[Any, ...]
    effort: float
    after: tuple[int, ...] = ()


def run(jobs: Sequence[Job], workers: int,
        say: Callable[[int, Job], None]) -> list[Any]:  # fmt: skip
    """What each job returned, in order; a PlutarchError takes the place of what it stopped.

    say(how many have begun, job) is called for each job that begins. One worker is this process
    itself. Raises HarnessError when a worker dies, and any other exception of a job.
    """
    queue = _Queue(jobs)
    if workers == 1:
        while (place := queue.next()) is not None:
            say(queue.begun, jobs[place])
            queue.end(place, _caught(jobs[place]))
        return queue.results
    # Spawned and not forked: threads that run here (the live line) would be cut off in the middle.
    pool = ProcessPoolExecutor(workers, multiprocessing.get_context("spawn"), _quiet_worker)
    running: dict[Future[Any], int] = {}
    try:
        while True:
            while len(running) < workers and (place := queue.next()) is not None:
                say(queue.begun, jobs[place])
                running[pool.submit(_caught, jobs[place])] = place
            if not running:
                break
            ended, _ = concurrent.futures.wait(running, return_when=FIRST_COMPLETED)
            for future in ended:
                queue.end(running[future], future.result())
                del running[future]
    except BaseException as error:
        pool.shutdown(wait=False, cancel_futures=True)
        for child in multiprocessing.active_children():
            child.terminate()
        if isinstance(error, BrokenProcessPool):
            names = ", ".join(jobs[place].name for place in running.values())
            raise HarnessError(f"a worker process died (out of memory?) during: {names}") from None
        raise
    pool.shutdown()
    return queue.results


class _Queue:
    """Which job is next: of those that wait for none, the longest."""

    def __init__(self, jobs: Sequence[Job]) -> None:
        self.results: list[Any] = [None] * len(jobs)
        self.begun = 0
        self._jobs = jobs
        self._waits = [set(job.after) for job in jobs]
        self._ready = [(-job.effort, place) for place, job in enumerate(jobs) if not job.after]
        heapq.heapify(self._ready)

    def next(self) -> int | None:
        """The place of the job to begin, None when there is none as yet."""
        if not self._ready:
            return None
        self.begun += 1
        return heapq.heappop(self._ready)[1]

    def end(self, place: int, result: Any) -> None:
        """Note a result; jobs that waited for this one alone are ready."""
        self.results[place] = result
        for other, waits in enumerate(self._waits):
            if place in waits:
                waits.remove(place)
                if not waits:
                    heapq.heappush(self._ready, (-self._jobs[other].effort, other))


def _caught(job: Job) -> Any:
    try:
        return job.call(*job.args)
    except PlutarchError as error:
        return PlutarchError(str(error))  # its kind may have an __init__ that pickle cannot call


def _quiet_worker() -> None:
    """Interrupts are the parent's business; when it ends a worker, tools that it runs end too."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
