# SPDX-License-Identifier: Apache-2.0
"""A network through the devices, step by step beside golden; every value is compared."""

from __future__ import annotations

import hashlib
import json
import time
from collections import Counter
from dataclasses import replace
from itertools import islice
from typing import Any

import numpy as np

from golden.jobs import ConvJob, Job
from golden.layer import ConvLayer
from golden.network import FC, FcLayer, Network, Node
from host.compiler import Step, compile_layer, compile_network, fc_layer
from host.driver import Report
from host.jobs import LayerJob, Outputs
from host.program import Program, Tensors
from tb.network.bench import NetworkBench
from tb.network.judge import Mismatch, Verdict, golden_tensors, judge, judge_fc_sums
from tb.network.state import Record, State

MAP_VALUES = 4 << 20  # of the largest map, over the images of a group: golden's memory
GROUP = 64  # images at most
TAG = "plutarch-network"  # begins the lines that the harness reads


def say(kind: str, **values: Any) -> None:
    """Tell the harness, which shows it."""
    print(f"{TAG} {json.dumps({'kind': kind, **values})}", flush=True)


class Walk:
    """One network, some images of its package, the devices of a bench.

    steps: the first so many steps of the network only, 0 for all; without all there is no answer.
    """

    def __init__(self, bench: NetworkBench, net: Network, images: int, state: State,
                 raw: bool = False, steps: int = 0) -> None:
        self.bench = bench
        self.net = net
        self.state = state
        self.raw = raw
        self.steps = steps or None
        self.images = net.images[:images]
        largest = max(int(np.prod(work.out_shape)) for work in net.work())
        group = max(1, min(GROUP, MAP_VALUES // largest, images))
        self.groups = [(a, min(a + group, images)) for a in range(0, images, group)]
        self.program = Program(net, bench.devices)
        self.total = self.done = 0
        self.logits: list[list[int]] = []  # argmax per image: golden, RTL
        self.first: Mismatch | None = None

    def run(self) -> None:
        """Run everything; stops behind the first step that differs from golden."""
        plans = {size: compile_network(self.net, self.bench.targets, size)
                 for size in {b - a for a, b in self.groups}}
        self.total = sum(cost(job) for a, b in self.groups for step in plans[b - a][:self.steps]
                         for job in step.jobs)
        for number, (a, b) in enumerate(self.groups):
            if not self._group(number, plans[b - a], a, b):
                return

    def _group(self, number: int, steps: list[Step], first: int, last: int) -> bool:
        images = self.images[first:last]
        earlier: dict[str, Tensors] = {}
        for step, job in islice(zip(steps, self.net.jobs(images), strict=True), self.steps):
            assert step.name == job.name, "compiler and golden disagree on the order"
            key = f"{number}/{step.name}"
            if key in self.state.records:
                earlier[step.name] = golden_tensors(job)
                self.done += sum(cost(one) for one in step.jobs)
                self._answers(job, self.state.records[key].get("answers"))
                continue
            record, tensors = self._step(step, job, images, earlier, first)
            earlier[step.name] = tensors
            if record["mismatches"]:
                self.state.records[key] = record  # not on disk: the next run does it again
                return False
            self.state.add(key, record)
        return True

    def _step(self, step: Step, job: Job, images: Any, earlier: dict[str, Tensors],
              first: int) -> tuple[Record, Tensors]:
        begin = time.perf_counter()
        before = self.bench.clocks.seconds

        def watch(one: LayerJob, _: Outputs, report: Report) -> None:
            self.done += cost(one)
            say("progress", layer=one.name, images=[first + one.images[0], first + one.images[1]],
                done=self.done, total=self.total, cycles=report.cycles)

        done = self.program.run_step(step, images, earlier, watch)
        verdict = judge(step, done.tensors, job, self.net.bits, first)
        if isinstance(step.op, FcLayer):
            words = earlier[self.net.pool_source].words
            judge_fc_sums(step, done.tensors, words, step.op, self.net.bits, first, verdict)
        if self.raw and isinstance(job, ConvJob):
            self._raw(step, job, verdict, first)
        self.first = self.first or verdict.first
        record = record_of(step, done.reports, verdict)
        record["digest"] = digest(done.tensors)
        record["seconds"] = time.perf_counter() - begin
        record["sim_seconds"] = self.bench.clocks.seconds - before
        if step.name == FC:
            assert done.tensors.logits is not None
            record["answers"] = done.tensors.logits.argmax(axis=1).tolist()
            self._answers(job, record["answers"])
        return record, done.tensors

    def _raw(self, step: Step, job: ConvJob, verdict: Verdict, first: int) -> None:
        """The layer once more, giving its accumulators."""
        layer = raw_form(job.layer)
        got = np.zeros(job.expected.acc.shape, np.int64)
        for one in compile_layer(layer, step.in_shape[1:], self.bench.targets, len(job.a)):
            sums = self.bench.devices[one.device].run(one, job.a).outputs.sums
            assert sums is not None
            one.place(got, sums)
        verdict.compare((step.name, "sums", first), got, job.expected.acc)

    def _answers(self, job: Job, mine: list[int] | None) -> None:
        if mine is not None:
            theirs = job.expected.t.argmax(axis=1).tolist()
            self.logits += [[int(a), int(b)] for a, b in zip(theirs, mine, strict=True)]


def cost(job: LayerJob) -> int:
    """Cycles of a job, roughly: for the time left."""
    outs, ins = job.target.tiles(job.layer)
    return outs * ins * job.positions


def raw_form(layer: ConvLayer) -> ConvLayer:
    """The layer giving its accumulators."""
    return replace(layer, raw=True, emit_code=False, emit_res=False, res_in=False)


def digest(tensors: Tensors) -> str:
    """SHA-256 of what a step hands on: both simulators must agree on it."""
    found = hashlib.sha256()
    for part in tensors:
        found.update(b"-" if part is None else np.ascontiguousarray(part).tobytes())
    return found.hexdigest()


def record_of(step: Step, reports: list[Report], verdict: Verdict) -> Record:
    """Figures of a step: counters summed over its jobs, bytes by stream, weights by size."""
    stalls: Counter[str] = Counter()
    moved: Counter[str] = Counter()
    for report in reports:
        stalls.update(report.stalls)
        moved.update(report.sent)
        moved.update(report.received)
    streams = {id(job.stream): job.stream for job in step.jobs}.values()
    return {
        "name": step.name, "kind": step.kind,
        "device": step.jobs[0].device if step.jobs else "host",
        "quantised": isinstance(step.op, Node) and (
            step.op.layer.wgt == "pot" or step.op.as_values),
        "shape": [list(step.in_shape), list(step.out_shape)],
        "kernel": step.jobs[0].layer.kernel if step.jobs else 0,
        "jobs": len(step.jobs), "macs": step.macs, "outputs": verdict.outputs,
        "mismatches": verdict.mismatches, "lanes": step.jobs[0].target.lanes if step.jobs else 0,
        "cycles": sum(r.cycles for r in reports), "busy": sum(r.busy for r in reports),
        "stalls": dict(stalls), "bytes": dict(moved),
        "weights": sum(r.weights for r in reports),
        "raw_bytes": sum(-(-stream.raw_bits // 8) for stream in streams),
        "stream_bytes": sum(len(stream.data) for stream in streams),
    }


def replay(bench: NetworkBench, net: Network, name: str, image: int, tile: int,
           raw: bool = False, reports: list[Report] | None = None) -> Verdict:
    """One layer on one image with golden's inputs, one output tile of it (or all with tile < 0).

    raw: its raw sums in place of what it emits. reports: takes the counters of its jobs.
    """
    jobs = {}
    for job in net.jobs(net.images[image:image + 1]):
        jobs[job.name] = job
        if job.name == name:
            break
    step = next(s for s in compile_network(net, bench.targets, 1) if s.name == name)
    if isinstance(step.op, Node):
        layer = step.op.layer
        found = jobs[name]
        assert isinstance(found, ConvJob)
        a, residual, want = found.a, found.residual, found.expected
    else:
        assert isinstance(step.op, FcLayer)
        layer = fc_layer(step.op, net.bits)
        a, residual = jobs[net.pool_source].expected.res, None
        want = layer.run(a)
    if raw:
        layer = raw_form(layer)
        residual, want = None, want._replace(codes=None, res=None)
    pout = bench.targets[step.jobs[0].device].pout
    cut = slice(0, None) if tile < 0 else slice(tile * pout, (tile + 1) * pout)
    if tile >= 0:
        layer = replace(layer, weights=layer.weights[cut], shift1=layer.shift1[cut],
                        shift2=layer.shift2[cut], term2=layer.term2[cut], bias=layer.bias[cut])
    part = None if residual is None else residual[:, cut]
    verdict = Verdict()
    shape = want.acc[:, cut].shape
    maps = np.zeros(shape, np.uint8), np.zeros(shape, np.int8), np.zeros(shape, np.int64)
    for one in compile_layer(layer, step.in_shape[1:], bench.targets, 1):
        outputs, report = bench.devices[one.device].run(one, a, part)
        if reports is not None:
            reports.append(report)
        for whole, piece in zip(maps, outputs, strict=True):
            if piece is not None:
                one.place(whole, piece)
    for text, got, due in (("codes", maps[0], want.codes), ("words", maps[1], want.res),
                           ("sums", maps[2], want.acc if layer.raw else None)):
        if due is not None:
            verdict.compare((name, text, image), got, due[:, cut], channel=cut.start)
    return verdict
