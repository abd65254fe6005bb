# SPDX-License-Identifier: Apache-2.0
"""`make network` without a simulator: judging, resuming, reports, bad input."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from golden.errors import PlutarchError
from host import layout
from host.driver import Device
from host.jobs import LayerJob, Outputs
from host.target import Target
from sim import network_report, network_verb
from sim.errors import HarnessError
from sim.request import Run, RunResult
from sim.targets import find
from tb.network.judge import Verdict
from tb.network.state import State
from tb.network.test_network import merged
from tb.network.walk import Walk, replay
from tests.host_model import ModelDevice
from tests.nets import pooled_network, small_network

TARGETS = {"main": Target(4, 3, 2, 4, 64, 40, 6, "P1"),
           "mac": Target(4, 7, 2, 2, 64, 100, 64, "M8")}


def bench(devices: Mapping[str, Device] | None = None) -> Any:
    made = devices or {n: Device(n, t, ModelDevice(t)) for n, t in TARGETS.items()}
    return SimpleNamespace(targets=TARGETS, devices=made, clocks=SimpleNamespace(seconds=0.0))


class Wrong(Device):
    """Flips a bit of one code of layer `a`."""

    def run(self, job: LayerJob, a: Any, residual: Any = None) -> Any:
        result = super().run(job, a, residual)
        if job.name != "a" or job.images[0] > 2 or job.images[1] <= 2 or job.band.out_stop < 2:
            return result
        codes = result.outputs.codes.copy()
        codes[2 - job.images[0], 5, 1, 3] ^= 1
        return result._replace(outputs=Outputs(codes, *result.outputs[1:]))


@pytest.mark.parametrize("make", [small_network, pooled_network])
@pytest.mark.parametrize("raw", [False, True])
def test_a_good_network_compares_every_value(make: Any, raw: bool) -> None:
    net = make()
    walk = Walk(bench(), net, 3, State(None), raw)
    walk.run()
    assert walk.first is None and walk.done == walk.total > 0
    assert [a == b for a, b in walk.logits] == [True] * 3
    want = net.run(net.images[:3])
    values = sum(part.size for name, out in want.items() if name not in ("pool", "fc")
                 for part in (out.codes, out.res) if part is not None)
    values += sum(out.acc.size for name, out in want.items()
                  if raw and name not in ("pool", "fc", "pool1"))
    sums = walk.state.records["0/fc"]["outputs"]
    assert sum(r["outputs"] for r in walk.state.records.values()) == values + sums
    assert sums == want["fc"].t.size + 3 * 4 * np.prod(want[net.pool_source].t.shape[2:])


def test_the_first_steps_alone_are_compared_alike_and_give_no_answer() -> None:
    whole, part = (Walk(bench(), small_network(), 3, State(None), steps=n) for n in (0, 2))
    whole.run()
    part.run()
    assert part.first is None and part.logits == [] and 0 < part.done == part.total < whole.total
    assert list(part.state.records) == list(whole.state.records)[:2]
    for key, record in part.state.records.items():
        assert record["digest"] == whole.state.records[key]["digest"]
    made = {n: Wrong(n, t, ModelDevice(t)) for n, t in TARGETS.items()}
    wrong = Walk(bench(made), small_network(), 3, State(None), steps=2)
    wrong.run()
    assert wrong.first is not None and wrong.first.layer == "a"


def test_a_wrong_value_is_found_and_named_and_the_run_stops_there(tmp_path: Path) -> None:
    path = tmp_path / "state.json"
    made = {n: Wrong(n, t, ModelDevice(t)) for n, t in TARGETS.items()}
    walk = Walk(bench(made), small_network(), 5, State(path))
    walk.run()
    first = walk.first
    assert first is not None
    assert (first.layer, first.part, first.image, first.channel, first.row, first.column) == (
        "a", "codes", 2, 5, 1, 3)
    assert first.expected ^ first.got == 1 and "image 2, channel 5, row 1, column 3" in str(first)
    assert walk.state.records["0/a"]["mismatches"] == 1
    assert "0/b" not in walk.state.records
    assert set(State(path).records) == {"0/conv1"}, "a wrong layer is done again by the next run"


def test_an_interrupted_run_goes_on_at_the_layer(tmp_path: Path) -> None:
    path = tmp_path / "state.json"
    net = small_network()
    whole = Walk(bench(), net, 5, State(None))
    whole.run()
    state = State(path)
    for key in ("0/conv1", "0/a"):
        state.add(key, whole.state.records[key])
    models = {n: ModelDevice(t) for n, t in TARGETS.items()}
    walk = Walk(bench({n: Device(n, t, models[n]) for n, t in TARGETS.items()}), net, 5,
                State(path))
    assert walk.state.resumed == 2
    walk.run()
    assert walk.first is None and walk.done == walk.total
    kernels = {start["KERNEL"]["k"] for model in models.values() for start in model.starts}
    outs = {start["MODE"]["emit_code"] for start in models["main"].starts}
    assert kernels == {1, 3} and outs == {0}, "layer a, which emits codes, must not run again"
    assert merged(list(walk.state.records.values()))[1]["name"] == "a"
    walk.state.forget()
    assert not path.exists()


def test_a_damaged_state_is_not_used(tmp_path: Path) -> None:
    path = tmp_path / "state.json"
    for text in ("{", '{"records": 5}', "[]", '{"records": {"a": 1}}'):
        path.write_text(text)
        assert State(path).resumed == 0


@pytest.mark.parametrize(("name", "tile", "raw"), [("b", 1, False), ("b", -1, True), ("a", 0, True),
                                                   ("fc", 1, False), ("conv1", 0, False)])
def test_replay_of_a_layer_and_tile(name: str, tile: int, raw: bool) -> None:
    verdict = replay(bench(), small_network(), name, 2, tile, raw)
    assert verdict.outputs > 0 and verdict.first is None


def test_replay_cuts_the_residual_too() -> None:
    for tile in (0, 1):
        verdict = replay(bench(), pooled_network(), "c", 0, tile)
        assert verdict.outputs > 0 and verdict.first is None


def test_replay_finds_the_same_value() -> None:
    class Off(Device):
        def run(self, job: LayerJob, a: Any, residual: Any = None) -> Any:
            result = super().run(job, a, residual)
            result.outputs.codes[0, 1, 2, 0] ^= 1
            return result

    made = {n: Off(n, t, ModelDevice(t)) for n, t in TARGETS.items()}
    first = replay(bench(made), small_network(), "a", 3, 1).first
    assert first is not None
    assert (first.image, first.channel, first.row, first.column) == (3, 5, 2, 0)


def test_a_missing_map_is_no_match() -> None:
    with pytest.raises(AssertionError, match="layer x: codes: None came"):
        Verdict().compare(("x", "codes", 0), None, np.zeros((1, 1, 1, 1)))


LAYER = {"name": "a", "kind": "conv", "device": "main", "quantised": True, "lanes": 72,
         "cycles": 1000, "busy": 800, "macs": 36000, "stalls": {"w": 100, "a": 20, "r": 0, "y": 5},
         "shape": [[1, 2, 3], [4, 5, 6]], "bytes": {"w": 10, "a": 20, "y": 30}, "outputs": 120,
         "mismatches": 1, "raw_bytes": 100, "stream_bytes": 80, "seconds": 2.0, "sim_seconds": 1.5}


def result(**more: Any) -> RunResult:
    run = Run("network_bench", "icarus", {"LANE": "S0", "KMAX": 3, "PIN": 2, "MAC_KMAX": 7},
              net="digits")
    seen = {"name": "network", "images": 2, "wall_s": 2.5, "layers": [LAYER], "agree": 2,
            "answers": 2, "labelled": True, "top1_golden": 1, "top1_rtl": 1,
            "pout": {"main": 4, "mac": 8}, **more}
    parameters = find("network_bench").resolve(run.parameters)
    return RunResult(run, "Icarus 11.0", parameters, {}, "digits", metrics=[seen])


def test_every_cycle_has_a_cause() -> None:
    shares = network_report.split(LAYER)
    assert shares["useful"] == 0.5 and shares["unused"] == pytest.approx(0.3)
    assert sum(shares.values()) == pytest.approx(1)


def test_the_promised_keys_are_there() -> None:
    found = network_report.as_json(result())
    for key in ("images", "macs", "cycles", "utilisation", "wall_s", "sim_macs_per_s",
                "mismatches", "top1_golden", "top1_rtl", "layers"):
        assert key in found
    assert (found["macs"], found["mismatches"], found["sim_macs_per_s"]) == (36000, 1, 18000)
    assert found["host_share"] == 0.25 and found["layers"][0]["utilisation"] == 0.5
    json.dumps(found)
    assert network_report.as_json(result(labelled=False))["top1_rtl"] is None


def test_the_replay_command_names_layer_tile_and_parameters() -> None:
    first = {"layer": "a", "part": "sums", "image": 7, "channel": 9, "row": 0, "column": 0}
    assert network_report.replay_command(result(), first) == (
        "make network NET=digits TOPLEVEL=shift_conv LANE=S0 K=3 PIN=2 SIM=icarus RAW=1 LAYER=a "
        "TILE=2 IMAGE=7 WAVES=1")


@pytest.mark.parametrize(("choices", "text"), [
    ({"NET": "digit"}, "did you mean 'digits'"), ({"TOPLEVEL": "conv_engine"}, "TOPLEVEL of make"),
    ({"LANE": "S1"}, "plut_conv has P1, P2, P3"), ({"IMAGES": "0"}, "has 360 samples"),
    ({"IMAGES": "9999"}, "has 360 samples"), ({"LAYER": "conv"}, "unknown LAYER 'conv'"),
    ({"TILE": "1"}, "go with LAYER"), ({"LAYER": "fc", "TILE": "2"}, "2 output tiles, 0..1"),
    ({"LAYER": "fc", "IMAGE": "360"}, "360 samples"), ({"K": "9"}, "K=9"),
    ({"LINE_DEPTH": "4"}, "layer conv1 cannot run here"),
    ({"TOPLEVEL": "mac_conv", "B": "5"}, "do not fit 8 bits"), ({"SIM": "vcs"}, "SIM"),
    ({"RAW": "2"}, "RAW=2"),
])
def test_bad_choices_are_one_line_before_anything_is_built(choices: dict[str, str],
                                                           text: str) -> None:
    with pytest.raises(PlutarchError, match=text) as caught:
        network_verb.run(choices)
    assert "\n" not in str(caught.value)
    assert issubclass(HarnessError, PlutarchError)


def test_plain_progress_says_layer_and_time_left(capsys: pytest.CaptureFixture[str],
                                                 monkeypatch: pytest.MonkeyPatch) -> None:
    now = [100.0]
    monkeypatch.setattr("sim.network_report.time.monotonic", lambda: now[0])
    with network_report.Progress() as shown:
        progress = network_report.NetworkProgress(shown)
        for done in (10, 20, 60):
            progress.output(f'{network_report.TAG}{{"kind": "progress", "layer": "a{done}", '
                            f'"images": [0, 2], "done": {done}, "total": 110, "cycles": 1}}')
            now[0] += 20
        progress.output(f"{network_report.TAG}{{broken")
    out = capsys.readouterr().out
    assert "a10  images 0..1" in out and "a60  images 0..1, about 40 s left" in out


def test_a_bus_is_a_power_of_two() -> None:
    assert layout.bus_bytes(TARGETS["main"]) == {"w": 4, "a": 4, "r": 4, "y": 8, "q": 4}
