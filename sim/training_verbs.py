# SPDX-License-Identifier: Apache-2.0
"""`make train`, `make quantize`, `make package`: faces of `python -m golden`."""

from __future__ import annotations

import json
from collections.abc import Mapping

from golden.files import sha256
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


def _run(verb: str, config: str, row: str, changes: list[str], choices: Mapping[str, str]) -> int:
    """Run a row of a shipped config and put its package into build/packages/.

    Raises PlutarchError for what the user got wrong.
    """
    from golden.cli.common import shown as lines
    from golden.errors import PlutarchError
    from golden.package import MANIFEST, load_package, save_package
    from golden.training.config_files import find_file
    from golden.training.progress import Screen
    from golden.training.runs import Options, run_row

    options = Options(out=BUILD / "runs", fresh=flag(choices, "FRESH"))
    changes = [*changes, f"seed={whole(choices, 'SEED', 0)}"]
    with Screen() as screen:
        result = run_row(find_file(config), row, changes, options, screen)
    print(lines(result))
    found = result.integers
    if found.refused:
        raise PlutarchError(f"{result.config['name']}: no package: {found.refused}")
    net = load_package(found.package)
    name = f"{net.name}-b{net.bits}"
    save_package(net, _OUT / name)
    report = {
        "net": net.name, "bits": net.bits, "seed": result.config["seed"],
        "data": result.config["data"]["name"], "command": result.command,
        "package": shown(_OUT / name),
        "manifest_sha256": sha256((_OUT / name / MANIFEST).read_bytes()),
        "test_images": found.images, "fp32_correct": result.scores["float"].top1,
        "integer_correct": found.correct, "integer_percent": round(100 * found.accuracy, 2),
        "seconds": result.seconds, "reused": result.reused,
    }  # fmt: skip
    path = RESULTS / f"{verb}-{name}.json"
    write_atomic(path, json.dumps(report, indent=1) + "\n")
    print(f"package: {report['package']}")
    print(f"results: {shown(path)}")
    return 0


def train(choices: Mapping[str, str]) -> int:
    """Train digits into build/packages/. Raises PlutarchError for what the user got wrong."""
    _, bits = _net_and_bits("train", ("digits",), choices)
    return _run("train", "digits", f"b{bits}", [], choices)


def quantize(choices: Mapping[str, str]) -> int:
    """Convert a CIFAR-10 checkpoint into build/packages/. Raises PlutarchError."""
    net, bits = _net_and_bits("quantize", ("resnet20", "resnet56"), choices)
    row = "tuned" if flag(choices, "TUNE") else "plain"
    changes = [f"net={net}", f"start={net}-*.th", f"quantizer.weight_bits={bits}",
               f"quantizer.act_bits={bits}", f"name=quantize/{net}-iospot-{bits}-{row}",
               f"data.test_images={whole(choices, 'IMAGES', 1000)}"]  # fmt: skip
    if row == "plain":  # no more is looked at than the statistics are measured on
        changes.append("data.train_images=2048")
    return _run("quantize", "quantize", row, changes, choices)


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
