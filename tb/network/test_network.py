# SPDX-License-Identifier: Apache-2.0
"""`make network`: a whole network, or one layer and tile of it again."""

from __future__ import annotations

import hashlib
import time
from pathlib import Path
from typing import Any

import cocotb
import numpy as np

from golden.errors import PlutarchError
from golden.network import FC, Network
from golden.package import load_package
from host.driver import Report
from host.system import for_lane
from tb.common import results, settings
from tb.network.bench import NetworkBench, in_thread
from tb.network.state import State
from tb.network.walk import Walk, replay


def network(run: settings.Settings) -> Network:
    """The package's network, as the main accelerator's lane computes it."""
    assert run.package is not None
    return for_lane(load_package(run.package), str(run.parameters["LANE"]))


@cocotb.test
async def whole_network(dut: Any) -> None:
    """Every layer on the images, or with LAYER= one layer on one image."""
    run = settings.load()
    bench = NetworkBench(dut, run)

    def host() -> None:
        bench.reset()
        net = network(run)
        if run.options["LAYER"]:
            one_layer(bench, net, run)
        else:
            all_layers(bench, net, run)
        bench.check_rules()

    await in_thread(host)


def all_layers(bench: NetworkBench, net: Network, run: settings.Settings) -> None:
    """Run, record every layer and the sum of all."""
    images = run.integer("IMAGES")
    if not 1 <= images <= len(net.images):
        raise PlutarchError(f"IMAGES={images}: the package has {len(net.images)} samples")
    begin = time.perf_counter()
    kept = str(run.options["STATE"])
    state = State(Path(kept) if kept else None)
    walk = Walk(bench, net, images, state, raw=bool(run.integer("RAW")))
    walk.run()
    wall = time.perf_counter() - begin
    layers = merged(list(state.records.values()))
    for layer in layers:
        if layer["outputs"]:
            results.add_layer(layer["name"], outputs=layer["outputs"],
                              mismatches=layer["mismatches"], cycles=layer["cycles"],
                              macs=layer["macs"], stalls=layer["stalls"],
                              digest=layer["digest"])
    answers = np.array(walk.logits).reshape(-1, 2)
    labels = net.labels[: len(answers)]
    labelled = len(net.labels) == len(net.images) and not net.about.get("labels_missing")
    results.add_metric(
        "network", images=images, wall_s=wall, sim_s=bench.clocks.seconds, resumed=state.resumed,
        groups=len(walk.groups), agree=int((answers[:, 0] == answers[:, 1]).sum()),
        answers=len(answers), labelled=labelled,
        top1_golden=int((answers[:, 0] == labels).sum()),
        top1_rtl=int((answers[:, 1] == labels).sum()), layers=layers,
        first=walk.first.as_dict() if walk.first else None,
        pout={name: target.pout for name, target in bench.targets.items()})
    if walk.first is not None:
        raise AssertionError(str(walk.first))
    assert len(answers) == images and layers[-1]["name"] == FC
    state.forget()


def merged(records: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Records of the same layer in several groups of images as one, in order."""
    found: dict[str, dict[str, Any]] = {}
    for record in records:
        name = record["name"]
        if name not in found:
            found[name] = {**record, "stalls": dict(record["stalls"]),
                           "bytes": dict(record["bytes"])}
            continue
        whole = found[name]
        for key in ("jobs", "macs", "outputs", "mismatches", "cycles", "busy", "weights",
                    "seconds", "sim_seconds"):
            whole[key] += record[key]
        whole["digest"] += " " + record["digest"]
        for key in ("stalls", "bytes"):
            for cause, count in record[key].items():
                whole[key][cause] = whole[key].get(cause, 0) + count
    for whole in found.values():
        if " " in whole["digest"]:
            whole["digest"] = hashlib.sha256(whole["digest"].encode()).hexdigest()
    return list(found.values())


def one_layer(bench: NetworkBench, net: Network, run: settings.Settings) -> None:
    """Replay one layer and output tile with golden's inputs."""
    name, image, tile = str(run.options["LAYER"]), run.integer("IMAGE"), run.integer("TILE")
    before = bench.clocks.seconds
    reports: list[Report] = []
    verdict = replay(bench, net, name, image, tile, bool(run.integer("RAW")), reports)
    results.add_layer(f"{name} tile {tile} image {image}", outputs=verdict.outputs,
                      mismatches=verdict.mismatches, cycles=1)
    results.add_metric("replay", layer=name, image=image, tile=tile, outputs=verdict.outputs,
                       mismatches=verdict.mismatches, sim_s=bench.clocks.seconds - before,
                       wall_s=sum(report.seconds for report in reports),
                       first=verdict.first.as_dict() if verdict.first else None)
    assert verdict.first is None, str(verdict.first)
