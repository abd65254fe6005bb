# SPDX-License-Identifier: Apache-2.0
"""`python -m golden plot build/runs/digits/b4/seed0`: Fig. 4 and Fig. 5 of one run or several."""

from __future__ import annotations

import argparse
from pathlib import Path


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Options."""
    parser.add_argument("runs", type=Path, nargs="+", metavar="RUN",
                        help="folders of finished runs; several are drawn into one convergence "
                             "plot, each has its own histograms")
    parser.add_argument("--out", type=Path, default=None, metavar="DIR",
                        help="where the PNG files go (the first run's folder)")
    parser.add_argument("--layers", default="", metavar="A,B",
                        help="layers of the histograms (the smallest, a middle and the largest)")
    parser.add_argument("--data", type=Path, default=None, metavar="DIR",
                        help="folder of the data sets")


def main(args: argparse.Namespace) -> int:
    """Draw, and say where."""
    from golden.errors import PlutarchError
    from golden.training.histograms import layer_weights
    from golden.training.logs import Row
    from golden.training.opened import open_run
    from golden.training.plots import convergence, weight_histograms

    folder = args.out or args.runs[0]
    names = [name.strip() for name in args.layers.split(",") if name.strip()]
    groups: dict[str, list[list[Row]]] = {}
    written = []
    opened = [open_run(path, args.data) for path in args.runs]
    for run in opened:
        if rows := run.rows():
            groups.setdefault(run.config.name, []).append(rows)
        if not run.config.quantised:
            continue
        bits = run.config.quantizer.weight_bits
        single = len(opened) == 1
        label = "" if single else f"-{run.config.name.replace('/', '-')}-seed{run.config.seed}"
        written.append(weight_histograms(
            layer_weights(run.model(), names), folder / f"weights{label}.png",
            f"{run.config.name}: weights before and after, {run.config.quantizer.method} "
            f"{bits} bit"))
    if groups:
        written.append(convergence(groups, folder / "convergence.png", ", ".join(groups)))
    if not written:
        raise PlutarchError(f"{args.runs[0]}: no epochs and no quantised weights to draw")
    for path in written:
        print(f"written: {path}")
    return 0
