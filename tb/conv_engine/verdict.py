# SPDX-License-Identifier: Apache-2.0
"""Is what was seen right? Pure functions on a job and its observation, no simulator needed."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from host.packing import unpack_lanes
from tb.common.beats import Stream
from tb.conv_engine import cycle_model
from tb.conv_engine.bfm import Observed, first_difference
from tb.conv_engine.job import Faults, LayerJob


@dataclass(frozen=True)
class Verdict:
    """outputs: values compared; mismatches: how many are wrong; problems: one line each."""

    outputs: int
    mismatches: int
    problems: tuple[str, ...]


def judge(job: LayerJob, seen: Observed) -> Verdict:
    """Compare a finished job with golden: outputs, TLAST, beats, counters, cycles, error code."""
    problems = [*seen.rules]
    if seen.hung:
        problems.append(_where_it_hangs(job, seen))
    repeats = 1 if job.faults else job.work.repeats
    if seen.dones != repeats:
        problems.append(f"done pulsed {seen.dones} times, expected {repeats}")
    if seen.busy:
        problems.append("busy is still high after done")
    if job.faults:
        problems += _judge_error(job, job.faults, seen)
        return Verdict(0, 0, tuple(f"{job.name}: {p}" for p in problems))
    if seen.err:
        problems.append(f"the device reports error {seen.err} on a good job")
    work = job.work
    wrong = 0
    for port, got, want, bits, signed in (
            ("y", seen.y, work.y, _y_bits(job), work.layer.raw),
            ("r", seen.q, work.q, 8, True)):
        count, text = _compare(job, port, got, want, bits, signed)
        wrong += count
        problems += text
    if not seen.hung and not seen.err:
        problems += _judge_counts(job, seen)
    return Verdict(work.outputs, wrong, tuple(f"{job.name}: {p}" for p in problems))


def _y_bits(job: LayerJob) -> int:
    return job.work.hw.acc_bits if job.work.layer.raw else job.work.hw.bits


def _where_it_hangs(job: LayerJob, seen: Observed) -> str:
    work = job.work
    return (f"hangs or takes far too long; taken w {seen.beats['w']} of {len(work.w.data)}, "
            f"a {seen.beats['a']} of {len(work.a_stream.data)}, "
            f"r {seen.beats['r']} of {len(work.r.data)}; "
            f"given y {seen.beats['y']} of {len(work.y.data)}, "
            f"r {seen.beats['q']} of {len(work.q.data)}")


def _compare(job: LayerJob, port: str, got: Stream, want: Stream, bits: int,
             signed: bool) -> tuple[int, list[str]]:
    """(wrong values, messages). A missing or surplus beat counts with each of its channels."""
    beat = first_difference(got, want)
    if beat is None:
        return 0, []
    lanes = job.work.hw.pout
    common = min(len(got.data), len(want.data))
    got_values = unpack_lanes(got.data[:common], bits, lanes, signed=signed)
    want_values = unpack_lanes(want.data[:common], bits, lanes, signed=signed)
    wrong = int((got_values != want_values).sum())
    wrong += lanes * abs(len(got.data) - len(want.data))
    where = locate(job, beat)
    if beat >= common:
        kind = "missing" if len(got.data) < len(want.data) else "surplus"
        what = f"{where}: beat {beat} is {kind}: {len(got.data)} beats, expected {len(want.data)}"
    elif (got_values[beat] != want_values[beat]).any():
        lane = int(np.flatnonzero(got_values[beat] != want_values[beat])[0])
        what = (f"{locate(job, beat, lane)}: expected {want_values[beat, lane]}, "
                f"got {got_values[beat, lane]}")
    elif got.last[beat] != want.last[beat]:
        what = f"{where}: TLAST is {int(got.last[beat])}, expected {int(want.last[beat])}"
    else:
        what = f"{where}: bits of tdata that must be zero are not"
    # Wrong TLAST or padding bits alone still make the beat wrong.
    return max(wrong, 1), [f"m_axis_{port} {what} (first of {max(wrong, 1)} mismatches)"]


def locate(job: LayerJob, beat: int, lane: int | None = None) -> str:
    """Name the place of an output beat (and lane) in the layer."""
    tiles, images, oh, ow, pout = job.work.map_shape
    if beat >= tiles * images * oh * ow:
        return "after the last position"
    tile, image, row, column = np.unravel_index(beat, (tiles, images, oh, ow))
    first = int(tile) * pout
    channel = f"channels {first}.." if lane is None else f"channel {first + lane}"
    return f"{channel}, image {image}, row {row}, column {column}"


def _judge_counts(job: LayerJob, seen: Observed) -> list[str]:
    """Beats taken, and the counters, which belong to the last start, of a job that ended well."""
    work, count = job.work, seen.counters
    last = work.final
    problems = []
    taken = {"w": len(work.w.data), "a": len(work.a_stream.data), "r": len(work.r.data)}
    for stream, want in taken.items():
        if seen.beats[stream] != want:
            problems.append(f"took {seen.beats[stream]} beats of {stream}, expected {want}")
    exact = {"weights": work.layer.weights.size, "cycles": seen.run_cycles - 1,
             "busy": int(np.prod(last.map_shape[:4])) * last.hw.tiles(last.layer)[1],
             "beats_w": len(last.w.data), "beats_a": len(last.a_stream.data),
             "beats_r": len(last.r.data), "beats_y": len(last.y.data), "beats_q": len(last.q.data)}
    problems += [f"cnt_{name} is {count[name]}, expected {want}"
                 for name, want in exact.items() if count[name] != want]
    model = cycle_model.predict(last)
    lost = sum(count[f"stall_{s}"] for s in ("w", "a", "r", "y"))
    if not job.stalls.any:
        if not model.stall_w[0] <= count["stall_w"] <= model.stall_w[1]:
            problems.append(f"waited {count['stall_w']} cycles for weights, the model says "
                            f"{model.stall_w[0]} to {model.stall_w[1]}")
        if lost != count["stall_w"]:
            problems.append(f"{lost - count['stall_w']} stall cycles without a cause")
    # A stall can hide a pipeline's emptying, and the last wait, for outputs to be taken and the
    # weight stream to end, is no counted stall.
    late_end = job.stalls.y or job.stalls.q or job.stalls.w
    least = model.least if job.stalls.any else model.base
    spent = count["cycles"] - lost
    if spent < least or (not late_end and spent > model.base):
        problems.append(f"took {count['cycles']} cycles, {lost} of them stalls; without these the "
                        f"model says {least} to {model.base}, not {spent}")
    return problems


def _judge_error(job: LayerJob, faults: Faults, seen: Observed) -> list[str]:
    problems = []
    if seen.err != faults.code:
        problems.append(f"err is {seen.err}, expected {faults.code}")
    if faults.untouched:
        # Port registers may take a beat or two ahead; that none is lost shows in the job after.
        ahead = {"w": 2, "a": 2, "r": len(job.work.r.data), "y": 0, "q": 0}
        moved = [s for s, beats in seen.beats.items() if beats > ahead[s]]
        if moved:
            problems.append(f"a refused layer must touch no stream, moved {', '.join(moved)}")
    for port, got, want in (("y", seen.y, job.work.y), ("r", seen.q, job.work.q)):
        if len(got.last) and not got.last[-1]:
            problems.append(f"m_axis_{port}: the transfer that was cut short has no TLAST")
        if not faults.exact_prefix or not len(got.data):
            continue
        beat = first_difference(got, want)
        # The closing beat of zeros may differ from the good one; nothing before it may.
        if beat is not None and beat < len(got.data) - 1:
            problems.append(f"m_axis_{port} {locate(job, beat)}: wrong before the error")
        elif beat == len(got.data) - 1 and np.any(got.data[-1]):
            problems.append(f"m_axis_{port}: the beat that closes a cut transfer is not zero")
    return problems
