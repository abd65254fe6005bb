# SPDX-License-Identifier: Apache-2.0
"""`make train`, `make quantize`, `make package`: thin faces of golden (torch: golden.training)."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from sim.cli import flag, whole
from sim.errors import HarnessError, unknown
from sim.paths import BUILD, RESULTS, shown
from sim.results import write_atomic

_OUT = BUILD / "packages"


def _say(line: str) -> None:
    print(line, flush=True)


def _net_and_bits(verb: str, nets: tuple[str, ...], choices: Mapping[str, str]) -> tuple[str, int]:
    """Check the choices the verbs share; return network (default the first) and bits.

    Raises HarnessError.
    """
    net = choices.get("NET", nets[0])
    if net not in nets:
        raise unknown(f"NET of make {verb}", net, nets)
    bits = whole(choices, "B", 4)
    if not 3 <= bits <= 5:
        raise HarnessError(f"B={bits} is out of range 3..5")
    return net, bits


def _finish(verb: str, report: dict[str, Any]) -> int:
    """Write the report and print its lines."""
    report["package"] = shown(_OUT / f"{report['net']}-b{report['bits']}")
    path = RESULTS / f"{verb}-{report['net']}-b{report['bits']}.json"
    write_atomic(path, json.dumps(report, indent=1) + "\n")
    right, images = report["integer_correct"], report["test_images"]
    print(f"{report['net']} b={report['bits']}: integers {right} of {images} right "
          f"({report['integer_percent']} %), FP32 {report['fp32_correct']}; "
          f"{report['seconds']} s")  # fmt: skip
    print(f"package: {report['package']}")
    print(f"results: {shown(path)}")
    return 0


def train(choices: Mapping[str, str]) -> int:
    """Train digits into build/packages/. Raises PlutarchError for what the user got wrong."""
    _, bits = _net_and_bits("train", ("digits",), choices)
    from golden.training.digits import train_digits

    return _finish("train", train_digits(bits, whole(choices, "SEED", 0), _OUT, _say))


def quantize(choices: Mapping[str, str]) -> int:
    """Convert a CIFAR-10 checkpoint into build/packages/. Raises PlutarchError."""
    net, bits = _net_and_bits("quantize", ("resnet20", "resnet56"), choices)
    images = whole(choices, "IMAGES", 1000)
    tune = flag(choices, "TUNE")
    from golden.training.quantize import FINE_TUNED, PLAIN, quantize_cifar

    report = quantize_cifar(
        net,
        bits,
        out_dir=_OUT,
        images=images,
        progress=_say,
        seed=whole(choices, "SEED", 0),
        recipe=FINE_TUNED if tune else PLAIN,
    )
    return _finish("quantize", report)


def package(choices: Mapping[str, str]) -> int:
    """Make the ResNet18 package in build/packages/. Raises PlutarchError."""
    net, bits = _net_and_bits("package", ("resnet18",), choices)
    from golden.imagenet import package_resnet18

    report = package_resnet18(
        bits,
        _OUT,
        whole(choices, "SEED", 0),
        choices.get("CHECKPOINT"),
        choices.get("IMAGES"),
        _say,
    )
    report["package"] = shown(_OUT / f"{net}-b{bits}")
    path = RESULTS / f"package-{net}-b{bits}.json"
    write_atomic(path, json.dumps(report, indent=1) + "\n")
    print(
        f"{net} b={bits}: {report['macs']:,} MAC, {report['weight_count']:,} weights, "
        f"{report['samples']} sample images; {report['seconds']} s"
    )
    print(f"package: {report['package']}")
    print(f"results: {shown(path)}")
    return 0
