# SPDX-License-Identifier: Apache-2.0
"""`python -m golden train --config table4 --row resnet20-iospot-4`."""

from __future__ import annotations

import argparse

from golden.cli.common import add_config_options, add_run_options, options_of, shown


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Options."""
    add_config_options(parser)
    parser.add_argument("--row", default=None, help="which row of the config")
    parser.add_argument("--seed", type=int, default=None, help="instead of the config's seed")
    parser.add_argument("--rows", action="store_true", help="list the rows and stop")
    add_run_options(parser)


def main(args: argparse.Namespace) -> int:
    """Train, or go on with what was interrupted, or say that it is done."""
    from golden.training.config_files import find_file, row_names
    from golden.training.progress import Screen
    from golden.training.runs import run_row

    file = find_file(args.config)
    if args.rows:
        print("\n".join(row_names(file)))
        return 0
    changes = [*args.changes, *([] if args.seed is None else [f"seed={args.seed}"])]
    with Screen() as screen:
        result = run_row(file, args.row, changes, options_of(args), screen)
    print(shown(result))
    return 0
