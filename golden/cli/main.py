# SPDX-License-Identifier: Apache-2.0
"""The parser, and how a command ends: 0, 2 with one line for a user's mistake, 130 for Ctrl-C."""

from __future__ import annotations

import argparse
import importlib
from collections.abc import Sequence
from typing import NoReturn

from golden.errors import PlutarchError
from golden.exits import exit_status
from golden.training.fields import unknown

# name -> (module, what the list says of it). Modules have add_arguments(parser) and main(args).
COMMANDS = {
    "train": ("golden.cli.train", "train a network by a config: float, quantised, frozen, package"),
    "quantize": ("golden.cli.quantize", "a checkpoint to few bits: post-training or tuned"),
    "evaluate": ("golden.cli.evaluate", "accuracy of a run's model, in floats and in integers"),
    "export": ("golden.cli.export", "a run's model to a package of integers"),
    "ablation": ("golden.cli.ablation", "kinds of the regulariser compared (Table 1, Fig. 5)"),
    "table": ("golden.cli.table", "run the rows of a table and print it (Tables 4 to 8)"),
    "table4": ("golden.cli.table", "the same for Table 4"),
    "cost": ("golden.cost", "FIXOPS, weight sizes and compression rates of a network"),
    "compress": ("golden.compression", "S-Huff and LZMA sizes per layer (Table 2, Fig. 6)"),
    "plot": ("golden.cli.plot", "weight histograms (Fig. 4) and convergence (Fig. 5) of runs"),
}


class _Parser(argparse.ArgumentParser):
    """A parser whose complaints are one line, with the nearest name."""

    def error(self, message: str) -> NoReturn:
        raise PlutarchError(f"{self.prog}: {' '.join(message.split())}; see --help")


def parser() -> argparse.ArgumentParser:
    """All commands with their options."""
    top = _Parser(prog="python -m golden", description="IOS-PoT in PyTorch and in integers: train, "
                  "quantise, compress, count the cost, and compare.",
                  epilog="docs/training.md has examples with figures.")
    commands = top.add_subparsers(dest="command", metavar="COMMAND", required=True)
    for name, (_, text) in COMMANDS.items():
        commands.add_parser(name, help=text, description=text[0].upper() + text[1:] + ".",
                            prog=f"python -m golden {name}", add_help=False)
    return top


def main(argv: Sequence[str]) -> int:
    """Run one command; returns the exit status. A user's mistake is one line on stderr and 2."""
    return exit_status(lambda: _run(argv))


def _run(argv: Sequence[str]) -> int:
    """Import the one command that is asked for: cost needs no training, help no torch."""
    if not argv or argv[0].startswith("-"):
        top = parser()
        if not argv:
            top.print_help()
            return 2
        top.parse_args(argv)
    name = argv[0]
    if name not in COMMANDS:
        raise unknown("command", name, COMMANDS)
    place, text = COMMANDS[name]
    module = importlib.import_module(place)
    own = _Parser(prog=f"python -m golden {name}", description=text[0].upper() + text[1:] + ".")
    own.set_defaults(command=name)
    module.add_arguments(own)
    status: int = module.main(own.parse_args(argv[1:]))
    return status
