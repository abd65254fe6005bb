# SPDX-License-Identifier: Apache-2.0
"""`python -m golden ablation --config ablation-digits --seeds 0-4`."""

from __future__ import annotations

import argparse

from golden.cli.common import add_config_options, add_run_options, options_of, seeds_of


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Options."""
    add_config_options(parser, "ablation-digits")
    parser.add_argument("--seeds", default="0-4", help="as 0-4 or 0,2,3 (0-4)")
    parser.add_argument("--rows", default="", metavar="A,B",
                        help="rows to compare (all quantised ones)")
    add_run_options(parser)


def main(args: argparse.Namespace) -> int:
    """Run what is missing, print the table, write JSON and PNG."""
    from golden.training.config_files import find_file
    from golden.training.experiments.ablation import ablate, table, write
    from golden.training.progress import Screen

    file, options = find_file(args.config), options_of(args)
    rows = [row.strip() for row in args.rows.split(",") if row.strip()]
    with Screen() as screen:
        found = ablate(file, seeds_of(args.seeds), args.changes, options, screen, rows)
    print(table(found))
    for path in write(found, options.out / file.stem):
        print(f"written: {path}")
    return 0
