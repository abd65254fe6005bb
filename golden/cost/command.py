# SPDX-License-Identifier: Apache-2.0
"""The command: FIXOPS, sizes, traffic and P-LUT memory of the networks by name."""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

from golden.codes import MAX_BITS, MIN_BITS
from golden.cost import tables
from golden.cost.plan import ENDS, parse_overrides, with_bits
from golden.cost.plut_memory import plut_memory
from golden.cost.records import WORD_BITS, NetCost
from golden.errors import PlutarchError
from golden.exits import exit_status
from golden.files import write_atomic


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Put the options of main() on a parser."""
    parser.add_argument("--net", nargs="+", required=True, metavar="NAME",
                        help="networks of golden.models, such as resnet18-imagenet")
    parser.add_argument("--bits", nargs="+", type=int, default=[4], metavar="B",
                        help="width of weights and activations; several give several rows")
    parser.add_argument("--act-bits", type=int, metavar="B",
                        help="width of the activations, where it is not that of the weights")
    parser.add_argument("--first-last", choices=ENDS, default="int8",
                        help="first and last layer: 8-bit (default), float, or as the others")
    parser.add_argument("--layer", action="append", default=[], metavar="NAME=W,A",
                        help="widths of one layer, over all else (may be repeated)")
    parser.add_argument("--word-bits", type=int, default=WORD_BITS, metavar="B",
                        help="width of the residual words (default %(default)s)")
    parser.add_argument("--classes", type=int, metavar="N", help="outputs, if not the usual ones")
    parser.add_argument("--layers", action="store_true", help="a row for every layer")
    parser.add_argument("--traffic", action="store_true", help="what moves for one image")
    parser.add_argument("--plut", action="store_true", help="how large the P-LUT is")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write all of it to FILE")


def main(args: argparse.Namespace) -> int:
    """Print the tables, write the JSON file if one is asked for; 0. Raises PlutarchError."""
    overrides = parse_overrides(args.layer)
    plain = [_traced(name, args.classes) for name in args.net]
    nets = [with_bits(net, bits, args.act_bits, args.first_last, overrides,
                      args.word_bits)
            for net in plain for bits in args.bits]
    sizes = [plut_memory(bits) for bits in args.bits if MIN_BITS <= bits <= MAX_BITS]
    parts = [tables.summary(nets)]
    if args.layers:
        parts += [f"{net.name} {tables.widths(net)}\n{tables.layers(net)}" for net in nets]
    if args.traffic:
        parts.append(tables.traffic(nets))
    if args.plut and sizes:
        parts.append(tables.plut(sizes))
    print("\n\n".join(parts))
    if args.json is not None:
        content = {"nets": [tables.as_json(net) for net in nets],
                   "plut": [asdict(size) | {"full_bytes": size.full_bytes,
                                            "half_bytes": size.half_bytes} for size in sizes]}
        write_atomic(args.json, (json.dumps(content, indent=1) + "\n").encode())
    return 0


def run(argv: Sequence[str] | None = None) -> int:
    """`python -m golden.cost`: main() on these words; a user's mistake is one line and 2."""
    parser = argparse.ArgumentParser("python -m golden.cost", description=(
        "FIXOPS, weight size, compression rates and traffic of a network."))
    add_arguments(parser)
    args = parser.parse_args(argv)
    return exit_status(lambda: main(args))


def _traced(name: str, classes: int | None) -> NetCost:
    try:
        from golden import models
        from golden.cost.trace import trace
    except ImportError as error:
        raise PlutarchError("cost: finding a network's layers needs torch, which is not "
                            "installed (extra `train`)") from error
    return trace(models.build(name, classes), models.find(name).image, name)
