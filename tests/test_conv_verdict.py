"""The judge of the convolution bench, without a simulator: each kind of wrong must be named."""

# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from host.packing import pack_lanes, unpack_lanes
from tb.common.beats import Stream, read_player, read_recorder, write_player
from tb.conv_engine import cycle_model, faults
from tb.conv_engine.bfm import Observed
from tb.conv_engine.hardware import Hardware
from tb.conv_engine.job import LayerJob, Stalls
from tb.conv_engine.layers import Mode, Shape, draw_layer, generator
from tb.conv_engine.verdict import judge

HW = Hardware(bits=4, kmax=3, pin=2, pout=2, line_depth=16, psum_depth=64, cout_max=8, lane="P1")


@pytest.fixture(scope="module")
def job() -> LayerJob:
    rng = generator(1, "verdict")
    shape = Shape(4, 3, 3, 3, 3, 1, 1, 2)
    return LayerJob("good", draw_layer(rng, HW, "good", shape, Mode(False, True, "code+res")))


def seen(job: LayerJob) -> Observed:
    """What a perfect device shows."""
    work, model = job.work, cycle_model.predict(job.work)
    waited = model.stall_w[1]
    cycles = model.base + waited
    taken = {"w": len(work.w.data), "a": len(work.a_stream.data), "r": len(work.r.data),
             "y": len(work.y.data), "q": len(work.q.data)}
    busy = 2 * 2 * 2 * 4 * 3  # output tiles, input tiles, images, rows, columns
    counters = {"cycles": cycles, "busy": busy, "stall_w": waited, "stall_a": 0, "stall_r": 0,
                "stall_y": 0, "weights": work.layer.weights.size,
                **{f"beats_{stream}": beats for stream, beats in taken.items()}}
    return Observed(number=0, err=0, hung=False, busy=False, dones=1, run_cycles=cycles + 1,
                    counters=counters, cfg=work.cfg, beats=taken, held={},
                    played=dict.fromkeys("war", True), rules=(), y=work.y, q=work.q)


def problems(job: LayerJob, **changed: object) -> str:
    verdict = judge(job, replace(seen(job), **changed))
    assert verdict.problems, f"{changed} goes unnoticed"
    return " | ".join(verdict.problems)


def test_a_perfect_device_passes(job: LayerJob) -> None:
    verdict = judge(job, seen(job))
    assert verdict.problems == () and verdict.mismatches == 0
    assert verdict.outputs == 2 * 2 * 3 * 4 * 3  # kinds, images, channels, rows, columns


def test_one_wrong_value_is_named(job: LayerJob) -> None:
    data = job.work.y.data.copy()
    data[-1, 0] ^= 1  # last beat: last column of the last row of image 1, channel 2
    text = problems(job, y=Stream(data, job.work.y.last))
    assert "good: m_axis_y channel 2, image 1, row 3, column 2: expected" in text
    assert "first of 1 mismatches" in text


@pytest.mark.parametrize(("cut", "kind"), [(slice(None, -1), "missing"), (slice(1, None), "TLAST")])
def test_a_lost_beat_is_named(job: LayerJob, cut: slice, kind: str) -> None:
    y = Stream(job.work.y.data[cut], job.work.y.last[cut])
    text = problems(job, y=y)
    assert "m_axis_y" in text
    assert kind in text or "expected" in text


def test_a_surplus_beat_is_named(job: LayerJob) -> None:
    q = job.work.q
    more = Stream(np.vstack([q.data, q.data[:1]]), np.append(q.last, False))
    assert "m_axis_r after the last position: beat 48 is surplus" in problems(job, q=more)


def test_wrong_tlast_and_dirty_padding_are_named(job: LayerJob) -> None:
    y = job.work.y
    last = y.last.copy()
    last[0] = True
    assert "TLAST is 1, expected 0" in problems(job, y=Stream(y.data, last))
    data = y.data.copy()
    data[3, -1] = 1
    assert "must be zero" in problems(job, y=Stream(data, y.last))


@pytest.mark.parametrize(("field", "value", "words"), [
    ("err", 7, "error 7"), ("hung", True, "hangs"), ("busy", True, "busy"), ("dones", 2, "2 times"),
    ("dones", 0, "0 times"), ("rules", ("stream y: X while valid",), "X while valid"),
])
def test_other_evidence_fails_a_job(job: LayerJob, field: str, value: object, words: str) -> None:
    assert words in problems(job, **{field: value})


@pytest.mark.parametrize(("counter", "words"), [
    ("cycles", "cycles"), ("stall_w", "waited"), ("weights", "cnt_weights"), ("busy", "cnt_busy"),
    ("beats_w", "cnt_beats_w"), ("beats_a", "cnt_beats_a"), ("beats_r", "cnt_beats_r"),
    ("beats_y", "cnt_beats_y"), ("beats_q", "cnt_beats_q"), ("stall_a", "without a cause"),
])
def test_a_wrong_counter_fails_a_job(job: LayerJob, counter: str, words: str) -> None:
    counters = seen(job).counters
    assert words in problems(job, counters={**counters, counter: counters[counter] + 1})


def test_one_cycle_more_or_less_fails_a_job(job: LayerJob) -> None:
    good = seen(job)
    for step in (-1, 1):
        counters = {**good.counters, "cycles": good.counters["cycles"] + step}
        text = problems(job, counters=counters, run_cycles=good.run_cycles + step)
        assert "without these the model says" in text


def test_stalls_excuse_nothing_but_stalls(job: LayerJob) -> None:
    slow = LayerJob("slow", job.work, stalls=Stalls(a=128))
    good = seen(slow)
    counters = {**good.counters, "cycles": good.counters["cycles"] + 50, "stall_a": 50}
    assert not judge(slow, replace(good, counters=counters, run_cycles=counters["cycles"] + 1)
                     ).problems
    counters["cycles"] += 1
    assert "took" in problems(slow, counters=counters, run_cycles=counters["cycles"] + 1)


def test_beats_not_taken_fail_a_job(job: LayerJob) -> None:
    beats = {**seen(job).beats, "a": 1}
    assert "took 1 beats of a" in problems(job, beats=beats)


def test_errors_are_judged_by_code_and_prefix(job: LayerJob) -> None:
    name, fault = next(iter(faults.bad_lasts(job.work)))
    bad = LayerJob(name, job.work, faults=fault)
    none = Stream(job.work.y.data[:0], job.work.y.last[:0])
    base = replace(seen(job), err=faults.A_TLAST, y=none, q=none)
    assert not judge(bad, base).problems
    assert "err is 0, expected 21" in " ".join(judge(bad, replace(base, err=0)).problems)
    first = Stream(job.work.y.data[:2], job.work.y.last[:2])
    assert "no TLAST" in " ".join(judge(bad, replace(base, y=first)).problems)
    wrong = Stream(first.data ^ 1, np.array([False, True]))
    assert "wrong before the error" in " ".join(judge(bad, replace(base, y=wrong)).problems)


def test_a_refused_layer_touches_no_stream(job: LayerJob) -> None:
    name, fault = next(iter(faults.bad_configs(HW)))
    bad = LayerJob(name, job.work, faults=fault)
    none = Stream(job.work.y.data[:0], job.work.y.last[:0])
    idle = dict.fromkeys("waryq", 0)
    base = replace(seen(job), err=fault.code, y=none, q=none, beats=idle)
    assert not judge(bad, base).problems
    for stream, beats in (("a", 3), ("y", 1)):
        text = " ".join(judge(bad, replace(base, beats={**idle, stream: beats})).problems)
        assert f"moved {stream}" in text


@pytest.mark.parametrize(("bits", "signed"), [(1, False), (3, False), (4, False), (8, True),
                                              (22, True), (46, True)])
def test_lanes_survive_packing(bits: int, signed: bool) -> None:
    rng = np.random.default_rng(bits)
    low, high = (-(1 << (bits - 1)), (1 << (bits - 1)) - 1) if signed else (0, (1 << bits) - 1)
    values = rng.integers(low, high, size=(20, 5), endpoint=True)
    values[0], values[1] = low, high
    data = pack_lanes(values, bits, (5 * bits + 7) // 8 + 1)
    assert np.array_equal(unpack_lanes(data, bits, 5, signed=signed), values)
    word = int.from_bytes(data[7].tobytes(), "little")
    assert [word >> bits * i & ((1 << bits) - 1) for i in range(5)] == [
        int(v) & ((1 << bits) - 1) for v in values[7]]
    assert np.array_equal(pack_lanes(values.astype(object), bits, data.shape[1]), data)


def test_files_of_player_and_recorder(tmp_path: object) -> None:
    from pathlib import Path

    folder = Path(str(tmp_path))
    stream = Stream(np.arange(30, dtype=np.uint8).reshape(6, 5), np.arange(6) % 2 == 1)
    write_player(folder / "a.bin", stream)
    assert (folder / "a.bin").read_bytes()[6:12] == bytes([1, 9, 8, 7, 6, 5])
    back = read_player(folder / "a.bin", 5)
    assert np.array_equal(back.data, stream.data) and np.array_equal(back.last, stream.last)
    rows = np.hstack([stream.data, stream.last[:, None], np.zeros((6, 2))]).astype(np.uint8)
    (folder / "y.bin").write_bytes(rows.tobytes())
    back = read_recorder(folder / "y.bin", 5)
    assert np.array_equal(back.data, stream.data) and np.array_equal(back.last, stream.last)
    (folder / "y.bin").write_bytes(rows.tobytes()[:-1])
    with pytest.raises(ValueError, match="no multiple of 8"):
        read_recorder(folder / "y.bin", 5)
