# SPDX-License-Identifier: Apache-2.0
"""`python -m golden export build/runs/digits/b4/seed0 --out build/packages`."""

from __future__ import annotations

import argparse
from pathlib import Path


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Options."""
    parser.add_argument("run", type=Path, help="folder of a finished run")
    parser.add_argument("--out", type=Path, default=Path("build/packages"), metavar="DIR",
                        help="the package becomes DIR/<net>-b<bits>")
    parser.add_argument("--data", type=Path, default=None, metavar="DIR",
                        help="folder of the data sets")
    parser.add_argument("--threads", type=int, default=1, metavar="N", help="CPU threads")


def main(args: argparse.Namespace) -> int:
    """Write the package and say what its integers answer."""
    from golden.errors import PlutarchError
    from golden.training.opened import open_run
    from golden.training.packaging import package
    from golden.training.runs import about_of

    opened = open_run(args.run, args.data)
    found = package(opened.model(), opened.config.net, opened.images()[1], args.out,
                    about_of(opened.result), args.threads)
    if found.refused:
        raise PlutarchError(found.refused)
    print(f"{opened.config.name}: integers {found.correct} of {found.images} right "
          f"({100 * found.accuracy:.2f} %)")
    print(f"package: {found.package}  sha256 {found.manifest_sha256}")
    return 0
