# SPDX-License-Identifier: Apache-2.0
"""Speed of exact inference: `python -m golden.fast --package build/packages/resnet18-b4`.

Before anything is timed, every intermediate of the bench images is compared with golden.network.
The machine may be shared, so the minimum is the figure to quote and the load average stands beside
it. With --data, right answers on a data set are counted by both, and both are timed.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import statistics
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import torch
from rich.console import Console
from rich.table import Table

from golden.data import load_split
from golden.errors import PlutarchError
from golden.fast.network import FastNetwork
from golden.files import write_atomic
from golden.layer import Int8s
from golden.package import load_package

T = TypeVar("T")
_SHARE = 100  # images counted by golden.network too, when a data set is counted


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of the bench."""
    parser.add_argument("--package", type=Path, required=True, help="folder of the package")
    parser.add_argument("--runs", type=int, default=20, help="timed runs of each batch")
    parser.add_argument("--threads", type=int, default=2, help="threads of torch")
    parser.add_argument("--batch", type=int, nargs="+", default=[1, 8], help="images at a time")
    parser.add_argument("--data", help="count right answers on the test set of that name too")
    parser.add_argument("--count", type=int, default=2000, help="images of it")
    parser.add_argument("--json", type=Path, help="write the figures to this file")


def main(args: argparse.Namespace) -> int:
    """Run the bench; 0. Raises PlutarchError for bad options and for any difference found."""
    if min(args.runs, args.count, *args.batch) < 1:
        raise PlutarchError("--runs, --batch and --count are at least 1")
    network = load_package(args.package)
    fast = FastNetwork(network, args.threads)
    load = os.getloadavg()[0]
    compared = compare(fast, network.images[:min(2, len(network.images))])
    batches = [measure(fast, network.images, batch, args.runs) for batch in args.batch]
    found: dict[str, Any] = {
        "verb": "bench-fast", "package": str(args.package), "net": network.name,
        "bits": network.bits, "input": [int(x) for x in network.images.shape[1:]],
        "threads": args.threads, "wait_policy": os.environ.get("OMP_WAIT_POLICY", "unset"),
        "runs": args.runs, "values_compared": compared, "batches": batches,
        "load_average": [load, os.getloadavg()[0]],
        "layers": [plan.row() for plan in fast.plans],
        "versions": {"python": platform.python_version(), "numpy": np.__version__,
                     "torch": torch.__version__},
    }
    if args.data:
        found["count"] = count(fast, args.data, args.count)
    _print(found)
    if args.json:
        write_atomic(args.json, (json.dumps(found, indent=1) + "\n").encode())
    return 0


def compare(fast: FastNetwork, images: Int8s) -> int:
    """How many integers were compared with golden.network: acc, t, codes and words of every step.

    Raises PlutarchError naming the first layer and tensor that differ.
    """
    got, want = fast.layers(images), fast.network.run(images)
    compared = 0
    for name, expected in want.items():
        for part, wanted in zip(expected._fields, expected, strict=True):
            given = getattr(got[name], part)
            if wanted is not None:
                if given is None or not np.array_equal(given, wanted):
                    raise PlutarchError(f"layer {name}: {part} is not what golden.network gives")
                compared += wanted.size
    if not np.array_equal(fast.logits(images), want["fc"].t):
        raise PlutarchError("logits are not what golden.network gives")
    return compared


def measure(fast: FastNetwork, images: Int8s, batch: int, runs: int) -> dict[str, Any]:
    """Milliseconds per image of logits() on `batch` images: minimum and median of `runs`.

    cpu_ms is the least CPU time of this process, all threads together: waiting threads burn it too
    unless OMP_WAIT_POLICY is passive.
    """
    chosen = np.resize(images, (batch, *images.shape[1:]))
    fast.logits(chosen)  # warms up, and checks the convolutions of this shape
    ms, cpu = [], []
    for _ in range(runs):
        start = time.process_time()
        ms.append(1e3 * _seconds(lambda: fast.logits(chosen))[1] / batch)
        cpu.append(1e3 * (time.process_time() - start) / batch)
    return {"batch": batch, "min_ms": min(ms), "median_ms": statistics.median(ms),
            "cpu_ms": min(cpu)}


def count(fast: FastNetwork, name: str, images: int) -> dict[str, Any]:
    """Right answers on `images` test images of a data set, and the speed beside golden.network.

    golden.network counts the first images only (it is slow); its count on those must agree.
    """
    data = load_split(name, "test", count=images)
    if (data.exp, data.shape) != (fast.network.input_exp, fast.network.images.shape[1:]):
        raise PlutarchError(f"{name}: images {data.shape} with exponent {data.exp} are not what "
                            f"{fast.network.name} takes: {fast.network.images.shape[1:]} with "
                            f"{fast.network.input_exp}")
    pixels, labels = data.batch(np.arange(len(data)))
    right, seconds = _seconds(lambda: fast.correct(pixels, labels))
    few = min(_SHARE, len(data))
    reference, slow = _seconds(lambda: fast.network.correct(pixels[:few], labels[:few]))
    if reference != fast.correct(pixels[:few], labels[:few]):
        raise PlutarchError(f"{name}: golden.network counts {reference} of {few} images right")
    return {"data": name, "images": len(data), "correct": right,
            "ms_per_image": 1e3 * seconds / len(data), "golden_images": few,
            "golden_ms_per_image": 1e3 * slow / few,
            "ratio": slow / few / (seconds / len(data))}


def _seconds(call: Callable[[], T]) -> tuple[T, float]:
    start = time.perf_counter()
    result = call()
    return result, time.perf_counter() - start


def _print(found: dict[str, Any]) -> None:
    console = Console()
    table = Table(title=f"{found['net']}, b = {found['bits']}: arithmetic of each convolution")
    for heading in ("layer", "convolution", "accumulator bound", "bits", "t bits"):
        words = heading in ("layer", "convolution")
        table.add_column(heading, justify="left" if words else "right")
    for row in found["layers"]:
        table.add_row(row["layer"], row["conv"], f"{row['acc_bound']:,}", str(row["acc_bits"]),
                      str(row["t_bits"]))
    console.print(table)
    for row in found["batches"]:
        print(f"batch {row['batch']}: min {row['min_ms']:.2f} ms per image, median "
              f"{row['median_ms']:.2f} ms, CPU {row['cpu_ms']:.2f} ms ({found['runs']} runs)")
    before, after = found["load_average"]
    print(f"{found['threads']} threads, OMP_WAIT_POLICY {found['wait_policy']}, load average "
          f"{before:.2f} before, {after:.2f} after")
    print(f"{found['values_compared']:,} integers equal those of golden.network")
    if "count" in found:
        row = found["count"]
        print(f"{row['data']}: {row['correct']} of {row['images']} right, "
              f"{row['ms_per_image']:.2f} ms per image; golden.network "
              f"{row['golden_ms_per_image']:.1f} ms ({row['ratio']:.1f} times as long, on "
              f"{row['golden_images']} images)")
