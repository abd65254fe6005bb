# SPDX-License-Identifier: Apache-2.0
"""The command: Table 2 and Fig. 6 of the paper for a package, or for float weights.

A package holds IOS-PoT codes alone; with --checkpoint the same float weights are projected onto the
IOS-PoT and the APoT levels and compared. Both may be given.
"""

from __future__ import annotations

import argparse
import platform
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
from rich.console import Console
from rich.progress import Progress

from golden.compression import files, plot, tables
from golden.compression.archive import PIN, POUT
from golden.compression.codes import BYTE, LayerCodes, from_package
from golden.compression.measure import Found, measure, verdicts
from golden.errors import PlutarchError
from golden.exits import exit_status

_WIDE = 150  # columns where the output is no terminal


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of main()."""
    parser.add_argument("--package", type=Path, metavar="FOLDER", help="IOS-PoT codes of a package")
    parser.add_argument("--checkpoint", type=Path, metavar="FILE",
                        help="torch state dict of float weights: IOS-PoT and APoT codes of it")
    parser.add_argument("--bits", type=int, metavar="B",
                        help="width of the codes of a checkpoint (3 unless given, or that of the "
                             "package); a package must have it")
    parser.add_argument("--alpha", type=float, metavar="A", help=(
        "largest level of a checkpoint's layers, in deviations (default: least squared error)"))
    parser.add_argument("--no-normalise", action="store_true",
                        help="project the weights as they are, not (W - mean) / std of the layer")
    parser.add_argument("--everything", action="store_true",
                        help="code the first convolution and the linear layers too")
    parser.add_argument("--layers", nargs="+", metavar="NAME", help="layers of Table 2")
    parser.add_argument("--pin", type=int, default=PIN, help="target of the weight order")
    parser.add_argument("--pout", type=int, default=POUT, help="target of the weight order")
    parser.add_argument("--no-lzma", action="store_true", help="leave stage two out (quick)")
    parser.add_argument("--jobs", type=int, default=1, metavar="N", help="layers at a time")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write all figures to FILE")
    parser.add_argument("--csv", type=Path, metavar="FILE", help="write a line a figure to FILE")
    parser.add_argument("--plot", type=Path, metavar="FILE", help="draw Fig. 6 into this PNG")


def main(args: argparse.Namespace) -> int:
    """Measure, print, write the files that are asked for; 0. Raises PlutarchError."""
    if args.package is None and args.checkpoint is None:
        raise PlutarchError("--package FOLDER or --checkpoint FILE is needed")
    if args.jobs < 1:
        raise PlutarchError(f"--jobs {args.jobs}: at least 1")
    console = Console()
    if not console.is_terminal:
        console = Console(width=_WIDE)
    sources = _sources(args)
    found = []
    with Progress(transient=True, console=console, disable=not console.is_terminal) as progress:
        task = progress.add_task("layers", total=sum(len(layers) for _, layers in sources))
        for source, layers in sources:
            grid = measure(layers, not args.no_lzma, args.pin, args.pout, args.jobs,
                           lambda name: progress.update(task, advance=1, description=name))
            found.append((source, grid))
    for source, grid in found:
        _print(console, source, grid, args.layers)
    grids = _distinct(found)
    console.print(tables.fig6(grids))
    if args.json:
        head = {"verb": "compress", "package": args.package and str(args.package),
                "checkpoint": args.checkpoint and str(args.checkpoint), "alpha": args.alpha,
                "normalised": not args.no_normalise, "pin": args.pin, "pout": args.pout,
                "versions": {"python": platform.python_version(), "numpy": np.__version__}}
        files.write_json(args.json, head, grids,
                         {grid.grid: tables.chosen(grid, args.layers) for grid in grids})
    if args.csv:
        files.write_csv(args.csv, grids)
    if args.plot:
        names = ", ".join(dict.fromkeys(source for source, _ in found))
        title = f"{names}: codes of {tables.widths(grids[0])} bits"
        plot.draw(args.plot, title, grids)
    return 0


def _sources(args: argparse.Namespace) -> list[tuple[str, list[LayerCodes]]]:
    """(name, layers) of each grid that is asked for, in the order in which they are printed."""
    found: list[tuple[str, list[LayerCodes]]] = []
    bits = args.bits
    if args.package is not None:
        layers = from_package(args.package, bits)
        found.append((args.package.name, layers))
        bits = bits or next((layer.bits for layer in layers if layer.grid == "pot"), None)
    if args.checkpoint is not None:
        try:
            from golden.compression.state import from_state
        except ImportError as error:
            raise PlutarchError("--checkpoint: torch is not installed (extra `train`)") from error
        given = from_state(args.checkpoint, bits or 3, args.alpha, not args.no_normalise,
                           args.everything)
        found += [(args.checkpoint.name, layers) for layers in given.values()]
    shapes = [[layer.codes.shape for layer in layers if layer.bits != BYTE] for _, layers in found]
    if shapes.count(shapes[0]) != len(shapes):
        raise PlutarchError(f"{args.checkpoint}: its convolutions are not those of {args.package}; "
                            "give one of the two")
    return found


def _distinct(found: Sequence[tuple[str, Found]]) -> list[Found]:
    """The grids; the package's "pot" beside that of a checkpoint gets the package's name."""
    twice = len({grid.grid for _, grid in found}) < len(found)
    return [replace(grid, grid=f"pot ({source})") if twice and i == 0 else grid
            for i, (source, grid) in enumerate(found)]


def _print(console: Console, source: str, grid: Found, names: Sequence[str] | None) -> None:
    for table in (tables.totals(grid, source), tables.per_layer(grid),
                  tables.table2(grid, names)):
        console.print(table)
    for line in (tables.zeros_sentence(grid), *verdicts(grid)):
        console.print(line, markup=False, highlight=False, soft_wrap=True)
    console.print()


def run(argv: Sequence[str] | None = None) -> int:
    """`python -m golden.compression`: main() on these words; a user's mistake is one line and 2."""
    parser = argparse.ArgumentParser("python -m golden.compression", description=__doc__)
    add_arguments(parser)
    args = parser.parse_args(argv)
    return exit_status(lambda: main(args))
