# SPDX-License-Identifier: Apache-2.0
"""`python -m golden table4 --config table4-short --rows resnet20-iospot-4,resnet20-apot-4`."""

from __future__ import annotations

import argparse

from golden.cli.common import add_config_options, add_run_options, options_of


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Options; `table4` has its config by name."""
    four = parser.prog.endswith("table4")
    add_config_options(parser, "table4" if four else None)
    parser.add_argument("--rows", default="", metavar="A,B", help="rows (all of the file)")
    parser.add_argument("--seed", type=int, default=None, help="instead of the config's seed")
    parser.add_argument("--no-train", action="store_true",
                        help="only what is done already; other rows are left out")
    add_run_options(parser)


def main(args: argparse.Namespace) -> int:
    """Run what is missing, print the table, write it as JSON and Markdown."""
    from golden.training.config_files import find_file
    from golden.training.experiments.markdown import write_markdown
    from golden.training.experiments.table import run_table, table, write_table
    from golden.training.progress import Screen

    file, options = find_file(args.config), options_of(args)
    rows = [row.strip() for row in args.rows.split(",") if row.strip()]
    with Screen() as screen:
        lines = run_table(file, rows, args.seed, args.changes, options, screen, not args.no_train)
    print(table(lines))
    folder = options.out / file.stem
    print(f"written: {write_table(lines, folder)}, {write_markdown(lines, folder)}")
    return 0
